import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertProblem } from "./problems.ts";
import { type Answer, type CallOptions, projectId, startServer, type TestServer } from "./start-server.ts";

const startMs = Date.parse("2026-03-01T12:00:00Z");
let nowMs = startMs;
let server: TestServer;

before(async () => {
  server = await startServer({
    clock: () => nowMs,
    flags: { "token-lifetime": "366d", retention: "36500d" },
  });
});
after(() => server.close());

const path = (rest = "") => `/v1/${projectId}/tasks${rest}`;
const minimal = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };

async function create(body: object = {}, options: CallOptions = {}): Promise<Answer> {
  const answer = await server.call(path(), { body: { ...minimal, ...body }, ...options });
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

describe("creating a task", () => {
  test("answers the whole task, where it is, and its revision", async () => {
    const answer = await create({
      id: "whole",
      instance: { id: "in01", name: "orders", status: "BACKING UP" },
      database_name: "db1",
      order_id: "o1",
      progress: 12.5,
      created_at: "2026-03-01T12:30:00.123+01:00",
      planned_end_at: "2026-03-02T00:00:00Z",
      lease_seconds: 60,
      labels: { team: "payments" },
      details: { tool: "xtrabackup" },
    });
    assert.equal(answer.headers.get("location"), path("/whole"));
    assert.equal(answer.headers.get("etag"), '"1"');
    assert.deepEqual(answer.json, {
      id: "whole",
      project_id: projectId,
      service: "rds",
      kind: "instant",
      name: "BackupInstance",
      status: "Running",
      state: "running",
      progress: 12.5,
      instance: { id: "in01", name: "orders", status: "BACKING UP" },
      database_name: "db1",
      order_id: "o1",
      fail_reason: "",
      operations: ["cancel"],
      created_at: "2026-03-01T11:30:00.123Z",
      started_at: "2026-03-01T11:30:00.123Z",
      updated_at: "2026-03-01T11:30:00.123Z",
      ended_at: null,
      planned_start_at: null,
      planned_end_at: "2026-03-02T00:00:00.000Z",
      priority: null,
      parent_id: null,
      attempt: 1,
      stale: false,
      lease_expires_at: "2026-03-01T12:01:00.000Z",
      details: { tool: "xtrabackup" },
      labels: { team: "payments" },
      created_by: "admin",
      revision: 1,
    });
    assert.equal((await server.call(path("/whole"))).text, answer.text);
  });

  test("gives an id where the producer has none", async () => {
    const { json } = await create();
    assert.match(json.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("again with an equal body gets the first answer, whatever has happened since", async () => {
    const first = await create({ id: "twice", labels: { a: "1", b: "2" } });
    await server.call(path("/twice"), { method: "PATCH", body: { status: "Completed" } });
    const again = await server.call(path(), {
      body: { labels: { b: "2", a: "1" }, id: "twice", ...minimal },
    });
    assert.equal(again.status, 201);
    assert.deepEqual(again.json, first.json);
    assert.equal((await server.call(path("/twice"))).json.status, "Completed");
  });

  test("again gets its first answer also when it would not be accepted any more", async () => {
    const createdAt = new Date(nowMs).toISOString();
    const first = await create({ id: "retried", created_at: createdAt });
    nowMs -= 10 * 60_000;
    const again = await create({ id: "retried", created_at: createdAt });
    nowMs += 10 * 60_000;
    assert.equal(again.text, first.text);
  });

  test("again with another body is a conflict", async () => {
    await create({ id: "taken" });
    const body = { ...minimal, id: "taken", name: "Other" };
    assertProblem(await server.call(path(), { body }), 409, "task-exists");
    assert.equal((await server.call(path("/taken"))).json.name, "BackupInstance");
  });

  test("with an idempotency key makes one task, and refuses the key for another body", async () => {
    const headers = { "idempotency-key": "order 66" };
    const first = await create({}, { headers });
    const again = await create({}, { headers });
    assert.equal(again.text, first.text);
    const other = await server.call(path(), { body: { ...minimal, name: "Other" }, headers });
    assertProblem(other, 422, "idempotency-key-reused");
  });

  test("an idempotency key is forgotten after 24 hours", async () => {
    const headers = { "idempotency-key": "daily" };
    const first = await create({}, { headers });
    nowMs += 24 * 60 * 60 * 1000 + 1;
    const next = await create({}, { headers });
    assert.notEqual(next.json.id, first.json.id);
  });

  const text = (length: number) => "\u{1F4BE}".repeat(length);
  const limits: readonly [field: string, accepted: object[], refused: object[]][] = [
    ["service", [{ service: "ddm" }], [{ service: "mysql" }, { service: 1 }, { service: null }]],
    ["name", [{ name: "x" }, { name: text(64) }], [{ name: "" }, { name: text(65) }, { name: "a\u0000" }]],
    [
      "instance.id",
      [{ instance: { id: text(64) } }],
      [{ instance: { id: "" } }, { instance: { id: text(65) } }, { instance: { id: 5 } }],
    ],
    [
      "instance.name",
      [{ instance: { id: "i", name: text(128) } }],
      [{ instance: { id: "i", name: text(129) } }],
    ],
    [
      "instance.status",
      [{ instance: { id: "i", status: text(64) } }],
      [{ instance: { id: "i", status: text(65) } }],
    ],
    ["instance", [], [{ instance: null }, { instance: "in01" }]],
    [
      "id",
      [{ id: "A-z_0".padEnd(64, "9") }],
      [{ id: "" }, { id: "a b" }, { id: "x".repeat(65) }, { id: "ü" }],
    ],
    ["kind", [{ kind: "scheduled" }], [{ kind: "later" }]],
    ["status", [{ status: "Failed" }], [{ status: "failed" }, { status: "" }]],
    [
      "progress",
      [{ progress: 0 }, { progress: 100 }, { progress: null }],
      [{ progress: -0.1 }, { progress: 100.1 }, { progress: "5" }],
    ],
    ["database_name", [{ database_name: text(128) }, { database_name: "" }], [{ database_name: text(129) }]],
    ["order_id", [{ order_id: text(64) }, { order_id: "" }], [{ order_id: text(65) }]],
    ["fail_reason", [{ fail_reason: text(4096) }], [{ fail_reason: text(4097) }, { fail_reason: "\ud800" }]],
    [
      "created_at",
      [{ created_at: "1970-01-01T00:00:00Z" }, { created_at: "2026-02-28T23:59:59.999-12:00" }],
      [
        { created_at: "1969-12-31T23:59:59Z" },
        { created_at: "2026-02-30T00:00:00Z" },
        { created_at: "yesterday" },
        { created_at: 0 },
        { created_at: "2100-01-01T00:00:00Z" },
      ],
    ],
    [
      "priority",
      [{ priority: 1 }, { priority: 100 }],
      [{ priority: 0 }, { priority: 101 }, { priority: 1.5 }],
    ],
    ["attempt", [{ attempt: 1 }], [{ attempt: 0 }, { attempt: "1" }]],
    ["parent_id", [{ parent_id: "p-1" }, { parent_id: null }], [{ parent_id: "" }, { parent_id: "a/b" }]],
    [
      "lease_seconds",
      [{ lease_seconds: 5 }, { lease_seconds: 86_400 }],
      [{ lease_seconds: 4 }, { lease_seconds: 86_401 }],
    ],
    ["on_stale", [{ on_stale: "fail" }], [{ on_stale: "ignore" }]],
    ["details", [{ details: {} }], [{ details: [] }, { details: "x" }, { details: null }]],
    ["labels.a", [{ labels: { a: text(256) } }], [{ labels: { a: text(257) } }, { labels: { a: 1 } }]],
    [
      "labels",
      [{ labels: Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`a.b_c-${n}`, ""])) }],
      [
        { labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`l${n}`, ""])) },
        { labels: { Upper: "" } },
        { labels: { "": "" } },
        { labels: { ["x".repeat(64)]: "" } },
      ],
    ],
    ["unknown", [], [{ unknown: 1 }]],
  ];
  for (const [field, accepted, refused] of limits) {
    test(`holds ${field} to its limits`, async () => {
      for (const body of accepted) await create(body);
      const before = (await server.call(path("?limit=1"))).json.total;
      for (const body of refused) {
        const answer = await server.call(path(), { body: { ...minimal, ...body } });
        assertProblem(answer, 400, "invalid-parameter", [field]);
      }
      assert.equal((await server.call(path("?limit=1"))).json.total, before);
    });
  }

  test("is refused without what is required, by name", async () => {
    for (const field of ["service", "name", "instance"] as const) {
      const { [field]: _left, ...body } = minimal;
      assertProblem(await server.call(path(), { body }), 400, "invalid-parameter", [field]);
    }
    const body = { ...minimal, instance: {} };
    assertProblem(await server.call(path(), { body }), 400, "invalid-parameter", ["instance.id"]);
  });

  test("is refused a body that is no JSON, none at all, too large, or of another type", async () => {
    assertProblem(await server.call(path(), { body: "{" }), 400, "malformed-request");
    assertProblem(await server.call(path(), { body: '{"__proto__":{}}' }), 400, "malformed-request");
    assertProblem(await server.call(path(), { method: "POST" }), 400, "invalid-parameter");
    assertProblem(await server.call(path(), { body: "[]" }), 400, "invalid-parameter");
    assertProblem(
      await server.call(path(), { body: JSON.stringify("x".repeat(2 ** 20)) }),
      413,
      "request-too-large",
    );
    const headers = { "content-type": "text/plain" };
    assertProblem(await server.call(path(), { body: "hello", headers }), 415, "unsupported-media-type");
    const packed = { "content-encoding": "gzip" };
    assertProblem(await server.call(path(), { body: "{}", headers: packed }), 415, "unsupported-media-type");
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const answer = await server.call(path(), {
      body: `{"service":"rds","name":"n","instance":{"id":"i"},"details":${deep}}`,
    });
    assertProblem(answer, 400, "invalid-parameter", ["details"]);
  });

  test("is refused a body that is no UTF-8", async () => {
    const body = Buffer.from(JSON.stringify({ ...minimal, name: "?" })).map((byte) =>
      byte === 0x3f ? 0xff : byte,
    );
    const response = await fetch(server.url + path(), {
      method: "POST",
      headers: { "x-auth-token": server.token, "content-type": "application/json" },
      body,
    });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /UTF-8/);
  });

  test("keeps planned times to four digits of a year in every zone", async () => {
    const last = await create({ planned_end_at: "9999-12-31T23:59:59.999+14:00" });
    assert.equal(last.json.planned_end_at, "9999-12-31T09:59:59.999Z");
    const body = { ...minimal, planned_end_at: "9999-12-31T10:00:00Z" };
    assertProblem(await server.call(path(), { body }), 400, "invalid-parameter", ["planned_end_at"]);
  });

  test("is refused an idempotency key that is no printable ASCII, or too long", async () => {
    for (const key of ["", "x".repeat(256), "a\tb"]) {
      const answer = await server.call(path(), { body: minimal, headers: { "idempotency-key": key } });
      assertProblem(answer, 400, "invalid-parameter", ["idempotency-key"]);
    }
  });
});
