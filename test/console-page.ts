import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { type BrowserContext, errors, type Locator, type Page, type Request } from "playwright-core";
import { roleId } from "../src/http/iam/documents.ts";
import type { RoleName } from "../src/store/store.ts";
import { type OpenBrowser, type OpenPage, openBrowser, type PageOptions } from "./browser.ts";
import type { TestUser } from "./identities.ts";
import { eventually } from "./shown-tasks.ts";
import { adminPassword, projectId, startServer, type TestServer } from "./start-server.ts";

/** Who signs in to the console. */
export type Login = Pick<TestUser, "name" | "password">;

export const admin: Login = { name: "admin", password: adminPassword };

/** Fills in the form for signing in that a page shows, as a page of its own or in a dialog, and sends it off. */
export async function fillSignIn(page: Page, { name, password }: Login): Promise<void> {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/**
 * Opens a page of the console in a new browser session of somebody who has signed in already: without the form, which
 * has tests of its own.
 */
export async function openConsole(
  browser: OpenBrowser,
  options: PageOptions & {
    /** Where the console lies, with a slash at its end. */
    readonly consoleUrl: string;
    readonly login?: Login;
    /** The page, below the console. */
    readonly path?: string;
  },
): Promise<OpenPage> {
  const { consoleUrl, login = admin, path = projectId, ...pageOptions } = options;
  const opened = await browser.openPage(pageOptions);
  noteQuestions(opened.context);
  // It goes on as ever, but can be advanced.
  await opened.context.clock.install();
  const answer = await opened.context.request.post(`${consoleUrl}session`, {
    data: { user: login.name, password: login.password },
  });
  assert.equal(answer.status(), 200, await answer.text());
  await opened.page.goto(consoleUrl + path);
  return opened;
}

/** What the tests of a file share: a server, and a browser to look at it with. */
export interface ConsoleSite {
  readonly server: TestServer;
  readonly browser: OpenBrowser;
  /** Where the console lies, with a slash at its end. */
  readonly consoleUrl: string;
}

/** Makes the site of a test file before its first test, with what its server holds, and takes it away after its last one. */
export function siteOfFile({
  start = startServer,
  fill = async () => {},
}: {
  readonly start?: () => Promise<TestServer>;
  readonly fill?: (server: TestServer) => Promise<unknown>;
} = {}): ConsoleSite {
  const opened = new AsyncDisposableStack();
  let server: TestServer;
  let browser: OpenBrowser;
  before(async () => {
    server = await start();
    opened.defer(() => server.close());
    await fill(server);
    browser = await openBrowser({ after: (close) => opened.defer(close) });
  });
  after(() => opened.disposeAsync());
  return {
    get server() {
      return server;
    },
    get browser() {
      return browser;
    },
    get consoleUrl() {
      return `${server.url}/console/`;
    },
  };
}

/** What the pages of a session have asked, and were not answered yet. */
const onTheirWay = new WeakMap<BrowserContext, Set<Request>>();

function noteQuestions(context: BrowserContext): void {
  const questions = new Set<Request>();
  onTheirWay.set(context, questions);
  context.on("request", (request) => questions.add(request));
  context.on("requestfinished", (request) => questions.delete(request));
  context.on("requestfailed", (request) => questions.delete(request));
}

/** Waits until a page that was opened as above, and those of the same session, have read whatever they asked for. */
export async function untilAnswered(page: Page): Promise<void> {
  await eventually(async () => assert.equal(onTheirWay.get(page.context())?.size, 0));
  // What came last has been read when the page answers this.
  await page.evaluate("0");
}

/**
 * Lets time pass for such a page, in milliseconds: what nobody has to wait for. Not over a question that is on its way:
 * its answer would count as a slow one, and be asked for less often.
 */
export async function passTime(page: Page, ms: number): Promise<void> {
  await untilAnswered(page);
  await page.clock.fastForward(ms);
}

/** More than any pause between two questions of the console, in milliseconds. */
const pauseMs = 60_000;
/** How long an answer may take to appear before it is asked for once more, and how often it is. */
const answerMs = 500;
const mostPolls = 20;

/** Lets such a page ask for everything again, and again, until something is there, or is not. */
export async function pollUntil(
  page: Page,
  what: Locator,
  state: "visible" | "detached" = "visible",
): Promise<void> {
  for (let polls = 1; ; polls += 1) {
    await passTime(page, pauseMs);
    try {
      return await what.waitFor({ state, timeout: answerMs });
    } catch (error) {
      if (!(error instanceof errors.TimeoutError) || polls === mostPolls) throw error;
    }
  }
}

/** Lets such a page ask for everything again, and again, until something has happened that follows from it. */
export async function pollUntilDone<T>(page: Page, happened: Promise<T>): Promise<T> {
  let isDone = false;
  const done = happened.finally(() => {
    isDone = true;
  });
  // It is told below, also where it fails before.
  done.catch(() => {});
  for (let polls = 1; !isDone && polls <= mostPolls; polls += 1) {
    // What has happened may itself be that a question stays on its way; then no more time passes.
    await Promise.race([done, untilAnswered(page)]);
    if (!isDone) await page.clock.fastForward(pauseMs);
    await Promise.race([done, elapse(answerMs)]);
  }
  return await done;
}

/** What of a task a test says; the rest is usual. */
export interface SomeTask {
  readonly id?: string;
  readonly name?: string;
  readonly [member: string]: unknown;
}

/** Reports tasks to a project, as its server's admin. Answers their ids, in the same order. */
export async function reportTasks(
  server: TestServer,
  tasks: readonly SomeTask[],
  options: { readonly projectId?: string; readonly token?: string } = {},
): Promise<readonly string[]> {
  const { token = server.token } = options;
  const lines = tasks.map((task) => {
    const create = {
      service: "rds",
      name: "BackupInstance",
      instance: { id: "db-01", name: "orders" },
      ...task,
    };
    return `${JSON.stringify({ create })}\n`;
  });
  const answer = await server.call(`/v1/${options.projectId ?? projectId}/tasks:batch`, {
    body: lines.join(""),
    headers: { "content-type": "application/x-ndjson" },
    token,
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.text
    .trim()
    .split("\n")
    .map((line) => {
      const { status, id } = JSON.parse(line);
      assert.equal(status, 201, line);
      return id;
    });
}

/** Makes a project on a server, and answers its id. */
export async function addProject(
  server: TestServer,
  project: { readonly name: string; readonly description?: string },
): Promise<string> {
  const answer = await server.call("/v3/projects", { body: { project } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.project.id;
}

/** Gives somebody a role in a project. */
export async function grant(
  server: TestServer,
  {
    userId,
    role,
    projectId,
  }: { readonly userId: string; readonly role: RoleName; readonly projectId: string },
): Promise<void> {
  const path = `/v3/projects/${projectId}/users/${userId}/roles/${roleId(role)}`;
  const answer = await server.call(path, { method: "PUT" });
  assert.equal(answer.status, 204, answer.text);
}

/** Makes a project in which the server's admin reads and reports, and logs them in to it. */
export async function addOwnProject(
  server: TestServer,
  project: { readonly name: string; readonly description?: string },
): Promise<{ readonly projectId: string; readonly token: string }> {
  const id = await addProject(server, project);
  const [{ id: userId }] = (await server.call("/v3/users?name=admin")).json.users;
  await grant(server, { userId, role: "reporter", projectId: id });
  const identity = { methods: ["token"], token: { id: server.token } };
  const answer = await server.call("/v3/auth/tokens", {
    body: { auth: { identity, scope: { project: { id } } } },
  });
  return { projectId: id, token: answer.headers.get("x-subject-token") ?? assert.fail(answer.text) };
}

/** Holds a page to be no wider than its window. */
export async function assertNoSidewaysScroll(page: Page, what: string): Promise<void> {
  const tooWide = await page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  assert.equal(tooWide, 0, `${what} is wider than its window by so many pixels`);
}
