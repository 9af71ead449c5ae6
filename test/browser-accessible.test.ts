import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { systemClock } from "../src/task/clock.ts";
import { allRules, assertAccessible, colourRules } from "./accessible.ts";
import { desktop, type OpenBrowser, openBrowser, phone } from "./browser.ts";
import {
  addProject,
  admin,
  assertNoSidewaysScroll,
  grant,
  openConsole,
  pollUntil,
  reportTasks,
} from "./console-page.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/** Every page of the console, in every state that it has, is accessible: in both colour schemes, on both sizes. */
const dayMs = 24 * 60 * 60 * 1000;
let clockMs = systemClock();
let server: TestServer;
let consoleUrl: string;
let empty: string;

before(async () => {
  server = await startServer({ clock: () => clockMs });
  consoleUrl = `${server.url}/console/`;
  empty = await addProject(server, { name: "empty", description: "A project without a task" });
  const adminId = (await server.call("/v3/users?name=admin")).json.users[0].id;
  await grant(server, { userId: adminId, role: "admin", projectId: empty });
  const hourAgo = new Date(clockMs - 60 * 60 * 1000).toISOString();
  await reportTasks(server, [
    {
      id: "running",
      name: "CreateInstance",
      progress: 14,
      lease_seconds: 60,
      labels: { team: "orders", by: "cron" },
    },
    { id: "waiting", status: "Pending", kind: "scheduled", planned_start_at: hourAgo, priority: 3 },
    {
      id: "shard",
      service: "ddm",
      name: "migrateLogicDb",
      status: "ToBeSwitched",
      progress: 80,
      parent_id: "running",
    },
    { id: "unknown", service: "geminidb", name: "RestartInstance", progress: null },
    { id: "done", created_at: hourAgo, status: "Completed", database_name: "orders" },
    { id: "canceled", status: "Canceled", order_id: "CS2603011200ABCDE" },
    {
      id: "failed",
      name: "RestoreInstance",
      status: "Failed",
      created_at: hourAgo,
      fail_reason: Array.from({ length: 40 }, (_, line) => `line ${line}: no room on the volume`).join("\n"),
      details: { volume: { size: 40, used: 40 }, files: ["a", "b"] },
      parent_id: "running",
      attempt: 2,
    },
  ]);
  for (const body of [
    ...[20, 30, 40, 50].map((progress) => ({ progress })),
    { message: "the replica is being built" },
    { status: "Running", labels: { team: "payments" } },
  ]) {
    await server.call(`/v1/${projectId}/tasks/running`, { method: "PATCH", body });
  }
});
after(() => server.close());

/** A page, or a state of one: where it is, and how one gets there. */
interface Sight {
  /** Below the console. */
  readonly path: string;
  /** Waits for what is looked at, after having done what leads to it. */
  readonly show: (page: Page) => Promise<unknown>;
}

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { name }).first().waitFor();
const list = `${projectId}/tasks`;
const rows = (page: Page) => page.getByRole("link", { name: "CreateInstance" }).first().waitFor();
/** Opens a panel by its button, once the list is there. */
const panel = (button: string | RegExp) => async (page: Page) => {
  await rows(page);
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("dialog").waitFor();
};
const task = (id: string): Sight => ({
  path: `${list}/${id}`,
  show: async (page) => {
    await page.getByRole("region", { name: "Facts" }).waitFor();
    await page.getByRole("region", { name: "Timeline" }).getByRole("listitem").first().waitFor();
    await page.getByRole("region", { name: "As the APIs show it" }).locator("pre").nth(1).waitFor();
  },
});

const sights = () =>
  ({
    overview: {
      path: projectId,
      show: async (page) => {
        await rows(page);
        await page.getByText("As a table").click();
        await page.getByRole("table").first().waitFor();
      },
    },
    "the overview of an empty project": { path: empty, show: (page) => heading(page, "Overview") },
    list: { path: list, show: rows },
    "the empty list": {
      path: `${empty}/tasks`,
      show: (page) => heading(page, "No task has been reported yet"),
    },
    "a list without a match": { path: `${list}?name=None`, show: (page) => heading(page, "No task matches") },
    "the jump to a time": {
      path: list,
      show: async (page) => {
        await rows(page);
        await page.keyboard.press("t");
        await page.getByRole("dialog").waitFor();
      },
    },
    "a running task": task("running"),
    "a failed task": task("failed"),
    "a scheduled task": task("waiting"),
    "a task of a shard": task("shard"),
    "the question before a deletion": {
      path: `${list}/done`,
      show: async (page) => {
        await page.getByRole("button", { name: "Delete record" }).click();
        await heading(page, "Delete this record?");
      },
    },
    "no such task": { path: `${list}/none`, show: (page) => heading(page, "There is no such task here") },
    "no access": {
      path: "0".repeat(32),
      show: (page) => heading(page, "You have no access to this project"),
    },
    "no such page": {
      path: `${projectId}/none`,
      show: (page) => heading(page, "There is nothing at this address"),
    },
    keys: {
      path: list,
      show: async (page) => {
        await rows(page);
        await page.keyboard.press("?");
        await heading(page, "Keyboard shortcuts");
      },
    },
    "the menu of projects": { path: list, show: panel("eu-de") },
    "the menu of the user": { path: list, show: panel("Signed in as admin") },
    "the menu of themes": { path: list, show: panel("Theme") },
  }) satisfies Readonly<Record<string, Sight>>;

/** What of the list has another form where there is little room. */
const panels = {
  desktop: {
    "the names to choose from": { path: list, show: panel(/^Name\b/) },
    "the instances to choose from": { path: list, show: panel(/^Instance\b/) },
    "more conditions": { path: list, show: panel(/^More\b/) },
    "the time range": { path: `${list}?range=24h`, show: panel(/Last 24 hours/) },
    columns: { path: list, show: panel("Columns") },
    export: { path: list, show: panel("Export") },
    "a list with conditions": {
      path: `${list}?state=running&state=failed&name=CreateInstance&label=team%3Dpayments&page=1`,
      show: rows,
    },
  },
  phone: { filters: { path: list, show: panel(/^Filters/) } },
} satisfies Readonly<Record<string, Readonly<Record<string, Sight>>>>;

for (const [device, size] of Object.entries({ desktop, phone }) as ["desktop" | "phone", typeof desktop][]) {
  test(`every page and every state of one is accessible in both colour schemes, on a ${device}`, async (t) => {
    const browser = await openBrowser(t);
    const { page, expectTrouble } = await openConsole(browser, { consoleUrl, path: projectId, ...size });
    expectTrouble(/\/tasks\/none answered 404$/);
    const seen: Readonly<Record<string, Sight>> = { ...sights(), ...panels[device] };
    for (const [name, { path, show }] of Object.entries(seen)) {
      await page.goto(consoleUrl + path);
      await show(page);
      await assertBothSchemes(page, name);
    }
  });

  test(`signing in, for the first time and anew, is accessible in both colour schemes, on a ${device}`, async (t) => {
    const browser = await openBrowser(t);
    await assertSignInAccessible(browser, size);
  });
}

async function assertSignInAccessible(browser: OpenBrowser, size: typeof desktop): Promise<void> {
  const first = await browser.openPage({ url: consoleUrl, ...size });
  first.expectTrouble(/session answered 401$/);
  await first.page.getByLabel("User name").fill("admin");
  await first.page.getByLabel("Password").fill("a guess");
  await first.page.getByRole("button", { name: "Sign in" }).click();
  await first.page.getByRole("alert").waitFor();
  await assertBothSchemes(first.page, "the form, with a refusal");

  const { page, expectTrouble } = await openConsole(browser, {
    consoleUrl,
    login: admin,
    path: list,
    ...size,
  });
  await page.getByRole("heading", { name: /task/ }).first().waitFor();
  expectTrouble(/answered 401$/);
  clockMs += 2 * dayMs;
  await pollUntil(page, page.getByRole("dialog", { name: "Your session has ended" }));
  await assertBothSchemes(page, "the dialog after the session's end");
}

/** Checks a page in the light, and its colours in the dark as well: what people cannot read is told with its name. */
async function assertBothSchemes(page: Page, name: string): Promise<void> {
  await assertNoSidewaysScroll(page, name);
  for (const [colorScheme, rules] of [
    ["light", allRules],
    ["dark", colourRules],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    try {
      await assertAccessible(page, rules);
    } catch (error) {
      throw new Error(`${name}, ${colorScheme}`, { cause: error });
    }
  }
}
