import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../src/task/clock.ts";
import { phone } from "./browser.ts";
import { assertNoSidewaysScroll, openConsole, reportTasks, siteOfFile } from "./console-page.ts";
import { eventually, shownIds, shownTotal } from "./shown-tasks.ts";
import { projectId } from "./start-server.ts";

/** The console in a hand. */
const site = siteOfFile({
  fill: async (server) => {
    await reportTasks(
      server,
      Array.from({ length: 130 }, (_, n) => ({
        id: `task-${n}`,
        service: n % 2 === 0 ? "rds" : "ddm",
        name: n % 3 === 0 ? "RestoreInstance" : "BackupInstanceOfAVeryLongNameThatNoPhoneIsWideEnoughFor",
        instance: { id: `${"f".repeat(32)}in${n % 10}`, name: "orders-of-the-northern-region-production" },
        database_name: "orders",
        created_at: new Date(systemClock() - n * 3_600_000).toISOString(),
        ...(n % 4 === 1 ? { status: "Failed", fail_reason: `no space left on ${"/volume".repeat(40)}` } : {}),
      })),
    );
  },
});

const open = (path: string) =>
  openConsole(site.browser, { consoleUrl: site.consoleUrl, path: `${projectId}${path}`, ...phone });

test("tasks are cards that open, and pages are turned below them", async () => {
  const { page } = await open("/tasks");
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  assert.equal(await page.getByRole("table").count(), 0);
  await assertNoSidewaysScroll(page, "the list");
  const first = page.getByRole("list", { name: "Tasks", exact: true }).getByRole("listitem");
  await first.filter({ hasText: "no space left on /volume" }).first().waitFor();

  await page.getByRole("button", { name: "Next page" }).tap();
  await eventually(async () => assert.equal((await shownIds(page))[0], "task-50"));
  await assertNoSidewaysScroll(page, "the second page");
  const cards = page.getByRole("list", { name: "Tasks", exact: true }).getByRole("listitem");
  await cards.nth(3).tap();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  assert.equal(page.url(), `${site.consoleUrl}${projectId}/tasks/task-53`);
  await assertNoSidewaysScroll(page, "a task");
  await page.goBack();
  await eventually(async () => assert.equal((await shownIds(page))[0], "task-50"));
});

test("the chosen state is in sight, and is a condition that can be taken back", async () => {
  const { page } = await open("/tasks?state=failed&service=ddm");
  const { json } = await site.server.call(`/v1/${projectId}/tasks?service=ddm&state=failed`);
  await eventually(async () => assert.equal(await shownTotal(page), json.total));
  const tab = page.getByRole("button", { name: /^Failed/, pressed: true });
  await eventually(async () => {
    const box = await tab.boundingBox();
    assert.ok(box !== null && box.x >= 0 && box.x + box.width <= phone.viewport.width, JSON.stringify(box));
  });
  await page.getByRole("button", { name: "Remove the condition Service: DDM" }).waitFor();
  await page.getByRole("button", { name: "Remove the condition State: Failed" }).tap();
  await eventually(async () => assert.equal(await shownTotal(page), 65));
  await assertNoSidewaysScroll(page, "the list after its condition");
});

test("one panel has all filters, says how many are set, and clears them", async () => {
  const { page } = await open("/tasks");
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  await page.getByRole("button", { name: "Filters" }).tap();
  const panel = page.getByRole("dialog", { name: "Filters" });
  await panel.getByRole("button", { name: "DDM" }).tap();
  await panel.getByText("Name", { exact: true }).tap();
  await panel.getByRole("checkbox", { name: "RestoreInstance" }).check();
  await assertNoSidewaysScroll(page, "the filters");
  await panel.getByRole("button", { name: "Show the tasks" }).tap();
  const { json } = await site.server.call(`/v1/${projectId}/tasks?service=ddm&name=RestoreInstance`);
  await eventually(async () => assert.equal(await shownTotal(page), json.total));
  await page.getByRole("button", { name: "Filters (2)" }).waitFor();
  await assertNoSidewaysScroll(page, "the list with conditions");

  await page.getByRole("button", { name: "Remove the condition Name: RestoreInstance" }).tap();
  await page.getByRole("button", { name: "Filters (1)" }).waitFor();
  await page.getByRole("button", { name: "Clear all" }).tap();
  await eventually(async () => assert.equal(await shownTotal(page), 130));
});

test("no page is wider than a phone, and a finger finds what it can press", async () => {
  for (const [path, heading] of [
    ["", "Overview"],
    ["/tasks?state=failed", /tasks$/],
    ["/tasks?name=NoSuchName", "No task matches"],
    ["/tasks/task-1", "Timeline"],
    ["/tasks/task-0", "Timeline"],
    ["/tasks/no-such-task", "There is no such task here"],
  ] as const) {
    const { page, expectTrouble } = await open(path);
    if (path.endsWith("no-such-task")) expectTrouble(/\/no-such-task answered 404$/);
    await page.getByRole("heading", { name: heading }).first().waitFor();
    await page.waitForLoadState("networkidle");
    await assertNoSidewaysScroll(page, path);
    const small = await page.locator("main button:visible").evaluateAll((buttons) =>
      buttons
        .map((button) => ({
          name: button.getAttribute("aria-label") ?? button.textContent,
          box: button.getBoundingClientRect(),
        }))
        .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
        .map(({ name, box }) => `${name}: ${Math.round(box.width)} × ${Math.round(box.height)}`),
    );
    assert.deepEqual(small, [], `too small to be pressed at ${path}`);
    await page.close();
  }
});
