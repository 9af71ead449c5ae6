import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { roleId } from "../src/http/iam/documents.ts";
import { sessionHeaders, signIn, type TestSession } from "./console-session.ts";
import { addUser, createAccessKey, signedHeaders } from "./identities.ts";
import { assertProblem } from "./problems.ts";
import { sendRaw } from "./raw-request.ts";
import { makeSmallConsole } from "./small-console.ts";
import { callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** What a session opens: the task APIs below `/console/api/`, each in its own words, and nothing else. */
let server: TestServer;
let consoleUrl: string;
let session: TestSession;
const small = makeSmallConsole();

before(async () => {
  server = await startServer({ webDirectory: small.webDirectory });
  consoleUrl = `${server.url}/console/`;
  session = await signIn(consoleUrl);
  const made = await session.call(tasks, { body: task("first") });
  assert.equal(made.status, 201, made.text);
});
after(async () => {
  await server.close();
  small.remove();
});

const tasks = `api/v1/${projectId}/tasks`;
const task = (id: string) => ({ id, service: "rds", name: "BackupInstance", instance: { id: "in-1" } });

test("a session reads and changes tasks as a token of the project would", async () => {
  const made = await session.call(tasks, { body: task("made") });
  assert.equal(made.json.created_by, "admin");
  const read = await session.call(`${tasks}/made`);
  assert.deepEqual(read.json, (await server.call(`/v1/${projectId}/tasks/made`)).json);
  const report = await session.call(`${tasks}/made`, { method: "PATCH", body: { progress: 5 } });
  assert.equal(report.json.progress, 5);
  assert.equal((await session.call(`${tasks}/made`, { method: "DELETE" })).status, 204);
  assertProblem(await session.call(`${tasks}/made`), 404, "task-not-found");
});

test("every service's API answers as itself, in its words and its errors", async () => {
  for (const path of [
    `rds/v3/${projectId}/tasklist`,
    `rds/v3/${projectId}/jobs?id=first`,
    `ddm/v3/${projectId}/jobs?start_time=0&end_time=1`,
    `geminidb/v3/${projectId}/jobs?limit=0`,
    `rds/v3/${projectId}/nothing`,
  ]) {
    const through = await session.call(`api/${path}`);
    const direct = await server.call(`/${path}`);
    assert.equal(through.status, direct.status, path);
    const plain = (text: string) => text.replace(/"request_id":"[0-9a-f]{32}"/, "");
    assert.equal(plain(through.text), plain(direct.text), path);
  }
  const refused = await callServer(`${consoleUrl}api/rds/v3/${projectId}/tasklist`);
  assert.deepEqual([refused.status, refused.json.error_code], [401, "APIGW.0301"]);
  const changed = await session.call(`api/rds/v3/${projectId}/jobs?id=first`, {
    method: "DELETE",
    headers: { "x-csrf-token": "" },
  });
  assert.deepEqual([changed.status, changed.json.error_code], [403, "APIGW.0302"]);
});

test("nothing is changed without the CSRF token of the session, whatever the method is said to be", async () => {
  const other = await signIn(consoleUrl);
  const overrides = { "x-http-method-override": "GET", "x-method-override": "GET", "x-http-method": "HEAD" };
  for (const csrf of ["", other.csrfToken, session.token, `${session.csrfToken} `.repeat(2)]) {
    for (const [method, path, body] of [
      ["POST", tasks, task("smuggled")],
      ["POST", `${tasks}:batch`, undefined],
      ["PATCH", `${tasks}/first`, { progress: 99 }],
      ["DELETE", `${tasks}/first`, undefined],
    ] as const) {
      const headers = { "x-csrf-token": csrf, ...overrides };
      const answer = await session.call(path, { method, headers, ...(body && { body }) });
      assertProblem(answer, 403, "csrf");
    }
  }
  // And what only reads stays so.
  const overridden = await session.call(`${tasks}/first?_method=DELETE`, {
    headers: { "x-http-method-override": "DELETE" },
  });
  assert.equal(overridden.status, 200);
  const { json } = await session.call(tasks);
  assert.deepEqual([json.total, json.tasks[0].revision], [1, 1]);
});

test("a question that shows the token of another session is not answered for this one", async () => {
  const other = await signIn(consoleUrl);
  const headers = { "x-csrf-token": other.csrfToken };
  for (const path of [tasks, `${tasks}/first`, `${tasks}:stats?group_by=state`]) {
    assertProblem(await session.call(path, { headers }), 403, "csrf");
    assert.equal((await session.call(path, { headers: { "x-csrf-token": "" } })).status, 200);
  }
  const service = await session.call(`api/rds/v3/${projectId}/tasklist`, { headers });
  assert.deepEqual([service.status, service.json.error_code], [403, "APIGW.0302"]);
});

test("a page of the same site that is not ours is told nothing", async () => {
  for (const site of ["same-site", "cross-site"]) {
    const headers = { ...sessionHeaders(session.token), "sec-fetch-site": site };
    assertProblem(await sendRaw(consoleUrl + tasks, { headers }), 403, "csrf");
  }
});

test("through the console the session alone counts, and elsewhere it is none", async () => {
  const reader = await addUser(server, "reader", { project: ["reader"] });
  const readers = await signIn(consoleUrl, { user: reader.name, password: reader.password });
  // A better proof beside the session adds nothing.
  const key = await createAccessKey(
    server,
    await addUser(server, "key", { project: ["admin"] }),
    server.token,
  );
  const url = `${consoleUrl}${tasks}/first`;
  const signed = signedHeaders({ key, method: "DELETE", url, nowMs: server.nowMs() });
  for (const proof of [
    { "x-auth-token": server.token },
    signed,
    { authorization: "Basic YWRtaW46YWRtaW4=" },
  ]) {
    const answer = await readers.call(`${tasks}/first`, { method: "DELETE", headers: proof });
    assertProblem(answer, 403, "forbidden");
    assertProblem(await callServer(url, { headers: proof }), 401, "unauthenticated");
    // Nor does one that is worth nothing harm.
    assert.equal((await readers.call(tasks, { headers: { authorization: "Bearer x" } })).status, 200);
  }
  const headers = sessionHeaders(session.token);
  for (const path of [
    `/v1/${projectId}/tasks`,
    `/rds/v3/${projectId}/tasklist`,
    "/v3/auth/tokens",
    "/v3/auth/projects",
    "/v3/users",
    "/v3.0/OS-CREDENTIAL/credentials",
  ]) {
    assert.equal((await callServer(server.url + path, { headers })).status, 401, path);
  }
});

test("no spelling of an address leads a session out of the task APIs", async () => {
  const { json } = await server.call("/v3/users");
  const users = json.users.length;
  const headers = { ...sessionHeaders(session.token), "content-type": "application/json" };
  for (const target of [
    "/console/api/v3/users",
    "/console/api/v3/auth/tokens",
    "/console/api/v3.0/OS-CREDENTIAL/credentials",
    "/console/api/../v3/users",
    "/console/api/v1/../../v3/users",
    "/console/api/v1/../v3/users",
    "/console/api/%2e%2e/v3/users",
    "/console/api/%2E%2E/%2E%2E/v3/users",
    "/console/api/v1/%2e%2e/v3/users",
    "/console/api/v1/..%2f..%2fv3/users",
    "/console/api/v1%2f..%2fv3/users",
    "/console/api//v3/users",
    "/console/api//v1/x/tasks",
    "/console/api/\\v3/users",
    "/console/api/v1\\..\\v3/users",
    "/console/api/rds/../v3/users",
    "/console/api/rds/v3/users",
    "/console/api/rds/v3.0/OS-CREDENTIAL/credentials",
    "/console/api/console/session",
    "/console/api/console/api/v3/users",
    "/console/api/console/api/v1/x/tasks",
    "/console/api/http://x/v3/users",
    "/console/api/openapi.json",
    "/console/api/livez",
    "/console/api/metrics",
    "/console/api/v1",
    "/console/api/rds",
    "/console/api/rdsx/v3/x/tasklist",
    "/console/api/",
    "/console/api",
    "/%63onsole/%61pi/v3/users",
    "/console/%61pi/%763/users",
    "//console/api/v3/users",
    "/x/../console/api/v3/users",
    `${server.url}/console/api/v3/users`,
    "http://elsewhere/console/api/v3/users",
    "/CONSOLE/API/v3/users",
  ]) {
    for (const method of ["GET", "POST", "DELETE"]) {
      const body = method === "POST" ? JSON.stringify({ user: { name: "smuggled" } }) : "";
      const answer = await sendRaw(server.url, { method, target, headers, body });
      assert.ok(
        [400, 404, 405].includes(answer.status),
        `${method} ${target}: ${answer.status} ${answer.text}`,
      );
      assert.doesNotMatch(answer.text, /"users"|"token"/);
    }
  }
  assert.equal((await server.call("/v3/users")).json.users.length, users);
  // The same spellings of what is meant for it lead there.
  for (const target of [
    `/%63onsole/%61pi/v1/${projectId}/tasks`,
    `${server.url}/console/api/v1/${projectId}/tasks`,
  ]) {
    assert.equal((await sendRaw(server.url, { target, headers })).status, 200, target);
  }
});

test("what the console does not reach is refused in our own words, to everybody alike", async () => {
  for (const headers of [{}, sessionHeaders(session.token)]) {
    assertProblem(await callServer(`${consoleUrl}api/v3/users`, { headers }), 404, "route-not-found");
  }
});

test("a session is for every project in which its user has a role, and for no other", async () => {
  const make = async (path: string, body: object) => (await server.call(path, { body })).json;
  const [mine, theirs] = [
    (await make("/v3/projects", { project: { name: "mine too" } })).project.id,
    (await make("/v3/projects", { project: { name: "theirs" } })).project.id,
  ];
  const ann = await addUser(server, "ann", { project: ["reader"] });
  const role = `/v3/projects/${mine}/users/${ann.id}/roles/${roleId("reporter")}`;
  assert.equal((await server.call(role, { method: "PUT" })).status, 204);
  const anns = await signIn(consoleUrl, { user: ann.name, password: ann.password });
  assert.deepEqual(
    anns.document.projects.map(({ name, permissions }: { name: string; permissions: string[] }) => [
      name,
      permissions,
    ]),
    [
      ["eu-de", ["read"]],
      ["mine too", ["read", "report"]],
    ],
  );
  assertProblem(await anns.call(tasks, { body: task("not hers") }), 403, "forbidden");
  assert.equal((await anns.call(`api/v1/${mine}/tasks`, { body: task("hers") })).status, 201);
  assert.deepEqual((await anns.call(`api/v1/${mine}/tasks`)).json.total, 1);
  assert.deepEqual((await anns.call(tasks)).json.total, 1);

  // A project that is somebody else's, and one that is none, are told from one another by nothing.
  const refusals = new Set<string>();
  for (const id of [theirs, "f".repeat(32), "..", "%00", "a'; --"]) {
    for (const path of [
      `api/v1/${id}/tasks`,
      `api/v1/${id}/tasks:stats`,
      `api/v1/${id}/tasks/first/history`,
    ]) {
      const { status, json } = await anns.call(encodeURI(path).replace("/../", "/%2e%2e%2f/"));
      refusals.add(`${status} ${json.detail}`);
    }
  }
  assert.deepEqual([...refusals], ["403 The IAM user is not authorized to access the API."]);

  await server.call(role, { method: "DELETE" });
  assertProblem(await anns.call(`api/v1/${mine}/tasks`), 403, "forbidden");
  assert.equal((await anns.call(tasks)).status, 200);
  const disable = { method: "PATCH", body: { project: { enabled: false } } };
  assert.equal((await session.call(`api/v1/${theirs}/tasks`)).status, 403);
  await server.call(`/v3/projects/${theirs}`, disable);
  assert.equal((await session.call(`api/v1/${theirs}/tasks`)).status, 403);
});

test("who signs out while a body is on its way changes nothing", async () => {
  const leaving = await signIn(consoleUrl);
  const body = JSON.stringify(task("late"));
  const answer = await sendRaw(consoleUrl + tasks, {
    method: "POST",
    headers: {
      ...sessionHeaders(leaving.token),
      "content-type": "application/json",
      "content-length": String(body.length),
    },
    body: async () => {
      // The head is there when a request that was sent after it is answered.
      assert.equal((await leaving.call("session")).status, 200);
      assert.equal((await leaving.call("session", { method: "DELETE" })).status, 204);
      return body;
    },
  });
  assertProblem(answer, 401, "unauthenticated");
  assertProblem(await session.call(`${tasks}/late`), 404, "task-not-found");
});

test("an answer through the console is kept by nobody, and guarded like the page", async () => {
  for (const answer of [
    await session.call(tasks),
    await session.call(`${tasks}/none`),
    await session.call(`${tasks}?limit=0`),
    await session.call(tasks, { method: "PUT" }),
    await session.call("api/nothing"),
    await callServer(consoleUrl + tasks),
    await session.call("session"),
  ]) {
    assert.equal(answer.headers.get("cache-control"), "no-store", answer.text);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.match(answer.headers.get("content-security-policy") ?? "", /^default-src 'none'; /);
    assert.equal(answer.headers.get("cross-origin-resource-policy"), "same-origin");
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
  }
  // Elsewhere nothing of that is added.
  const direct = await server.call(`/v1/${projectId}/tasks`);
  assert.equal(direct.headers.get("cache-control"), "private, no-cache");
  assert.equal(direct.headers.get("content-security-policy"), null);
});

test("links and locations lead the console's page to where it can ask", async () => {
  for (const id of ["one", "two"]) {
    const made = await session.call(tasks, { body: task(id) });
    const location = new URL(made.headers.get("location") ?? "", consoleUrl + tasks);
    assert.equal(location.href, `${consoleUrl}${tasks}/${id}`);
  }
  const url = `${consoleUrl}${tasks}?service=rds&limit=1`;
  const { headers } = await callServer(url, { headers: sessionHeaders(session.token) });
  const next = /<([^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1] ?? assert.fail("no next page");
  assert.equal(new URL(next, url).href, `${consoleUrl}${tasks}?service=rds&limit=1&offset=1`);
  const direct = await server.call(`/v1/${projectId}/tasks?limit=1`);
  assert.match(
    direct.headers.get("link") ?? "",
    new RegExp(`<\\/v1\\/${projectId}\\/tasks\\?limit=1&offset=1>; rel="next"`),
  );
});
