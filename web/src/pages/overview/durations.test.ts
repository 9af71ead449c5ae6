import assert from "node:assert/strict";
import test from "node:test";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { slowestNames } from "./durations.ts";

/** Only what durations are made of. */
function task(name: string, seconds: number, parts: Partial<TaskDocument> = {}): TaskDocument {
  const created_at = "2026-03-01T12:00:00.000Z";
  const ended_at = new Date(Date.parse(created_at) + seconds * 1000).toISOString();
  return { name, created_at, started_at: null, ended_at, ...parts } as TaskDocument;
}

test("names are told by the median of their tasks, slowest first", () => {
  const names = slowestNames([
    task("Backup", 10),
    task("Backup", 1000),
    task("Backup", 30),
    task("Restore", 60),
    task("Restore", 80),
  ]);
  assert.deepEqual(names, [
    { name: "Restore", count: 2, medianMs: 70_000, longestMs: 80_000 },
    { name: "Backup", count: 3, medianMs: 30_000, longestMs: 1_000_000 },
  ]);
});

test("a task's time runs from its start where it has one, and one that has not ended has none", () => {
  const names = slowestNames([
    task("A", 60, { started_at: "2026-03-01T12:00:50.000Z" }),
    task("B", 60, { ended_at: null }),
  ]);
  assert.deepEqual(names, [{ name: "A", count: 1, medianMs: 10_000, longestMs: 10_000 }]);
});
