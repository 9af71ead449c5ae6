import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { systemClock } from "../src/task/clock.ts";
import { type OpenBrowser, openBrowser } from "./browser.ts";
import { openConsole, reportTasks, untilAnswered } from "./console-page.ts";
import { eventually, shownIds, taskLinks } from "./shown-tasks.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/**
 * A list that somebody looks at while tasks keep coming. The test puts the clocks of the server and of the browser
 * forward together: nobody waits for a poll.
 */
const pollMs = 3000;
let aheadMs = 0;
const nowMs = () => systemClock() + aheadMs;
let server: TestServer;
let browser: OpenBrowser;
let closeBrowser = async () => {};
let closePage = async () => {};
let added = 0;

before(async () => {
  browser = await openBrowser({
    after(close) {
      closeBrowser = close;
    },
  });
});
after(() => closeBrowser());
// Each test has a server of its own, with as many tasks as fill two pages and a half.
beforeEach(async (t) => {
  aheadMs = 0;
  added = 0;
  closePage = async () => {};
  server = await startServer({ clock: nowMs });
  // Its page goes first: one that still asks would find no server.
  (t as test.TestContext).after(async () => {
    await closePage();
    await server.close();
  });
  await reportTasks(
    server,
    Array.from({ length: 125 }, (_, n) => ({
      id: `old-${n}`,
      created_at: new Date(nowMs() - (n + 1) * 60_000).toISOString(),
    })),
  );
});

/** Opens the list with a clock that `pass` puts forward. */
async function open(path = "tasks"): Promise<Page> {
  const consoleUrl = `${server.url}/console/`;
  // The clock is there before the page is: the first address is another one.
  const { page } = await openConsole(browser, { consoleUrl, path: "no-project" });
  closePage = () => page.close();
  noteAnswers(page);
  await page.clock.install({ time: nowMs() });
  await page.goto(`${consoleUrl}${projectId}/${path}`);
  await taskLinks(page).first().waitFor();
  return page;
}

/** How the API has answered each page: the statuses by the address. */
const answersTo = new WeakMap<Page, Map<string, number[]>>();

function noteAnswers(page: Page): void {
  const answers = new Map<string, number[]>();
  answersTo.set(page, answers);
  page.on("response", (response) => {
    if (!response.url().includes("/api/")) return;
    answers.set(response.url(), [...(answers.get(response.url()) ?? []), response.status()]);
  });
}

/** Lets time pass, for the server and a page: enough for a poll, unless said. */
async function pass(page: Page, ms = pollMs): Promise<void> {
  await untilAnswered(page);
  aheadMs += ms;
  await page.clock.fastForward(ms);
}

/** Lets time pass until something is there, more and more: a question whose answer was slow comes again later. */
async function passUntil(page: Page, what: Locator): Promise<void> {
  let ms = pollMs;
  await eventually(async () => {
    await pass(page, ms);
    ms = Math.min(2 * ms, 60_000);
    await what.waitFor({ timeout: 500 });
  });
}

/** One more task, or some, the last of which is the newest. */
async function addTasks(count = 1): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, n) => `new-${added + n}`);
  added += count;
  const atMs = nowMs();
  await reportTasks(
    server,
    ids.map((id, n) => ({ id, created_at: new Date(atMs + n).toISOString() })),
  );
  return ids.toReversed();
}

/** Where each task's row is on the screen. */
async function rowPlaces(page: Page): Promise<readonly string[]> {
  return await taskLinks(page).evaluateAll((links) =>
    links.map((link) => `${link.getAttribute("href")} ${link.getBoundingClientRect().top}`),
  );
}

const newer = (page: Page, count: number) =>
  page.getByRole("button", { name: new RegExp(`^${count} newer tasks? `) });
const focusedHref = (page: Page) => page.locator(":focus").getAttribute("href");

test("on a list that nobody reads yet new tasks appear at the top", async () => {
  const page = await open();
  const before = await shownIds(page);
  assert.equal(before.length, 50);
  const ids = await addTasks(3);
  await passUntil(page, page.getByRole("heading", { name: "128 tasks", level: 1 }));
  await eventually(async () => assert.deepEqual(await shownIds(page), [...ids, ...before].slice(0, 50)));
});

test("from a row that has the focus nothing moves, and what is newer is counted until it is asked for", async () => {
  const page = await open();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.match((await focusedHref(page)) ?? "", /old-1$/);
  const places = await rowPlaces(page);
  const focused = await focusedHref(page);
  const first = await addTasks(2);
  await passUntil(page, newer(page, 2));
  const second = await addTasks(1);
  await passUntil(page, newer(page, 3));
  assert.deepEqual(await rowPlaces(page), places);
  assert.equal(await focusedHref(page), focused);

  // What is looked at is kept up to date in its place.
  await server.call(`/v1/${projectId}/tasks/old-1`, { method: "PATCH", body: { progress: 42 } });
  await passUntil(page, page.getByRole("row", { name: "42 %" }));
  assert.deepEqual(await rowPlaces(page), places);

  await newer(page, 3).click();
  await eventually(async () =>
    assert.deepEqual((await shownIds(page)).slice(0, 4), [...second, ...first, "old-0"]),
  );
  assert.equal(await newer(page, 3).count(), 0);
});

test("from a list that was scrolled nothing moves", async () => {
  const page = await open();
  await taskLinks(page).nth(5).hover();
  const topOfFirst = async () => (await taskLinks(page).first().boundingBox())?.y ?? Number.NaN;
  const before = await topOfFirst();
  await page.mouse.wheel(0, 400);
  // To its end: on the way every row is somewhere else at each look.
  await eventually(async () => assert.equal(await topOfFirst(), before - 400));
  const places = await rowPlaces(page);
  await addTasks(4);
  await passUntil(page, newer(page, 4));
  assert.deepEqual(await rowPlaces(page), places);
  await page.keyboard.press("l");
  await eventually(async () => assert.equal((await shownIds(page))[0], "new-3"));
});

test("a further page stays the same tasks, and l leads back to the live view", async () => {
  const page = await open();
  const all = Array.from({ length: 125 }, (_, n) => `old-${n}`);
  await page.keyboard.press("n");
  await eventually(async () => assert.deepEqual(await shownIds(page), all.slice(50, 100)));
  await addTasks(5);
  await passUntil(page, newer(page, 5));
  assert.deepEqual(await shownIds(page), all.slice(50, 100));
  await page.getByRole("heading", { name: "125 tasks", level: 1 }).waitFor();

  await page.keyboard.press("n");
  await eventually(async () => assert.deepEqual(await shownIds(page), all.slice(100)));
  await page.keyboard.press("p");
  await page.keyboard.press("p");
  await eventually(async () => assert.deepEqual(await shownIds(page), all.slice(0, 50)));
  await page.keyboard.press("l");
  await eventually(async () => assert.equal((await shownIds(page))[0], "new-4"));
  await page.getByRole("heading", { name: "130 tasks", level: 1 }).waitFor();
});

test("a task that is opened leads back to its row, where it was", async () => {
  const page = await open();
  await taskLinks(page).nth(30).scrollIntoViewIfNeeded();
  const places = await rowPlaces(page);
  const [wanted] = (await shownIds(page)).slice(30);
  await taskLinks(page).nth(30).click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  await addTasks(3);
  await page.keyboard.press("u");
  await eventually(async () => assert.deepEqual(await rowPlaces(page), places));
  assert.ok((await focusedHref(page))?.endsWith(`/${wanted}`));
  await passUntil(page, newer(page, 3));

  // By the browser's own button, too.
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  await page.goBack();
  await eventually(async () => assert.deepEqual(await rowPlaces(page), places));
});

test("a task that leaves the filter stays in its place, and says so", async () => {
  const page = await open("tasks?state=running");
  await page.keyboard.press("j");
  const before = await shownIds(page);
  const body = { status: "Completed" };
  await server.call(`/v1/${projectId}/tasks/old-2`, { method: "PATCH", body });
  const refresh = page.getByRole("button", { name: "This page has changed – refresh" });
  await passUntil(page, refresh);
  assert.deepEqual(await shownIds(page), before);
  await page.getByRole("cell", { name: "No longer on this page" }).waitFor();
  await refresh.click();
  await eventually(async () =>
    assert.deepEqual(
      (await shownIds(page)).slice(0, 49),
      before.filter((id) => id !== "old-2"),
    ),
  );
});

test("what has not changed is not sent again, and no question comes more often than at every poll", async () => {
  const page = await open();
  const answers = answersTo.get(page) ?? assert.fail();
  // The list, its counts by state, and the silent ones. Their first answers are whole, and may come after the list is seen.
  await eventually(async () => assert.equal(answers.size, 3));
  await untilAnswered(page);
  answers.clear();
  const fromMs = nowMs();
  await eventually(async () => {
    await pass(page);
    assert.ok(answers.size > 0 && [...answers.values()].every(({ length }) => length >= 5));
  });
  const mostOften = Math.ceil((nowMs() - fromMs) / pollMs);
  assert.equal(answers.size, 3);
  for (const [url, statuses] of answers) {
    assert.ok(statuses.length <= mostOften, `${url} ${statuses}`);
    assert.deepEqual(new Set(statuses), new Set([304]), url);
  }

  answers.clear();
  await addTasks();
  await eventually(async () => {
    await pass(page);
    assert.ok([...answers.values()].flat().includes(200));
  });
});

test("a page that nobody sees asks for nothing, and asks at once when it is seen again", async () => {
  const page = await open();
  const show = (visibility: "hidden" | "visible") =>
    page.evaluate(
      `Object.defineProperty(document, "visibilityState", { value: "${visibility}", configurable: true });
       document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));`,
    );
  await show("hidden");
  await untilAnswered(page);
  let asked = 0;
  page.on("request", () => {
    asked += 1;
  });
  for (let poll = 0; poll < 5; poll += 1) await pass(page);
  assert.equal(asked, 0);
  const ids = await addTasks();
  await show("visible");
  await eventually(async () => assert.deepEqual((await shownIds(page)).slice(0, 1), ids));
  assert.ok(asked > 0);
});
