import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type OpenBrowser, openBrowser } from "./browser.ts";
import { openConsole, pollUntil } from "./console-page.ts";
import { shownIds } from "./shown-tasks.ts";
import { openRunSite, type RunSite, shell } from "./start-run.ts";
import { projectId } from "./start-server.ts";

/**
 * Real commands under `taskcenter run`, as somebody sees them who looks at the console meanwhile. Nobody waits for a
 * poll: a page whose questions are answered slowly asks less often.
 */
let site: RunSite;
let browser: OpenBrowser;
const opened = new AsyncDisposableStack();

before(async () => {
  site = await openRunSite();
  opened.defer(() => site.close());
  browser = await openBrowser({ after: (close) => opened.defer(close) });
});
after(() => opened.disposeAsync());

/** A figure at the top of the overview, where it is this one. */
const figure = (page: Page, label: string, count: number) =>
  page
    .getByRole("region", { name: "Figures" })
    .getByRole("link", { name: new RegExp(`^${label}`) })
    .getByText(`${count}`, { exact: true });

const open = (path: string) =>
  openConsole(browser, { consoleUrl: `${site.server.url}/console/`, path: `${projectId}${path}` });

test("a command appears on the list, can be watched to its end, and moves the figures", async () => {
  const [{ page }, { page: overview }] = await Promise.all([open("/tasks"), open("")]);
  await page.getByRole("heading", { name: "No task has been reported yet" }).waitFor();

  const script = 'echo "copied 10%"; read line; echo "copied 60%"; read line; echo "copied 100%"';
  const run = site.start(shell(script), { stdin: "open" });
  const row = page.getByRole("row", { name: /^Running BackupInstance/ });
  const progress = (percent: number) =>
    row.getByRole("progressbar").and(page.locator(`[aria-valuenow='${percent}']`));
  await pollUntil(page, progress(10));
  assert.deepEqual(await shownIds(page), [run.id]);
  await pollUntil(overview, figure(overview, "Running now", 1));

  run.process.stdin?.write("on\n");
  await pollUntil(page, progress(60));

  await row.getByRole("link", { name: "BackupInstance" }).click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  await page
    .getByRole("region", { name: "Progress over time" })
    .getByRole("img", { name: /to 60 percent/ })
    .waitFor();
  run.process.stdin?.end("on\n");
  assert.equal((await run.ended).code, 0);
  await pollUntil(page, page.getByText(/Running\s*→\s*Completed/));
  await page.getByRole("img", { name: /to 100 percent/ }).waitFor();
  await pollUntil(overview, figure(overview, "Running now", 0));
  await pollUntil(overview, figure(overview, "Succeeded", 1));
});

test("a command that fails shows why, on the list, at the task and on the overview", async () => {
  const { page } = await open("/tasks?state=failed");
  await page.getByRole("heading", { name: "No task matches" }).waitFor();
  const run = site.start(shell('echo "disk full" >&2; exit 3'));
  assert.equal((await run.ended).code, 3);
  const row = page.getByRole("row", { name: /^Failed BackupInstance.*exit status 3: disk full/ });
  await pollUntil(page, row);
  assert.deepEqual(await shownIds(page), [run.id]);
  await page.getByRole("link", { name: "BackupInstance" }).click();
  await page.getByText("exit status 3: disk full").first().waitFor();
  await page.keyboard.type("go");
  await pollUntil(page, figure(page, "Failed", 1));
});
