import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answer, projectId, startServer, type TestServer } from "./start-server.ts";

/** RDS's calls on jobs, through the whole server: one task, an instance's tasks, and the deletion of a record. */
const createdMs = Date.parse("2026-03-01T12:00:00Z");
const nowMs = createdMs + 60_000;
let server: TestServer;

before(async () => {
  server = await startServer({ clock: () => nowMs });
});
after(() => server.close());

async function create(body: object): Promise<void> {
  const task = { service: "rds", name: "BackupInstance", instance: { id: "in01", name: "orders" } };
  const created = { created_at: new Date(createdMs).toISOString(), ...task, ...body };
  const answer = await server.call(`/v1/${projectId}/tasks`, { body: created });
  assert.equal(answer.status, 201, answer.text);
}

const job = (query: string, method = "GET") => server.call(`/rds/v3/${projectId}/jobs${query}`, { method });
const detail = (query: string, instanceId = "in01") =>
  server.call(`/rds/v3/${projectId}/instances/${instanceId}/tasklist/detail${query}`);

function assertSays(answer: Answer, code: string, message: string): void {
  assert.equal(answer.status, 400, answer.text);
  assert.equal(answer.text, JSON.stringify({ error_msg: message, error_code: code }));
}

const assertUnknown = (answer: Answer) => assertSays(answer, "DBS.200543", "The job does not exist.");
const assertRefused = (answer: Answer) => assertSays(answer, "DBS.280001", "Parameter error.");

/** The tasks that calls on jobs never see: another service's, a scheduled one, and one that nobody created. */
async function createUnseen(prefix: string): Promise<readonly string[]> {
  await create({ id: `${prefix}-ddm`, service: "ddm" });
  await create({ id: `${prefix}-geminidb`, service: "geminidb" });
  await create({ id: `${prefix}-scheduled`, kind: "scheduled" });
  return [`${prefix}-ddm`, `${prefix}-geminidb`, `${prefix}-scheduled`];
}

test("one task is followed from its creation to its end", async () => {
  await create({ id: "followed", progress: 41.9, details: { entities: { volume: { size: 40 } } } });
  const known = {
    id: "followed",
    name: "BackupInstance",
    status: "Running",
    created: "2026-03-01T12:00:00+0000",
  };
  const about = {
    process: "41",
    instance: { id: "in01", name: "orders" },
    entities: { volume: { size: 40 } },
  };
  assert.equal((await job("?id=followed")).text, JSON.stringify({ job: { ...known, ...about } }));
  const report = { status: "Failed", fail_reason: "disk full" };
  await server.call(`/v1/${projectId}/tasks/followed`, { method: "PATCH", body: report });
  const ended = { ...known, status: "Failed", ended: "2026-03-01T12:01:00+0000" };
  assert.equal(
    (await job("?id=followed&skip_cache=True")).text,
    JSON.stringify({ job: { ...ended, ...about, process: "", fail_reason: "disk full" } }),
  );
});

test("a task that is unknown, another service's or scheduled is one error, and none is deleted by it", async () => {
  const unseen = await createUnseen("unseen");
  for (const id of [...unseen, "unknown", "no id at all"]) {
    assertUnknown(await job(`?id=${encodeURIComponent(id)}`));
    assertUnknown(await job(`?id=${encodeURIComponent(id)}`, "DELETE"));
  }
  for (const id of unseen) {
    assert.equal((await server.call(`/v1/${projectId}/tasks/${id}`)).status, 200, id);
  }
});

test("without an id nothing is asked for and nothing is deleted", async () => {
  for (const method of ["GET", "DELETE"]) {
    for (const query of ["", "?id=", "?id=a%00"]) assertRefused(await job(query, method));
  }
});

test("the record of a task is deleted in any status, without a body, and once", async () => {
  for (const status of ["Running", "Completed", "Failed", "Canceled"]) {
    const id = `deleted-${status}`;
    await create({ id, status });
    const answer = await job(`?id=${id}`, "DELETE");
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, "");
    assert.equal(answer.headers.get("content-length"), "0");
    assert.match(answer.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
    assertUnknown(await job(`?id=${id}`, "DELETE"));
    assertUnknown(await job(`?id=${id}`));
    assert.equal((await server.call(`/v1/${projectId}/tasks/${id}/history`)).status, 404);
  }
});

test("a deletion may come with a JSON type and without a body, or with an empty object", async () => {
  for (const body of ["", "{}"]) {
    await create({ id: "with-body" });
    const answer = await server.call(`/rds/v3/${projectId}/jobs?id=with-body`, { method: "DELETE", body });
    assert.equal(answer.status, 200, answer.text);
  }
});

test("a job is read and deleted, and nothing else is done with it", async () => {
  const answer = await job("?id=t", "POST");
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get("allow"), "DELETE, GET, HEAD");
});

test("an instance's tasks are those of the window, newest first, its own instant ones of RDS alone", async () => {
  const at = (offsetMs: number) => ({ created_at: new Date(createdMs + offsetMs).toISOString() });
  const instance = { id: "in-listed", name: "listed" };
  await create({ id: "before", instance, ...at(-1) });
  await create({ id: "first", instance, ...at(0), details: { task_detail: { files: 3 } } });
  await create({ id: "last", instance, ...at(1000), details: { task_detail: "as told" } });
  await create({ id: "behind", instance, ...at(1001), status: "Completed" });
  await create({ id: "other-kind", kind: "scheduled", instance, ...at(1) });
  await create({ id: "other-service", service: "ddm", instance, ...at(1) });
  await create({ id: "other-instance", instance: { id: "in-other" }, ...at(1) });

  const answer = await detail(`?start_time=${createdMs}&end_time=${createdMs + 1000}`, "in-listed");
  assert.equal(answer.status, 200, answer.text);
  const shown = (id: string, created: string, taskDetail: string) => ({
    id,
    name: "BackupInstance",
    status: "Running",
    created,
    process: "0",
    instance,
    entities: {},
    task_detail: taskDetail,
  });
  assert.equal(
    answer.text,
    JSON.stringify({
      jobs: [
        shown("last", "2026-03-01T12:00:01+0000", "as told"),
        shown("first", "2026-03-01T12:00:00+0000", '{"files":3}'),
      ],
      count: 2,
    }),
  );
  const untilNow = await detail(`?start_time=${createdMs}`, "in-listed");
  assert.deepEqual(
    untilNow.json.jobs.map(({ id }: { id: string }) => id),
    ["behind", "last", "first"],
  );
});

test("an instance's list ends now by itself, and does not show what is dated later", async () => {
  const instance = { id: "in-ahead" };
  await create({ id: "now", instance, created_at: new Date(nowMs).toISOString() });
  await create({ id: "ahead", instance, created_at: new Date(nowMs + 1).toISOString() });
  const { json } = await detail("?start_time=0", "in-ahead");
  assert.deepEqual([json.count, json.jobs[0].id], [1, "now"]);
  const later = await detail(`?start_time=0&end_time=${nowMs + 1}`, "in-ahead");
  assert.equal(later.json.count, 2);
  assert.deepEqual((await detail(`?start_time=${nowMs + 1}`, "in-ahead")).json, { jobs: [], count: 0 });
});

test("an instance without tasks, or that nobody knows, has an empty list", async () => {
  assert.deepEqual((await detail("?start_time=0", "nobody")).json, { jobs: [], count: 0 });
});

test("an instance's list needs a start that is not after its end", async () => {
  for (const query of ["", "?start_time=", "?end_time=5", "?start_time=6&end_time=5", "?start_time=today"]) {
    assertRefused(await detail(query));
  }
  assertRefused(await detail("?start_time=0", "%00"));
});

test("of more than a thousand tasks the newest thousand are answered, and all are counted", async () => {
  const instance = { id: "in-busy" };
  const createdAt = (index: number) => new Date(createdMs - index * 1000).toISOString();
  for (let index = 0; index < 1000; index += 1) {
    await create({ id: `busy-${index}`, instance, created_at: createdAt(index) });
  }
  const whole = (await detail("?start_time=0", "in-busy")).json;
  assert.deepEqual([whole.jobs.length, whole.count], [1000, 1000]);

  await create({ id: "busy-1000", instance, created_at: createdAt(1000) });
  const cut = (await detail("?start_time=0", "in-busy")).json;
  assert.deepEqual([cut.jobs.length, cut.count, cut.jobs[999].id], [1000, 1001, "busy-999"]);

  const rest = (await detail(`?start_time=0&end_time=${createdMs - 1_000_000}`, "in-busy")).json;
  assert.deepEqual([rest.count, rest.jobs[0].id], [1, "busy-1000"]);
});
