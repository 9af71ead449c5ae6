import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { roleId } from "../src/http/iam/documents.ts";
import { sessionHeaders, signIn, tokenInCookie } from "./console-session.ts";
import { addUser } from "./identities.ts";
import { assertProblem } from "./problems.ts";
import { sendRaw } from "./raw-request.ts";
import { makeSmallConsole } from "./small-console.ts";
import { adminPassword, callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** The console's session: who gets one, how it ends, and what protects it. What it opens is in console-api.test.ts. */
const hourMs = 60 * 60 * 1000;
let clockMs = Date.UTC(2026, 0, 31, 8, 30);
let server: TestServer;
let consoleUrl: string;
const small = makeSmallConsole();

before(async () => {
  server = await startServer({ clock: () => clockMs, webDirectory: small.webDirectory });
  consoleUrl = `${server.url}/console/`;
});
after(async () => {
  await server.close();
  small.remove();
});

const admin = { user: "admin", password: adminPassword };
const json = { "content-type": "application/json" };
const logIn = (headers: Readonly<Record<string, string>>, body: object = admin) =>
  sendRaw(`${consoleUrl}session`, { method: "POST", headers, body: JSON.stringify(body) });

test("a login answers who that is, what they may where, and how to find the server, but never the token", async () => {
  const answer = await logIn(json);
  assert.equal(answer.status, 200, answer.text);
  const { csrf_token, ...document } = answer.json;
  const [project] = document.projects;
  assert.deepEqual(document, {
    user: { id: document.user.id, name: "admin", domain: { id: "default", name: "Default" } },
    projects: [
      {
        id: projectId,
        name: "eu-de",
        description: project.description,
        roles: ["admin"],
        permissions: ["read", "report", "operate", "import"],
      },
    ],
    expires_at: new Date(clockMs + 24 * hourMs).toISOString(),
    server: {
      version: document.server.version,
      region: "eu-de",
      utc_offset: "+0000",
      public_url: server.url,
    },
  });
  assert.match(csrf_token, /^[A-Za-z0-9_-]{43}$/);
  const token = tokenInCookie(answer);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.ok(!answer.text.includes(token));
  assert.notEqual(csrf_token, token);
  const again = await callServer(`${consoleUrl}session`, { headers: sessionHeaders(token) });
  assert.deepEqual(again.json, answer.json);
});

test("the cookie is for no script, no other site and no other path, and lives as long as the token", async () => {
  const answer = await logIn(json);
  const [, ...attributes] = (answer.headers.get("set-cookie") ?? "").split("; ");
  assert.deepEqual(attributes.sort(), ["HttpOnly", "Max-Age=86400", "SameSite=Strict"]);
  assert.equal(answer.headers.get("cache-control"), "no-store");
});

test("where the public address is https, the cookie goes over nothing else", async (context) => {
  const secure = await startServer({ flags: { "public-url": "https://tasks.example.com/ops" } });
  context.after(() => secure.close());
  const url = `${secure.url}/console/session`;
  const answer = await callServer(url, { body: admin, headers: { "x-forwarded-proto": "http" } });
  assert.match(answer.headers.get("set-cookie") ?? "", /; Secure/);
  assert.equal(answer.json.server.public_url, "https://tasks.example.com/ops");
  const over = await callServer(url, { method: "DELETE", headers: sessionHeaders(tokenInCookie(answer)) });
  assert.match(over.headers.get("set-cookie") ?? "", /^taskcenter_session=; Max-Age=0;.*; Secure/);
  // And what a proxy says of a request decides nothing.
  const plain = await logIn({ ...json, "x-forwarded-proto": "https" });
  assert.doesNotMatch(plain.headers.get("set-cookie") ?? "", /Secure/);
});

test("whoever is not right about user, domain or password gets one refusal, and no cookie", async () => {
  const bodies = new Set<string>();
  for (const wrong of [
    { user: "admin", password: "a guess" },
    { user: "nobody", password: adminPassword },
    { ...admin, domain: "Other" },
  ]) {
    const answer = await logIn(json, wrong);
    assertProblem(answer, 401, "unauthenticated");
    assert.equal(answer.headers.get("set-cookie"), null);
    bodies.add(answer.json.detail);
  }
  assert.deepEqual([...bodies], ["The user, the domain or the password is not right."]);
  assert.equal((await logIn(json, { ...admin, domain: "Default" })).status, 200);
});

test("a login of another shape is refused by its field", async () => {
  for (const [body, field] of [
    [{ user: "admin" }, "password"],
    [{ ...admin, user: "" }, "user"],
    [{ ...admin, password: { $ne: "" } }, "password"],
    [{ ...admin, scope: "everything" }, "scope"],
  ] as const) {
    assertProblem(await logIn(json, body), 400, "invalid-parameter", [field]);
  }
  assertProblem(await logIn(json, { ...admin, user: "a".repeat(20_000) }), 413, "request-too-large");
});

test("a body that another site's form can send is none of a login", async () => {
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/merge-patch+json",
    "text/plain; application/json",
    "application/json, text/plain",
    "application/json;x=y",
  ]) {
    assertProblem(await logIn({ "content-type": type }), 415, "unsupported-media-type");
  }
  assertProblem(await logIn({}), 415, "unsupported-media-type");
  assert.equal((await logIn({ "content-type": "application/json; charset=utf-8" })).status, 200);
});

test("a login that comes from a page of another origin is refused, by whatever the browser says", async () => {
  const { host } = new URL(server.url);
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", origin: server.url },
    { origin: "https://evil.example" },
    { origin: `http://${host}.evil.example` },
    { origin: "null" },
    { origin: "" },
  ]) {
    const answer = await logIn({ ...json, ...headers });
    assertProblem(answer, 403, "csrf");
    assert.equal(answer.headers.get("set-cookie"), null);
  }
  for (const headers of [
    { "sec-fetch-site": "same-origin" },
    // Behind a proxy that has another name: the browser's judgement counts.
    { "sec-fetch-site": "same-origin", origin: "https://tasks.example.com" },
    { origin: server.url },
  ]) {
    assert.equal((await logIn({ ...json, ...headers })).status, 200, JSON.stringify(headers));
  }
});

test("too many passwords at once are sent away in our words, with the time to come back", async () => {
  const guesses = Array.from({ length: 40 }, (_, number) =>
    logIn(json, { ...admin, password: `guess ${number}` }),
  );
  const answers = await Promise.all(guesses);
  const sentAway = answers.filter(({ status }) => status === 429);
  assert.ok(sentAway.length > 0);
  for (const answer of sentAway) {
    assertProblem(answer, 429, "too-many-requests");
    assert.equal(answer.headers.get("retry-after"), "3");
  }
});

test("without a session there is none to read, and to end one that is over is no fault", async () => {
  const { token, cookie } = await signIn(consoleUrl);
  await callServer(`${consoleUrl}session`, { method: "DELETE", headers: sessionHeaders(token) });
  for (const [headers, status] of [
    [{}, 204],
    [{ cookie }, 401],
    [{ cookie: "taskcenter_session=" }, 204],
    [{ cookie: `taskcenter_session="${token}"` }, 401],
  ] as const) {
    const asked = await callServer(`${consoleUrl}session`, { headers });
    assert.equal(asked.status, status, JSON.stringify(headers));
    const over = await callServer(`${consoleUrl}session`, { method: "DELETE", headers });
    assert.equal(over.status, 204);
    assert.match(
      over.headers.get("set-cookie") ?? "",
      /^taskcenter_session=; Max-Age=0; HttpOnly; SameSite=Strict$/,
    );
  }
  // A token alone is none either.
  const answer = await callServer(`${consoleUrl}session`, { token: server.token });
  assert.equal(answer.status, 204);
});

test("a session ends for good: its token is worth nothing anywhere", async () => {
  const session = await signIn(consoleUrl);
  assert.equal((await server.call("/v3/auth/projects", { token: session.token })).status, 200);
  assert.equal((await session.call("session", { method: "DELETE" })).status, 204);
  assertProblem(await session.call("session"), 401, "unauthenticated");
  assertProblem(await session.call(`api/v1/${projectId}/tasks`), 401, "unauthenticated");
  assert.equal((await server.call("/v3/auth/projects", { token: session.token })).status, 401);
});

test("whoever signs in again ends the session that the browser had", async () => {
  const first = await signIn(consoleUrl);
  const answer = await logIn({ ...json, cookie: first.cookie });
  assert.equal(answer.status, 200);
  assertProblem(await first.call("session"), 401, "unauthenticated");
  const second = sessionHeaders(tokenInCookie(answer));
  assert.equal((await callServer(`${consoleUrl}session`, { headers: second })).status, 200);
  // And a failed attempt ends nothing.
  assert.equal((await logIn({ ...json, ...second }, { ...admin, password: "a guess" })).status, 401);
  assert.equal((await callServer(`${consoleUrl}session`, { headers: second })).status, 200);
});

test("nobody ends another's session: not without its CSRF token, and not from another origin", async () => {
  const session = await signIn(consoleUrl);
  const other = await signIn(consoleUrl);
  assert.notEqual(session.csrfToken, other.csrfToken);
  for (const headers of [
    { "x-csrf-token": "" },
    { "x-csrf-token": other.csrfToken },
    { "x-csrf-token": `${session.csrfToken}x` },
    { "x-csrf-token": session.csrfToken.toUpperCase() },
    { "x-csrf-token": session.token },
    { "sec-fetch-site": "same-site" },
  ]) {
    const answer = await sendRaw(`${consoleUrl}session`, {
      method: "DELETE",
      headers: { cookie: session.cookie, "x-csrf-token": session.csrfToken, ...headers },
    });
    assertProblem(answer, 403, "csrf");
    assert.equal(answer.headers.get("set-cookie"), null);
  }
  assert.equal((await session.call("session")).status, 200);
});

test("the session's document is not for pages of the same site that are not ours", async () => {
  const { token } = await signIn(consoleUrl);
  for (const site of ["same-site", "cross-site", "anything"]) {
    const headers = { ...sessionHeaders(token), "sec-fetch-site": site };
    assertProblem(await sendRaw(`${consoleUrl}session`, { headers }), 403, "csrf");
  }
});

test("a stranger's body is not read, however the session is asked for", async () => {
  const body = "x".repeat(20_000);
  for (const method of ["POST", "DELETE"]) {
    assertProblem(await callServer(`${consoleUrl}session`, { method, body }), 413, "request-too-large");
  }
});

test("a session ends with its time, its user and their password, at once", async () => {
  const change = (id: string, user: object) =>
    server.call(`/v3/users/${id}`, { method: "PATCH", body: { user } });
  for (const [name, end] of [
    ["disabled", (id: string) => change(id, { enabled: false })],
    ["changed", (id: string) => change(id, { password: "another password" })],
    ["deleted", (id: string) => server.call(`/v3/users/${id}`, { method: "DELETE" })],
  ] as const) {
    const user = await addUser(server, `to be ${name}`, { project: ["reader"] });
    const session = await signIn(consoleUrl, { user: user.name, password: user.password });
    assert.equal((await session.call(`api/v1/${projectId}/tasks`)).status, 200);
    assert.ok((await end(user.id)).status < 300);
    assertProblem(await session.call("session"), 401, "unauthenticated");
    assertProblem(await session.call(`api/v1/${projectId}/tasks`), 401, "unauthenticated");
  }
  const session = await signIn(consoleUrl);
  clockMs += 24 * hourMs;
  assertProblem(await session.call("session"), 401, "token-expired");
  assertProblem(await session.call(`api/v1/${projectId}/tasks`), 401, "token-expired");
  server = await server.withNewToken();
});

test("a role that is taken away is gone from the session's document, and whoever has none may still sign in", async () => {
  const user = await addUser(server, "on the way out", { project: ["reader", "operator"] });
  const session = await signIn(consoleUrl, { user: user.name, password: user.password });
  const take = (role: "reader" | "operator") =>
    server.call(`/v3/projects/${projectId}/users/${user.id}/roles/${roleId(role)}`, { method: "DELETE" });
  const projects = async () => (await session.call("session")).json.projects;
  assert.deepEqual((await projects())[0].permissions, ["read", "operate"]);
  await take("operator");
  assert.deepEqual((await projects())[0].roles, ["reader"]);
  await take("reader");
  assert.deepEqual(await projects(), []);
  assert.deepEqual(
    (await signIn(consoleUrl, { user: user.name, password: user.password })).document.projects,
    [],
  );
});

test("HEAD of the session is as GET, without its body; any other method is refused by name", async () => {
  const { token } = await signIn(consoleUrl);
  const headers = sessionHeaders(token);
  const head = await callServer(`${consoleUrl}session`, { method: "HEAD", headers });
  assert.deepEqual([head.status, head.text], [200, ""]);
  const put = await callServer(`${consoleUrl}session`, { method: "PUT", headers });
  assertProblem(put, 405, "method-not-allowed");
  assert.equal(put.headers.get("allow"), "DELETE, GET, HEAD, POST");
});

test("a service's own listener has no console", async (context) => {
  const beside = await startServer({
    flags: { "listen-rds": "127.0.0.1:0" },
    webDirectory: small.webDirectory,
  });
  context.after(() => beside.close());
  const { rds = "" } = beside.serviceUrls;
  const { cookie } = await signIn(`${beside.url}/console/`);
  for (const path of ["/console", "/console/", "/console/session", `/console/api/v1/${projectId}/tasks`]) {
    const answer = await callServer(rds + path, { headers: { cookie, accept: "text/html" } });
    assert.equal(answer.status, 404, path);
  }
  assert.equal((await callServer(rds, { headers: { accept: "text/html" } })).status, 300);
});

test("after all of that no log line has a cookie, a token or a password", async () => {
  const { token, csrfToken } = await signIn(consoleUrl);
  assertProblem(
    await sendRaw(`${consoleUrl}session`, { method: "POST", headers: json, body: "{" }),
    400,
    "malformed-request",
  );
  const log = server.logged.join("");
  assert.notEqual(log, "");
  for (const secret of [token, csrfToken, adminPassword, "taskcenter_session"])
    assert.ok(!log.includes(secret));
});
