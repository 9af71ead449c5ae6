import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort } from "../scripts/free-ports.ts";
import { type OpenPage, openBrowser } from "./browser.ts";
import { openConsole, pollUntil, reportTasks } from "./console-page.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/**
 * The console while its server is away, and when it is back: what was last seen stays, and says since when. Each test
 * opens its browser first: what is opened first is closed first, and no page is left that asks a closed server.
 */
const pages = {
  overview: projectId,
  list: `${projectId}/tasks`,
  task: `${projectId}/tasks/running-1`,
} as const;

/** The three pages side by side, each with what is always on it. */
async function openAll(opened: OpenPage, consoleUrl: string) {
  const { page: task, context } = opened;
  const [overview, list] = [await context.newPage(), await context.newPage()];
  await Promise.all([overview.goto(consoleUrl + pages.overview), list.goto(consoleUrl + pages.list)]);
  const tabs = [
    { name: "overview", page: overview, always: overview.getByRole("link", { name: "CreateInstance" }) },
    { name: "list", page: list, always: list.getByRole("link", { name: "CreateInstance" }) },
    { name: "task", page: task, always: task.getByRole("heading", { name: "CreateInstance" }) },
  ] as const;
  for (const { always } of tabs) await always.first().waitFor();
  return tabs;
}
type Tabs = Awaited<ReturnType<typeof openAll>>;

const bannerText = "The server is not reached. What you see is from";

async function assertAway(tabs: Tabs): Promise<void> {
  for (const { page, always } of tabs) {
    await pollUntil(page, page.getByRole("status").filter({ hasText: bannerText }));
    await page.getByText(/^Not reached; from /).waitFor();
    assert.ok(await always.first().isVisible(), "the last view stays");
  }
}

/** Reports what each page has to show, and holds them to show it, without the banner. */
async function assertBack(tabs: Tabs, server: TestServer, fresh: string): Promise<void> {
  await reportTasks(server, [{ id: fresh, name: fresh, status: "Failed", fail_reason: "no room" }]);
  const report = { body: { progress: 42 }, method: "PATCH" };
  assert.equal((await server.call(`/v1/${projectId}/tasks/running-1`, report)).status, 200);
  for (const { name, page } of tabs) {
    const news =
      name === "task" ? page.getByText("42 %").first() : page.getByRole("link", { name: fresh }).first();
    await pollUntil(page, news);
    await page.getByRole("status").filter({ hasText: bannerText }).waitFor({ state: "detached" });
    await pollUntil(page, page.getByText("Live", { exact: true }));
  }
}

test("a browser without a network keeps its pages and says so, and is fresh again when it is back", async (t) => {
  const browser = await openBrowser(t);
  const server = await startServer();
  t.after(() => server.close());
  await reportTasks(server, [{ id: "running-1", name: "CreateInstance" }]);
  const consoleUrl = `${server.url}/console/`;
  const opened = await openConsole(browser, { consoleUrl, path: pages.task });
  const tabs = await openAll(opened, consoleUrl);
  opened.expectTrouble(/failed: net::ERR_INTERNET_DISCONNECTED$/);
  await opened.context.setOffline(true);
  await assertAway(tabs);

  // Another page, of which nothing has been seen, says that it can show nothing; it comes by itself.
  const [{ page: overview }] = tabs;
  await overview.getByRole("link", { name: "Tasks", exact: true }).click();
  await overview.getByRole("heading", { name: "The server is not reached" }).first().waitFor();
  await opened.context.setOffline(false);
  await pollUntil(overview, overview.getByRole("link", { name: "CreateInstance" }));
  await overview.goBack();
  await assertBack(tabs, server, "BackupFailed");
});

test("a server that is stopped and started again finds every page, and every session, as it was", async (t) => {
  const browser = await openBrowser(t);
  // While it is away nobody else is given its port.
  const listen = `127.0.0.1:${await freePort()}`;
  const first = await startServer({ flags: { listen } });
  const { directory } = first;
  t.after(() => first.close());
  await reportTasks(first, [{ id: "running-1", name: "CreateInstance" }]);
  const consoleUrl = `${first.url}/console/`;
  const opened = await openConsole(browser, { consoleUrl, path: pages.task });
  const tabs = await openAll(opened, consoleUrl);
  // A question that comes at that very moment finds a connection that nobody takes, or that is ended.
  opened.expectTrouble(/failed: net::ERR_(?:CONNECTION_(?:REFUSED|RESET|CLOSED)|EMPTY_RESPONSE)$/);
  await first.stop();
  await assertAway(tabs);

  const second = await startServer({ directory, flags: { listen } });
  t.after(() => second.stop());
  await assertBack(tabs, second, "BackupFailed");
});

test("a console that does not find its server asks again by itself", async (t) => {
  const browser = await openBrowser(t);
  const server = await startServer();
  t.after(() => server.close());
  const opened = await openConsole(browser, { consoleUrl: `${server.url}/console/` });
  const { page } = opened;
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  opened.expectTrouble(/\/console\/session answered 502$/);
  const isSession = (url: URL) => url.pathname.endsWith("/session");
  await page.route(isSession, (route) => route.fulfill({ status: 502, body: "a proxy without its server" }));
  await page.reload();
  await page.getByRole("heading", { name: "The server is not reached" }).waitFor();
  await page.unroute(isSession);
  await pollUntil(page, page.getByRole("heading", { name: "Overview" }));
});
