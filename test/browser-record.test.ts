import assert from "node:assert/strict";
import { test } from "node:test";
import { openConsole, pollUntil, pollUntilDone, reportTasks, siteOfFile } from "./console-page.ts";
import { addUser } from "./identities.ts";
import { eventually, shownIds } from "./shown-tasks.ts";
import { projectId } from "./start-server.ts";

/** Deleting the record of a task in the console. */
const site = siteOfFile();

const open = (path: string, login?: { readonly name: string; readonly password: string }) =>
  openConsole(site.browser, {
    consoleUrl: site.consoleUrl,
    path: `${projectId}${path}`,
    ...(login && { login }),
  });
const statusOf = async (id: string) => (await site.server.call(`/v1/${projectId}/tasks/${id}`)).status;

test("an operator deletes a record once they have read what that means", async () => {
  const operator = await addUser(site.server, "olga", { project: ["operator"] });
  await reportTasks(site.server, [{ id: "gone" }, { id: "kept" }]);
  const { page } = await open("/tasks/gone", operator);
  const question = page.getByRole("dialog", { name: "Delete this record?" });

  await page.getByRole("button", { name: "Delete record" }).click();
  await question.getByText("deleting its record stops nothing").waitFor();
  await question.getByRole("button", { name: "Keep it" }).click();
  await question.waitFor({ state: "detached" });
  assert.equal(await statusOf("gone"), 200);

  await page.getByRole("button", { name: "Delete record" }).click();
  await question.getByRole("button", { name: "Delete the record" }).click();
  await eventually(async () => {
    const { json } = await site.server.call(`/v1/${projectId}/tasks`);
    const left: readonly string[] = json.tasks.map(({ id }: { readonly id: string }) => id);
    assert.ok(left.includes("kept") && !left.includes("gone"), left.join());
    assert.deepEqual(await shownIds(page), left);
  });
  assert.equal(await statusOf("gone"), 404);
});

test("a record that has changed since it was looked at is not deleted before it is looked at again", async () => {
  await reportTasks(site.server, [{ id: "changing" }]);
  const { page, expectTrouble } = await open("/tasks/changing");
  const question = page.getByRole("dialog", { name: "Delete this record?" });
  await page.getByRole("button", { name: "Delete record" }).click();
  await question.waitFor();
  const body = { status: "Failed", fail_reason: "disk full" };
  assert.equal(
    (await site.server.call(`/v1/${projectId}/tasks/changing`, { method: "PATCH", body })).status,
    200,
  );
  // The page behind the question has it by now, and its reader has not read it.
  await pollUntil(page, page.getByText("disk full").first());

  expectTrouble(/^DELETE \S+\/tasks\/changing answered 412$/);
  await question.getByRole("button", { name: "Delete the record" }).click();
  await question.getByRole("alert").getByText("The task has just changed.").waitFor();
  assert.equal(await statusOf("changing"), 200);

  await question.getByRole("button", { name: "Keep it" }).click();
  await page.getByRole("button", { name: "Delete record" }).click();
  assert.equal(await question.getByRole("alert").count(), 0);
  await question.getByRole("button", { name: "Delete the record" }).click();
  await question.waitFor({ state: "detached" });
  await eventually(async () => assert.equal(await statusOf("changing"), 404));
});

test("whoever may only read has no button to delete with", async () => {
  const reader = await addUser(site.server, "rita", { project: ["reader"] });
  await reportTasks(site.server, [{ id: "read" }]);
  const { page } = await open("/tasks/read", reader);
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /delete/i }).count(), 0);
});

test("who looks at a task whose record somebody deletes keeps what they saw, and is told", async () => {
  await reportTasks(site.server, [{ id: "deleted" }]);
  const { page, expectTrouble } = await open("/tasks/deleted");
  // What the page asks the services for, and only once, it has: an answer on its way would be another trouble.
  await page.getByRole("region", { name: "As the APIs show it" }).locator("pre").nth(1).waitFor();
  expectTrouble(/^GET \S+\/tasks\/deleted\S* answered 404$/);
  assert.equal((await site.server.call(`/v1/${projectId}/tasks/deleted`, { method: "DELETE" })).status, 204);
  await pollUntil(page, page.getByText("The record of this task was deleted."));
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Delete record" }).count(), 0);
});

test("a task that is made anew under the id of a deleted one is shown as it is", async () => {
  await reportTasks(site.server, [{ id: "reborn", name: "CreateInstance" }]);
  const { page } = await open("/tasks/reborn");
  await page.getByRole("heading", { name: "CreateInstance", level: 1 }).waitFor();
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByText("Created as Running").waitFor();
  const asked = Promise.withResolvers<void>();
  const made = Promise.withResolvers<void>();
  // The page must not see that there is none in between.
  await page.route(
    (url) => url.pathname.endsWith("/tasks/reborn"),
    async (route) => {
      asked.resolve();
      await made.promise;
      await route.continue();
    },
  );
  await pollUntilDone(page, asked.promise);
  assert.equal((await site.server.call(`/v1/${projectId}/tasks/reborn`, { method: "DELETE" })).status, 204);
  await reportTasks(site.server, [{ id: "reborn", name: "ResizeInstance", status: "Completed" }]);
  made.resolve();
  await page.getByRole("heading", { name: "ResizeInstance", level: 1 }).waitFor();
  await timeline.getByText("Created as Completed").waitFor();
});
