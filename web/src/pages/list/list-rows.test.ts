import assert from "node:assert/strict";
import { test } from "node:test";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { nextRows, type Row } from "./list-rows.ts";

function task(id: string, progress = 0): TaskDocument {
  return {
    id,
    project_id: "p",
    service: "rds",
    kind: "instant",
    name: "BackupInstance",
    status: "Running",
    state: "running",
    progress,
    instance: { id: "db1", name: "orders", status: "" },
    database_name: "",
    order_id: "",
    fail_reason: "",
    operations: [],
    created_at: "2026-03-01T14:05:09.000Z",
    started_at: null,
    updated_at: "2026-03-01T14:05:09.000Z",
    ended_at: null,
    planned_start_at: null,
    planned_end_at: null,
    priority: null,
    parent_id: null,
    attempt: 1,
    stale: false,
    lease_expires_at: null,
    details: {},
    labels: {},
    created_by: "someone",
    revision: 1,
  };
}

function brief(rows: readonly Row[]): readonly string[] {
  return rows.map(
    ({ task: { id, progress }, isNew, hasLeft }) =>
      `${id} ${progress}${isNew ? " new" : ""}${hasLeft ? " left" : ""}`,
  );
}

test("the rows that a view begins with are not new", () => {
  assert.deepEqual(brief(nextRows(undefined, [task("a"), task("b")], false)), ["a 0", "b 0"]);
});

test("of a live list every poll shows its tasks, and marks those that came", () => {
  const before = nextRows(undefined, [task("b"), task("a")], false);
  assert.deepEqual(brief(nextRows(before, [task("c"), task("b", 50)], false)), ["c 0 new", "b 50"]);
});

test("a list that stands still keeps its rows in place, up to date, with those that have left marked", () => {
  const before = nextRows(undefined, [task("c"), task("b", 10), task("a")], true);
  const after = nextRows(before, [task("c", 5), task("a", 90), task("z")], true);
  assert.deepEqual(brief(after), ["c 5", "b 10 left", "a 90"]);
  assert.deepEqual(brief(nextRows(after, [task("b", 20)], true)), ["c 5 left", "b 20", "a 90 left"]);
});
