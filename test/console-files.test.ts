import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { tokenInCookie } from "./console-session.ts";
import { startPrefixProxy } from "./prefix-proxy.ts";
import { assertProblem } from "./problems.ts";
import { sendRaw } from "./raw-request.ts";
import { makeSmallConsole, smallPage, smallScript } from "./small-console.ts";
import { adminPassword, callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** The console's page and its files: where they lie, under any prefix, and that nothing else is given out. */
let server: TestServer;
const small = makeSmallConsole();
const html = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };

before(async () => {
  server = await startServer({ webDirectory: small.webDirectory });
});
after(async () => {
  await server.close();
  small.remove();
});

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  callServer(server.url + path, { headers });
const baseIn = (text: string): string => /<base href="([^"]*)">/.exec(text)?.[1] ?? assert.fail("no base");

test("the page is the same at every address, and its base leads to the console", async () => {
  const addresses = [
    "/console/",
    "/console/?a=b/c",
    "/console/overview",
    "/console/overview/",
    `/console/${projectId}/tasks`,
    `/console/${projectId}/tasks/`,
    `/console/${projectId}/tasks/a%2Fb?x=/y/z`,
    "/console//",
    "/console//a",
    "/console/index.html",
    "/console/assetsx",
    "/console/sessions",
    "/console/apis/v1",
  ];
  for (const address of addresses) {
    const { status, headers, text } = await get(address, html);
    assert.equal(status, 200, address);
    assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
    const base = baseIn(text);
    assert.equal(new URL(base, server.url + address).href, `${server.url}/console/`, `${address}: ${base}`);
    assert.equal(text.replace(`<base href="${base}">`, ""), smallPage);
    assert.ok(text.indexOf("<base") < text.indexOf("<script"), "before the first link");
  }
});

test("what a path says is never part of the page", async () => {
  for (const target of [
    '/console/"><script>alert(1)</script>/x',
    "/console/%22%3E%3Cscript%3E/x",
    "/console/$&/$`/x",
    "/console/../../x",
  ]) {
    const { status, text } = await sendRaw(server.url, { target });
    assert.equal(status, 200);
    assert.match(baseIn(text), /^(?:\.\.\/)+$/);
    assert.equal(text.replace(/<base[^>]*>/, ""), smallPage);
  }
});

test("a browser that has the page is told so, by HEAD too, and asks each time", async () => {
  const first = await get("/console/a/b");
  const tag = first.headers.get("etag") ?? "";
  assert.match(tag, /^"[A-Za-z0-9_-]{27}"$/);
  assert.equal(first.headers.get("cache-control"), "no-cache");
  for (const given of [tag, `W/${tag}`, `"other", ${tag}`]) {
    const again = await get("/console/a/c", { "if-none-match": given });
    assert.deepEqual([again.status, again.text, again.headers.get("etag")], [304, "", tag]);
  }
  // At another depth it is another page.
  assert.equal((await get("/console/a", { "if-none-match": tag })).status, 200);
  const head = await callServer(`${server.url}/console/a/b`, { method: "HEAD" });
  assert.deepEqual([head.status, head.text, head.headers.get("etag")], [200, "", tag]);
  assert.equal(head.headers.get("content-length"), String(Buffer.byteLength(first.text)));
});

test("a browser that asks for the root is led to the console, and everybody else finds IAM", async () => {
  for (const [accept, leads] of [
    [html.accept, true],
    ["text/html", true],
    ["text/*, application/json;q=0.9", true],
    [undefined, false],
    ["*/*", false],
    ["application/json", false],
    ["application/json, text/html", false],
    ["application/json, text/html;q=0.9", false],
    ["text/plain", false],
  ] as const) {
    const given: Record<string, string> = accept === undefined ? {} : { accept };
    const answer = await get("/", given);
    assert.equal(answer.status, leads ? 302 : 300, String(accept));
    assert.equal(answer.headers.get("location"), leads ? "console/" : null);
    assert.equal(answer.headers.get("vary"), "X-Auth-Token, Accept");
    if (!leads) assert.equal(answer.json.versions.values[0].id, "v3.14");
  }
  const head = await callServer(server.url, { method: "HEAD", headers: html });
  assert.deepEqual([head.status, head.headers.get("location")], [302, "console/"]);
  const post = await callServer(server.url, { method: "POST", headers: html });
  assert.equal(post.status, 405);
  const folder = await get("/console?x=1", html);
  assert.deepEqual([folder.status, folder.headers.get("location")], [302, "console/?x=1"]);
});

test("an asset has its type, stays a year, and comes as small as the browser takes it", async () => {
  const script = "/console/assets/app-1a2b3c.js";
  const read = async (encoding: string) => {
    const answer = await fetch(server.url + script, { headers: { "accept-encoding": encoding } });
    return { answer, text: await answer.text() };
  };
  for (const [accepted, encoding] of [
    ["br, gzip", "br"],
    ["gzip", "gzip"],
    ["identity", null],
    ["gzip;q=0", null],
  ] as const) {
    const { answer, text } = await read(accepted);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-encoding"), encoding, accepted);
    assert.match(
      answer.headers.get("content-type") ?? "",
      /^(?:text|application)\/javascript; charset=utf-8$/,
    );
    assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.match(answer.headers.get("vary") ?? "", /accept-encoding/i);
    assert.equal(text, smallScript);
  }
  const types = {
    "style-4d5e6f.css": "text/css; charset=utf-8",
    "icon-7a8b9c.svg": "image/svg+xml",
    "font-0d1e2f.woff2": "font/woff2",
  };
  for (const [name, type] of Object.entries(types)) {
    const { status, headers } = await get(`/console/assets/${name}`);
    assert.deepEqual([status, headers.get("content-type")], [200, type], name);
  }
  const head = await callServer(server.url + script, { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("the compressed files are what they say", async () => {
  const raw = async (encoding: string) => {
    const answer = await fetch(`${server.url}/console/assets/app-1a2b3c.js.${encoding}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  assert.equal(brotliDecompressSync(await raw("br")).toString(), smallScript);
  assert.equal(gunzipSync(await raw("gz")).toString(), smallScript);
});

test("nothing is given out but the assets: no folder, no hidden file, nothing beside them", async () => {
  for (const target of [
    "/console/assets",
    "/console/assets/",
    "/console/assets/.hidden",
    "/console/assets/%2ehidden",
    "/console/assets/../index.html",
    "/console/assets/../../beside.txt",
    "/console/assets/..%2f..%2fbeside.txt",
    "/console/assets/%2e%2e/%2e%2e/beside.txt",
    "/console/assets/..\\..\\beside.txt",
    "/console/assets/%5c..%5c..%5cbeside.txt",
    "/console/assets//etc/passwd",
    "/console/assets/%2fetc%2fpasswd",
    "/console/assets/app-1a2b3c.js%00.css",
    "/console/assets/./app-1a2b3c.js",
    "/console/assets//app-1a2b3c.js",
    "/console/assets/none.js",
    "/console/assets/app-1a2b3c.js/",
    "/console/assets/APP-1a2b3c.js",
  ]) {
    const { status, headers, text } = await sendRaw(server.url, { target, headers: html });
    assert.ok([400, 404].includes(status), `${target}: ${status}`);
    assert.doesNotMatch(text, /beside the console|hidden\n|root:|node_modules|taskcenter-console/, target);
    assert.equal(headers.get("content-type"), "application/problem+json; charset=utf-8", target);
    assert.doesNotMatch(headers.get("cache-control") ?? "", /max-age/, target);
  }
});

test("every answer of the console tells the browser to run and show nothing that is not ours", async () => {
  for (const path of [
    "/console",
    "/console/",
    "/console/assets/app-1a2b3c.js",
    "/console/assets/none.js",
    "/console/session",
    "/console/api/v3/users",
    `/console/api/v1/${projectId}/tasks`,
  ]) {
    const { headers } = await get(path);
    const policy = (headers.get("content-security-policy") ?? "").split("; ");
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]) {
      assert.ok(policy.includes(rule), `${path}: ${rule}`);
    }
    assert.ok(!policy.some((rule) => /unsafe|\*|https?:/.test(rule)), path);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "same-origin");
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.match(headers.get("permissions-policy") ?? "", /camera=\(\)/);
  }
});

test("a page is read and nothing else", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PROPFIND"]) {
    const answer = await callServer(`${server.url}/console/overview`, { method });
    assertProblem(answer, 405, "method-not-allowed");
    assert.equal(answer.headers.get("allow"), "GET, HEAD");
  }
});

test("behind a proxy that adds a prefix everything is found, and the cookie is for nothing else there", async (context) => {
  const proxy = await startPrefixProxy(server.url, "/ops/tasks");
  context.after(() => proxy.close());
  const consoleUrl = `${proxy.url}console/`;
  const root = await callServer(proxy.url, { headers: html });
  assert.equal(new URL(root.headers.get("location") ?? "", proxy.url).href, consoleUrl);
  const folder = await callServer(`${proxy.url}console`, { headers: html });
  assert.equal(new URL(folder.headers.get("location") ?? "", `${proxy.url}console`).href, consoleUrl);

  const address = `${consoleUrl}${projectId}/tasks/first`;
  const page = await callServer(address, { headers: html });
  const base = new URL(baseIn(page.text), address);
  assert.equal(base.href, consoleUrl);
  const script = new URL(/src="([^"]*)"/.exec(page.text)?.[1] ?? "", base);
  assert.equal((await callServer(script.href)).text, smallScript);

  // The browser's own words for a page of the same origin, which has another host than the server is told.
  const login = await sendRaw(`${consoleUrl}session`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "sec-fetch-site": "same-origin",
      origin: new URL(proxy.url).origin,
    },
    body: JSON.stringify({ user: "admin", password: adminPassword }),
  });
  assert.equal(login.status, 200, login.text);
  assert.doesNotMatch(login.headers.get("set-cookie") ?? "", /path=/i);
  // Without a path a cookie is for the folder of the address that set it, as RFC 6265 says in 5.1.4.
  const cookiePath = new URL(".", `${consoleUrl}session`).pathname.replace(/\/$/, "");
  assert.equal(cookiePath, "/ops/tasks/console");
  const cookie = `taskcenter_session=${tokenInCookie(login)}`;
  const tasks = `${consoleUrl}api/v1/${projectId}/tasks`;
  assert.ok(new URL(tasks).pathname.startsWith(`${cookiePath}/`));
  const list = await callServer(`${tasks}?limit=1`, { headers: { cookie } });
  assert.equal(list.status, 200);
  const first = /<([^>]*)>; rel="first"/.exec(list.headers.get("link") ?? "")?.[1] ?? "";
  assert.equal((await callServer(new URL(first, tasks).href, { headers: { cookie } })).status, 200);
});

test("where the console is not built its page says what to do, and the rest works", async (context) => {
  const empty = mkdtempSync(join(tmpdir(), "taskcenter-console-"));
  const unbuilt = await startServer({ webDirectory: join(empty, "web") });
  context.after(async () => {
    await unbuilt.close();
    rmSync(empty, { recursive: true });
  });
  const page = await callServer(`${unbuilt.url}/console/overview`, { headers: html });
  assert.equal(page.status, 503);
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(page.text, /npm run build:web/);
  assertProblem(await callServer(`${unbuilt.url}/console/assets/app.js`), 404, "route-not-found");
  assert.equal((await unbuilt.call(`/v1/${projectId}/tasks`)).status, 200);
});

test("a page into which no base can be put is refused at the start", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-console-"));
  context.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "assets"));
  writeFileSync(join(directory, "index.html"), "<p>no page");
  await assert.rejects(startServer({ webDirectory: directory }), /index\.html has no head/);
});
