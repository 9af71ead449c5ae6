import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator, Page, Route } from "playwright-core";
import type { OpenPage } from "./browser.ts";
import { openConsole, passTime, pollUntil, reportTasks, siteOfFile } from "./console-page.ts";
import { eventually } from "./shown-tasks.ts";
import { projectId } from "./start-server.ts";

/** What a task belongs to, where the page of the task can be read and that cannot: each part says so by itself. */
const site = siteOfFile({
  fill: async (server) => {
    await reportTasks(server, [
      { id: "parent", name: "RestoreInstance" },
      { id: "attempt-1", name: "CreateReplica", parent_id: "parent", status: "Failed" },
      { id: "attempt-2", name: "CreateReplica", parent_id: "parent", attempt: 2 },
      { id: "part", name: "CopyData", parent_id: "attempt-2" },
    ]);
  },
});

/** The questions around the task `attempt-2`, and where its page shows what was answered to each. */
const parts = {
  parent: {
    isAsked: ({ pathname }: URL) => pathname.endsWith("/tasks/parent"),
    card: "Attempt 2, begun by",
    link: (card: Locator) => card.getByRole("link", { name: /^RestoreInstance/ }),
    said: "Its parent could not be read:",
  },
  attempts: {
    isAsked: ({ searchParams }: URL) => searchParams.get("parent_id") === "parent",
    card: "Attempt 2, begun by",
    link: (card: Locator) => card.getByRole("link", { name: "2 tasks" }),
    said: "The other tasks with the same parent could not be read.",
  },
  children: {
    isAsked: ({ searchParams }: URL) => searchParams.get("parent_id") === "attempt-2",
    card: "What it began",
    link: (card: Locator) => card.getByRole("link", { name: /^CopyData/ }),
    said: undefined,
  },
  neighbours: {
    isAsked: ({ searchParams }: URL) => searchParams.has("instance_id"),
    card: "Tasks of orders",
    link: (card: Locator) => card.getByRole("link", { name: "4 tasks" }),
    said: undefined,
  },
} as const;
type Part = keyof typeof parts;
const partNames = Object.keys(parts) as readonly Part[];

/** How a question may fail, and what is said of it where there is room for it. */
const problem = (status: number) => (route: Route) =>
  route.fulfill({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({ type: "about:blank", status, title: "No", detail: `No, by ${status}.` }),
  });
const failures = {
  forbidden: { answer: problem(403), title: "You may not look at this", trouble: / answered 403$/ },
  broken: {
    answer: problem(500),
    title: "The server cannot answer at the moment",
    trouble: / answered 500$/,
  },
  offline: {
    answer: (route: Route) => route.abort("internetdisconnected"),
    title: "The server is not reached",
    trouble: /ERR_INTERNET_DISCONNECTED$/,
  },
} as const;
type Failure = (typeof failures)[keyof typeof failures];

const path = `${projectId}/tasks/attempt-2`;

/** Loads the task's page where some of its questions fail. */
async function openTask(
  { page, expectTrouble }: OpenPage,
  failed: readonly Part[],
  { answer, trouble }: Failure,
): Promise<void> {
  expectTrouble(trouble);
  for (const part of failed) await page.route((url) => isQuestion(part, url), answer);
  await page.goto(site.consoleUrl + path);
}

const cardOf = (page: Page, part: Part) => page.getByRole("region", { name: parts[part].card, exact: true });
/** What is shown of a part that was read. */
const shown = (page: Page, part: Part) => parts[part].link(cardOf(page, part)).first();

function isQuestion(part: Part, url: URL): boolean {
  return url.pathname.includes("/console/api/v1/") && parts[part].isAsked(url);
}

/** Holds a page to say of a part that it could not be read, in that part's place. */
async function assertSaid(page: Page, part: Part, { title }: Failure): Promise<void> {
  const { said } = parts[part];
  const card = cardOf(page, part);
  await (said === undefined ? card.getByRole("heading", { name: title }) : card.getByText(said)).waitFor();
  assert.equal(await shown(page, part).count(), 0, part);
}

test("each part that could not be read says so by itself, and the rest of the page stands", async () => {
  const tab = await openConsole(site.browser, { consoleUrl: site.consoleUrl, path: "no-project" });
  const { page } = tab;
  for (const failed of partNames) {
    await openTask(tab, [failed], failures.broken);
    await assertSaid(page, failed, failures.broken);
    for (const part of partNames) if (part !== failed) await shown(page, part).waitFor();
    await page.getByRole("heading", { name: "CreateReplica", level: 1 }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();

    // It is asked again by itself.
    await page.unrouteAll({ behavior: "wait" });
    await pollUntil(page, shown(page, failed));
  }
});

test("where nothing around a task can be read, its page says so in each place, and why", async () => {
  const tab = await openConsole(site.browser, { consoleUrl: site.consoleUrl, path: "no-project" });
  const { page } = tab;
  for (const failure of Object.values(failures)) {
    await openTask(tab, partNames, failure);
    for (const part of partNames) await assertSaid(page, part, failure);
    await page.getByRole("heading", { name: "CreateReplica", level: 1 }).waitFor();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await page.getByRole("region", { name: "As the APIs show it" }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();

    // What is refused for good is asked again only by whoever wants it.
    await page.unrouteAll({ behavior: "wait" });
    if (failure === failures.forbidden) {
      await cardOf(page, "neighbours").getByRole("button", { name: "Try again" }).click();
      await shown(page, "neighbours").waitFor();
    }
  }
});

test("what was read of a task stays where it cannot be read again", async () => {
  const { page, expectTrouble } = await openConsole(site.browser, { consoleUrl: site.consoleUrl, path });
  for (const part of partNames) await shown(page, part).waitFor();
  expectTrouble(failures.broken.trouble);
  const refused = { parent: 0, attempts: 0, children: 0, neighbours: 0 };
  for (const part of partNames) {
    await page.route(
      (url) => isQuestion(part, url),
      async (route) => {
        await failures.broken.answer(route);
        refused[part] += 1;
      },
    );
  }
  // Whoever asks a second time has read the first answer.
  await eventually(async () => {
    await passTime(page, 10_000);
    assert.ok(Object.values(refused).every((times) => times > 1));
  });
  await page.getByRole("heading", { name: "CreateReplica", level: 1 }).waitFor();
  for (const part of partNames) assert.ok(await shown(page, part).isVisible(), part);
});
