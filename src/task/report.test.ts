import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ErrorCode, TaskCenterError } from "./error.ts";
import {
  applyReport,
  createTask,
  failForSilence,
  maxDetailsBytes,
  type TaskCreation,
  type TaskReport,
} from "./report.ts";
import {
  isStale,
  type JsonObject,
  leaseExpiresAtMs,
  operationsOf,
  silenceBeforeStaleMs,
  type Task,
} from "./task.ts";

const nowMs = Date.parse("2026-03-01T12:00:00Z");
const minuteMs = 60_000;

function created(creation: Partial<TaskCreation> = {}): Task {
  return createTask(
    { service: "rds", name: "BackupInstance", instance: { id: "in01" }, ...creation },
    { projectId: "p1", id: "t1", createdBy: "admin", nowMs },
  ).task;
}

function reported(task: Task, report: TaskReport, atMs = nowMs + minuteMs) {
  return applyReport(task, report, { by: "agent", nowMs: atMs });
}

function silent(task: Task, atMs: number, listeningSinceMs = 0) {
  return failForSilence(task, { nowMs: atMs, listeningSinceMs });
}

function refusal(code: ErrorCode, field?: string) {
  return (error: unknown) => {
    assert.ok(error instanceof TaskCenterError);
    assert.equal(error.code, code);
    if (field !== undefined)
      assert.deepEqual(
        error.fields.map((problem) => problem.field),
        [field],
      );
    return true;
  };
}

describe("a creation", () => {
  test("runs at once unless it says otherwise", () => {
    const task = created();
    assert.equal(task.status, "Running");
    assert.equal(task.createdAtMs, nowMs);
    assert.equal(task.startedAtMs, nowMs);
    assert.equal(task.endedAtMs, null);
    assert.equal(task.revision, 1);
  });

  test("of a scheduled task waits, and has not started", () => {
    const task = created({ kind: "scheduled" });
    assert.equal(task.status, "Pending");
    assert.equal(task.startedAtMs, null);
  });

  test("of a scheduled task is refused outside RDS", () => {
    assert.throws(() => created({ service: "ddm", kind: "scheduled" }), refusal("invalid-parameter", "kind"));
  });

  test("in an ended status ends now unless it says when", () => {
    assert.equal(created({ status: "Completed" }).endedAtMs, nowMs);
    const past = { createdAtMs: nowMs - 9 * minuteMs, endedAtMs: nowMs - 5 * minuteMs };
    assert.equal(created({ status: "Failed", ...past }).endedAtMs, past.endedAtMs);
  });

  test("is refused in a status of another kind's life", () => {
    assert.throws(() => created({ status: "Expanding" }), refusal("invalid-parameter", "status"));
    assert.throws(() => created({ status: "Pending" }), refusal("invalid-parameter", "status"));
    assert.equal(
      created({ service: "ddm", name: "migrateLogicDb", status: "Expanding" }).status,
      "Expanding",
    );
  });

  test("may be up to 5 minutes ahead of the clock, and as far past as it likes", () => {
    const limit = nowMs + 5 * minuteMs;
    assert.equal(created({ createdAtMs: limit }).createdAtMs, limit);
    assert.equal(created({ createdAtMs: 0 }).createdAtMs, 0);
    assert.throws(() => created({ createdAtMs: limit + 1 }), refusal("invalid-parameter", "created_at"));
  });

  test("may be as old as the retention, and no older, finished or not", () => {
    const retentionMs = 30 * 24 * 60 * minuteMs;
    const oldestMs = nowMs - retentionMs;
    const create = (times: Partial<TaskCreation>) =>
      createTask(
        { service: "rds", name: "BackupInstance", instance: { id: "in01" }, ...times },
        { projectId: "p1", id: "t1", createdBy: "admin", nowMs, retentionMs },
      ).task;
    const finished = { status: "Completed", endedAtMs: nowMs } as const;
    for (const creation of [{}, finished]) {
      assert.equal(create({ ...creation, createdAtMs: oldestMs }).createdAtMs, oldestMs);
      assert.throws(
        () => create({ ...creation, createdAtMs: oldestMs - 1 }),
        refusal("invalid-parameter", "created_at"),
      );
    }
    // A creation time that follows from another one is held to the same.
    assert.equal(create({ ...finished, endedAtMs: oldestMs }).createdAtMs, oldestMs);
    assert.throws(
      () => create({ ...finished, endedAtMs: oldestMs - 1 }),
      refusal("invalid-parameter", "created_at"),
    );
  });

  test("is refused an end while it is alive, before its beginning, or ahead of the clock", () => {
    const status = "Completed";
    assert.throws(() => created({ endedAtMs: nowMs }), refusal("invalid-parameter", "ended_at"));
    assert.throws(
      () => created({ status, createdAtMs: nowMs, endedAtMs: nowMs - 1 }),
      refusal("invalid-parameter", "ended_at"),
    );
    assert.throws(
      () => created({ status, endedAtMs: nowMs + 5 * minuteMs + 1 }),
      refusal("invalid-parameter", "ended_at"),
    );
    assert.throws(
      () => created({ status, createdAtMs: 0, startedAtMs: nowMs, endedAtMs: nowMs - 1 }),
      refusal("invalid-parameter", "ended_at"),
    );
  });

  test("of a finished task that does not say when it was created takes its first known time", () => {
    const task = created({ status: "Completed", startedAtMs: nowMs - 9, endedAtMs: nowMs - 5 });
    assert.equal(task.createdAtMs, nowMs - 9);
    assert.equal(created({ status: "Completed", endedAtMs: nowMs - 5 }).createdAtMs, nowMs - 5);
  });

  test("is refused a planned end before its planned start", () => {
    assert.equal(created({ plannedStartAtMs: 5, plannedEndAtMs: 5 }).plannedEndAtMs, 5);
    assert.throws(
      () => created({ plannedStartAtMs: 5, plannedEndAtMs: 4 }),
      refusal("invalid-parameter", "planned_end_at"),
    );
  });

  test("keeps details to 8 levels, 64 KiB and plain text", () => {
    const nested = (levels: number): JsonObject => (levels === 1 ? {} : { in: nested(levels - 1) });
    const sized = (bytes: number): JsonObject => ({ a: "x".repeat(bytes - '{"a":""}'.length) });
    assert.ok(created({ details: nested(8) }));
    assert.throws(() => created({ details: nested(9) }), refusal("invalid-parameter", "details"));
    assert.ok(created({ details: sized(maxDetailsBytes) }));
    assert.throws(
      () => created({ details: sized(maxDetailsBytes + 1) }),
      refusal("invalid-parameter", "details"),
    );
    assert.throws(() => created({ details: { "a\u0000": 1 } }), refusal("invalid-parameter", "details"));
    assert.throws(() => created({ details: { a: ["\ud800"] } }), refusal("invalid-parameter", "details"));
    assert.throws(() => created({ details: { a: Infinity } }), refusal("invalid-parameter", "details"));
  });

  test("accepted at the same time makes the same task again", () => {
    assert.deepEqual(created({ leaseSeconds: 60 }), created({ leaseSeconds: 60 }));
  });
});

describe("a report", () => {
  test("changes what it names, counts one revision, and writes one line of history", () => {
    const { task, entry } = reported(created(), { progressPercent: 40, instance: { name: "orders" } });
    assert.equal(task.progressPercent, 40);
    assert.deepEqual(task.instance, { id: "in01", name: "orders", status: "" });
    assert.equal(task.revision, 2);
    assert.equal(task.updatedAtMs, nowMs + minuteMs);
    assert.deepEqual(entry, {
      revision: 2,
      atMs: nowMs + minuteMs,
      reportedAtMs: nowMs + minuteMs,
      by: "agent",
      message: "",
      changes: { progress: { from: null, to: 40 }, "instance.name": { from: "", to: "orders" } },
    });
  });

  test("that names nothing is a heartbeat: heard, but no change", () => {
    const { task, entry } = reported(created({ leaseSeconds: 60 }), {});
    assert.equal(entry, undefined);
    assert.equal(task.revision, 1);
    assert.equal(task.updatedAtMs, nowMs);
    assert.equal(leaseExpiresAtMs(task), nowMs + minuteMs + 60_000);
  });

  test("that repeats what stands changes nothing", () => {
    const task = reported(created(), { status: "Completed", progressPercent: 100 }).task;
    assert.equal(
      reported(task, { status: "Completed", progressPercent: 100 }, nowMs + 9 * minuteMs).task,
      task,
    );
  });

  test("is refused where the lifecycle does not lead, naming both statuses", () => {
    const task = reported(created(), { status: "Completed" }).task;
    assert.throws(
      () => reported(task, { status: "Running" }),
      (error: Error) => /Completed/.test(error.message) && /Running/.test(error.message),
    );
    assert.throws(() => reported(task, { status: "Running" }), refusal("transition-refused"));
  });

  test("changes nothing else of an ended task", () => {
    const task = reported(created(), { status: "Failed", failReason: "disk full" }).task;
    for (const report of [
      { failReason: "other" },
      { labels: { team: "a" } },
      { message: "late" },
      { progressPercent: 3 },
      { endedAtMs: nowMs },
    ] satisfies TaskReport[]) {
      assert.throws(() => reported(task, report), refusal("transition-refused"));
    }
  });

  test("moves a failed shard configuration on, and takes its end away", () => {
    const failed = created({ service: "ddm", name: "migrateLogicDb", status: "Failed" });
    const { task } = reported(failed, { status: "Rollbacking" });
    assert.equal(task.endedAtMs, null);
    assert.equal(reported(task, { status: "RollbackSuccess" }).task.endedAtMs, nowMs + minuteMs);
    assert.throws(() => reported(failed, { status: "Completed" }), refusal("transition-refused"));
  });

  test("ends the task at the reported time, unless it says when", () => {
    const late = { reportedAtMs: nowMs + 10 };
    assert.equal(reported(created(), { status: "Completed", ...late }).task.endedAtMs, nowMs + 10);
    assert.equal(
      reported(created(), { status: "Completed", endedAtMs: nowMs + 5 }).task.endedAtMs,
      nowMs + 5,
    );
    assert.throws(() => reported(created(), { endedAtMs: nowMs }), refusal("invalid-parameter", "ended_at"));
  });

  test("starts a waiting task when it is executed", () => {
    const { task } = reported(created({ kind: "scheduled" }), { status: "Running" });
    assert.equal(task.startedAtMs, nowMs + minuteMs);
  });

  test("is refused more than 5 minutes ahead of the clock", () => {
    const limit = nowMs + 6 * minuteMs;
    assert.ok(reported(created(), { reportedAtMs: limit }));
    assert.throws(
      () => reported(created(), { reportedAtMs: limit + 1 }),
      refusal("invalid-parameter", "reported_at"),
    );
  });

  test("merges details and labels: null removes, objects are merged, the rest is replaced", () => {
    const task = created({ details: { a: { b: 1, c: 2 }, d: [1] }, labels: { x: "1", y: "2" } });
    const { task: next } = reported(task, {
      details: { a: { b: null, e: 3 }, d: 4 },
      labels: { x: null, z: "3" },
    });
    assert.deepEqual(next.details, { a: { c: 2, e: 3 }, d: 4 });
    assert.deepEqual(next.labels, { y: "2", z: "3" });
  });

  test("is refused details that are too deep, however deep", () => {
    const nested = (levels: number): JsonObject => {
      let details: JsonObject = {};
      for (let level = 1; level < levels; level += 1) details = { in: details };
      return details;
    };
    assert.ok(reported(created(), { details: nested(8) }));
    for (const levels of [9, 100_000]) {
      assert.throws(
        () => reported(created(), { details: nested(levels) }),
        refusal("invalid-parameter", "details"),
      );
    }
  });

  test("that only says that the task has ended ends it, whatever the clocks", () => {
    const ahead = nowMs + 4 * minuteMs;
    const task = created({ createdAtMs: nowMs + minuteMs, startedAtMs: ahead });
    assert.equal(reported(task, { status: "Completed" }, nowMs + 1).task.endedAtMs, ahead);
    assert.equal(created({ status: "Completed", startedAtMs: ahead }).endedAtMs, ahead);
  });

  test("is not held to times that were said before the clock was set back", () => {
    const task = created();
    assert.equal(reported(task, { status: "Completed" }, nowMs - 3_600_000).task.status, "Completed");
  });

  test("of large details leaves only their size in the history", () => {
    const { entry } = reported(created(), { details: { log: "x".repeat(2000), short: "y" } });
    assert.deepEqual(entry?.changes, {
      "details.log": { from: null, to: "(2002 characters of JSON)" },
      "details.short": { from: null, to: "y" },
    });
  });

  test("that takes the start away is not undone by a heartbeat", () => {
    const { task } = reported(created(), { startedAtMs: null });
    assert.equal(task.startedAtMs, null);
    assert.equal(reported(task, {}).task.revision, task.revision);
  });

  test("that lets a failed task go on takes its fail reason away, unless it gives another", () => {
    const facts = { service: "ddm", name: "migrateLogicDb", status: "Failed", failReason: "boom" } as const;
    assert.equal(reported(created(facts), { status: "Canceling" }).task.failReason, "");
    const { task } = reported(created(facts), { status: "Canceling", failReason: "again" });
    assert.equal(task.failReason, "again");
    assert.equal(reported(task, { status: "CancelSuccess" }).task.failReason, "again");
  });

  test("is refused more than 32 labels in all", () => {
    const labels = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`l${index}`, ""]));
    assert.throws(
      () => reported(created({ labels }), { labels: { more: "" } }),
      refusal("invalid-parameter", "labels"),
    );
    assert.ok(reported(created({ labels }), { labels: { l0: null, more: "" } }));
  });

  test("of progress alone is kept once for each whole percent", () => {
    const first = reported(created(), { progressPercent: 10.1 });
    const second = reported(first.task, { progressPercent: 10.9 });
    const third = reported(second.task, { progressPercent: 11 });
    assert.deepEqual(
      [first, second, third].map(({ entry }) => entry !== undefined),
      [true, false, true],
    );
    assert.equal(third.task.revision, 4);
    assert.ok(reported(first.task, { progressPercent: 10.9, message: "still copying" }).entry);
  });
});

describe("a lease", () => {
  test("marks a silent task stale as soon as it has passed, and a report revives it", () => {
    const task = created({ leaseSeconds: 60 });
    assert.equal(isStale(task, nowMs + 60_000), false);
    assert.equal(isStale(task, nowMs + 60_001), true);
    assert.equal(isStale(reported(task, {}, nowMs + 90_000).task, nowMs + 90_001), false);
  });

  test("is 24 hours of silence where none was given", () => {
    assert.equal(isStale(created(), nowMs + silenceBeforeStaleMs), false);
    assert.equal(isStale(created(), nowMs + silenceBeforeStaleMs + 1), true);
    assert.equal(isStale(created({ status: "Completed" }), nowMs + 2 * silenceBeforeStaleMs), false);
  });

  test("fails a task only where its producer asked for that", () => {
    const asked = created({ leaseSeconds: 60, onStale: "fail" });
    assert.equal(silent(asked, nowMs + 60_000).task, asked);
    const { task, entry } = silent(asked, nowMs + 60_001);
    assert.equal(task.status, "Failed");
    assert.equal(task.failReason, "No report for 60 seconds.");
    assert.equal(task.endedAtMs, nowMs + 60_001);
    assert.deepEqual(entry?.changes.status, { from: "Running", to: "Failed" });
    const marked = created({ leaseSeconds: 60 });
    assert.equal(silent(marked, nowMs + 60_001).task, marked);
  });

  test("counts only the silence in which somebody listened", () => {
    const task = created({ leaseSeconds: 60, onStale: "fail" });
    const restartedMs = nowMs + 3_600_000;
    assert.equal(silent(task, restartedMs + 60_000, restartedMs).task, task);
    assert.equal(silent(task, restartedMs + 60_001, restartedMs).task.status, "Failed");
  });

  test("that failed a task is forgiven by the next report, and the history says so", () => {
    const lost = silent(created({ leaseSeconds: 60, onStale: "fail" }), nowMs + 61_000).task;
    const { task, entry } = reported(lost, {}, nowMs + 62_000);
    assert.equal(task.status, "Running");
    assert.equal(task.failReason, "");
    assert.equal(task.endedAtMs, null);
    assert.equal(task.lostStatus, null);
    assert.deepEqual(entry?.changes.status, { from: "Failed", to: "Running" });
    const failed = reported(lost, { status: "Failed", failReason: "disk full" }, nowMs + 62_000).task;
    assert.equal(failed.failReason, "disk full");
    assert.equal(failed.lostStatus, null);
    assert.throws(() => reported(failed, { status: "Running" }), refusal("transition-refused"));
  });
});

test("a shard configuration is switched by hand only where its policy is manual", () => {
  const waiting = (details: JsonObject) =>
    operationsOf(created({ service: "ddm", name: "migrateLogicDb", status: "ToBeSwitched", details }));
  assert.deepEqual(waiting({}), ["cancel", "modify_switching_strategy", "switch"]);
  assert.deepEqual(waiting({ shard: { switch_route_is_manual: true } }), [
    "cancel",
    "modify_switching_strategy",
    "switch",
  ]);
  assert.deepEqual(waiting({ shard: { switch_route_is_manual: false } }), [
    "cancel",
    "modify_switching_strategy",
  ]);
});
