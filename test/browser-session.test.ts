import assert from "node:assert/strict";
import { after, before, beforeEach, type TestContext, test } from "node:test";
import { systemClock } from "../src/task/clock.ts";
import { openBrowser, openPage } from "./browser.ts";
import {
  addProject,
  admin,
  fillSignIn,
  grant,
  type Login,
  openConsole,
  pollUntil,
  reportTasks,
  untilAnswered,
} from "./console-page.ts";
import { addUser, type TestUser } from "./identities.ts";
import { callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** Signing in to the console, staying signed in, and signing out, in a real browser. */
const dayMs = 24 * 60 * 60 * 1000;
let clockMs = systemClock();
let server: TestServer;
let consoleUrl: string;
/** Who may read another project, and knows nothing of the first one. */
let other: TestUser;
/** Who may read the first project, but change nothing there. */
let reader: TestUser;

before(async () => {
  server = await startServer({ clock: () => clockMs });
  consoleUrl = `${server.url}/console/`;
  other = await addUser(server, "otto", {});
  const second = await addProject(server, { name: "second" });
  reader = await addUser(server, "rita", { project: ["reader"] });
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

/** How a question of a page is refused that has become another session's. */
const ofAnother = /\/console\/api\/\S+ answered 403$/;
const expired = /\/console\/api\/\S+ answered 401$/;

test("a browser that opens the server is led to the form, told of a wrong password, and let in by the right one", async (t) => {
  const { page, expectTrouble } = await openPage(t, { url: server.url });
  assert.equal(page.url(), consoleUrl);
  await page.getByRole("heading", { name: "Task Center" }).waitFor();
  assert.equal(await page.title(), "Sign in · Task Center");
  assert.equal(await page.locator(":focus").getAttribute("name"), "username");

  expectTrouble(/^POST \S+\/console\/session answered 401$/);
  await fillSignIn(page, { ...admin, password: "a guess" });
  await page.getByRole("alert").getByText("Wrong user name or password.").waitFor();

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
  // It cannot be put aside, and says whose session it was.
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

/** Two tabs of one session, the second one about to delete a record. */
async function openTwoTabs(t: TestContext) {
  const opened = await openConsole(await openBrowser(t), { consoleUrl });
  const { page, context } = opened;
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const tab = await context.newPage();
  const path = `${projectId}/tasks/failed-1`;
  await tab.goto(consoleUrl + path);
  await tab.getByRole("button", { name: "Delete record" }).click();
  const question = tab.getByRole("dialog", { name: "Delete this record?" });
  await question.waitFor();
  const as = (name: string) => tab.getByRole("button", { name: `Signed in as ${name}` });
  // A page that nobody sees asks for nothing, and asks at once when it is seen again.
  const show = (visibility: "hidden" | "visible") =>
    tab.evaluate(
      `Object.defineProperty(document, "visibilityState", { value: "${visibility}", configurable: true });
       document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));`,
    );
  const signInAnew = async (login: Login) => {
    await show("hidden");
    await untilAnswered(tab);
    await page.getByRole("button", { name: "Signed in as" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await fillSignIn(page, login);
    await page.getByRole("button", { name: `Signed in as ${login.name}` }).waitFor();
  };
  return { ...opened, tab, question, as, show, signInAnew, path };
}

test("where somebody else has signed in in another tab, a page is theirs as a whole before it shows anything of it", async (t) => {
  const { tab, question, as, show, signInAnew, path, expectTrouble } = await openTwoTabs(t);
  await signInAnew(reader);
  assert.ok(await as("admin").isVisible());

  expectTrouble(ofAnother);
  const answers: string[] = [];
  tab.on("response", (answer) => {
    const what = new URL(answer.url()).pathname === "/console/session" ? "session" : "api";
    answers.push(`${what} ${answer.status()}`);
  });
  await show("visible");
  await pollUntil(tab, as("rita"));
  assert.equal(await as("admin").count(), 0);
  // Until it was known whose session it is, nothing was answered.
  const told = answers.indexOf("session 200");
  assert.ok(told > 0, answers.join());
  assert.deepEqual(new Set(answers.slice(0, told)), new Set(["api 403"]));

  await tab.getByRole("heading", { name: "RestoreInstance" }).waitFor();
  assert.equal(tab.url(), consoleUrl + path);
  await question.waitFor({ state: "detached" });
  assert.equal(await tab.getByRole("button", { name: "Delete record" }).count(), 0);
});

test("a page that has told of its session's end is theirs who sign in in another tab, as soon as it is seen", async (t) => {
  const { page, tab, as, show, expectTrouble } = await openTwoTabs(t);
  await page.getByRole("button", { name: "Signed in as" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  const ended = tab.getByRole("dialog", { name: "Your session has ended" });
  expectTrouble(expired);
  await pollUntil(tab, ended);
  await fillSignIn(page, other);
  await page.getByRole("button", { name: "Signed in as otto" }).waitFor();

  expectTrouble(ofAnother);
  await show("visible");
  await pollUntil(tab, as("otto"));
  await tab.getByRole("heading", { name: "You have no access to this project" }).waitFor();
  await ended.waitFor({ state: "detached" });
  await tab.waitForFunction('!document.documentElement.outerHTML.includes("RestoreInstance")');
});

test("where the same person has signed in anew in another tab, a page goes on as if nothing had been", async (t) => {
  const { tab, question, as, show, signInAnew, expectTrouble } = await openTwoTabs(t);
  await reportTasks(server, [{ id: "failed-2", name: "RestoreInstance", status: "Failed" }]);
  await signInAnew(admin);
  expectTrouble(ofAnother);
  await show("visible");
  await pollUntil(tab, tab.getByRole("region", { name: "Tasks of orders" }).getByText("3 tasks"));
  assert.ok(await as("admin").isVisible());
  assert.ok(await question.isVisible());

  await signInAnew(admin);
  await question.getByRole("button", { name: "Delete the record" }).click();
  await tab.waitForURL(`${consoleUrl}${projectId}/tasks`);
  const { status } = await server.call(`/v1/${projectId}/tasks/failed-1`);
  assert.equal(status, 404);
});
