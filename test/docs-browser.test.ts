import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildDocs } from "../scripts/build-docs.ts";
import { assertAccessible } from "./accessible.ts";
import { desktop, openPage, phone } from "./browser.ts";
import { startPrefixProxy } from "./prefix-proxy.ts";
import { serveDocs } from "./serve-docs.ts";

/** The documentation in a real browser, with the Content-Security-Policy that it is served with. */
const root = fileURLToPath(new URL("..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "taskcenter-docs-"));
const docsDirectory = join(directory, "docs");

before(() => buildDocs({ root, to: docsDirectory }));
after(() => rmSync(directory, { recursive: true, force: true }));

/** The documentation below a path that a proxy adds: whatever works there works without one. */
async function docsBehindProxy(t: TestContext): Promise<string> {
  const proxy = await startPrefixProxy(await serveDocs(t, docsDirectory), "/some/prefix");
  t.after(() => proxy.close());
  return `${proxy.url}docs/`;
}

test("the keyboard alone leads to the search, through what it finds, and to the place", async (t) => {
  const { page } = await openPage(t, { ...desktop, url: await docsBehindProxy(t) });
  await page.keyboard.press("/");
  await page.keyboard.type("transition refused");
  await page.getByRole("status").filter({ hasText: "found" }).waitFor();
  const links = page.locator("#found a");
  const at = (await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")))).findIndex(
    (href) => href?.endsWith("reference/errors#transition-refused"),
  );
  assert.ok(at >= 0, "the error is among the first that are found");
  for (let steps = 0; steps <= at; steps += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/some/prefix/docs/reference/errors#transition-refused");
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "Errors");

  await page.keyboard.press("/");
  await page.keyboard.type("<img src=x onerror=alert(1)>");
  await page.getByRole("status").filter({ hasText: "Nothing has all of: <img" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#found").waitFor({ state: "hidden" });
});

test("a block of code is copied as it stands", async (t) => {
  const { page, context } = await openPage(t, { ...desktop, url: `${await docsBehindProxy(t)}start` });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const block = page.locator(".code").filter({ hasText: "npx taskcenter simulate" }).first();
  await block.hover();
  await block.getByRole("button", { name: "Copy" }).click();
  await block.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(
    await page.evaluate("navigator.clipboard.readText()"),
    await block.locator("code").textContent(),
  );
});

test("on a phone the menu leads to a page, and no page is wider than the screen", async (t) => {
  const start = await docsBehindProxy(t);
  const { page } = await openPage(t, { ...phone, url: start });
  await page.getByRole("button", { name: "Menu" }).click();
  await page
    .getByRole("navigation", { name: "Documentation" })
    .getByRole("link", { name: "Settings" })
    .click();
  await page.waitForURL("**/docs/reference/config");
  for (const address of [
    "reference/config",
    "reference/cli",
    "guides/wrap-a-backup",
    "operations/sizing",
    "changelog",
  ]) {
    await page.goto(start + address);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0, address);
  }
});

test("a page is read without its script", async (t) => {
  const { page } = await openPage(t, { ...desktop, javaScriptEnabled: false, url: await docsBehindProxy(t) });
  await page.getByRole("link", { name: "Glossary" }).first().click();
  await page.waitForURL("**/docs/glossary");
  assert.equal(await page.locator("search").isVisible(), false);
  assert.ok(await page.getByRole("heading", { name: "Glossary" }).isVisible());
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const [name, size] of Object.entries({ desktop, phone })) {
    test(`pages are accessible, ${colorScheme}, on a ${name}`, async (t) => {
      const start = await docsBehindProxy(t);
      const { page } = await openPage(t, { ...size, colorScheme, url: start });
      for (const address of ["", "start", "reference/errors", "reference/cli", "decisions/"]) {
        await page.goto(start + address);
        await assertAccessible(page);
      }
      await page.getByRole("searchbox").fill("retention");
      await page.getByRole("status").filter({ hasText: "found" }).waitFor();
      await assertAccessible(page);
    });
  }
}
