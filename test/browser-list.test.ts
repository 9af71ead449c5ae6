import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { systemClock } from "../src/task/clock.ts";
import { taskStates } from "../src/task/lifecycle.ts";
import { desktop } from "./browser.ts";
import { openConsole, reportTasks, siteOfFile } from "./console-page.ts";
import { eventually, shownCounts, shownIds, shownTotal } from "./shown-tasks.ts";
import { projectId, startServer } from "./start-server.ts";

/** The list's filters as a reader sets them: what is shown is what the API answers to the same question. */
const hourMs = 60 * 60_000;
let behindMs = 2 * hourMs;
const strange = `100 % "sure" \\ & a=b #1 + 'ümläut' <b> 任务`;
const strangeLabel = "a&b=c %20+d#";

/** Ages that no preset's beginning is near to. */
const createdMs = (n: number, nowMs: number) => nowMs - (2 + 7 * n) * hourMs;

function taskOf(n: number, nowMs: number) {
  const service = (["ddm", "rds", "geminidb"] as const)[n % 3] ?? "rds";
  const created_at = new Date(createdMs(n, nowMs)).toISOString();
  const end = { ended_at: new Date(createdMs(n, nowMs) + 1000 * n).toISOString() };
  const fates = [
    { status: "Completed", progress: 100, ...end },
    { status: "Failed", fail_reason: n % 10 === 1 ? strange : "disk full", ...end },
    { status: "Running", progress: n % 100 },
    { status: "Completed", progress: 100, ...end },
    { status: "Canceled", ...end },
  ];
  return {
    id: `task-${n}`,
    service,
    name: ["BackupInstance", "RestoreInstance", "CreateInstance", "ResizeFlavor"][n % 4] ?? "",
    instance: { id: `in-${n % 7}`, name: `orders-${n % 5}` },
    database_name: n % 6 === 0 ? "payments" : "orders",
    created_at,
    labels: n % 8 === 0 ? { team: strangeLabel } : { team: "plain" },
    ...fates[n % fates.length],
  };
}

const site = siteOfFile({
  start: () => startServer({ clock: () => systemClock() - behindMs }),
  fill: async (server) => {
    const silent = ["a", "b", "c"].map((id) => ({ id: `silent-${id}`, lease_seconds: 60 }));
    await reportTasks(server, silent);
    behindMs = 0;
    const nowMs = systemClock();
    await reportTasks(
      server,
      Array.from({ length: 180 }, (_, n) => taskOf(n, nowMs)),
    );
    await reportTasks(server, [{ id: "planned", name: "UPGRADE_DATABASE", kind: "scheduled" }]);
  },
});

/** Opens a page that is closed with its test: pages go on asking, beside those of the tests to come. */
async function open(t: test.TestContext, path = "tasks") {
  const { consoleUrl } = site;
  const opened = await openConsole(site.browser, { consoleUrl, path: `${projectId}/${path}`, ...desktop });
  t.after(() => opened.page.close());
  return opened;
}

/** What the API answers to the same question. */
async function asked(query: string) {
  const { json: list } = await site.server.call(`/v1/${projectId}/tasks?limit=50&${query}`);
  const others = query.replaceAll(/(^|&)state=\w+/g, "");
  const { json: counts } = await site.server.call(`/v1/${projectId}/tasks:stats?group_by=state&${others}`);
  const groups: readonly { state: string; count: number }[] = counts.groups;
  const countOf = (wanted: string) => groups.find(({ state }) => state === wanted)?.count ?? 0;
  return {
    total: list.total as number,
    ids: list.tasks.map(({ id }: { readonly id: string }) => id) as readonly string[],
    counts: [counts.total as number, ...taskStates.map(countOf)],
  };
}

/** What a page shows. */
const shown = async (page: Page) => ({
  total: await shownTotal(page),
  ids: await shownIds(page),
  counts: await shownCounts(page),
});

const paramsOf = (page: Page) => [...new URL(page.url()).searchParams];

const inPanel =
  (name: string, choose: (page: Page) => Promise<void>, button = name) =>
  async (page: Page) => {
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.getByRole("dialog", { name, exact: true }).waitFor();
    await choose(page);
    await page.keyboard.press("Escape");
  };
const check = (value: string) => (page: Page) => page.getByRole("checkbox", { name: value }).check();
const write = (label: string, text: string) => async (page: Page) => {
  await page.getByRole("textbox", { name: label, exact: true }).fill(text);
  await page.getByRole("button", { name: `Add the condition ${label}` }).click();
};
const press = (group: string, name: RegExp | string) => (page: Page) =>
  page.getByRole("group", { name: group, exact: true }).getByRole("button", { name }).click();
const search = (text: string) => async (page: Page) => {
  await page.getByRole("searchbox", { name: "Search text" }).fill(text);
  await page.keyboard.press("Enter");
};
const unpress = (name: RegExp) => (page: Page) => page.getByRole("button", { name, pressed: true }).click();
const removeChip = (chip: string) => (page: Page) =>
  page.getByRole("button", { name: `Remove the condition ${chip}`, exact: true }).click();
const query = (params: Readonly<Record<string, string>>) => new URLSearchParams(params).toString();

/** How each condition is set, how the API and the page's address say it, and how it is taken back. */
const filters: Readonly<
  Record<
    string,
    {
      readonly set: (page: Page) => Promise<void>;
      readonly api: string;
      readonly address?: readonly [string, string][];
      readonly undo: (page: Page) => Promise<void>;
    }
  >
> = {
  state: { set: press("State", /^Failed/), api: "state=failed", undo: press("State", /^All/) },
  service: { set: press("Service", "RDS"), api: "service=rds", undo: press("Service", "All") },
  stale: {
    set: (page) => page.getByRole("button", { name: /^Stale/ }).click(),
    api: "stale=true",
    undo: unpress(/^Stale/),
  },
  name: {
    set: inPanel("Name", check("RestoreInstance")),
    api: "name=RestoreInstance",
    undo: removeChip("Name: RestoreInstance"),
  },
  status: {
    set: inPanel("Status", check("Canceled")),
    api: "status=Canceled",
    undo: removeChip("Status: Canceled"),
  },
  "instance id": {
    set: inPanel("Instance", check("in-3")),
    api: "instance_id=in-3",
    undo: removeChip("Instance id: in-3"),
  },
  "instance name": {
    set: inPanel("Instance", write("Instance name", "orders-2")),
    api: "instance_name=orders-2",
    undo: removeChip("Instance name: orders-2"),
  },
  database: {
    set: inPanel("Kind, label, database", write("Database", "payments"), "More"),
    api: "database_name=payments",
    undo: removeChip("Database: payments"),
  },
  label: {
    set: inPanel("Kind, label, database", write("Label", `team=${strangeLabel}`), "More"),
    api: query({ "label.team": strangeLabel }),
    address: [["label", `team=${strangeLabel}`]],
    undo: removeChip(`Label: team=${strangeLabel}`),
  },
  kind: {
    set: inPanel("Kind, label, database", press("Kind", "Scheduled"), "More"),
    api: "kind=scheduled",
    undo: removeChip("Kind: scheduled"),
  },
  text: { set: search(strange), api: query({ q: strange }), undo: search("") },
};

test("each condition lists what the API answers, stands in the address, and is taken back", async (t) => {
  const { page } = await open(t);
  const other = await open(t);
  const everything = await asked("");
  assert.equal(everything.total, 184);
  await eventually(async () => assert.deepEqual(await shown(page), everything));
  for (const [
    what,
    { set, api, address = [...new URLSearchParams(api)] as [string, string][], undo },
  ] of Object.entries(filters)) {
    await t.test(what, async () => {
      const expected = await asked(api);
      assert.ok(expected.total > 0 && expected.total < everything.total, `${expected.total}`);
      await set(page);
      await eventually(async () => assert.deepEqual(await shown(page), expected));
      assert.deepEqual(paramsOf(page), address);

      // The address is the view: another session sees the same by it.
      await other.page.goto(page.url());
      await eventually(async () => assert.deepEqual(await shown(other.page), expected));

      await undo(page);
      await eventually(async () => assert.deepEqual(await shown(page), everything));
      assert.deepEqual(paramsOf(page), []);
    });
  }
});

test("a time range is a length up to now, or lies between two moments", async (t) => {
  const { page } = await open(t);
  const everything = await asked("");
  const choose = async (name: string) => {
    await page.getByRole("button", { name: /^Time range: / }).click();
    await page.getByRole("button", { name, exact: true }).click();
  };
  for (const [label, preset, hours] of [
    ["Last 6 hours", "6h", 6],
    ["Last 24 hours", "24h", 24],
    ["Last 7 days", "7d", 168],
  ] as const) {
    await choose(label);
    const expected = await asked(`created_from=${new Date(systemClock() - hours * hourMs).toISOString()}`);
    assert.ok(expected.total > 0 && expected.total < everything.total);
    await eventually(async () => assert.deepEqual(await shown(page), expected));
    assert.deepEqual(paramsOf(page), [["range", preset]]);
  }
  await choose("All time");
  await eventually(async () => assert.deepEqual(await shown(page), everything));

  // The browser's zone is UTC in tests.
  const from = new Date(systemClock() - 100 * hourMs).toISOString().slice(0, 19);
  const to = new Date(systemClock() - 50 * hourMs).toISOString().slice(0, 19);
  await page.getByRole("button", { name: /^Time range: / }).click();
  await page.getByLabel("From").fill(from);
  await page.getByLabel("To", { exact: true }).fill(to);
  await page.getByRole("button", { name: "Show this time" }).click();
  const expected = await asked(`created_from=${from}Z&created_to=${to}Z`);
  assert.ok(expected.total > 5);
  await eventually(async () => assert.deepEqual(await shown(page), expected));
  assert.deepEqual(paramsOf(page), [
    ["from", `${from}.000Z`],
    ["to", `${to}.000Z`],
  ]);
});

test("conditions add up, several values are any of them, and all are cleared at once", async (t) => {
  const { page } = await open(t);
  const everything = await asked("");
  await press("Service", "RDS")(page);
  await page
    .getByRole("group", { name: "Service", exact: true })
    .getByRole("button", { name: "DDM" })
    .click({ modifiers: ["Shift"] });
  await press("State", /^Failed/)(page);
  await page
    .getByRole("group", { name: "State", exact: true })
    .getByRole("button", { name: /^Canceled/ })
    .click({ modifiers: ["Shift"] });
  await inPanel("Name", async (panel) => {
    await check("RestoreInstance")(panel);
    await check("CreateInstance")(panel);
  })(page);
  const expected = await asked(
    "service=ddm&service=rds&state=failed&state=canceled&name=RestoreInstance&name=CreateInstance",
  );
  assert.ok(expected.total > 0);
  await eventually(async () => assert.deepEqual(await shown(page), expected));

  await page.getByRole("button", { name: "Clear all" }).click();
  await eventually(async () => assert.deepEqual(await shown(page), everything));
  await page.goBack();
  await eventually(async () => assert.deepEqual(await shown(page), expected));
});

test("what makes no sense in an address is no condition", async (t) => {
  const { page } = await open(
    t,
    "tasks?service=oracle&state=lost&range=1y&page=-3&size=7&sort=up&as_of=never&stale=perhaps&label=NoLabel&x=%3Cb%3E&name=",
  );
  const everything = await asked("");
  await eventually(async () => assert.deepEqual(await shown(page), everything));
  assert.equal(await page.getByRole("button", { name: "Clear all" }).count(), 0);
});

test("where nothing matches, the page says so and leads back to everything", async (t) => {
  const { page } = await open(t, "tasks?name=NoSuchName&state=failed");
  await page.getByRole("heading", { name: "No task matches" }).waitFor();
  await page.getByRole("button", { name: "Clear all filters" }).click();
  const everything = await asked("");
  await eventually(async () => assert.deepEqual(await shown(page), everything));
});

test("of a table that is wider than its window, what a row is about stays in sight", async (t) => {
  const { page } = await open(t);
  await page.evaluate(
    'localStorage.setItem("taskcenter.list.columns", "instance,kind,database,created,started,ended,planned,labels,creator,order,id")',
  );
  await page.reload();
  await eventually(async () => assert.equal((await shownIds(page)).length, 50));
  const table = page.locator(".list-table");
  const leftOf = async (name: string) =>
    (await page.getByRole("columnheader", { name, exact: true }).boundingBox())?.x;
  const before = await Promise.all(["Status", "Name", "Kind"].map(leftOf));
  await eventually(async () => assert.equal(await table.getAttribute("data-more-end"), ""));
  await page.evaluate('document.querySelector(".list-table").scrollTo(10_000, 0)');
  await eventually(async () => assert.equal(await table.getAttribute("data-more-end"), null));
  await eventually(async () => assert.equal(await table.getAttribute("data-more-start"), ""));
  const [status, name, kind] = await Promise.all(["Status", "Name", "Kind"].map(leftOf));
  assert.deepEqual([status, name], before.slice(0, 2));
  assert.notEqual(kind, before[2]);
});

test("an export of a filter is the API's own file", async (t) => {
  const { page } = await open(t, `tasks?state=failed&${query({ label: `team=${strangeLabel}` })}`);
  const api = `/v1/${projectId}/tasks?state=failed&${query({ "label.team": strangeLabel })}`;
  for (const [label, accept, name] of [
    ["CSV", "text/csv", "eu-de-tasks.csv"],
    ["NDJSON", "application/x-ndjson", "eu-de-tasks.ndjson"],
  ] as const) {
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: new RegExp(`^${label}`) }).click(),
    ]);
    assert.equal(download.suggestedFilename(), name);
    const expected = await site.server.call(api, { headers: { accept } });
    assert.ok(expected.text.split("\n").length > 3);
    assert.equal(await readFile(await download.path(), "utf8"), expected.text);
  }
});

test("a task that ended and never began has no length, in the list and on its page", async (t) => {
  const { page } = await open(t, "tasks?state=canceled");
  const lengths = async () => {
    const column = (await page.getByRole("columnheader").allInnerTexts()).indexOf("Duration");
    return await page.locator(`tbody tr > :nth-child(${column + 1})`).allInnerTexts();
  };
  const { ids } = await asked("state=canceled");
  await eventually(async () => assert.deepEqual(await lengths(), Array(ids.length).fill("–")));
  await page.goto(`${site.consoleUrl}${projectId}/tasks/${ids[0]}`);
  const facts = page.getByRole("region", { name: "Facts" });
  await facts.getByText("Canceled").first().waitFor();
  assert.equal(await facts.getByText(/^(?:took|running for)/).count(), 0);

  // One that runs has begun.
  await page.goto(`${site.consoleUrl}${projectId}/tasks?state=running&service=ddm`);
  await eventually(async () => {
    const shown = await lengths();
    assert.ok(shown.length > 0 && shown.every((text) => /^\d+ [dhms]/.test(text)), shown.join());
  });
  await page.goto(`${site.consoleUrl}${projectId}/tasks/task-12`);
  await facts.getByText(/^running for/).waitFor();
});
