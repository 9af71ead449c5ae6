import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "./browser.ts";
import { admin, fillSignIn, reportTasks } from "./console-page.ts";
import { startPrefixProxy } from "./prefix-proxy.ts";
import { projectId, startServer } from "./start-server.ts";

test("under a path that a proxy adds everything is found: the form, the session, the pages, their links and the documentation", async (t) => {
  // What is opened first is closed first: no page is left that asks a closed server.
  const browser = await openBrowser(t);
  const server = await startServer();
  t.after(() => server.close());
  const proxy = await startPrefixProxy(server.url, "/ops/tasks");
  t.after(() => proxy.close());
  await reportTasks(server, [
    { id: "failed-1", name: "RestoreInstance", status: "Failed", fail_reason: "no room" },
  ]);

  // What is not below the prefix is answered with 418, which is trouble that nobody expects here.
  const { page, context } = await browser.openPage({ url: proxy.url });
  const consoleUrl = `${proxy.url}console/`;
  assert.equal(page.url(), consoleUrl);
  await fillSignIn(page, admin);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.equal(page.url(), consoleUrl + projectId);
  const [cookie] = await context.cookies(consoleUrl);
  assert.equal(cookie?.path, "/ops/tasks/console");
  assert.deepEqual(await context.cookies(proxy.url), []);

  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByRole("link", { name: "RestoreInstance" }).click();
  await page.waitForURL(`${consoleUrl}${projectId}/tasks/failed-1`);
  await page.reload();
  await page.getByRole("region", { name: "Fail reason" }).getByText("no room").waitFor();
  const views = page.getByRole("region", { name: "As the APIs show it" });
  await views.getByText(`"id": "failed-1"`).waitFor();

  await page.getByRole("button", { name: "Signed in as admin" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Documentation" }).click();
  await page.waitForURL(`${proxy.url}docs/`);
  await page.getByRole("searchbox").waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Signed in as admin" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Password").waitFor();
  assert.deepEqual(await context.cookies(consoleUrl), []);
});
