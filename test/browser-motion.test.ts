import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { openConsole, pollUntil, reportTasks, siteOfFile } from "./console-page.ts";
import { eventually, taskLinks } from "./shown-tasks.ts";
import { projectId } from "./start-server.ts";

/** What moves in the console, and that nothing does for readers who do not want it to. */
const site = siteOfFile();

/** Notes every animation and every transition that begins. */
const noteMotion = `
  window.moved = [];
  for (const kind of ["animationstart", "transitionrun"])
    document.addEventListener(kind, (event) => window.moved.push(event.animationName ?? event.propertyName), true);
  // What is scrolled smoothly moves as well.
  const scrollTo = Element.prototype.scrollIntoView;
  Element.prototype.scrollIntoView = function (options) {
    if (options?.behavior === "smooth") window.moved.push("scroll");
    return scrollTo.call(this, options);
  };`;

/** Goes where anything could move: a page on its way, tasks that come, go on and end, another theme, menus. */
async function goAround(t: { readonly id: string; readonly reducedMotion: "reduce" | "no-preference" }) {
  const { id, reducedMotion } = t;
  await reportTasks(site.server, [
    { id: `${id}-known`, progress: 10 },
    { id: `${id}-unknown`, name: "RestoreInstance" },
  ]);
  const { consoleUrl } = site;
  const { page, context } = await openConsole(site.browser, {
    consoleUrl,
    path: "no-project",
    reducedMotion,
  });
  await context.addInitScript(noteMotion);

  // The list is held until its skeleton has been seen.
  const { promise: seen, resolve: letGo } = Promise.withResolvers<void>();
  const isList = (url: URL) => url.pathname.endsWith("/tasks") && url.searchParams.has("limit");
  await page.route(isList, async (route) => {
    await seen;
    await route.continue();
  });
  await page.goto(`${consoleUrl}${projectId}/tasks`);
  await page.locator(".skeleton-line").first().waitFor();
  await frames(page);
  letGo();
  await taskLinks(page).first().waitFor();
  await page.unroute(isList);

  const { status } = await site.server.call(`/v1/${projectId}/tasks/${id}-known`, {
    method: "PATCH",
    body: { progress: 90 },
  });
  assert.equal(status, 200);
  await reportTasks(site.server, [{ id: `${id}-new`, name: `New-${id}` }]);
  await pollUntil(page, page.getByRole("link", { name: `New-${id}` }));
  await page.getByText("90 %").first().waitFor();
  await frames(page);
  return page;
}

/** Lets the browser draw: what begins with a change has begun after it. */
async function frames(page: Page): Promise<void> {
  await page.screenshot();
  await page.screenshot();
}

const movedOn = async (page: Page) => new Set((await page.evaluate("window.moved")) as readonly string[]);

test("what is on its way, new or going on moves", async () => {
  const page = await goAround({ id: "moving", reducedMotion: "no-preference" });
  await eventually(async () => {
    const moved = await movedOn(page);
    for (const what of ["skeleton", "progress-unknown", "width", "row-new"]) {
      assert.ok(moved.has(what), `${what} in ${[...moved]}`);
    }
  });
});

test("nothing moves on any page for a reader who wants less motion", async () => {
  const page = await goAround({ id: "still", reducedMotion: "reduce" });
  const assertStill = async () => {
    await frames(page);
    assert.deepEqual([...(await movedOn(page))], []);
    assert.equal(await page.evaluate("document.getAnimations().length"), 0);
  };
  await assertStill();
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  await page.getByRole("link", { name: "RestoreInstance" }).first().click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await assertStill();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".timeline .u-over").waitFor();
  await page.getByText("As a table").click();
  await assertStill();
});
