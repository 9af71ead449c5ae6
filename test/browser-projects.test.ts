import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { openBrowser } from "./browser.ts";
import { addOwnProject, grant, openConsole, pollUntilDone, reportTasks } from "./console-page.ts";
import { addUser, type TestUser } from "./identities.ts";
import { projectId as orders, startServer, type TestServer } from "./start-server.ts";

/** Several projects in the console: each shows its own tasks, and only to whoever may look at it. */
let server: TestServer;
let consoleUrl: string;
let payments: string;
/** A reader of both projects, a reader of the first alone, a reporter of the first, and somebody without any role. */
let both: TestUser;
let one: TestUser;
let reporter: TestUser;
let stranger: TestUser;

const firstName = "eu-de";
const ordersTask = "BackupOrders";
const paymentsTask = "BackupPayments";

before(async () => {
  server = await startServer();
  consoleUrl = `${server.url}/console/`;
  const own = await addOwnProject(server, { name: "payments", description: "What people owe and pay" });
  payments = own.projectId;
  both = await addUser(server, "bea", { project: ["reader"] });
  one = await addUser(server, "olaf", { project: ["reader"] });
  reporter = await addUser(server, "rita", { project: ["reporter"] });
  stranger = await addUser(server, "stan", {});
  await grant(server, { userId: both.id, role: "reader", projectId: payments });
  await reportTasks(server, [{ id: "ours", name: ordersTask }]);
  await reportTasks(server, [{ id: "theirs", name: paymentsTask }], own);
});
after(() => server.close());

const isShown = (page: Page, name: string) => page.getByRole("link", { name }).first().waitFor();

/** Holds a page to say nothing of a project, in words or in what lies behind them. */
async function assertSilent(page: Page, words: readonly string[]): Promise<void> {
  const all = String(await page.evaluate("document.title + document.documentElement.outerHTML"));
  for (const word of words) assert.ok(!all.includes(word), word);
}

test("the menu leads to the other project, which is shown from then on; two tabs show two projects at once", async (t) => {
  const { page, context } = await openConsole(await openBrowser(t), {
    consoleUrl,
    login: both,
    path: `${orders}/tasks`,
  });
  await isShown(page, ordersTask);
  await page.getByRole("button", { name: firstName }).click();
  await page
    .getByRole("dialog", { name: "Project" })
    .getByRole("link", { name: /payments/ })
    .click();
  await page.waitForURL(consoleUrl + payments);
  await isShown(page, paymentsTask);
  await assertSilent(page, [ordersTask]);
  assert.match(await page.title(), /payments/);

  const tab = await context.newPage();
  await tab.goto(consoleUrl);
  await tab.waitForURL(consoleUrl + payments);
  await isShown(tab, paymentsTask);
  await tab.goto(`${consoleUrl}${orders}/tasks`);
  await isShown(tab, ordersTask);
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByRole("heading", { name: "1 task" }).waitFor();
  // Each is asked for again, and stays what it is.
  for (const [shown, project] of [
    [page, payments],
    [tab, orders],
  ] as const) {
    await pollUntilDone(
      shown,
      shown.waitForResponse((answer) => answer.url().includes(`/api/v1/${project}/tasks?`)),
    );
  }
  await isShown(page, paymentsTask);
  await assertSilent(page, [ordersTask]);
  await isShown(tab, ordersTask);
  await assertSilent(tab, [paymentsTask]);
});

test("a link into a project without a role in it shows nothing of it, and is as good as a link to none", async (t) => {
  const { page, context } = await openConsole(await openBrowser(t), {
    consoleUrl,
    login: one,
    path: `${payments}/tasks/theirs`,
  });
  const asked: string[] = [];
  context.on("request", (request) => asked.push(request.url()));
  const heading = page.getByRole("heading", { name: "You have no access to this project" });
  await heading.waitFor();
  await assertSilent(page, [paymentsTask, "What people owe"]);
  const words = await page.getByRole("main").innerText();
  const none = "0".repeat(32);
  await page.goto(`${consoleUrl}${none}/tasks/theirs`);
  await heading.waitFor();
  assert.equal((await page.getByRole("main").innerText()).replace(none, payments), words);
  assert.deepEqual(
    asked.filter((address) => address.includes("/api/")),
    [],
  );
  assert.equal(await page.getByRole("navigation", { name: "Pages" }).count(), 0);

  // The menu has the projects that are theirs, and leads out.
  await page.getByRole("button", { name: "No project" }).click();
  const projects = page.getByRole("dialog", { name: "Project" }).getByRole("link");
  await projects.click();
  await isShown(page, ordersTask);
});

test("whoever has no project is told so, and how that changes", async (t) => {
  const { page } = await openConsole(await openBrowser(t), { consoleUrl, login: stranger, path: "" });
  await page.getByRole("heading", { name: "You have no project yet" }).waitFor();
  await page.getByText("Whoever administers the domain can grant you a role in one.").waitFor();
  await assertSilent(page, [ordersTask, firstName]);
});

test("the menu of the user says who they are, and what their roles are in the project", async (t) => {
  const { page } = await openConsole(await openBrowser(t), {
    consoleUrl,
    login: reporter,
    path: `${orders}/tasks/ours`,
  });
  await page.getByRole("heading", { name: ordersTask }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Delete record" }).count(), 0);
  await page.getByRole("button", { name: "Signed in as rita" }).click();
  const menu = page.getByRole("dialog", { name: "Signed in as rita" });
  await menu.getByText("rita (Default)").waitFor();
  await menu.getByRole("definition").getByText("reporter", { exact: true }).waitFor();
});

test("the button of the themes shows the one that is chosen, each with a mark of its own", async (t) => {
  const { page } = await openConsole(await openBrowser(t), { consoleUrl });
  const button = page.getByRole("button", { name: "Theme" });
  const panel = page.getByRole("dialog", { name: "Theme" });
  const markOf = (place: Locator) => place.locator(".icon path").getAttribute("d");
  const marks = [];
  for (const name of ["Light", "Dark", "As the system"]) {
    await button.click();
    const choice = panel.getByRole("button", { name });
    const mark = await markOf(choice);
    await choice.click();
    await panel.waitFor({ state: "hidden" });
    assert.equal(await markOf(button), mark, name);
    marks.push(mark);
  }
  assert.equal(new Set(marks).size, marks.length);
});
