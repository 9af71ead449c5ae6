import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertProblem } from "./problems.ts";
import { sendRaw } from "./raw-request.ts";
import { type Answer, type CallOptions, projectId, startServer, type TestServer } from "./start-server.ts";

const startMs = Date.parse("2026-03-01T12:00:00Z");
let nowMs = startMs;
let server: TestServer;

before(async () => {
  server = await startServer({ clock: () => nowMs, flags: { "token-lifetime": "366d" } });
});
after(() => server.close());

const path = (rest = "") => `/v1/${projectId}/tasks${rest}`;
const minimal = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };

async function create(body: object = {}, options: CallOptions = {}): Promise<Answer> {
  const answer = await server.call(path(), { body: { ...minimal, ...body }, ...options });
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

const report = (id: string, body: unknown, headers: Record<string, string> = {}) =>
  server.call(path(`/${id}`), { method: "PATCH", body, headers });

describe("reporting on a task", () => {
  test("changes it and answers it whole with its new revision", async () => {
    const { json } = await create();
    const answer = await report(json.id, { progress: 50, labels: { team: "a" } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers.get("etag"), '"2"');
    assert.deepEqual(answer.json, {
      ...json,
      progress: 50,
      labels: { team: "a" },
      revision: 2,
      updated_at: answer.json.updated_at,
    });
  });

  test("with nothing to say is a heartbeat, with a body or without", async () => {
    const { json } = await create({ lease_seconds: 60 });
    nowMs += 1000;
    for (const answer of [
      await report(json.id, {}),
      await server.call(path(`/${json.id}`), { method: "PATCH" }),
    ]) {
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.revision, 1);
      assert.equal(Date.parse(answer.json.lease_expires_at), nowMs + 60_000);
    }
  });

  test("is accepted as a merge patch by its own media type", async () => {
    const { json } = await create();
    const answer = await report(json.id, { progress: 1 }, { "content-type": "application/merge-patch+json" });
    assert.equal(answer.json.progress, 1);
  });

  test("is refused by the lifecycle, naming both statuses", async () => {
    const { json } = await create({ status: "Completed" });
    const answer = await report(json.id, { status: "Running" });
    assertProblem(answer, 409, "transition-refused");
    assert.match(answer.json.detail, /Completed.*Running/);
  });

  test("with If-Match is made only of that revision", async () => {
    const { json } = await create();
    assertProblem(await report(json.id, { progress: 1 }, { "if-match": '"2"' }), 412, "revision-mismatch");
    assertProblem(await report(json.id, { progress: 1 }, { "if-match": 'W/"1"' }), 412, "revision-mismatch");
    assert.equal((await report(json.id, { progress: 1 }, { "if-match": '"7", "1"' })).status, 200);
    assert.equal((await report(json.id, { progress: 2 }, { "if-match": "*" })).status, 200);
  });

  test("is refused what cannot be reported", async () => {
    const { json } = await create();
    for (const [field, body] of [
      ["name", { name: "Other" }],
      ["service", { service: "ddm" }],
      ["created_at", { created_at: "2026-01-01T00:00:00Z" }],
      ["progress", { progress: "50" }],
      ["instance.id", { instance: { id: "" } }],
      ["reported_at", { reported_at: "2100-01-01T00:00:00Z" }],
      ["ended_at", { ended_at: "2026-01-01T00:00:00Z" }],
      ["message", { message: "x".repeat(4097) }],
    ] as const) {
      assertProblem(await report(json.id, body), 400, "invalid-parameter", [field]);
    }
    assert.equal((await server.call(path(`/${json.id}`))).json.revision, 1);
  });

  test("that is no object is refused, and so are details of any depth", async () => {
    const { json } = await create();
    for (const body of ["null", "[]", "1", '"x"']) {
      assertProblem(await report(json.id, body), 400, "invalid-parameter");
    }
    const deep = `{"details":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`;
    assertProblem(await report(json.id, deep), 400, "invalid-parameter", ["details"]);
  });

  test("on an unknown task is refused", async () => {
    assertProblem(await report("nobody", {}), 404, "task-not-found");
  });
});

describe("reading tasks", () => {
  test("with If-None-Match is answered 304 until something changes", async () => {
    const { json } = await create();
    const read = (tag: string) => server.call(path(`/${json.id}`), { headers: { "if-none-match": tag } });
    for (const tag of ['"1"', 'W/"1"', '"0", "1"', "*"]) {
      const answer = await read(tag);
      assert.equal(answer.status, 304, tag);
      assert.equal(answer.text, "");
      assert.equal(answer.headers.get("etag"), '"1"');
    }
    await report(json.id, { progress: 5 });
    assert.equal((await read('"1"')).status, 200);
  });

  test("tells a stale task from a fresh one by its entity tag, too", async () => {
    const { json } = await create({ lease_seconds: 5 });
    nowMs += 5001;
    const answer = await server.call(path(`/${json.id}`), { headers: { "if-none-match": '"1"' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.stale, true);
    const tag = answer.headers.get("etag") ?? "";
    assert.equal((await report(json.id, { progress: 1 }, { "if-match": tag })).status, 200);
  });

  test("lists newest first, filters, pages, and counts the whole filter", async () => {
    const instance = { id: "listed" };
    for (let index = 0; index < 5; index += 1) {
      nowMs += 1000;
      await create({
        id: `list-${index}`,
        instance,
        order_id: `o${index}`,
        status: index % 2 === 0 ? "Running" : "Failed",
      });
    }
    const list = async (query: string) => {
      const { json } = await server.call(path(`?instance_id=listed${query}`));
      return { ids: json.tasks.map((task: { id: string }) => task.id.slice(5)).join(""), total: json.total };
    };
    assert.deepEqual(await list(""), { ids: "43210", total: 5 });
    assert.deepEqual(await list("&sort=created_at"), { ids: "01234", total: 5 });
    assert.deepEqual(await list("&limit=2&offset=1"), { ids: "32", total: 5 });
    assert.deepEqual(await list("&offset=5"), { ids: "", total: 5 });
    assert.deepEqual(await list("&state=failed"), { ids: "31", total: 2 });
    assert.deepEqual(await list("&state=failed&state=running&status=Running"), { ids: "420", total: 3 });
    assert.deepEqual(await list("&state=failed&status=Running"), { ids: "", total: 0 });
    assert.deepEqual(await list("&order_id=o1&order_id=o4"), { ids: "41", total: 2 });
    assert.deepEqual(await list("&name=Other"), { ids: "", total: 0 });
    assert.deepEqual(await list("&service=ddm&service=geminidb"), { ids: "", total: 0 });
    const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
    assert.deepEqual(await list(`&created_from=${at(nowMs - 3000)}&created_to=${at(nowMs - 1000)}`), {
      ids: "321",
      total: 3,
    });
    const zoned = new Date(nowMs + 3_600_000).toISOString().replace("Z", "+01:00");
    assert.deepEqual(await list(`&created_from=${zoned}`), { ids: "4", total: 1 });
  });

  test("links a page to its neighbours", async () => {
    const { headers } = await server.call(path("?instance_id=listed&limit=2&offset=2"));
    const link = (relation: string, offset: number) =>
      `<${path("?instance_id=listed&limit=2&offset=")}${offset}>; rel="${relation}"`;
    assert.equal(
      headers.get("link"),
      [link("first", 0), link("prev", 0), link("next", 4), link("last", 4)].join(", "),
    );
  });

  test("links keep the whole filter, whatever it holds", async () => {
    const { headers } = await server.call(path("?name=a?b%26c&limit=1"));
    assert.match(headers.get("link") ?? "", /^<[^>]*\?name=a%3Fb%26c&limit=1&offset=0>; rel="first", /);
  });

  test("refuses a filter that it does not know, and every value out of its limits", async () => {
    for (const [field, query] of [
      ["colour", "colour=red"],
      ["limit", "limit=0"],
      ["limit", "limit=501"],
      ["limit", "limit=1e1"],
      ["limit", "limit="],
      ["limit", "limit=5&limit=6"],
      ["sort", "sort=created_at&sort=created_at"],
      ["offset", "offset=-1"],
      ["offset", "offset=9999999999999999"],
      ["sort", "sort=name"],
      ["created_from", "created_from=yesterday"],
      ["created_to", "created_to=2026-13-01T00:00:00Z"],
      ["service", "service=mysql"],
      ["status", "status=Running&status=running"],
    ] as const) {
      assertProblem(await server.call(path(`?${query}`)), 400, "invalid-parameter", [field]);
    }
    assert.equal((await server.call(path("?limit=500&offset=999999999999999"))).status, 200);
  });

  test("tells a task's history oldest first, page by page", async () => {
    const { json } = await create({ id: "story" });
    for (const body of [
      { progress: 10 },
      { progress: 10.5 },
      {},
      { progress: 11, message: "half of it" },
      { status: "Completed" },
    ]) {
      nowMs += 1000;
      await report(json.id, body);
    }
    const first = (await server.call(path("/story/history?limit=2"))).json;
    const rest = (await server.call(path(`/story/history?cursor=${first.next_cursor}`))).json;
    const entries = [...first.history, ...rest.history];
    assert.deepEqual(
      entries.map((entry) => [entry.revision, Object.keys(entry.changes), entry.message]),
      [
        [1, ["status"], ""],
        [2, ["progress"], ""],
        [4, ["progress"], "half of it"],
        [5, ["status", "ended_at"], ""],
      ],
    );
    assert.deepEqual(entries[2].changes, { progress: { from: 10.5, to: 11 } });
    assert.equal(entries[3].by, "admin");
    assert.equal(rest.next_cursor, null);
    assertProblem(await server.call(path("/nobody/history")), 404, "task-not-found");
    assertProblem(await server.call(path("/story/history?cursor=x")), 400, "invalid-parameter", ["cursor"]);
  });
});

describe("deleting a task", () => {
  test("deletes the record and its history, once", async () => {
    await create({ id: "gone" });
    assertProblem(
      await server.call(path("/gone"), { method: "DELETE", headers: { "if-match": '"3"' } }),
      412,
      "revision-mismatch",
    );
    const headers = { "content-type": "application/json" };
    const answer = await server.call(path("/gone"), { method: "DELETE", headers });
    assert.equal(answer.status, 204);
    assert.equal(answer.text, "");
    for (const rest of ["/gone", "/gone/history"])
      assertProblem(await server.call(path(rest)), 404, "task-not-found");
    assertProblem(await server.call(path("/gone"), { method: "DELETE" }), 404, "task-not-found");
  });
});

describe("access", () => {
  test("needs a token of this very project, on every route", async () => {
    await create({ id: "private" });
    const foreign = `/v1/${"0".repeat(32)}/tasks`;
    for (const [method, rest] of [
      ["POST", ""],
      ["GET", ""],
      ["GET", "/private"],
      ["PATCH", "/private"],
      ["DELETE", "/private"],
      ["GET", "/private/history"],
    ] as const) {
      assertProblem(await server.call(path(rest), { method, token: null }), 401, "unauthenticated");
      assertProblem(await server.call(path(rest), { method, token: "A".repeat(43) }), 401, "unauthenticated");
      assertProblem(await server.call(foreign + rest, { method }), 403, "forbidden");
    }
    assert.equal((await server.call(path("/private"))).json.revision, 1);
  });

  test("unknown addresses and methods are told as problems", async () => {
    assertProblem(await server.call("/v1/nothing"), 404, "route-not-found");
    const answer = await server.call(path(), { method: "PUT", token: null });
    assertProblem(answer, 405, "method-not-allowed");
    assert.equal(answer.headers.get("allow"), "GET, HEAD, POST");
  });
});

test("every answer under /v1 is for its asker alone, and asked for anew each time: refusals, too", async () => {
  const made = await create({ id: "guarded" });
  const etag = made.headers.get("etag") ?? "";
  const ndjson = { "content-type": "application/x-ndjson" };
  const answers: readonly (readonly [status: number, answer: Answer])[] = [
    [201, made],
    [200, await server.call(path())],
    [200, await server.call(path(), { method: "HEAD" })],
    [200, await server.call(path(), { headers: { accept: "text/csv" } })],
    [200, await server.call(path(), { headers: { accept: "application/x-ndjson" } })],
    [200, await server.call(path(":stats"))],
    [200, await server.call(path("/guarded"))],
    [304, await server.call(path("/guarded"), { headers: { "if-none-match": etag } })],
    [200, await server.call(path("/guarded/history"))],
    [200, await report("guarded", { progress: 1 })],
    [200, await server.call(path(":batch"), { body: "{}", headers: ndjson })],
    [204, await server.call(path("/guarded"), { method: "DELETE" })],
    [400, await server.call(path("?limit=0"))],
    [400, await server.call(path(), { body: "{" })],
    [400, await server.call("/v1/%zz")],
    [401, await server.call(path(), { token: null })],
    [403, await server.call(`/v1/${"0".repeat(32)}/tasks`)],
    [404, await server.call(path("/guarded"))],
    [404, await server.call("/v1/nothing")],
    [405, await server.call(path(), { method: "PUT" })],
    [414, await sendRaw(server.url, { target: `/v1/${"a".repeat(8 * 1024)}` })],
    [415, await server.call(path(), { body: "a", headers: { "content-type": "text/plain" } })],
  ];
  for (const [status, answer] of answers) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers.get("cache-control"), "private, no-cache", `${status} ${answer.text}`);
  }
});

test("the OpenAPI document describes every call of our own API", async () => {
  const { json, status } = await server.call("/openapi.json", { token: null });
  assert.equal(status, 200);
  assert.equal(json.openapi, "3.1.0");
  const calls = Object.entries<object>(json.paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => `${method} ${url}`),
  );
  assert.deepEqual(calls.sort(), [
    "delete /v1/{project_id}/tasks/{id}",
    "get /v1/{project_id}/tasks",
    "get /v1/{project_id}/tasks/{id}",
    "get /v1/{project_id}/tasks/{id}/history",
    "get /v1/{project_id}/tasks:stats",
    "patch /v1/{project_id}/tasks/{id}",
    "post /v1/{project_id}/tasks",
    "post /v1/{project_id}/tasks:batch",
  ]);
  const { parameters } = json.paths["/v1/{project_id}/tasks/{id}/history"].get;
  assert.equal(parameters.find((p: { name: string }) => p.name === "limit").schema.maximum, 500);
});

test("the OpenAPI document tells the headers and media types that are really used", async () => {
  const { json } = await server.call("/openapi.json");
  const { get, patch } = json.paths["/v1/{project_id}/tasks/{id}"];
  const { post } = json.paths["/v1/{project_id}/tasks"];
  const headersOf = (call: { parameters: { in: string; name: string }[] }) =>
    call.parameters.filter((parameter) => parameter.in === "header").map(({ name }) => name);
  assert.deepEqual(headersOf(get), ["if-none-match"]);
  assert.deepEqual(headersOf(patch), ["if-match"]);
  assert.deepEqual(headersOf(post), ["idempotency-key"]);
  assert.deepEqual(Object.keys(patch.requestBody.content), [
    "application/json",
    "application/merge-patch+json",
  ]);
  assert.deepEqual(Object.keys(get.responses), ["200", "304", "4XX", "5XX"]);
  assert.deepEqual(Object.keys(get.responses["4XX"].content), ["application/problem+json"]);
  const created = await create();
  for (const header of Object.keys(post.responses["201"].headers))
    assert.ok(created.headers.get(header), header);
});

test("the OpenAPI document tells the list's three forms, its refusal, and the keys that follow a pattern", async () => {
  const { json } = await server.call("/openapi.json");
  for (const address of ["tasks", "tasks:stats"]) {
    const { parameters, responses } = json.paths[`/v1/{project_id}/${address}`].get;
    const named = (name: string) => parameters.find((parameter: { name: string }) => parameter.name === name);
    // An object in a query is sent member by member unless style or explode say otherwise.
    const { schema, ...labels } = named("labels");
    assert.deepEqual(Object.keys(labels).sort(), ["description", "in", "name", "required"]);
    assert.equal(labels.in, "query");
    assert.match("label.team", new RegExp(schema.propertyNames.pattern));
    assert.deepEqual(schema.additionalProperties, { type: "string", maxLength: 256 });
    for (const key of ["q", "stale", "instance_name", "database_name"])
      assert.equal(named(key).required, false);
    assert.deepEqual(Object.keys(responses["422"].content), ["application/problem+json"]);
  }
  const { content } = json.paths["/v1/{project_id}/tasks"].get.responses["200"];
  assert.deepEqual(Object.keys(content), ["application/json", "text/csv", "application/x-ndjson"]);
});

test("health and version need no token", async () => {
  assert.deepEqual((await server.call("/livez", { token: null })).json, { status: "ok" });
  assert.deepEqual((await server.call("/readyz", { token: null })).json, { status: "ok" });
  assert.equal((await server.call("/version", { token: null })).json.name, "taskcenter");
});

test("a silent task whose producer asked for it fails by itself", async () => {
  const { json } = await create({ lease_seconds: 5, on_stale: "fail" });
  nowMs += 5001;
  const deadline = performance.now() + 5000;
  let task = json;
  while (task.status === "Running" && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    task = (await server.call(path(`/${json.id}`))).json;
  }
  assert.equal(task.status, "Failed");
  assert.equal(task.fail_reason, "No report for 5 seconds.");
  assert.equal((await report(json.id, {})).json.status, "Running");
});
