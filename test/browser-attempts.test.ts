import assert from "node:assert/strict";
import { test } from "node:test";
import { openConsole, reportTasks, type SomeTask, siteOfFile } from "./console-page.ts";
import { eventually } from "./shown-tasks.ts";
import { projectId } from "./start-server.ts";

/** What a task's page tells of other attempts at the same work. */
const site = siteOfFile();

/** A task that failed, was tried again, failed, and so on: each attempt was begun by the one before. */
function chain(prefix: string, attempts: number, last: SomeTask): readonly SomeTask[] {
  return Array.from({ length: attempts }, (_, index) => ({
    id: `${prefix}-${index + 1}`,
    attempt: index + 1,
    status: "Failed",
    ...(index === 0 ? {} : { parent_id: `${prefix}-${index}` }),
    ...(index === attempts - 1 ? last : {}),
  }));
}

async function open(id: string) {
  const { page } = await openConsole(site.browser, {
    consoleUrl: site.consoleUrl,
    path: `${projectId}/tasks/${id}`,
  });
  const card = page.getByRole("region", { name: "Attempts" });
  /** Its lines, without their ages. */
  const told = () =>
    card
      .getByRole("listitem")
      .evaluateAll((items) =>
        items.map((item) =>
          item.textContent?.replace(item.querySelector("time")?.textContent ?? "", "").trim(),
        ),
      );
  return { page, card, told };
}

test("every attempt shows all of them, and which one succeeded", async () => {
  await reportTasks(site.server, chain("backup", 3, { status: "Completed" }));
  for (const id of ["backup-1", "backup-2", "backup-3"]) {
    const { page, card, told } = await open(id);
    await eventually(async () =>
      assert.deepEqual(await told(), ["Attempt 1Failed", "Attempt 2Failed", "Attempt 3Completed"]),
    );
    assert.match((await card.locator("[aria-current]").textContent()) ?? "", RegExp(`^Attempt ${id.at(-1)}`));
    assert.equal(await page.getByRole("region", { name: /begun by|What it began/i }).count(), 0);
  }
});

test("what belongs to a task and is no other attempt at it stands for itself", async () => {
  await reportTasks(site.server, [
    { id: "upgrade", name: "UpgradeInstance" },
    { id: "step-1", name: "BackupInstance", parent_id: "upgrade", status: "Failed" },
    { id: "step-2", name: "BackupInstance", parent_id: "upgrade", attempt: 2 },
  ]);
  const { page, card } = await open("upgrade");
  const began = page.getByRole("region", { name: "What it began" });
  await began.getByText("attempt 2").waitFor();
  assert.equal(await card.count(), 0);
  await began.getByRole("link", { name: /attempt 2/ }).click();
  const origin = page.getByRole("region", { name: "Attempt 2, begun by" });
  await origin.getByText("UpgradeInstance").waitFor();
  await origin.getByText("with the same parent").waitFor();
  assert.equal(await card.count(), 0);
});

test("of many attempts those around the task are shown, and where the others are", async () => {
  await reportTasks(site.server, chain("loop", 14, { status: "Running" }));
  const { card, told } = await open("loop-7");
  const numbers = Array.from({ length: 11 }, (_, index) => `Attempt ${index + 2}Failed`);
  await eventually(async () =>
    assert.deepEqual(await told(), ["Attempts before these", ...numbers, "Attempts after these, if any"]),
  );
  await card.getByRole("link", { name: "Attempts after these, if any" }).click();
  await eventually(async () => assert.equal((await told()).at(-1), "Attempt 14Running"));
});
