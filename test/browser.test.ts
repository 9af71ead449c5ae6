import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { assertAccessible } from "./accessible.ts";
import { type Closing, type OpenPage, openBrowser, openPage, phone } from "./browser.ts";
import { chromiumVariable, findChromium } from "./chromium.ts";

/** The strictest policy that the console has: what is shown here to work, works there. */
const policy = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'";
const sound = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Tasks</title><main><h1>Tasks</h1><p>None yet.</p></main></html>`;

/** Serves pages by their paths, each with the policy; all else is 404. */
async function serve(t: TestContext, pages: Readonly<Record<string, string>>): Promise<string> {
  const server = createServer((request, response) => {
    const body = pages[request.url ?? ""];
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": request.url?.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8",
      "content-security-policy": policy,
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Stands for a test, to see how it would end. */
function standIn(): Closing & { readonly told: readonly string[]; fail(): void; end(): Promise<void> } {
  const hooks: (() => Promise<void>)[] = [];
  const told: string[] = [];
  let passed = true;
  return {
    told,
    get passed() {
      return passed;
    },
    after: (close) => hooks.push(close),
    diagnostic: (message) => told.push(message),
    fail() {
      passed = false;
    },
    async end() {
      for (const hook of hooks) await hook();
    },
  };
}

/** Waits until a page is in trouble. */
async function untilTroubled({ page, troubles }: OpenPage, least = 1): Promise<void> {
  while (troubles().length < least) await page.waitForTimeout(10);
}

const withScript = (source: string) => ({
  "/": sound.replace("</html>", `<script src="/script.js"></script></html>`),
  "/script.js": source,
});

/** Each fault that a page may have, and how it is told. */
const faults: Readonly<
  Record<string, { readonly pages: Readonly<Record<string, string>>; readonly told: RegExp }>
> = {
  "an uncaught error": {
    pages: withScript(`throw new TypeError("gone")`),
    told: /^uncaught: TypeError: gone/,
  },
  "a rejection that nobody handles": {
    pages: withScript(`Promise.reject(new Error("late"))`),
    told: /^uncaught: Error: late/,
  },
  "an error on the console": { pages: withScript(`console.error("odd")`), told: /^console: odd/ },
  "an answer of 404": {
    pages: { "/": sound.replace("</html>", `<script src="/missing.js"></script></html>`) },
    told: /^GET http:\S+\/missing\.js answered 404$/,
  },
  "a script within the page, which the policy forbids": {
    pages: { "/": sound.replace("</html>", "<script>document.title = 'taken over'</script></html>") },
    told: /^console: .*Content Security Policy/,
  },
  "a style within the page, which the policy forbids": {
    pages: { "/": sound.replace("<p>", `<p style="color: red">`) },
    told: /^console: .*Content Security Policy/,
  },
  "an image of another host, which the policy forbids": {
    pages: { "/": sound.replace("<p>", `<img src="http://tracker.example.com/1.gif" alt=""><p>`) },
    told: /^console: .*Content Security Policy|^GET http:\/\/tracker\.example\.com\/1\.gif failed: csp$/,
  },
  "markup made of text, which the policy forbids": {
    pages: withScript(`document.querySelector("p").innerHTML = "<b>none</b>"`),
    told: /^uncaught: TypeError: .*TrustedHTML|^console: .*'TrustedHTML' assignment/,
  },
  "a dialog of a script": { pages: withScript("alert(1)"), told: /^dialog: alert "1"$/ },
};

for (const [fault, { pages, told }] of Object.entries(faults)) {
  test(`${fault} fails the test at its end, unless it expects it`, async (t) => {
    const url = await serve(t, pages);
    const unaware = standIn();
    const opened = await openPage(unaware, { url });
    await untilTroubled(opened);
    assert.equal(await opened.page.title(), "Tasks");
    await assert.rejects(unaware.end(), /^AssertionError.*: The page was in trouble/);
    assert.deepEqual(
      opened.troubles().filter((text) => !told.test(text)),
      [],
    );

    const aware = standIn();
    const expecting = await openPage(aware);
    expecting.expectTrouble(told);
    await expecting.page.goto(url);
    await untilTroubled(expecting, opened.troubles().length);
    await aware.end();
  });
}

test("a page without a fault passes, and trouble expected in vain fails", async (t) => {
  const url = await serve(t, { "/": sound });
  const passing = standIn();
  assert.equal(await (await openPage(passing, { url })).page.title(), "Tasks");
  await passing.end();

  const expecting = standIn();
  (await openPage(expecting, { url })).expectTrouble(/answered 401/);
  await assert.rejects(expecting.end(), /not in the trouble expected: \/answered 401\//);
});

test("a test that fails is told where each page stood and what it showed", async (t) => {
  const url = await serve(t, withScript(`console.error("odd")`));
  const byPage = standIn();
  await untilTroubled(await openPage(byPage, { url }));
  await assert.rejects(byPage.end(), /odd[\s\S]*stood at http:[\s\S]*heading "Tasks"/);

  const otherwise = standIn();
  const browser = await openBrowser(otherwise);
  await browser.openPage();
  const { expectTrouble } = await browser.openPage({ url });
  expectTrouble(/odd/);
  otherwise.fail();
  await otherwise.end().catch(() => {});
  assert.equal(otherwise.told.length, 2);
  // Whichever was looked at first.
  const told = otherwise.told.toSorted((a, b) => a.length - b.length);
  assert.match(told[0] ?? "", /stood at about:blank and showed:\n$/);
  assert.match(told[1] ?? "", /stood at http:[\s\S]*heading "Tasks"/);
});

test("every page of a browser is watched, and every tab of a session", async (t) => {
  const url = await serve(t, { ...withScript(`console.error("odd")`), "/sound": sound });
  const closing = standIn();
  const browser = await openBrowser(closing);
  const withTabs = await browser.openPage({ url: `${url}/sound` });
  await (await withTabs.context.newPage()).goto(url);
  await untilTroubled(withTabs);
  await browser.openPage({ url: `${url}/sound` });
  await untilTroubled(await browser.openPage({ url }));
  await assert.rejects(closing.end(), ({ errors }: AggregateError) => errors.length === 2);
});

test("a request that its page has given up is no trouble", async (t) => {
  const waiting = createServer(() => {});
  await new Promise<void>((resolve) => waiting.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    waiting.closeAllConnections();
    waiting.close();
  });
  const { port } = waiting.address() as AddressInfo;
  const { page, troubles } = await openPage(t);
  await page.evaluate(
    `fetch("http://127.0.0.1:${port}/", { signal: AbortSignal.timeout(50), mode: "no-cors" }).catch(() => {})`,
  );
  assert.deepEqual(troubles(), []);
});

test("pages reach no other host than this one", async (t) => {
  const { page, expectTrouble } = await openPage(t);
  expectTrouble(/example\.com\/ failed: net::ERR_NAME_NOT_RESOLVED$/);
  await assert.rejects(page.goto("http://example.com/"), /ERR_NAME_NOT_RESOLVED/);
});

test("going offline is told as trouble, and the page works again when it is back", async (t) => {
  const url = await serve(t, { "/": sound });
  const { page, context, expectTrouble } = await openPage(t, { url });
  expectTrouble(/failed: net::ERR_INTERNET_DISCONNECTED$/);
  await context.setOffline(true);
  await assert.rejects(page.reload(), /ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(false);
  await page.goto(url);
  assert.equal(await page.title(), "Tasks");
});

test("the accessibility check works under the strictest policy, unseen by the page, and finds a planted fault", async (t) => {
  const url = await serve(t, {
    "/": sound,
    "/nameless": sound.replace("<p>", "<button></button><p>"),
    "/pale": sound.replace("<p>", `<p><font color="#bbbbbb">Pale</font>`),
  });
  const { page } = await openPage(t, { url });
  await assertAccessible(page);
  assert.equal(await page.evaluate("typeof axe"), "undefined");
  await page.goto(`${url}/nameless`);
  await assert.rejects(assertAccessible(page), /button-name \(critical\)[\s\S]*\n {2}button\n/);
  await page.goto(`${url}/pale`);
  await assert.rejects(assertAccessible(page), /color-contrast \(serious\)[\s\S]*\n {2}font\n/);
});

test("a page has the viewport, the colours and the motion that it was opened with", async (t) => {
  const url = await serve(t, { "/": sound });
  const query = (text: string) => `matchMedia("${text}").matches`;
  const browser = await openBrowser(t);
  const usual = await browser.openPage({ url });
  assert.equal(await usual.page.evaluate(query("(prefers-color-scheme: light)")), true);
  assert.equal(await usual.page.evaluate(query("(prefers-reduced-motion: reduce)")), true);
  const other = await browser.openPage({
    ...phone,
    url,
    colorScheme: "dark",
    reducedMotion: "no-preference",
  });
  assert.equal(await other.page.evaluate(query("(prefers-color-scheme: dark)")), true);
  assert.equal(await other.page.evaluate(query("(prefers-reduced-motion: reduce)")), false);
  assert.equal(await other.page.evaluate(query("(width: 390px)")), true);
  assert.equal(await other.page.evaluate("navigator.maxTouchPoints > 0"), true);
});

test("text has a font, and every character of a line its own shape", async (t) => {
  const { page } = await openPage(t);
  await page.setContent(
    `<p id="a">iiii</p><p id="b">wwww</p><style>p { float: left; font: 20px system-ui }</style>`,
  );
  const widths = await Promise.all(
    ["#a", "#b"].map(async (id) => (await page.locator(id).boundingBox())?.width),
  );
  assert.ok((widths[0] ?? 0) > 4 && (widths[1] ?? 0) > 2 * (widths[0] ?? 0), `${widths}`);
});

test("a Chromium that is named and is none is a failure that says so", async (t) => {
  const before = process.env[chromiumVariable];
  t.after(() => {
    if (before === undefined) delete process.env[chromiumVariable];
    else process.env[chromiumVariable] = before;
  });
  process.env[chromiumVariable] = "/nowhere/chromium";
  await assert.rejects(findChromium(), /TEST_CHROMIUM names \/nowhere\/chromium, which is no program/);
  process.env[chromiumVariable] = process.execPath;
  await assert.rejects(
    openBrowser(t),
    /could not be started from .* Set TEST_CHROMIUM to the path of another one/,
  );
});
