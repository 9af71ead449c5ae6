import assert from "node:assert/strict";
import test, { after, before, type TestContext } from "node:test";
import { adminPassword, projectId, startServer, type TestServer } from "../../test/start-server.ts";
import {
  ApiError,
  type CreateTaskBody,
  connect,
  type PasswordCredentials,
  type TaskCenterClient,
} from "./index.ts";

const startMs = Date.parse("2026-01-31T08:30:00Z");
let nowMs = startMs;
let server: TestServer;
let client: TaskCenterClient;

before(async () => {
  server = await startServer({ clock: () => nowMs, flags: { "token-lifetime": "1h" } });
  client = await connect({ credentials: password() });
});
after(() => server.close());

function password(changes: Partial<PasswordCredentials> = {}): PasswordCredentials {
  return {
    kind: "password",
    authUrl: `${server.url}/v3`,
    user: { name: "admin", domain: { id: "default" } },
    password: adminPassword,
    project: { id: projectId },
    ...changes,
  };
}

const backup: CreateTaskBody = { service: "rds", name: "BackupInstance", instance: { id: "db1" } };

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return assert.fail("nothing was refused");
}

test("logs in by names and ids, with and without /v3 and a slash, in a region of the catalog", async () => {
  const names = {
    user: { name: "admin", domain: { name: "Default" } },
    project: { name: "eu-de", domain: { name: "Default" } },
    region: "eu-de",
    interface: "public",
  };
  for (const changes of [names, { authUrl: server.url }, { authUrl: `${server.url}/` }]) {
    const other = await connect({ credentials: password(changes) });
    assert.equal((await other.listTasks({ limit: 1 })).tasks.length <= 1, true);
  }
});

test("a wrong password is refused without being shown", async () => {
  const error = await refusal(connect({ credentials: password({ password: "not this one" }) }));
  assert.equal(error.status, 401);
  assert.notEqual(error.detail, "");
  assert.ok(!JSON.stringify({ ...error, message: error.message }).includes("not this one"));
});

test("a region without a Task Center is named", async () => {
  await assert.rejects(connect({ credentials: password({ region: "eu-nl" }) }), {
    name: "ConnectionError",
    message: "the catalog has no public endpoint of type taskcenter in region eu-nl for this project",
  });
});

test("a token leads to its project, and so does the project's address", async () => {
  for (const url of [server.url, `${server.url}/v1/${projectId}`]) {
    const other = await connect({ credentials: { kind: "token", url, token: server.token } });
    assert.equal((await other.createTask(backup)).project_id, projectId);
  }
});

test("a token that is none is refused", async () => {
  const credentials = { kind: "token", url: server.url, token: "nonsense" } as const;
  assert.equal((await refusal(connect({ credentials }))).status, 401);
});

test("a task is created, reported on, read, listed and deleted", async () => {
  const created = await client.createTask({ ...backup, instance: { id: "life" }, lease_seconds: undefined });
  assert.equal(created.status, "Running");
  assert.equal(created.created_by, "admin");

  const reported = await client.reportTask(created.id, { progress: 60, message: "more than half" });
  assert.equal(reported.progress, 60);
  assert.equal(reported.revision, 2);

  assert.deepEqual(await client.getTask(created.id), reported);
  assert.deepEqual(await client.listTasks({ instance_id: ["life"] }), {
    tasks: [reported],
    total: 1,
    next_cursor: null,
  });
  const { history, next_cursor } = await client.listHistory(created.id);
  assert.deepEqual(
    history.map(({ revision, by, message }) => ({ revision, by, message })),
    [
      { revision: 1, by: "admin", message: "" },
      { revision: 2, by: "admin", message: "more than half" },
    ],
  );
  assert.deepEqual(history[1]?.changes, { progress: { from: null, to: 60 } });
  assert.equal(next_cursor, null);

  assert.equal(await client.deleteTask(created.id), undefined);
  assert.equal((await refusal(client.getTask(created.id))).code, "task-not-found");
});

test("a history is read part by part", async () => {
  const { id } = await client.createTask(backup);
  for (const progress of [10, 20, 30]) await client.reportTask(id, { progress });
  const first = await client.listHistory(id, { limit: 3 });
  assert.deepEqual(
    first.history.map((entry) => entry.revision),
    [1, 2, 3],
  );
  const second = await client.listHistory(id, { limit: 3, cursor: first.next_cursor ?? "" });
  assert.deepEqual(
    second.history.map((entry) => entry.revision),
    [4],
  );
  assert.equal(second.next_cursor, null);
});

test("several values of a filter mean any of them, and none means no condition", async () => {
  const created = await Promise.all(
    ["a&b=c", "größe +1", "d"].map((id) =>
      client.createTask({ ...backup, name: "Filter", instance: { id } }),
    ),
  );
  const { total, tasks } = await client.listTasks({
    name: ["Filter"],
    instance_id: ["a&b=c", "größe +1"],
    state: [],
    created_from: "2026-01-31T09:30:00+01:00",
    sort: "created_at",
  });
  assert.equal(total, 2);
  assert.deepEqual(
    new Set(tasks.map((task) => task.id)),
    new Set(created.slice(0, 2).map((task) => task.id)),
  );
});

test("the same key creates one task, however often it is sent", async () => {
  const options = { idempotencyKey: "key-1" };
  const first = await client.createTask(backup, options);
  assert.deepEqual(await client.createTask(backup, options), first);
  const error = await refusal(client.createTask({ ...backup, name: "Other" }, options));
  assert.deepEqual([error.status, error.code], [422, "idempotency-key-reused"]);
});

test("without a key of its own every creation is another task", async () => {
  assert.notEqual((await client.createTask(backup)).id, (await client.createTask(backup)).id);
});

test("what the server refuses comes with its code, fields and request id", async () => {
  const error = await refusal(client.createTask({ ...backup, instance: { id: "x".repeat(65) } }));
  assert.equal(error.status, 400);
  assert.equal(error.code, "invalid-parameter");
  assert.equal(error.errors[0]?.field, "instance.id");
  assert.equal(error.message, error.detail);
  assert.match(error.requestId, /^[0-9a-f]{32}$/);
});

test("a report that expects another revision changes nothing", async () => {
  const { id } = await client.createTask(backup);
  assert.equal((await client.reportTask(id, { progress: 10 }, { ifRevision: 1 })).revision, 2);
  const error = await refusal(client.reportTask(id, { progress: 20 }, { ifRevision: 1 }));
  assert.deepEqual([error.status, error.code], [412, "revision-mismatch"]);
  assert.equal((await client.getTask(id)).progress, 10);
  assert.equal((await refusal(client.deleteTask(id, { ifRevision: 1 }))).status, 412);
  await client.deleteTask(id, { ifRevision: 2 });
});

test("an id leads to its task only, whatever is in it", async () => {
  for (const id of ["../tasks", "..", ".", "", "a?b", "a#b", "%2e%2e"]) {
    assert.equal((await refusal(client.getTask(id))).status, 404, id);
    assert.equal((await refusal(client.deleteTask(id))).status, 404, id);
  }
});

test("a task is unchanged until something about it changes", async () => {
  const known = await client.createTask(backup);
  assert.equal(await client.getTaskIfChanged(known), "unchanged");
  await client.reportTask(known.id, { progress: 5 });
  const changed = await client.getTaskIfChanged(known);
  assert.equal(changed === "unchanged" ? undefined : changed.progress, 5);
});

test("going stale is a change to see, and so is a document of a list", async (t) => {
  t.after(() => {
    nowMs = startMs;
  });
  const known = await client.createTask({ ...backup, instance: { id: "stale" }, lease_seconds: 60 });
  nowMs += 61_000;
  const changed = await client.getTaskIfChanged(known);
  assert.equal(changed === "unchanged" ? undefined : changed.stale, true);
  const [listed] = (await client.listTasks({ instance_id: ["stale"] })).tasks;
  assert.ok(listed !== undefined);
  assert.notEqual(await client.getTaskIfChanged(listed), "unchanged");
});

test("a watch shows a task as it stands, every change, and the end", async () => {
  const { id } = await client.createTask(backup);
  const seen: unknown[] = [];
  const next = [
    () => client.reportTask(id, { progress: 50 }),
    () => client.reportTask(id, { status: "Failed", fail_reason: "disk full" }),
  ];
  for await (const task of client.watchTask(id, { pollMs: 2 })) {
    seen.push([task.status, task.progress, task.fail_reason]);
    await next.shift()?.();
  }
  assert.deepEqual(seen, [
    ["Running", null, ""],
    ["Running", 50, ""],
    ["Failed", 50, "disk full"],
  ]);
});

test("waiting for an ended task takes no time", async () => {
  const { id } = await client.createTask({ ...backup, status: "Completed" });
  assert.equal((await client.waitForTask(id, { timeoutMs: 60_000, pollMs: 60_000 })).state, "succeeded");
});

test("waiting ends with the task, after its timeout, or by its signal", async () => {
  const { id } = await client.createTask(backup);
  await assert.rejects(client.waitForTask(id, { timeoutMs: 20, pollMs: 2 }), { name: "TimeoutError" });
  const stop = new AbortController();
  const stopped = client.waitForTask(id, { signal: stop.signal, pollMs: 60_000 });
  stop.abort();
  await assert.rejects(stopped, { name: "AbortError" });
  const waiting = client.waitForTask(id, { pollMs: 2 });
  await client.reportTask(id, { status: "Canceled" });
  assert.equal((await waiting).state, "canceled");
});

test("a task that is deleted while somebody waits for it is not found", async () => {
  const { id } = await client.createTask(backup);
  const waiting = refusal(client.waitForTask(id, { pollMs: 2 }));
  await client.deleteTask(id);
  assert.equal((await waiting).code, "task-not-found");
});

test("when its token ends, a client logs in again and goes on", async (t: TestContext) => {
  t.after(() => {
    nowMs = startMs;
  });
  const own = await connect({ credentials: password() });
  const { id } = await own.createTask(backup);
  nowMs += 3_600_001;
  const reports = [10, 20, 30].map((progress) => own.reportTask(id, { progress }));
  assert.equal((await Promise.all(reports)).length, 3);
});

test("when its token ends, a client that has only the token says so", async (t: TestContext) => {
  t.after(() => {
    nowMs = startMs;
  });
  const own = await connect({ credentials: { kind: "token", url: server.url, token: server.token } });
  nowMs += 3_600_001;
  assert.equal((await refusal(own.listTasks())).status, 401);
});
