import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { taskFactory } from "../../test/factories.ts";
import { importTask } from "./import.ts";
import { statusMeanings, taskStatuses } from "./lifecycle.ts";
import type { HistoryEntry, JsonObject, Task } from "./task.ts";

const { createdAtMs } = taskFactory.running();
const minuteMs = 60_000;
const context = { projectId: "project", nowMs: createdAtMs + 10 * minuteMs, keptFromMs: createdAtMs };

function entry(revision: number, facts: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    revision,
    atMs: createdAtMs,
    reportedAtMs: createdAtMs,
    by: "ann",
    message: "",
    changes: {},
    ...facts,
  };
}

const imported = (task: Task, history: readonly HistoryEntry[] = [entry(1)]) =>
  importTask({ task, history }, context);

/** Asserts that a task is refused for a field. */
function refuses(field: string, task: Task, history?: readonly HistoryEntry[]): void {
  assert.throws(
    () => imported(task, history),
    ({ code, fields }) => {
      assert.equal(code, "invalid-parameter");
      assert.deepEqual(
        fields.map((problem: { readonly field: string }) => problem.field),
        [field],
      );
      return true;
    },
  );
}

describe("an imported task", () => {
  test("stands as it stood, in the project that it is imported into, and has promised nothing there", () => {
    const task = taskFactory.failed({
      leaseSeconds: 60,
      onStale: "fail",
      lostStatus: "Running",
      heardAtMs: 1,
      revision: 7,
    });
    const history = [entry(1), entry(7)];
    assert.deepEqual(imported(task, history), {
      task: {
        ...task,
        projectId: "project",
        leaseSeconds: null,
        onStale: "mark",
        lostStatus: null,
        heardAtMs: task.updatedAtMs,
      },
      history,
    });
  });

  test("has an end exactly where its status is one", () => {
    for (const status of taskStatuses) {
      const { ended } = statusMeanings[status];
      const shard = { service: "ddm", name: "migrateLogicDb" } as const;
      const made = ["Initing", "Unauthorized", "Pending", "Canceled"].includes(status)
        ? taskFactory.scheduled({ status })
        : taskFactory.running({ ...shard, status });
      const endedAtMs = createdAtMs + minuteMs;
      assert.equal(imported({ ...made, endedAtMs: ended ? endedAtMs : null }).task.status, status);
      refuses("task.ended_at", { ...made, endedAtMs: ended ? null : endedAtMs });
    }
  });

  test("has a status of its own kind, which exists in its service", () => {
    refuses("task.status", taskFactory.running({ status: "ToBeSwitched" }));
    refuses("task.status", taskFactory.scheduled({ status: "Expanding" }));
    refuses("task.kind", taskFactory.scheduled({ service: "ddm" }));
  });

  test("has times that have passed, but for five minutes, and are in order", () => {
    const tooLateMs = context.nowMs + 5 * minuteMs + 1;
    const latestMs = context.nowMs + 5 * minuteMs;
    imported(taskFactory.running({ createdAtMs: latestMs, updatedAtMs: latestMs }));
    refuses("task.created_at", taskFactory.running({ createdAtMs: tooLateMs }));
    refuses("task.started_at", taskFactory.running({ startedAtMs: tooLateMs }));
    refuses("task.updated_at", taskFactory.running({ updatedAtMs: tooLateMs }));
    refuses("task.ended_at", taskFactory.completed({ endedAtMs: tooLateMs }));
    refuses("task.updated_at", taskFactory.running({ updatedAtMs: createdAtMs - 1 }));
    refuses("task.ended_at", taskFactory.completed({ endedAtMs: createdAtMs - 1, startedAtMs: null }));
    refuses("task.planned_end_at", taskFactory.scheduled({ plannedStartAtMs: 2, plannedEndAtMs: 1 }));
  });

  test("that ended before what is kept is refused; a live one may be as old as it likes", () => {
    const old = { createdAtMs: 1, startedAtMs: 1, updatedAtMs: 1 };
    refuses("task.ended_at", taskFactory.completed({ ...old, endedAtMs: context.keptFromMs - 1 }));
    imported(taskFactory.completed({ ...old, endedAtMs: context.keptFromMs }));
    imported(taskFactory.running(old));
  });

  test("has labels and details within the limits of a creation", () => {
    const labels = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`l${index}`, ""]));
    refuses("task.labels", taskFactory.running({ labels }));
    refuses("task.details", taskFactory.running({ details: { large: "x".repeat(64 * 1024) } }));
    refuses("task.details", taskFactory.running({ details: { text: "\ud800" } }));
  });
});

describe("an imported history", () => {
  test("is accepted exactly where its revisions ascend up to the task's", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 5 }), (revisions) => {
        const task = taskFactory.running({ revision: 7 });
        const history = revisions.map((revision) => entry(revision));
        const wrong = revisions.findIndex(
          (revision, index) => revision <= (revisions[index - 1] ?? 0) || revision > 7,
        );
        if (wrong === -1) assert.deepEqual(imported(task, history).history, history);
        else refuses(`history.${wrong}.revision`, task, history);
      }),
      { numRuns: 200 },
    );
  });

  test("has changes that every store keeps exactly: as deep as details can be, their text well-formed", () => {
    const nested = (levels: number): JsonObject => (levels === 1 ? {} : { a: nested(levels - 1) });
    const changed = (to: JsonObject) => [entry(1, { changes: { "details.a": { from: null, to } } })];
    imported(taskFactory.running(), changed(nested(7)));
    refuses("history.0.changes", taskFactory.running(), changed(nested(8)));
    refuses("history.0.changes", taskFactory.running(), changed({ text: "\u0000" }));
  });
});
