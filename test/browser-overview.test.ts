import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { systemClock } from "../src/task/clock.ts";
import { desktop } from "./browser.ts";
import {
  addOwnProject,
  openConsole,
  pollUntil,
  reportTasks,
  siteOfFile,
  untilAnswered,
} from "./console-page.ts";
import { eventually, shownIds } from "./shown-tasks.ts";
import { projectId } from "./start-server.ts";

/** The overview in a real browser: what it shows leads to the tasks behind it. */
const site = siteOfFile();

const openOverview = async (query = "", project = projectId) =>
  (
    await openConsole(site.browser, {
      ...desktop,
      consoleUrl: site.consoleUrl,
      path: `${project}${query}`,
    })
  ).page;

/** Waits until everything is there, and nothing moves any more: a figure that is not known yet is a dash. */
async function untilWhole(page: Page): Promise<void> {
  await page.locator(".timeline .u-over").waitFor();
  await eventually(async () => {
    assert.equal(await page.getByText(/^Loading /).count(), 0);
    assert.equal(await page.locator(".figure-count").filter({ hasText: "–" }).count(), 0);
  });
}

/** The number that begins a text: `1,204 tasks`; none where it begins with words. */
const numberIn = (text: string | null) => Number(/[\d,]+/.exec(text ?? "")?.[0].replaceAll(",", "") ?? 0);

/** The total of the list that a page shows. */
async function listTotal(page: Page): Promise<number> {
  const heading = page.getByRole("heading", { level: 1 }).filter({ hasText: /task/ });
  await heading.filter({ hasText: /\d|No/ }).waitFor();
  return numberIn(await heading.textContent());
}

test("a project without tasks is told how to report one, and shows the first one by itself", async () => {
  const own = await addOwnProject(site.server, { name: "new" });
  const page = await openOverview("", own.projectId);
  await page.getByRole("heading", { name: "No task has been reported yet" }).waitFor();
  await page.getByText("taskcenter simulate").waitFor();
  await reportTasks(site.server, [{ id: "first" }], own);
  await pollUntil(page, page.getByRole("region", { name: "Figures" }));
});

test("a stretch that is dragged over on the chart leads to the tasks that were created in it", async () => {
  const dayAgoMs = systemClock() - 24 * 60 * 60_000;
  const createdAt = (hour: number) => new Date(dayAgoMs + hour * 60 * 60_000).toISOString();
  await reportTasks(site.server, [
    { id: "early", created_at: createdAt(3) },
    { id: "middle-1", created_at: createdAt(12) },
    { id: "middle-2", created_at: createdAt(13) },
  ]);
  const page = await openOverview();
  await untilWhole(page);
  const box = await page.locator(".timeline .u-over").boundingBox();
  assert.ok(box !== null);
  const at = (share: number) => [box.x + box.width * share, box.y + box.height / 2] as const;
  await page.mouse.move(...at(0.4));
  await page.mouse.down();
  await page.mouse.move(...at(0.5), { steps: 3 });
  await page.mouse.move(...at(0.7), { steps: 3 });
  await page.mouse.up();
  await page.waitForURL(/\/tasks\?from=.*&to=/);
  assert.equal(await listTotal(page), 2);
});

test("a slow name is told by the median of its tasks, says of how many, and leads to them", async () => {
  const endedAfter = (minutes: number) => {
    const createdMs = systemClock() - 3 * 60 * 60_000;
    return {
      status: "Completed",
      created_at: new Date(createdMs).toISOString(),
      ended_at: new Date(createdMs + minutes * 60_000).toISOString(),
    };
  };
  const tasks = [
    { id: "slow-1", name: "MigrateData", ...endedAfter(50) },
    { id: "slow-2", name: "MigrateData", ...endedAfter(70) },
    { id: "slow-3", name: "MigrateData", ...endedAfter(150) },
    { id: "slow-failed", name: "MigrateData", ...endedAfter(170), status: "Failed" },
    { id: "quick-1", name: "AddReadonlyNode", ...endedAfter(1) },
    { id: "quick-2", name: "AddReadonlyNode", ...endedAfter(2) },
  ];
  const own = await addOwnProject(site.server, { name: "slow" });
  await reportTasks(site.server, tasks, own);
  const page = await openOverview("", own.projectId);
  const card = page.getByRole("region", { name: "Slowest names" });
  await card.getByText("median duration").waitFor();
  const rows = card.getByRole("link");
  await eventually(async () =>
    assert.deepEqual(await rows.allInnerTexts(), ["MigrateData\n1 h 10 m", "AddReadonlyNode\n1 m 30 s"]),
  );
  const slow = rows.first();
  assert.equal(
    await slow.getAttribute("title"),
    "MigrateData: median of 3 tasks that succeeded; the longest took 2 h 30 m",
  );
  await slow.click();
  await page.waitForURL(/\/tasks\?/);
  await eventually(async () =>
    assert.deepEqual((await shownIds(page)).toSorted(), ["slow-1", "slow-2", "slow-3"]),
  );
  assert.equal(await listTotal(page), 3);
});

test("where more tasks have succeeded than are looked at, a slow name says of which it is the median", async () => {
  const fromMs = systemClock() - 3 * 24 * 60 * 60_000;
  await reportTasks(
    site.server,
    Array.from({ length: 205 }, (_, n) => ({
      name: n % 2 === 0 ? "CreateInstance" : "BackupInstance",
      status: "Completed",
      created_at: new Date(fromMs + n * 1000).toISOString(),
      ended_at: new Date(fromMs + 3_600_000).toISOString(),
    })),
  );
  const [from, to] = [fromMs, fromMs + 300_000].map((atMs) => new Date(atMs).toISOString());
  const page = await openOverview(`?from=${from}&to=${to}`);
  const card = page.getByRole("region", { name: "Slowest names" });
  await card.getByText("median of the last 200").waitFor();
  const row = card.getByRole("link", { name: "CreateInstance" });
  assert.match(
    (await row.getAttribute("title")) ?? "",
    /^CreateInstance: median of 100 tasks of the last 200 that succeeded; the longest took /,
  );
  // The list has those, too, of which the median is not.
  await row.click();
  await page.waitForURL(/\/tasks\?/);
  assert.equal(await listTotal(page), 103);
});

test("what somebody aims at stays where it is, and moves on once they have left their mouse there", async () => {
  await reportTasks(site.server, [{ id: "aimed-at", name: "AimedAtInstance" }]);
  const page = await openOverview();
  const running = page.getByRole("region", { name: "Oldest still running" });
  const row = running.getByRole("link", { name: /AimedAtInstance/ });
  await row.waitFor();
  await untilAnswered(page);
  // From here on time passes only where it is said.
  await page.clock.pauseAt(systemClock() + 60_000);
  await untilAnswered(page);
  await row.hover();
  const answered = page.waitForResponse(
    async (answer) =>
      answer.url().includes("sort=created_at") &&
      answer.status() === 200 &&
      !(await answer.text()).includes("aimed-at"),
  );
  const end = { method: "PATCH", body: { status: "Completed" } };
  assert.equal((await site.server.call(`/v1/${projectId}/tasks/aimed-at`, end)).status, 200);
  let isAnswered = false;
  void answered.then(() => {
    isAnswered = true;
  });
  // An answer that was on its way may have been made before.
  for (let seconds = 0; !isAnswered && seconds < 8; seconds += 1) {
    await page.clock.runFor(1000);
    await untilAnswered(page);
  }
  await answered;
  assert.ok(await row.isVisible());
  await page.clock.runFor(10_000);
  await row.waitFor({ state: "detached" });
});

test("every figure is the total of the list that it leads to", async () => {
  await reportTasks(site.server, [
    { id: "failed-1", status: "Failed", fail_reason: "no space left" },
    { id: "failed-2", status: "Failed", name: "RestartInstance" },
    { id: "completed", status: "Completed" },
    { id: "pending", kind: "scheduled", service: "rds" },
  ]);
  const page = await openOverview();
  await untilWhole(page);
  await page.getByText("As a table").click();
  const links = page.locator(".figure, .legend-item, .card-head a, .as-table td a");
  const figures = await links.evaluateAll((elements) =>
    elements.map((element) => ({
      name: element.textContent ?? "",
      // The last number of a figure's words may be its share.
      count: (element.querySelector(".figure-count, b") ?? element).textContent,
      href: element.getAttribute("href") ?? "",
    })),
  );
  assert.ok(figures.length > 12, `${figures.length} figures`);
  for (const { name, count, href } of figures) {
    await page.goto(new URL(href, site.server.url).href);
    assert.equal(await listTotal(page), numberIn(count), name);
  }
});
