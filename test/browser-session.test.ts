import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { systemClock } from "../src/task/clock.ts";
import { openBrowser, openPage } from "./browser.ts";
import { addProject, admin, fillSignIn, grant, openConsole, pollUntil, reportTasks } from "./console-page.ts";
import { addUser, type TestUser } from "./identities.ts";
import { callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** Signing in to the console, staying signed in, and signing out, in a real browser. */
const dayMs = 24 * 60 * 60 * 1000;
let clockMs = systemClock();
let server: TestServer;
let consoleUrl: string;
/** Who may read another project, and knows nothing of the first one. */
let other: TestUser;

before(async () => {
  server = await startServer({ clock: () => clockMs });
  consoleUrl = `${server.url}/console/`;
  other = await addUser(server, "otto", {});
  const second = await addProject(server, { name: "second" });
  await grant(server, { userId: other.id, role: "reader", projectId: second });
  await reportTasks(server, [
    { id: "failed-1", name: "RestoreInstance", status: "Failed", fail_reason: "no room on the volume" },
    { id: "running-1", name: "CreateInstance" },
  ]);
});
// Every test is on a day of its own: the sessions of the one before have ended.
beforeEach(async () => {
  clockMs += 2 * dayMs;
  server = await server.withNewToken();
});
after(() => server.close());

const expired = /\/console\/api\/\S+ answered 401$/;

test("a browser that opens the server is led to the form, told of a wrong password, and let in by the right one", async (t) => {
  const { page, expectTrouble } = await openPage(t, { url: server.url });
  assert.equal(page.url(), consoleUrl);
  await page.getByRole("heading", { name: "Task Center" }).waitFor();
  assert.equal(await page.title(), "Sign in · Task Center");
  assert.equal(await page.locator(":focus").getAttribute("name"), "username");

  expectTrouble(/^POST \S+\/console\/session answered 401$/);
  await fillSignIn(page, { ...admin, password: "a guess" });
  await page.getByRole("alert").getByText("User name and password do not belong together.").waitFor();

  await fillSignIn(page, admin);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.equal(page.url(), consoleUrl + projectId);
  await page
    .getByRole("link", { name: /^Running now/ })
    .getByText("1")
    .waitFor();
});

test("a session outlasts a reload, and no script, address or memory of the page holds its token", async (t) => {
  const { page, context } = await openPage(t);
  const addresses: string[] = [];
  context.on("request", (request) => addresses.push(request.url()));
  await page.goto(`${consoleUrl}${projectId}/tasks?state=failed`);
  await fillSignIn(page, admin);
  await page.getByRole("link", { name: "RestoreInstance" }).waitFor();
  assert.equal(page.url(), `${consoleUrl}${projectId}/tasks?state=failed`);
  await page.reload();
  await page.getByRole("link", { name: "RestoreInstance" }).click();
  await page.getByRole("region", { name: "Fail reason" }).getByText("no room on the volume").waitFor();

  const cookies = await context.cookies(consoleUrl);
  assert.equal(cookies.length, 1);
  const [{ name, value: token = "", path, httpOnly, sameSite, secure } = { name: "" }] = cookies;
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(
    { name, path, httpOnly, sameSite, secure },
    { name: "taskcenter_session", path: "/console", httpOnly: true, sameSite: "Strict", secure: false },
  );
  assert.deepEqual(await context.cookies(server.url), [], "the cookie goes to the console alone");
  const reachable = await page.evaluate(
    "JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href, history.state, document.documentElement.outerHTML])",
  );
  assert.equal(await page.evaluate("document.cookie"), "");
  assert.ok(!String(reachable).includes(token));
  assert.ok(addresses.length > 5 && addresses.every((address) => !address.includes(token)));
});

test("signing out ends the session for good, in every tab, and going back shows the form", async (t) => {
  const { page, context, expectTrouble } = await openConsole(await openBrowser(t), { consoleUrl });
  const [cookie] = await context.cookies(consoleUrl);
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByRole("link", { name: "RestoreInstance" }).waitFor();
  const tab = await context.newPage();
  await tab.goto(`${consoleUrl}${projectId}/tasks`);
  await tab.getByRole("link", { name: "RestoreInstance" }).waitFor();

  await page.getByRole("button", { name: "Signed in as admin" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Password").waitFor();
  assert.equal(await page.getByText("RestoreInstance").count(), 0);
  assert.deepEqual(await context.cookies(consoleUrl), []);
  for (const leave of [() => page.goBack(), () => page.goto(`${consoleUrl}${projectId}/tasks/failed-1`)]) {
    await leave();
    await page.getByLabel("Password").waitFor();
    assert.equal(await page.getByText("RestoreInstance").count(), 0);
  }
  expectTrouble(expired);
  await pollUntil(tab, tab.getByRole("dialog", { name: "Your session has ended" }));

  assert.ok(cookie !== undefined);
  const headers = { cookie: `${cookie.name}=${cookie.value}` };
  const asked = await callServer(`${consoleUrl}api/v1/${projectId}/tasks`, { headers });
  assert.equal(asked.status, 401);
  const proved = await server.call("/v3/auth/projects", { token: cookie.value });
  assert.equal(proved.status, 401);
});

test("whoever signs in again after their session has ended goes on at the same place, with the same conditions", async (t) => {
  const path = `${projectId}/tasks?state=failed`;
  const { page, expectTrouble } = await openConsole(await openBrowser(t), { consoleUrl, path });
  await page.getByRole("link", { name: "RestoreInstance" }).waitFor();
  expectTrouble(expired);
  clockMs += 2 * dayMs;
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await pollUntil(page, dialog);
  // It can not be put aside, and says whose session it was.
  await page.keyboard.press("Escape");
  assert.equal(await dialog.getByLabel("User name").inputValue(), "admin");
  await dialog.getByLabel("Password").fill(admin.password);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });

  assert.equal(page.url(), consoleUrl + path);
  server = await server.withNewToken();
  await reportTasks(server, [{ id: "failed-later", name: "DeleteInstance", status: "Failed" }]);
  await pollUntil(page, page.getByRole("link", { name: "DeleteInstance" }));
  await page.getByRole("link", { name: "RestoreInstance" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "CreateInstance" }).count(), 0);
  const { status } = await server.call(`/v1/${projectId}/tasks/failed-later`, { method: "DELETE" });
  assert.equal(status, 204);
});

test("somebody else who signs in after a session has ended sees nothing of it", async (t) => {
  const path = `${projectId}/tasks/running-1`;
  const { page, expectTrouble } = await openConsole(await openBrowser(t), { consoleUrl, path });
  await page.getByRole("heading", { name: "CreateInstance" }).waitFor();
  await page.getByRole("link", { name: "RestoreInstance" }).waitFor();
  expectTrouble(expired);
  clockMs += 2 * dayMs;
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await pollUntil(page, dialog);
  await fillSignIn(page, other);
  await page.getByRole("heading", { name: "You have no access to this project" }).waitFor();
  await dialog.waitFor({ state: "detached" });
  const shown = await page.evaluate("document.documentElement.outerHTML");
  for (const secret of ["RestoreInstance", "CreateInstance", "eu-de"]) {
    assert.ok(!String(shown).includes(secret), secret);
  }
  assert.doesNotMatch(await page.title(), /eu-de|RestoreInstance/);
  await page.getByRole("button", { name: "Signed in as otto" }).waitFor();
});
