import { once } from "node:events";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { desktop, openBrowser, type PageOptions, phone } from "../test/browser.ts";
import { runCli, startCli } from "../test/start-cli.ts";
import { adminPassword, projectId, startServer, type TestServer } from "../test/start-server.ts";

/**
 * Takes the pictures of the console that the documentation shows: of a server of its own, on which a simulated fleet has
 * lived for a week and lives on. Usage: npm run screenshots [-- --to FOLDER --only NAME --only NAME]
 *
 * A picture of a page in trouble is no picture: an error on its console or a failed request ends this with a failure.
 */
const { values: options } = parseArgs({
  options: {
    to: { type: "string", default: fileURLToPath(new URL("../docs/images", import.meta.url)) },
    only: { type: "string", multiple: true },
  },
});

/** Tasks that are worth a look. */
interface Found {
  readonly failedId: string;
  readonly runningId: string;
}

/** Where a picture is taken, below the console. */
type Place = (found: Found) => string;

interface Picture {
  readonly name: string;
  readonly look: keyof typeof looks;
  /** Without a place, the page is the one for signing in. */
  readonly place?: Place;
}

/** Desktop pictures have the width at which a page of the documentation shows them, and phones' enough for sharp screens. */
const looks = {
  light: { ...desktop, colorScheme: "light" },
  dark: { ...desktop, colorScheme: "dark" },
  phone: { ...phone, colorScheme: "light", deviceScaleFactor: 1.5 },
} as const satisfies Record<string, PageOptions>;

const overview: Place = () => projectId;
const list: Place = () => `${projectId}/tasks`;
const failed: Place = ({ failedId }) => `${projectId}/tasks/${failedId}`;
const running: Place = ({ runningId }) => `${projectId}/tasks/${runningId}`;

const pictures: readonly Picture[] = [
  { name: "sign-in-light", look: "light" },
  { name: "overview-light", look: "light", place: overview },
  { name: "overview-dark", look: "dark", place: overview },
  { name: "overview-phone", look: "phone", place: overview },
  { name: "list-light", look: "light", place: list },
  { name: "list-dark", look: "dark", place: list },
  { name: "list-phone", look: "phone", place: list },
  { name: "task-light", look: "light", place: failed },
  { name: "task-dark", look: "dark", place: failed },
  { name: "task-running-light", look: "light", place: running },
  { name: "task-phone", look: "phone", place: failed },
];

/** The same fleet in every picture, however often they are taken. Its present is about as busy as its past. */
const simulated = ["simulate", "--seed", "7", "--history", "7d", "--rate", "0.6"];
/** How long the fleet lives before the pictures are taken: some of its tasks run then, and have told how far they are. */
const livingMs = 20_000;
/** All of them together: they are part of every copy of this project. */
const mostBytes = 2_000_000;

const wanted = pictures.filter(({ name }) => options.only?.includes(name) ?? true);
const unknown = options.only?.filter((name) => !pictures.some((picture) => picture.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(
    `There is no picture ${unknown.join(", ")}; there are ${pictures.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}

try {
  await takeAll();
} catch (error) {
  for (const message of messagesOf(error)) console.error(message);
  process.exitCode = 1;
}

async function takeAll(): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const server = await startServer();
  closing.defer(() => server.close());
  const found = await startFleet(server, closing);
  const browser = await openBrowser({ after: (close) => closing.defer(close) });
  mkdirSync(options.to, { recursive: true });
  const consoleUrl = `${server.url}/console/`;
  for (const [look, some] of Map.groupBy(wanted, (picture) => picture.look)) {
    const { page } = await browser.openPage(looks[look]);
    await take(some, { page, consoleUrl, found });
  }
  const bytes = wanted.reduce((sum, { name }) => sum + statSync(fileOf(name)).size, 0);
  console.log(`${wanted.length} pictures, ${Math.round(bytes / 1000)} kB, in ${options.to}`);
  if (bytes > mostBytes) throw new Error(`They should have at most ${mostBytes / 1000} kB together.`);
}

/** Where closing has failed too, what was there first comes first. */
function messagesOf(error: unknown): readonly string[] {
  if (error instanceof SuppressedError) return [...messagesOf(error.suppressed), ...messagesOf(error.error)];
  return [error instanceof Error ? error.message : String(error)];
}

/** Lets a simulated fleet live until everything is closed, and answers tasks of it that show much. */
async function startFleet(on: TestServer, closing: AsyncDisposableStack): Promise<Found> {
  const start = new Date(Math.floor(on.nowMs() / 1000) * 1000).toISOString();
  const simulation = [...simulated, "--start", start];
  // First its past alone, to its end, then what goes on from there.
  const past = await runCli(on, [...simulation, "--duration", "1s"]);
  if (past.code !== 0) throw new Error(`The simulation ended with ${past.code}: ${past.stderr}`);
  console.log(past.stdout.trimEnd());
  const fleet = startCli(on, simulation);
  const ended = once(fleet, "close");
  fleet.stdout.resume();
  fleet.stderr.pipe(process.stderr);
  closing.defer(async () => {
    fleet.kill("SIGINT");
    await ended;
  });
  await pause(livingMs);
  if (fleet.exitCode !== null) throw new Error(`The simulation ended with ${fleet.exitCode}.`);

  const tasks = async (
    query: string,
  ): Promise<readonly { id: string; fail_reason: string; revision: number }[]> =>
    (await on.call(`/v1/${projectId}/tasks?limit=200&${query}`)).json.tasks;
  const [longestReason] = (await tasks("state=failed")).toSorted(
    (a, b) => b.fail_reason.length - a.fail_reason.length,
  );
  const [mostTold] = (await tasks("state=running")).toSorted((a, b) => b.revision - a.revision);
  if (longestReason === undefined || mostTold === undefined)
    throw new Error("Nothing has failed, or nothing runs.");
  return { failedId: longestReason.id, runningId: mostTold.id };
}

/** Takes the pictures of one look, in one session: first of what is seen before signing in. */
async function take(
  some: readonly Picture[],
  on: { readonly page: Page; readonly consoleUrl: string; readonly found: Found },
): Promise<void> {
  const { page, consoleUrl, found } = on;
  await page.goto(consoleUrl);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  const [before, after] = [some.filter(({ place }) => !place), some.filter(({ place }) => place)];
  for (const { name } of before) await shoot(page, name);
  await page.getByRole("textbox", { name: "User name" }).fill("admin");
  await page.getByLabel("Password").fill(adminPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation").first().waitFor();
  for (const { name, place } of after) {
    await page.goto(consoleUrl + (place?.(found) ?? ""));
    await shoot(page, name);
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.getByRole("heading").first().waitFor();
  // Everything that a page asks for at first is there when it has been quiet for half a second.
  await page.waitForLoadState("networkidle");
  await page.evaluate("document.fonts.ready.then(() => undefined)");
  await page.screenshot({ path: fileOf(name), animations: "disabled", caret: "hide" });
  console.log(`${name}: ${Math.round(statSync(fileOf(name)).size / 1000)} kB`);
}

function fileOf(name: string): string {
  return join(options.to, `${name}.png`);
}
