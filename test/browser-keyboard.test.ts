import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { systemClock } from "../src/task/clock.ts";
import { admin, openConsole, reportTasks, siteOfFile } from "./console-page.ts";
import { eventually, shownIds } from "./shown-tasks.ts";
import { projectId } from "./start-server.ts";

/** The console without a mouse. */
const site = siteOfFile({
  fill: async (server) => {
    const tasks = Array.from({ length: 120 }, (_, n) => ({
      id: `task-${n}`,
      created_at: new Date(systemClock() - (n + 1) * 3_600_000).toISOString(),
      ...(n % 3 === 1 ? { status: "Failed", fail_reason: `no room on volume ${n}` } : {}),
    }));
    await reportTasks(server, tasks);
  },
});

const listUrl = () => `${site.consoleUrl}${projectId}/tasks`;
/** Opens a page that is closed with its test: pages go on asking, beside those of the tests to come. */
async function open(t: test.TestContext, path: string) {
  const opened = await openConsole(site.browser, {
    consoleUrl: site.consoleUrl,
    path: `${projectId}${path}`,
  });
  t.after(() => opened.page.close());
  return opened;
}
const openList = (t: test.TestContext) => open(t, "/tasks");

const heading = (page: Page, total: number) =>
  page.getByRole("heading", { name: `${total} tasks`, exact: true }).waitFor();

/** What has the focus: how it is called, and whether that is seen. */
async function focused(page: Page): Promise<{ readonly name: string; readonly isSeen: boolean }> {
  return await page.locator(":focus").evaluate((element) => {
    const { outlineStyle, outlineWidth } = element.ownerDocument.defaultView.getComputedStyle(element);
    return {
      name: element.getAttribute("aria-label") ?? element.textContent ?? "",
      isSeen: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1,
    };
  });
}

const focusedId = async (page: Page) =>
  (await page.locator(":focus").getAttribute("href"))?.split("/").at(-1);

/** Presses two keys right after each other, however busy the machine is: they are a pair for a second. */
async function pressPair(page: Page, keys: string): Promise<void> {
  await Promise.all([...keys].map((key) => page.keyboard.press(key)));
}

/** The row that has the focus, once it is this one. */
async function assertAtRow(page: Page, id: string): Promise<void> {
  await eventually(async () => assert.equal(await focusedId(page), id));
  assert.equal((await focused(page)).isSeen, true);
}

/** Presses Tab until something of this name has the focus; what has it on the way is seen. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const here = await focused(page);
    assert.ok(here.isSeen, `the focus is not seen at ${here.name}`);
    if (here.name.startsWith(name)) return;
    passed.push(here.name);
  }
  assert.fail(`${name} is not reached by Tab, but ${passed.join(" | ")}`);
}

test("from signing in to the reason of a failed task it takes keys only", async () => {
  const { page } = await site.browser.openPage({ url: site.consoleUrl });
  await eventually(async () => assert.equal(await page.locator(":focus").getAttribute("name"), "username"));
  await page.keyboard.type(admin.name);
  await page.keyboard.press("Tab");
  await page.keyboard.type(admin.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await pressPair(page, "gf");
  await eventually(async () => assert.equal(page.url(), `${listUrl()}?state=failed`));
  await eventually(async () => assert.equal((await shownIds(page))[0], "task-1"));
  await page.keyboard.press("j");
  await assertAtRow(page, "task-1");
  await page.keyboard.press("j");
  await assertAtRow(page, "task-4");
  await page.keyboard.press("Enter");
  await page.getByText("no room on volume 4").first().waitFor();
  assert.equal(page.url(), `${listUrl()}/task-4`);
  await page.keyboard.press("u");
  await assertAtRow(page, "task-4");
});

test("keys walk through rows, turn pages, and lead back", async (t) => {
  const { page } = await openList(t);
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  for (const [key, id] of [
    ["j", "task-0"],
    ["j", "task-1"],
    ["j", "task-2"],
    ["k", "task-1"],
    ["k", "task-0"],
    ["k", "task-0"],
    ["n", "task-50"],
    ["n", "task-100"],
    ["n", "task-100"],
    ["p", "task-50"],
  ] as const) {
    await page.keyboard.press(key);
    await assertAtRow(page, id);
  }
  await page.keyboard.press("l");
  await eventually(async () => assert.equal((await shownIds(page))[0], "task-0"));
  await pressPair(page, "gr");
  await eventually(async () => assert.equal(page.url(), `${listUrl()}?state=running`));
  await pressPair(page, "go");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await pressPair(page, "gt");
  await eventually(async () => assert.equal(page.url(), listUrl()));
});

test("a pair of keys goes before the second of them alone, on a list that nothing led to", async (t) => {
  const { page } = await open(t, "/tasks?state=failed");
  await eventually(async () => assert.equal((await shownIds(page))[0], "task-1"));
  await pressPair(page, "gt");
  await eventually(async () => assert.equal((await shownIds(page))[0], "task-0"));
  assert.equal(page.url(), listUrl());
  assert.equal(await page.getByRole("dialog", { name: "Jump to a time" }).count(), 0);
});

test("a dialog takes the keys to itself, closes by Escape, and gives the focus back", async (t) => {
  const { page } = await openList(t);
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  for (const [key, name] of [
    ["t", "Jump to a time"],
    ["?", "Keyboard shortcuts"],
  ] as const) {
    await page.keyboard.press(key);
    const dialog = page.getByRole("dialog", { name });
    await dialog.waitFor();
    assert.equal(
      await dialog.evaluate((element) => element.contains(element.ownerDocument.activeElement)),
      true,
    );
    await page.keyboard.press("n");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await assertAtRow(page, "task-1");
  }
  assert.equal(page.url(), listUrl());
});

test("an open panel keeps the page's keys from acting under it", async (t) => {
  const { page } = await openList(t);
  await heading(page, 120);
  for (const [name, keys] of [
    ["Columns", ["t", "j", "n", "?", "/"]],
    ["Theme", ["g", "t", "g", "o"]],
  ] as const) {
    const panel = page.getByRole("dialog", { name, exact: true });
    await page.getByRole("button", { name, exact: true }).click();
    await panel.locator(":focus").waitFor();
    const { name: here } = await focused(page);
    for (const key of keys) await page.keyboard.press(key);
    assert.ok(await panel.isVisible());
    assert.equal(await page.locator("dialog").count(), 0);
    assert.equal((await focused(page)).name, here);
    assert.equal(page.url(), listUrl());
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "hidden" });
  }
  await page.keyboard.press("t");
  await page.getByRole("dialog", { name: "Jump to a time" }).waitFor();
});

test("every control is reached by Tab and seen there; a panel closes by Escape and gives the focus back", async (t) => {
  const { page } = await openList(t);
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  await page.keyboard.press("Tab");
  assert.equal((await focused(page)).name, "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(":focus").getAttribute("id"), "main");
  for (const [button, panel] of [
    ["Columns", "Columns"],
    ["Export", "Export"],
    ["Time range: ", "Time range"],
    ["Name", "Name"],
    ["Instance", "Instance"],
  ] as const) {
    await tabTo(page, button);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: panel, exact: true });
    await dialog.locator("button, input").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(
      await dialog.evaluate((element) => element.contains(element.ownerDocument.activeElement)),
      true,
      `the focus goes into ${panel}`,
    );
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.ok((await focused(page)).name.startsWith(button), `the focus goes back to ${button}`);
  }
  await tabTo(page, "BackupInstance");
  await assertAtRow(page, "task-0");
  // Of the rows one is on the way: behind it the pager follows.
  await tabTo(page, "Next page");
});

test("the search takes all keys, and what is written is searched for at Enter", async (t) => {
  const { page } = await openList(t);
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  await page.keyboard.press("/");
  assert.equal(await page.locator(":focus").getAttribute("aria-label"), "Search text");
  await page.keyboard.type("volume 4");
  await page.keyboard.press("Enter");
  await eventually(async () =>
    assert.deepEqual(await shownIds(page), ["task-4", "task-40", "task-43", "task-46", "task-49"]),
  );
  assert.equal(page.url(), `${listUrl()}?q=volume+4`);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await eventually(async () => assert.notEqual(await focusedId(page), undefined));
});

test("going back from a search takes its text out of the box, also while the keyboard is in it", async (t) => {
  const { page } = await openList(t);
  const box = page.getByRole("searchbox", { name: "Search text" });
  await heading(page, 120);
  await page.keyboard.press("/");
  await page.keyboard.type("volume 7 ");
  await page.waitForURL(/q=volume\+7$/);
  await heading(page, 5);
  assert.equal(await box.inputValue(), "volume 7 ");
  await page.goBack();
  await heading(page, 120);
  assert.equal(await box.inputValue(), "");
  assert.equal((await focused(page)).name, "Search text");
  // It stays so: what was searched for before is not searched for once more.
  await page.keyboard.type("volume 10");
  await page.waitForURL(/q=volume\+10$/);
  await page.goBack();
  await heading(page, 120);
});

test("a key acts as soon as what it belongs to is there, however fast somebody is", async (t) => {
  const { page } = await open(t, "/tasks?state=failed");
  await eventually(async () => assert.equal((await shownIds(page))[0], "task-1"));
  await page.keyboard.press("j");
  await assertAtRow(page, "task-1");
  // Nobody outside the page is as fast as this: at the very change that shows the task.
  const pressedAt = page.evaluate(`new Promise((resolve) => {
    new MutationObserver((_changes, observer) => {
      if (!document.body.textContent.includes("Timeline")) return;
      observer.disconnect();
      resolve(location.href);
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "u", bubbles: true, cancelable: true }));
    }).observe(document.body, { childList: true, subtree: true });
  })`);
  await page.keyboard.press("Enter");
  assert.equal(await pressedAt, `${listUrl()}/task-1`);
  await assertAtRow(page, "task-1");
  assert.equal(page.url(), `${listUrl()}?state=failed`);
});

test("at a task c copies its id", async (t) => {
  const { page, context } = await open(t, "/tasks/task-7");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  await page.keyboard.press("c");
  await eventually(async () => assert.equal(await page.evaluate("navigator.clipboard.readText()"), "task-7"));
});

test("the way back from a task stays within the console, however somebody came to it", async () => {
  const { page } = await openConsole(site.browser, {
    consoleUrl: site.consoleUrl,
    path: `${projectId}/tasks/task-3`,
  });
  const task = page.getByRole("heading", { name: "Timeline" });
  const list = page.getByRole("heading", { name: "120 tasks" });
  await task.waitFor();
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await list.waitFor();
  await page.goBack();
  await task.waitFor();
  // Before the task there is nothing of the console.
  await page.keyboard.press("u");
  await list.waitFor();

  await page.goto(`${listUrl()}?state=failed`);
  await page.getByRole("link", { name: "BackupInstance" }).first().click();
  await task.waitFor();
  await page.reload();
  await task.waitFor();
  await page.keyboard.press("u");
  await page.waitForURL(`${listUrl()}?state=failed`);
});
