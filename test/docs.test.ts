import assert from "node:assert/strict";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import MiniSearch from "minisearch";
import { buildDocs } from "../scripts/build-docs.ts";
import { errorCodes } from "../src/task/error.ts";
import { type Found, searchOptions } from "../web/docs/search-options.ts";
import { startPrefixProxy } from "./prefix-proxy.ts";
import { sendRaw } from "./raw-request.ts";
import { serveDocs } from "./serve-docs.ts";
import { writeDocs } from "./write-docs.ts";

/** The documentation as it is built now, served by a real server, and read as a browser reads it. */
const root = fileURLToPath(new URL("..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "taskcenter-docs-"));
const docsDirectory = join(directory, "docs");

before(() => buildDocs({ root, to: docsDirectory }));
after(() => rmSync(directory, { recursive: true, force: true }));

const get = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, { redirect: "manual", headers });

/** The values of an attribute on a page, as its author meant them. */
function attributes(html: string, name: string): readonly string[] {
  return Array.from(html.matchAll(new RegExp(`<[^>]* ${name}="([^"]*)"`, "g")), ([, value = ""]) =>
    value.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
}

/** Of the index of the search: where what it finds leads. */
interface SearchIndex {
  readonly storedFields: Readonly<Record<string, { readonly address: string }>>;
}

/** Follows every link of every page from the start on, and answers the pages by their addresses. */
async function crawl(start: string): Promise<ReadonlyMap<string, string>> {
  const pages = new Map<string, string>();
  const waiting = [start];
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (pages.has(address)) continue;
    const answer = await get(address);
    assert.equal(answer.status, 200, address);
    const html = await answer.text();
    pages.set(address, html);
    for (const href of attributes(html, "href")) {
      const target = new URL(href, address);
      target.hash = "";
      if (target.href.startsWith(start) && !target.pathname.includes("/assets/")) waiting.push(target.href);
    }
  }
  return pages;
}

for (const prefix of ["", "/some/prefix"]) {
  const where = prefix === "" ? "the server itself" : "a proxy that adds a path";
  test(`every page is reached from the start through ${where}, and every link and anchor leads somewhere`, async (t) => {
    const server = await serveDocs(t, docsDirectory);
    const proxy = await startPrefixProxy(server, prefix);
    t.after(() => proxy.close());
    const outside = prefix === "" ? server : new URL(proxy.url).origin;
    const start = `${outside}${prefix}/docs/`;
    const pages = await crawl(start);
    const sources = globSync("docs/**/*.md", { cwd: root });
    assert.ok(sources.length > 40, "there is documentation");
    for (const source of sources) {
      const address = source.replace(/^docs\//, "").replace(/(^|\/)README\.md$/, "$1");
      assert.ok(pages.has(start + address.replace(/\.md$/, "")), `nothing leads to ${source}`);
    }
    const files = new Set<string>();
    const lost: string[] = [];
    for (const [address, html] of pages) {
      for (const href of attributes(html, "href")) {
        const { pathname, hash, origin } = new URL(href, address);
        const target = pages.get(origin + pathname);
        if (target !== undefined) {
          const id = decodeURIComponent(hash.slice(1));
          if (id !== "" && !attributes(target, "id").includes(id)) lost.push(`${address}: ${href}`);
        } else if (pathname.startsWith(`${prefix}/docs/assets/`)) files.add(origin + pathname);
        else if (pathname !== `${prefix}/console/` && origin === outside) lost.push(`${address}: ${href}`);
      }
      for (const src of [...attributes(html, "src"), ...attributes(html, "data-index")]) {
        files.add(new URL(src, address).href);
      }
    }
    assert.deepEqual(lost, []);
    assert.ok(files.size >= 4, "a style, a script, an index and a picture at least");
    for (const file of files) {
      assert.ok(file.startsWith(start), `${file} is loaded from elsewhere`);
      assert.equal((await get(file)).status, 200, file);
    }
    const searched = attributes(pages.get(start) ?? "", "data-index")[0] ?? "";
    const index = (await (await get(new URL(searched, start).href)).json()) as SearchIndex;
    for (const { address } of Object.values(index.storedFields)) {
      const [name = "", id = ""] = address.split("#");
      const target = pages.get(start + name);
      assert.ok(target !== undefined, `the search leads to ${address}`);
      assert.ok(id === "" || attributes(target, "id").includes(id), `the search leads to ${address}`);
    }
  });
}

test("the search finds a setting, an error and a word of a guide by what somebody would type", () => {
  const [file = ""] = globSync("assets/search-*.json", { cwd: docsDirectory });
  const index = MiniSearch.loadJSON<Found>(readFileSync(join(docsDirectory, file), "utf8"), searchOptions);
  const first = (words: string, count = 3): readonly string[] =>
    index
      .search(words)
      .slice(0, count)
      .map(({ address }) => address);
  assert.deepEqual(first("retention", 1), ["reference/config#retention"]);
  assert.ok(first("transition refused").includes("reference/errors#transition-refused"));
  assert.ok(first("cron backup missing").some((address) => address.startsWith("guides/wrap-a-backup")));
  // Begun, and with a wrong letter.
  assert.ok(first("postgr").length > 0);
  assert.ok(first("retemtion").includes("reference/config#retention"));
  assert.deepEqual(first("zzzzzz"), []);
});

test("nothing on a page comes from elsewhere, runs where it stands, or is styled where it stands", async () => {
  for (const file of globSync("**/*.html", { cwd: docsDirectory })) {
    const html = readFileSync(join(docsDirectory, file), "utf8");
    const loaded = [...attributes(html, "src"), ...attributes(html, "data-index")];
    for (const [tag] of html.matchAll(/<link [^>]*>/g)) loaded.push(...attributes(tag, "href"));
    for (const address of loaded) assert.doesNotMatch(address, /^(?:[a-z]+:|\/)/i, file);
    assert.doesNotMatch(html, /<style|<base|<iframe|<[^>]* (?:style|on[a-z]+)=/i, file);
    for (const [, body = ""] of html.matchAll(/<script[^>]*>(.*?)<\/script>/gs)) assert.equal(body, "", file);
  }
  for (const file of globSync("assets/*.{css,js}", { cwd: docsDirectory })) {
    const text = readFileSync(join(docsDirectory, file), "utf8");
    assert.doesNotMatch(text, /url\(["']?(?:https?:|\/|data:)|import\(["']https?:/, file);
  }
});

test("the address that the type of a problem names shows that error", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  const problem = (await (await get(`${server}/v1/nowhere`)).json()) as { readonly type: string };
  const { pathname, hash } = new URL(problem.type);
  const answer = await get(server + pathname);
  assert.deepEqual([answer.status, answer.headers.get("location")], [302, "reference/errors"]);
  const page = await (await get(new URL("reference/errors", server + pathname).href)).text();
  const ids = attributes(page, "id");
  assert.ok(ids.includes(hash.slice(1)));
  assert.deepEqual(
    errorCodes.filter((code) => !ids.includes(code)),
    [],
  );
});

test("a page has one address: other spellings of it are led there, relative to where the reader is", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  const ways: Readonly<Record<string, string>> = {
    "/docs": "docs/",
    "/docs?from=somewhere": "docs/",
    "/docs/operations": "operations/",
    "/docs/reference/errors/": "../errors",
    "/docs/errors": "reference/errors",
  };
  for (const [path, location] of Object.entries(ways)) {
    for (const method of ["GET", "HEAD"]) {
      const answer = await fetch(server + path, { method, redirect: "manual" });
      assert.deepEqual([answer.status, answer.headers.get("location")], [302, location], path);
    }
    assert.equal((await fetch(server + path)).status, 200, path);
  }
});

test("a page is asked for anew each time and answered with 304, an asset is kept", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  const page = await get(`${server}/docs/reference/errors`, { "accept-encoding": "identity" });
  const text = await page.text();
  assert.match(page.headers.get("content-type") ?? "", /^text\/html; ?charset=utf-8$/i);
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const tag = page.headers.get("etag") ?? "";
  assert.notEqual(tag, "");
  // As a browser asks again: `fetch` by itself would ask for no answer from any memory.
  const again = await sendRaw(`${server}/docs/reference/errors`, { headers: { "if-none-match": tag } });
  assert.equal(again.status, 304);
  const head = await fetch(`${server}/docs/reference/errors`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);

  const [script = ""] = attributes(text, "src").filter((src) => src.endsWith(".js"));
  const asset = await get(new URL(script, `${server}/docs/reference/`).href);
  assert.equal(asset.status, 200);
  assert.match(asset.headers.get("content-type") ?? "", /^(?:text|application)\/javascript\b/);
  assert.equal(asset.headers.get("cache-control"), "public, max-age=31536000, immutable");
});

test("a page comes compressed to whoever takes that, and is the same", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  const read = async (encoding: string) => {
    const answer = await get(`${server}/docs/reference/http`, { "accept-encoding": encoding });
    const { headers } = answer;
    return {
      encoding: headers.get("content-encoding"),
      vary: headers.get("vary"),
      text: await answer.text(),
    };
  };
  const plain = await read("identity");
  assert.equal(plain.encoding, null);
  for (const encoding of ["br", "gzip"]) {
    assert.deepEqual(await read(encoding), { encoding, vary: "accept-encoding", text: plain.text });
  }
});

test("every answer has the headers that keep a page to itself, whether there is a page or not", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  for (const path of ["/docs", "/docs/", "/docs/reference/errors", "/docs/errors", "/docs/nothing"]) {
    const { headers } = await get(server + path);
    const policy = headers.get("content-security-policy") ?? "";
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "trusted-types 'none'",
    ]) {
      assert.ok(policy.split("; ").includes(part), `${path}: ${part}`);
    }
    assert.doesNotMatch(policy, /unsafe|https?:|\*/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", path);
    assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/, path);
    assert.equal(headers.get("set-cookie"), null, path);
  }
});

test("an address that is nearly a name is answered as fast as any other", { timeout: 10_000 }, async (t) => {
  const server = await serveDocs(t, docsDirectory);
  for (const nearly of ["assets/-", "assets/a.", "assets/a-", "a/", "a-", "assets/_"]) {
    const [start = "", again = ""] = nearly.split(/(?<=^assets\/)/);
    const name = again === "" ? start.repeat(500) : start + again.repeat(500);
    assert.equal((await get(`${server}/docs/${name}!`)).status, 404, nearly);
  }
});

test("an address that leads deep down does not make the answer long", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  for (const part of ["a/", "/", "A/"]) {
    const answer = await get(`${server}/docs/${part.repeat(3000)}`);
    assert.deepEqual([answer.status, await answer.text()], [404, "There is no such page.\n"], part);
  }
});

test("what is not there is a page that leads back, however deep, and nothing of the machine", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  for (const path of [
    "/docs/nothing",
    "/docs/deep/er/than/anything",
    "/docs/reference/errors.html",
    "/docs/404",
    "/docs/assets/",
    "/docs/assets/nothing.js",
    "/docs/.git/config",
    "/docs/reference/..%2f..%2f..%2fpackage.json",
    "/docs/%00",
    "/docs/%3Cscript%3E",
    "/docs//etc/passwd",
    "/docs/constructor",
  ]) {
    const answer = await get(server + path);
    const html = await answer.text();
    assert.equal(answer.status, 404, path);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/html/, path);
    assert.equal(answer.headers.get("cache-control"), "no-store", path);
    assert.match(html, /There is no such page/, path);
    for (const [name, value] of ["href", "src"].flatMap((name) =>
      attributes(html, name).map((value) => [name, value] as const),
    )) {
      const target = new URL(value, server + path);
      if (name === "href" && (value.startsWith("#") || target.pathname === "/console/")) continue;
      assert.ok(target.pathname.startsWith("/docs/"), `${path}: ${value}`);
      assert.equal((await get(target.href)).status, 200, `${path}: ${value}`);
    }
    assert.ok(!html.includes(directory) && !html.includes("{{"), path);
  }
});

test("a path that climbs out of the folder, as no browser sends it, is answered with nothing", async (t) => {
  writeFileSync(join(directory, "secret.html"), "secret");
  const server = await serveDocs(t, docsDirectory);
  for (const path of [
    "/docs/../secret",
    "/docs/..%2fsecret",
    "/docs/%2e%2e/secret.html",
    "/docs/assets/../../secret.html",
  ]) {
    const answer = await sendRaw(server, { target: path });
    assert.equal(answer.status, 404, path);
    assert.doesNotMatch(answer.text, /\bsecret$/m, path);
  }
});

test("other methods are refused in our own words", async (t) => {
  const server = await serveDocs(t, docsDirectory);
  const answer = await fetch(`${server}/docs/reference/errors`, { method: "POST" });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get("allow"), "GET, HEAD");
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
});

test("where nothing was built, the answer says what builds it", async (t) => {
  const server = await serveDocs(t, join(directory, "nothing"));
  for (const path of ["/docs/", "/docs/reference/errors", "/docs/start"]) {
    const answer = await get(server + path);
    assert.equal(answer.status, 503, path);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(await answer.text(), /^The documentation is not built\. .*npm run build:web$/m);
  }
});

test("what a build finds broken ends it, and leaves what was built before", async () => {
  const copy = mkdtempSync(join(tmpdir(), "taskcenter-docs-"));
  const built = join(copy, "built");
  const build = (page: string): Promise<string> => {
    const sources = { "CHANGELOG.md": "# Changelog\n", "docs/README.md": `# Start\n\n${page}\n` };
    return writeDocs({ root: copy, program: root, sources, to: built }).then(
      () => "built",
      (error: Error) => error.message,
    );
  };
  assert.equal(
    await build("[here](#start), [there](../CHANGELOG.md#changelog), [a file](../package.json)"),
    "built",
  );
  const before = readFileSync(join(built, "index.html"), "utf8");
  assert.match(before, /a file \(package\.json\)/);
  for (const [page, problem] of [
    ["[nowhere](nowhere.md)", /docs\/README\.md: nothing lies at docs\/nowhere\.md/],
    ["[nowhere](../../etc/passwd)", /nothing lies at/],
    ["[nowhere](#nowhere)", /nothing is called nowhere/],
    ["[nowhere](../CHANGELOG.md#nowhere)", /nothing is called nowhere at changelog/],
    ["![nowhere](nowhere.png)", /no picture lies at docs\/nowhere\.png/],
    ["<script>alert(1)</script>", /HTML: <script>/],
    ["a <b>word</b>", /HTML: <b>/],
  ] as const) {
    assert.match(await build(page), problem);
  }
  assert.equal(readFileSync(join(built, "index.html"), "utf8"), before);
  rmSync(copy, { recursive: true });
});
