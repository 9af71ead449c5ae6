import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { desktop } from "./browser.ts";
import { openConsole, reportTasks, siteOfFile } from "./console-page.ts";
import { eventually, shownIds, shownTotal } from "./shown-tasks.ts";
import { projectId, startServer } from "./start-server.ts";

/** The bars of the overview in a real browser: which tasks each stands for, by hand and in every reader's zone. */
const nowMs = Date.UTC(2025, 10, 25);
const site = siteOfFile({
  start: () => startServer({ clock: () => nowMs }),
  fill: async (server) => {
    await reportTasks(
      server,
      [
        // The clocks of Europe are changed on 26 October at 01:00 UTC.
        "2025-10-25T23:59:59.999Z",
        "2025-10-26T00:00:00.000Z",
        "2025-10-26T01:30:00.000Z",
        "2025-10-26T23:59:59.999Z",
        "2025-10-27T00:00:00.000Z",
        // For half an hour of minutes.
        "2025-11-08T12:00:10.000Z",
        "2025-11-08T12:00:20.000Z",
        "2025-11-08T12:04:59.999Z",
        "2025-11-08T12:05:00.000Z",
        "2025-11-08T12:09:59.999Z",
        "2025-11-08T12:10:00.000Z",
        "2025-11-08T12:29:50.000Z",
        "2025-11-08T12:29:51.000Z",
      ].map((created_at) => ({ id: created_at.replace(/\D/g, ""), created_at })),
    );
  },
});

/** The overview of a range, with a chart that can be pointed at. */
async function openChart(range: { readonly from: string; readonly to: string }, timezoneId = "UTC") {
  const { page } = await openConsole(site.browser, {
    ...desktop,
    consoleUrl: site.consoleUrl,
    path: `${projectId}?${new URLSearchParams(range)}`,
    timezoneId,
  });
  const plot = page.locator(".timeline .u-over");
  await plot.waitFor();
  const box = await plot.boundingBox();
  assert.ok(box !== null);
  // A bar's middle; where there is no such bar, it is beyond the edge.
  return {
    page,
    at: (bar: number, of: number) =>
      [box.x + (box.width * (bar + 0.5)) / of, box.y + box.height / 2] as const,
    /** From the list that a stretch led to. */
    async goBack() {
      await page.goBack();
      await plot.waitFor();
    },
  };
}

/** The range in the address of the list that a page was led to. */
async function shownRange(page: Page): Promise<readonly (string | null)[]> {
  await page.waitForURL(/\/tasks\?/);
  const { searchParams } = new URL(page.url());
  return [searchParams.get("from"), searchParams.get("to")];
}

/** Half an hour of 30 minutes, the first and the last of which are not whole. */
const halfHour = { from: "2025-11-08T12:00:20Z", to: "2025-11-08T12:29:50Z" };
const bars = 30;

test("a stretch that is dragged over is the bars that it touches, whole, in either direction", async () => {
  const { page, at, goBack } = await openChart(halfHour);
  for (const [begin, end] of [
    [5, 9],
    [9, 5],
  ] as const) {
    await page.mouse.move(...at(begin, bars));
    await page.mouse.down();
    await page.mouse.move(...at(end, bars), { steps: 5 });
    await page.mouse.up();
    assert.deepEqual(await shownRange(page), ["2025-11-08T12:05:00.000Z", "2025-11-08T12:09:59.999Z"]);
    await eventually(async () => assert.equal(await shownTotal(page), 2));
    await eventually(async () =>
      assert.deepEqual(await shownIds(page), ["20251108120959999", "20251108120500000"]),
    );
    await goBack();
  }
});

test("a stretch that is dragged beyond an edge of the chart ends where the range that is shown does", async () => {
  const { page, at, goBack } = await openChart(halfHour);
  for (const { begin, end, range, total } of [
    { begin: 26, end: -3, range: ["2025-11-08T12:00:20.000Z", "2025-11-08T12:26:59.999Z"], total: 5 },
    { begin: 3, end: bars + 1, range: ["2025-11-08T12:03:00.000Z", "2025-11-08T12:29:50.000Z"], total: 5 },
  ]) {
    await page.mouse.move(...at(begin, bars));
    await page.mouse.down();
    await page.mouse.move(...at(end, bars), { steps: 20 });
    await page.mouse.up();
    assert.deepEqual(await shownRange(page), range);
    await eventually(async () => assert.equal(await shownTotal(page), total));
    await goBack();
  }
});

test("a click is of the one bar that it is on, though the hand trembles", async () => {
  const { page, at, goBack } = await openChart(halfHour);
  for (const [dx, dy] of [
    [0, 0],
    [2, 0],
    [-1, 2],
  ] as const) {
    const [x, y] = at(9, bars);
    await page.mouse.move(x, y);
    await page.mouse.down();
    if (dx !== 0) await page.mouse.move(x + dx, y + dy);
    await page.mouse.up();
    assert.deepEqual(await shownRange(page), ["2025-11-08T12:09:00.000Z", "2025-11-08T12:09:59.999Z"]);
    await eventually(async () => assert.deepEqual(await shownIds(page), ["20251108120959999"]));
    await goBack();
  }
});

test("a bar of a day is a day of UTC, and in every zone says from when to when that is", async () => {
  const range = { from: "2025-10-01T00:00:00Z", to: "2025-11-19T23:59:59Z" };
  for (const { zone, label, row } of [
    { zone: "UTC", label: "2025-10-26", row: "2025-10-26 00:00" },
    {
      zone: "America/Sao_Paulo",
      label: "2025-10-25 21:00 – 2025-10-26 21:00",
      row: "2025-10-25 21:00",
    },
    { zone: "Asia/Kolkata", label: "2025-10-26 05:30 – 2025-10-27 05:30", row: "2025-10-26 05:30" },
    {
      zone: "Europe/Berlin",
      label: "2025-10-26 02:00 GMT+2 – 2025-10-27 01:00",
      row: "2025-10-26 02:00 GMT+2",
    },
  ]) {
    const { page, at } = await openChart(range, zone);
    const card = page.getByRole("region", { name: /^Tasks created, by/ });
    await page.mouse.move(...at(25, 50));
    await card.getByText(label, { exact: true }).waitFor();
    await card.getByRole("link", { name: "Running 3", exact: true }).waitFor();
    await card.getByText("As a table").click();
    const tableRow = card.getByRole("row", { name: `${row} 0 0 0 3 0`, exact: true });
    await tableRow.waitFor();
    const [named, counted] = await tableRow.getByRole("link").evaluateAll((links) =>
      links.map((link) => {
        const { searchParams } = new URL(link.getAttribute("href") ?? "", "http://any");
        return `${searchParams.get("from")} ${searchParams.get("to")}`;
      }),
    );
    assert.equal(named, "2025-10-26T00:00:00.000Z 2025-10-26T23:59:59.999Z", zone);
    assert.equal(counted, named);

    await page.mouse.click(...at(25, 50));
    assert.deepEqual(await shownRange(page), ["2025-10-26T00:00:00.000Z", "2025-10-26T23:59:59.999Z"]);
    await eventually(async () =>
      assert.deepEqual(
        await shownIds(page),
        ["20251026235959999", "20251026013000000", "20251026000000000"],
        zone,
      ),
    );
    await page.close();
  }
});

test("an hour that the clocks tell twice is two bars that can be told apart", async () => {
  const range = { from: "2025-10-24T00:00:00Z", to: "2025-10-27T23:59:59Z" };
  const { page, at } = await openChart(range, "Europe/Berlin");
  const card = page.getByRole("region", { name: /^Tasks created, by/ });
  for (const [bar, label] of [
    [47, "2025-10-26 01:00 – 02:00 GMT+2"],
    [48, "2025-10-26 02:00 GMT+2 – 02:00 GMT+1"],
    [49, "2025-10-26 02:00 GMT+1 – 03:00"],
    [50, "2025-10-26 03:00 – 04:00"],
  ] as const) {
    await page.mouse.move(...at(bar, 96));
    await card.getByText(label, { exact: true }).waitFor();
  }
  await card.getByText("As a table").click();
  const rows = card.getByRole("rowheader");
  await rows.first().waitFor();
  assert.equal(new Set(await rows.allInnerTexts()).size, 96);
  await rows.getByText("2025-10-26 02:00 GMT+1", { exact: true }).click();
  assert.deepEqual(await shownRange(page), ["2025-10-26T01:00:00.000Z", "2025-10-26T01:59:59.999Z"]);
  await page.getByRole("button", { name: "2025-10-26 02:00 GMT+1 – 02:59 GMT+1" }).waitFor();
  await eventually(async () => assert.deepEqual(await shownIds(page), ["20251026013000000"]));
});

test("below the bars a day begins where it does for the reader, also where it has 25 hours", async () => {
  const range = { from: "2025-10-24T00:00:00Z", to: "2025-10-27T23:59:59Z" };
  for (const [zone, begins] of [
    ["Asia/Kolkata", { "26 Oct": "2025-10-25T18:30:00Z", "27 Oct": "2025-10-26T18:30:00Z" }],
    ["Europe/Berlin", { "26 Oct": "2025-10-25T22:00:00Z", "27 Oct": "2025-10-26T23:00:00Z" }],
  ] as const) {
    const { page } = await openChart(range, zone);
    // The words of a canvas are only known as they are drawn.
    await page.context().addInitScript(`
      window.drawn = {};
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, ...more) {
        window.drawn[text] = x;
        return fillText.call(this, text, x, ...more);
      };`);
    await page.reload();
    const plot = page.locator(".timeline .u-over");
    await plot.waitFor();
    const [box, canvas] = [await plot.boundingBox(), await page.locator(".timeline canvas").boundingBox()];
    assert.ok(box !== null && canvas !== null);
    await page.waitForFunction('"27 Oct" in window.drawn');
    const drawn = (await page.evaluate("window.drawn")) as Readonly<Record<string, number>>;
    for (const [label, at] of Object.entries(begins)) {
      const share = (Date.parse(at) - Date.parse(range.from)) / (4 * 24 * 60 * 60_000);
      const expected: number = box.x - canvas.x + box.width * share;
      assert.ok(Math.abs((drawn[label] ?? 0) - expected) <= 1, `${zone} ${label} at ${drawn[label]}`);
    }
    await page.close();
  }
});
