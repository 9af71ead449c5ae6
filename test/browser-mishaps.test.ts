import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { assertAccessible } from "./accessible.ts";
import { openBrowser } from "./browser.ts";
import { admin, fillSignIn, openConsole, pollUntil, reportTasks } from "./console-page.ts";
import { eventually } from "./shown-tasks.ts";
import { callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** A link that is broken and an answer that is lost, in a real browser: the console shows what is so. */
let server: TestServer;
let consoleUrl: string;

before(async () => {
  server = await startServer();
  consoleUrl = `${server.url}/console/`;
});
after(() => server.close());

test("an address that spells nothing is a page that says so, and not an empty one", async (t) => {
  const { page, expectTrouble } = await openConsole(await openBrowser(t), { consoleUrl });
  expectTrouble(/\/tasks\/%25(?:zz)? answered 404$/);
  for (const [path, title] of [
    ["%25", "You have no access to this project"],
    ["%25zz/tasks", "You have no access to this project"],
    [`${projectId}/tasks/%25`, "There is no such task here"],
    [`${projectId}/tasks/%25zz`, "There is no such task here"],
    [`${projectId}/tasks?as_of=%2B275760-09-13T00:00:00Z&page=5`, "0 tasks"],
    [`${projectId}?from=-271821-04-20T00:00:00Z&to=%2B275760-09-13T00:00:00Z`, "Overview"],
  ] as const) {
    await page.goto(consoleUrl + path);
    await page.getByRole("heading", { name: title }).waitFor();
  }
});

test("a sign-out that does not reach the server is not taken for one", async (t) => {
  const { page, context, expectTrouble } = await openConsole(await openBrowser(t), { consoleUrl });
  const signOut = async (): Promise<void> => {
    await page.getByRole("button", { name: "Signed in as admin" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
  };
  const overview = page.getByRole("heading", { name: "Overview" });
  await overview.waitFor();
  const [cookie] = await context.cookies(consoleUrl);
  assert.ok(cookie !== undefined);
  const ask = () =>
    callServer(`${consoleUrl}session`, { headers: { cookie: `${cookie.name}=${cookie.value}` } });

  expectTrouble(/DELETE \S+\/console\/session/);
  await page.route("**/console/session", (route) =>
    route.request().method() === "DELETE" ? route.abort() : route.continue(),
  );
  const askedAgain = page.waitForResponse(
    (answer) => answer.url() === `${consoleUrl}session` && answer.request().method() === "GET",
  );
  await signOut();
  await askedAgain;
  await overview.waitFor();
  assert.equal(await page.getByLabel("Password").count(), 0);
  assert.equal((await ask()).status, 200);

  await page.unroute("**/console/session");
  await signOut();
  await page.getByLabel("Password").waitFor();
  assert.equal((await ask()).status, 401);
});

test("while a sign-out is on its way nothing is asked: its refusal would be taken for the end of the session", async (t) => {
  const { page } = await openConsole(await openBrowser(t), { consoleUrl });
  await page.getByRole("region", { name: "No task yet" }).waitFor();
  const ended = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  await page.route("**/console/session", async (route) => {
    if (route.request().method() !== "DELETE") return route.continue();
    const response = await route.fetch();
    ended.resolve();
    await told.promise;
    await route.fulfill({ response });
  });
  await page.getByRole("button", { name: "Signed in as admin" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await ended.promise;
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.clock.fastForward(60_000);
  await page.evaluate("0");
  assert.deepEqual(asked, []);
  told.resolve();
  await page.getByLabel("Password").waitFor();
});

/** Answers questions as the server does, but for a part of the document that a page cannot do without. */
async function spoil(page: Page, isAsked: (url: URL) => boolean, spoiled: object): Promise<void> {
  await page.route(isAsked, async (route) => {
    const response = await route.fetch({ headers: { ...route.request().headers(), "if-none-match": "" } });
    await route.fulfill({ response, json: { ...(await response.json()), ...spoiled } });
  });
}

test("a page that cannot show what it was answered says so, and is there again once it can", async (t) => {
  await reportTasks(server, [{ id: "spoiled", name: "CreateInstance" }]);
  const { page } = await openConsole(await openBrowser(t), { consoleUrl, path: "no-project" });
  const isTask = (url: URL) => url.pathname.endsWith(`/api/v1/${projectId}/tasks/spoiled`);
  await spoil(page, isTask, { instance: null });
  await page.goto(`${consoleUrl}${projectId}/tasks/spoiled`);
  const fault = page.getByRole("alert").filter({ hasText: "Something went wrong here" });
  const task = page.getByRole("heading", { name: "CreateInstance", level: 1 });
  const overview = page.getByRole("heading", { name: "Overview" });
  await fault.waitFor();
  await page.getByRole("button", { name: "Signed in as admin" }).waitFor();
  await page.waitForFunction('document.title === "Something went wrong here · Task Center"');
  await assertAccessible(page);

  // To no avail as long as it is answered so; and there is a way on.
  const askedAgain = page.waitForResponse((answer) => isTask(new URL(answer.url())));
  await fault.getByRole("button", { name: "Try again" }).click();
  await askedAgain;
  await fault.waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  await overview.waitFor();
  assert.equal(await fault.count(), 0);

  await page.goBack();
  await fault.waitFor();
  await page.unrouteAll({ behavior: "wait" });
  await fault.getByRole("button", { name: "Try again" }).click();
  await task.waitFor();
  assert.equal(await fault.count(), 0);
});

test("a fault that comes while a page is looked at leaves the way to the others", async (t) => {
  await reportTasks(server, [{ id: "sound", name: "CreateInstance" }]);
  const { page } = await openConsole(await openBrowser(t), { consoleUrl, path: `${projectId}/tasks` });
  await page.getByRole("link", { name: "CreateInstance" }).first().waitFor();
  await spoil(page, (url) => url.pathname.endsWith(`/api/v1/${projectId}/tasks`), {
    tasks: [{ id: "sound" }],
  });
  const fault = page.getByRole("heading", { name: "Something went wrong here" });
  await pollUntil(page, fault);
  await page.unrouteAll({ behavior: "wait" });
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("region", { name: "Figures" }).waitFor();
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByRole("link", { name: "CreateInstance" }).first().waitFor();
  assert.equal(await fault.count(), 0);
});

test("a session that the page cannot show is no empty page", async (t) => {
  const { page } = await openConsole(await openBrowser(t), { consoleUrl });
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await spoil(page, (url) => url.pathname.endsWith("/console/session"), { projects: null });
  await page.reload();
  const fault = page.getByRole("alert").filter({ hasText: "Something went wrong here" });
  await fault.waitFor();
  await page.unrouteAll({ behavior: "wait" });
  await fault.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
});

test("the form over a page whose session has ended stays, however often somebody presses Escape", async (t) => {
  const { page, context, expectTrouble } = await openConsole(await openBrowser(t), { consoleUrl });
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expectTrouble(/answered 401$/);
  await context.clearCookies();
  await pollUntil(page, dialog);
  for (let presses = 0; presses < 5; presses += 1) await page.keyboard.press("Escape");
  assert.ok(await dialog.isVisible());
  await fillSignIn(page, admin);
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "Overview" }).waitFor();
});

test("an answer that breaks off, and another page in place of one, leave what was seen where it is", async (t) => {
  const browser = await openBrowser(t);
  await reportTasks(server, [{ name: "StopInstance" }]);
  const { page } = await openConsole(browser, { consoleUrl, path: `${projectId}/tasks` });
  const row = page.getByRole("link", { name: "StopInstance" });
  const away = page.getByText("The server is not reached. What you see is from");
  await row.waitFor();
  for (const [contentType, body] of [
    ["text/html", "<!doctype html><title>Log in to the proxy</title>"],
    ["application/json", '{"tasks":[{"id":"'],
  ] as const) {
    await page.route("**/console/api/**", (route) => route.fulfill({ status: 200, contentType, body }));
    await pollUntil(page, away);
    assert.ok(await row.isVisible(), body);
    await page.unroute("**/console/api/**");
    await pollUntil(page, away, "detached");
  }
});

test("while an answer is late, the page says of when it is what is seen", async (t) => {
  await reportTasks(server, [{ name: "StartInstance" }]);
  const { page } = await openConsole(await openBrowser(t), { consoleUrl, path: `${projectId}/tasks` });
  await page.getByRole("link", { name: "StartInstance" }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  const late = Promise.withResolvers<void>();
  await page.route("**/console/api/**", async (route) => {
    await late.promise;
    await route.continue();
  });
  // One that had left before is fresh once more, and then late.
  await eventually(async () => {
    await page.clock.fastForward(20_000);
    await page.getByText(/^From \d+ [sm] ago$/).waitFor({ timeout: 500 });
  });
  await page.getByRole("link", { name: "StartInstance" }).waitFor();
  late.resolve();
  await pollUntil(page, page.getByText("Live", { exact: true }));
});
