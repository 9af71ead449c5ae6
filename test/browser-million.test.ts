import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { systemClock } from "../src/task/clock.ts";
import { taskStates } from "../src/task/lifecycle.ts";
import { momentsOf, momentText } from "../web/src/view/time-range.ts";
import { desktop } from "./browser.ts";
import { openConsole, reportTasks, siteOfFile } from "./console-page.ts";
import { fillWithTasks } from "./million-tasks.ts";
import { eventually, shownCounts, shownIds, shownTotal } from "./shown-tasks.ts";
import { projectId, startServer } from "./start-server.ts";

/** The console over a million tasks: as exact as over ten, and nobody waits. */
const filled = 1_000_000;
const tasks = filled + 2;
const dayMs = 24 * 60 * 60_000;
/** How long anything may take from a click to what it shows: generous, since whoever tests does much else beside. */
const patienceMs = 5000;
let behindMs = 60 * 60_000;
const clock = () => systemClock() - behindMs;

async function startFilled() {
  const empty = await startServer();
  await empty.stop();
  fillWithTasks(join(empty.directory, "taskcenter.db"), { projectId, tasks: filled, endMs: systemClock() });
  return await startServer({
    directory: empty.directory,
    clock,
    // The oldest are as old as the usual retention.
    flags: { retention: "500d" },
  });
}

const site = siteOfFile({
  start: startFilled,
  fill: async (server) => {
    // Two that were given up long ago, far from all others that still seem to run.
    await reportTasks(
      server,
      [100, 300].map((days) => ({
        id: `given-up-${days}`,
        created_at: new Date(clock() - days * dayMs).toISOString(),
        lease_seconds: 60,
      })),
    );
    behindMs = 0;
  },
});

async function open(t: test.TestContext, path: string): Promise<Page> {
  const { consoleUrl } = site;
  const { page } = await openConsole(site.browser, { consoleUrl, path: `${projectId}${path}`, ...desktop });
  t.after(() => page.close());
  return page;
}

/** Does something, and holds it to show what is expected in time. */
async function soon(what: string, act: () => Promise<unknown>, shows: () => Promise<void>) {
  const startedMs = performance.now();
  await act();
  await eventually(shows);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < patienceMs, `${what} took ${Math.round(tookMs)} ms`);
}

/** What the API lists and counts. */
async function asked(query: string): Promise<{ readonly total: number; readonly ids: readonly string[] }> {
  const { json } = await site.server.call(`/v1/${projectId}/tasks?limit=50&${query}`);
  return { total: json.total, ids: json.tasks.map(({ id }: { readonly id: string }) => id) };
}
async function counted(query: string): Promise<readonly { [key: string]: unknown; count: number }[]> {
  return (await site.server.call(`/v1/${projectId}/tasks:stats?${query}`)).json.groups;
}

test("the first page, the last one, and one 100,000 deep show the API's rows", async (t) => {
  const page = await open(t, "/tasks?size=25&as_of=2000-01-01T00:00:00Z");
  const first = await asked("");
  assert.equal(first.total, tasks);
  await soon(
    "first page",
    () => page.goto(`${site.consoleUrl}${projectId}/tasks`),
    async () => assert.deepEqual(await shownIds(page), first.ids),
  );
  assert.equal(await shownTotal(page), tasks);
  const byState = await counted("group_by=state");
  const counts = taskStates.map((wanted) => byState.find(({ state }) => state === wanted)?.count ?? 0);
  await eventually(async () => assert.deepEqual(await shownCounts(page), [tasks, ...counts]));

  const last = await asked(`offset=${filled}`);
  await soon(
    "last page",
    () => page.getByRole("button", { name: "Last page" }).click(),
    async () => assert.deepEqual(await shownIds(page), last.ids),
  );
  await page.getByText("1,000,001–1,000,002 of 1,000,002").waitFor();

  const deep = await asked(`offset=${9999 * 50}`);
  await soon(
    "page 10,000",
    async () => {
      await page.getByRole("textbox", { name: "Page", exact: true }).fill("10,000");
      await page.keyboard.press("Enter");
    },
    async () => assert.deepEqual(await shownIds(page), deep.ids),
  );
  const next = await asked(`offset=${10_000 * 50}`);
  await soon(
    "the page after it",
    () => page.getByRole("button", { name: "Next page" }).click(),
    async () => assert.deepEqual(await shownIds(page), next.ids),
  );

  const { json } = await site.server.call(`/v1/${projectId}/tasks?limit=25&offset=${39_999 * 25}`);
  await soon(
    "page 40,000 of 25",
    () => page.goto(`${site.consoleUrl}${projectId}/tasks?size=25&page=40000`),
    async () =>
      assert.deepEqual(
        await shownIds(page),
        json.tasks.map(({ id }: { readonly id: string }) => id),
      ),
  );
});

test("a jump to a time comes to the task that was the newest then", async (t) => {
  const page = await open(t, "/tasks?state=failed");
  const { total } = await asked("state=failed");
  await eventually(async () => assert.equal(await shownTotal(page), total));
  const at = new Date(systemClock() - 200 * dayMs).toISOString().slice(0, 19);
  const [wanted] = (await asked(`state=failed&created_to=${at}Z`)).ids;
  await page.getByRole("button", { name: "Jump to a time" }).click();
  await page.getByLabel("Tasks created at or before").fill(at);
  await soon(
    "jump",
    () => page.getByRole("button", { name: "Jump", exact: true }).click(),
    async () => assert.equal(decodeURIComponent(await focusedId(page)), wanted),
  );
  assert.equal(await shownTotal(page), total);
});

const focusedId = async (page: Page) =>
  (await page.locator(":focus").getAttribute("href"))?.split("/").at(-1) ?? "";

test("names and instances are counted to choose from, and filters narrow the million", async (t) => {
  const page = await open(t, "/tasks");
  await soon(
    "instances to choose from",
    () => page.getByRole("button", { name: "Instance", exact: true }).click(),
    () => page.getByRole("searchbox", { name: "Find among the instance ids" }).waitFor(),
  );
  await page.keyboard.press("Escape");
  const names = await counted("group_by=name");
  const most = names.reduce((a, b) => (b.count > a.count ? b : a));
  await soon(
    "names to choose from",
    () => page.getByRole("button", { name: "Name", exact: true }).click(),
    () =>
      page.getByRole("checkbox", { name: `${most.name} ${most.count.toLocaleString("en-US")}` }).waitFor(),
  );
  const some = await asked(`name=${most.name}`);
  await soon(
    "one name",
    () => page.getByRole("checkbox", { name: `${most.name} ${most.count.toLocaleString("en-US")}` }).check(),
    async () => assert.deepEqual(await shownIds(page), some.ids),
  );
  assert.equal(await shownTotal(page), most.count);
  await page.keyboard.press("Escape");
  await soon(
    "failed of the last seven days",
    async () => {
      await page.getByRole("button", { name: /^Failed/ }).click();
      await page.getByRole("button", { name: /^Time range: / }).click();
      await page.getByRole("button", { name: "Last 7 days" }).click();
    },
    async () => {
      const { fromMs = 0 } = momentsOf({ kind: "last", preset: "7d" }, systemClock());
      const failed = await asked(`name=${most.name}&state=failed&created_from=${momentText(fromMs)}`);
      assert.equal(await shownTotal(page), failed.total);
    },
  );
});

test("the stale ones are found among the million, old and new", async (t) => {
  const page = await open(t, "/tasks");
  const { text } = await site.server.call(`/v1/${projectId}/tasks?state=running`, {
    headers: { accept: "application/x-ndjson" },
  });
  const running: readonly { readonly id: string; readonly stale: boolean }[] = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const stale = running.filter((task) => task.stale).map(({ id }) => id);
  assert.ok(stale.length < running.length && stale.length > 2);
  await soon(
    "stale",
    () => page.getByRole("button", { name: /^Stale/ }).click(),
    async () => assert.deepEqual(new Set(await shownIds(page)), new Set(stale)),
  );
  assert.deepEqual((await shownIds(page)).slice(-2), ["given-up-100", "given-up-300"]);
});

test("a text that must be looked for task by task is found in time", async (t) => {
  const page = await open(t, "/tasks?range=30d");
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  const [{ instance }] = (await site.server.call(`/v1/${projectId}/tasks?limit=1&offset=40000`)).json.tasks;
  const found = await asked(
    `q=${instance.name}&created_from=${new Date(systemClock() - 30 * dayMs).toISOString()}`,
  );
  assert.ok(found.total > 0);
  await soon(
    "search",
    async () => {
      await page.getByRole("searchbox", { name: "Search text" }).fill(instance.name);
      await page.keyboard.press("Enter");
    },
    async () => assert.deepEqual((await shownIds(page)).slice(0, 50), found.ids),
  );
});

test("the overview has its figures and rankings in time", async (t) => {
  const page = await open(t, "/no-such-page");
  const [running] = (await counted("state=running&group_by=state")).map(({ count }) => count);
  for (const range of ["24h", "7d", "90d"]) {
    await soon(
      `overview of ${range}`,
      () => page.goto(`${site.consoleUrl}${projectId}?range=${range}`),
      async () => {
        const figure = await page.getByRole("link", { name: /^Running now/ }).innerText();
        assert.ok(figure.includes((running ?? 0).toLocaleString("en-US")), figure);
        assert.equal(await page.getByText(/^Loading /).count(), 0);
        for (const label of ["Stale", "Failed", "Created"]) {
          const text = await page
            .getByRole("link", { name: new RegExp(`^${label}`) })
            .first()
            .innerText();
          assert.match(text, /\d/);
        }
      },
    );
  }
});
