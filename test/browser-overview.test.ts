import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { systemClock } from "../src/task/clock.ts";
import { desktop, type OpenBrowser, openBrowser } from "./browser.ts";
import { openConsole, pollUntil, reportTasks } from "./console-page.ts";
import { eventually } from "./shown-tasks.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/** The overview in a real browser: what it shows leads to the tasks behind it. */
let server: TestServer;
let browser: OpenBrowser;
const opened = new AsyncDisposableStack();

before(async () => {
  server = await startServer();
  opened.defer(() => server.close());
  browser = await openBrowser({ after: (close) => opened.defer(close) });
});
after(() => opened.disposeAsync());

const openOverview = async (query = "") =>
  (
    await openConsole(browser, {
      ...desktop,
      consoleUrl: `${server.url}/console/`,
      path: `${projectId}${query}`,
    })
  ).page;

/** Waits until everything is there, and nothing moves any more: a figure that is not known yet is a dash. */
async function untilWhole(page: Page): Promise<void> {
  await page.locator(".timeline .u-over").waitFor();
  await eventually(async () => {
    assert.equal(await page.getByText(/^Loading /).count(), 0);
    assert.equal(await page.locator(".figure-count").filter({ hasText: "–" }).count(), 0);
  });
}

/** The number that begins a text: `1,204 tasks`; none where it begins with words. */
const numberIn = (text: string | null) => Number(/[\d,]+/.exec(text ?? "")?.[0].replaceAll(",", "") ?? 0);

/** The total of the list that a page shows. */
async function listTotal(page: Page): Promise<number> {
  const heading = page.getByRole("heading", { level: 1 }).filter({ hasText: /task/ });
  await heading.filter({ hasText: /\d|No/ }).waitFor();
  return numberIn(await heading.textContent());
}

test("a project without tasks is told how to report one, and shows the first one by itself", async () => {
  const page = await openOverview();
  await page.getByRole("heading", { name: "No task has been reported yet" }).waitFor();
  await page.getByText("taskcenter simulate").waitFor();
  await reportTasks(server, [{ id: "first" }]);
  await pollUntil(page, page.getByRole("region", { name: "Figures" }));
});

test("a stretch that is dragged over on the chart leads to the tasks that were created in it", async () => {
  const dayAgoMs = systemClock() - 24 * 60 * 60_000;
  const createdAt = (hour: number) => new Date(dayAgoMs + hour * 60 * 60_000).toISOString();
  await reportTasks(server, [
    { id: "early", created_at: createdAt(3) },
    { id: "middle-1", created_at: createdAt(12) },
    { id: "middle-2", created_at: createdAt(13) },
  ]);
  const page = await openOverview();
  await untilWhole(page);
  const box = await page.locator(".timeline .u-over").boundingBox();
  assert.ok(box !== null);
  const at = (share: number) => [box.x + box.width * share, box.y + box.height / 2] as const;
  await page.mouse.move(...at(0.4));
  await page.mouse.down();
  await page.mouse.move(...at(0.5), { steps: 3 });
  await page.mouse.move(...at(0.7), { steps: 3 });
  await page.mouse.up();
  await page.waitForURL(/\/tasks\?from=.*&to=/);
  assert.equal(await listTotal(page), 2);
});

test("every figure is the total of the list that it leads to", async () => {
  await reportTasks(server, [
    { id: "failed-1", status: "Failed", fail_reason: "no space left" },
    { id: "failed-2", status: "Failed", name: "RestartInstance" },
    { id: "completed", status: "Completed" },
    { id: "pending", kind: "scheduled", service: "rds" },
  ]);
  const page = await openOverview();
  await untilWhole(page);
  await page.getByText("As a table").click();
  const links = page.locator(".figure, .legend-item, .card-head a, .as-table td a");
  const figures = await links.evaluateAll((elements) =>
    elements.map((element) => ({
      name: element.textContent ?? "",
      // The last number of a figure's words may be its share.
      count: (element.querySelector(".figure-count, b") ?? element).textContent,
      href: element.getAttribute("href") ?? "",
    })),
  );
  assert.ok(figures.length > 12, `${figures.length} figures`);
  for (const { name, count, href } of figures) {
    await page.goto(new URL(href, server.url).href);
    assert.equal(await listTotal(page), numberIn(count), name);
  }
});
