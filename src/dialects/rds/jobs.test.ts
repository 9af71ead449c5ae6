import assert from "node:assert/strict";
import test from "node:test";
import { sampleTask } from "../../../test/factories.ts";
import { TaskCenterError } from "../../task/error.ts";
import type { TaskCreation } from "../../task/report.ts";
import type { JsonValue } from "../../task/task.ts";
import { timeFormat } from "../time.ts";
import { rds } from "./index.ts";
import { parseInstanceTaskList, parseTaskDeletion, parseTaskDetail } from "./parse.ts";
import { renderInstanceTaskList, renderTaskDetail } from "./render.ts";

const nowMs = Date.parse("2025-05-20T12:00:00Z");
const createdAtMs = Date.parse("2025-05-20T08:00:00Z");

const requestOf = (query: Record<string, string>, instanceId = "in-1") => ({
  projectId: "p",
  params: { instance_id: instanceId },
  query,
  nowMs,
});
const detailOf = (query: Record<string, string>) => parseTaskDetail(requestOf(query));
const deletionOf = (query: Record<string, string>) => parseTaskDeletion(requestOf(query));
const listOf = (query: Record<string, string>, instanceId?: string) =>
  parseInstanceTaskList(requestOf(query, instanceId));

function assertRefused(parse: () => unknown, what: string): void {
  assert.throws(
    parse,
    (error) => {
      assert.ok(error instanceof TaskCenterError);
      const { status, errorCode, errorMessage } = rds.describeError(error);
      assert.deepEqual([status, errorCode, errorMessage], [400, "DBS.280001", "Parameter error."]);
      return true;
    },
    what,
  );
}

const instant = { projectId: "p", services: ["rds"], kinds: ["instant"] };

test("one instant task is asked for by its id, whatever else is given", () => {
  assert.deepEqual(detailOf({ id: "t", limit: "x", skip_cache: "True" }), {
    filter: { ...instant, ids: ["t"] },
    order: "newest-first",
    offset: 0,
    limit: 1,
    withNames: false,
  });
});

test("a deletion names one task, and means instant ones of RDS alone", () => {
  assert.deepEqual(deletionOf({ id: "t" }), { key: { projectId: "p", id: "t" }, filter: instant });
});

test("without an id, or with one that no stored text can be, neither is a question", () => {
  for (const query of [{}, { id: "" }, { id: "a\u0000" }, { id: "\ud800" }]) {
    assertRefused(() => detailOf(query), JSON.stringify(query));
    assertRefused(() => deletionOf(query), JSON.stringify(query));
  }
});

test("an instance's list is a window of its instant tasks, the newest thousand", () => {
  assert.deepEqual(listOf({ start_time: "5", end_time: "6", offset: "1", limit: "1", id: "t" }), {
    filter: { ...instant, instanceIds: ["in-1"], createdFromMs: 5, createdToMs: 6 },
    order: "newest-first",
    offset: 0,
    limit: 1000,
    withNames: false,
  });
});

test("an instance's list needs a start; its end is now where none is given", () => {
  const windowOf = (query: Record<string, string>) => {
    const { createdFromMs, createdToMs } = listOf(query).filter;
    return [createdFromMs, createdToMs];
  };
  assert.deepEqual(windowOf({ start_time: "5" }), [5, nowMs]);
  assert.deepEqual(windowOf({ start_time: "5.0", end_time: "" }), [5, nowMs]);
  assert.deepEqual(windowOf({ start_time: "0", end_time: "0" }), [0, 0]);
  // A client whose clock is ahead asks for what has not happened yet.
  assert.deepEqual(windowOf({ start_time: String(nowMs + 1) }), [nowMs + 1, nowMs]);
  for (const query of [
    {},
    { start_time: "" },
    { end_time: "5" },
    { start_time: "6", end_time: "5" },
    { start_time: "2025-05-20T12:00:00Z" },
    { start_time: "-1" },
    { start_time: "5", end_time: "now" },
    { start_time: "1000000000000000" },
  ]) {
    assertRefused(() => listOf(query), JSON.stringify(query));
  }
});

test("an instance that no stored text can be is refused", () => {
  for (const id of ["", "a\u0000"]) assertRefused(() => listOf({ start_time: "5" }, id), JSON.stringify(id));
});

const task = (facts: Partial<TaskCreation>) =>
  sampleTask({ service: "rds", progressPercent: 60.9, createdAtMs, ...facts });
const context = { query: detailOf({ id: "task-1" }), showTime: timeFormat(0) };

const shownJob = (facts: Partial<TaskCreation>) =>
  JSON.stringify(renderTaskDetail({ tasks: [task(facts)], total: 1, names: [] }, context));

/** The body of one task, which differs after its creation time and at its end. */
function wireJob(status: string, middle: Record<string, string>, last: Record<string, string> = {}): string {
  return JSON.stringify({
    job: {
      id: "task-1",
      name: "RestartInstance",
      status,
      created: "2025-05-20T08:00:00+0000",
      ...middle,
      instance: { id: "in-1", name: "orders" },
      entities: {},
      ...last,
    },
  });
}

test("one task has an end exactly where it ended, and a fail reason exactly where it is shown as failed", () => {
  const endedAtMs = createdAtMs + 61_999;
  const failReason = "no space";
  const ended = { ended: "2025-05-20T08:01:01+0000", process: "" };
  assert.equal(
    shownJob({ failReason, plannedEndAtMs: endedAtMs }),
    wireJob("Running", { process: "60" }),
    "a planned end is none",
  );
  assert.equal(shownJob({ status: "Completed", endedAtMs, failReason }), wireJob("Completed", ended));
  assert.equal(
    shownJob({ status: "Failed", endedAtMs, failReason }),
    wireJob("Failed", ended, { fail_reason: "no space" }),
  );
  assert.equal(
    shownJob({ status: "Canceled", endedAtMs, failReason }),
    wireJob("Failed", ended, { fail_reason: "Canceled: no space" }),
  );
  assert.equal(shownJob({ status: "Failed", endedAtMs }), wireJob("Failed", ended, { fail_reason: "" }));
});

test("a task that is not there is RDS's own error", () => {
  assert.throws(() => renderTaskDetail({ tasks: [], total: 0, names: [] }, context), {
    code: "task-not-found",
  });
});

test("entities are what the producer keeps as an object, as they are", () => {
  const shown = (entities: JsonValue) => JSON.parse(shownJob({ details: { entities } })).job.entities;
  assert.deepEqual(shown({ a: [1, null, { b: true }] }), { a: [1, null, { b: true }] });
  for (const entities of [null, "text", 5, true, [1]]) assert.deepEqual(shown(entities), {});
});

function shownList(details: readonly Record<string, JsonValue>[], total = details.length) {
  const tasks = details.map((kept, index) => task({ id: `task-${index}`, details: kept }));
  return renderInstanceTaskList({ tasks, total, names: [] }, context);
}

test("an instance's list has each task as the single call has it, and the text of its detail last", () => {
  const job = (id: string, last: Record<string, string>) => ({
    ...JSON.parse(wireJob("Running", { process: "60" })).job,
    id,
    ...last,
  });
  assert.equal(
    JSON.stringify(shownList([{}, { task_detail: "as it is" }, { task_detail: { size: [40, 80] } }])),
    JSON.stringify({
      jobs: [
        job("task-0", {}),
        job("task-1", { task_detail: "as it is" }),
        job("task-2", { task_detail: '{"size":[40,80]}' }),
      ],
      count: 3,
    }),
  );
});

test("a detail is text or JSON, and left out where there is none", () => {
  const shown = (detail: JsonValue) => {
    const { jobs } = JSON.parse(JSON.stringify(shownList([{ task_detail: detail }])));
    return jobs[0].task_detail;
  };
  assert.equal(shown(""), "");
  assert.equal(shown('{"already": "JSON"}'), '{"already": "JSON"}');
  assert.equal(shown(5), "5");
  assert.equal(shown(false), "false");
  assert.equal(shown([]), "[]");
  assert.equal(shown(null), undefined);
});

test("the count is that of the window, not of what is answered", () => {
  assert.deepEqual(shownList([], 0), { jobs: [], count: 0 });
  assert.equal(shownList([{}], 1001).count, 1001);
});
