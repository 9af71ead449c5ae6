import assert from "node:assert/strict";
import test from "node:test";
import type { HistoryEntryDocument } from "../../../../src/client/types.ts";
import { fieldLabel } from "./field-labels.ts";
import { type HistoryLine, historyLines, progressPoints, statusMarks, valueText } from "./history-lines.ts";

function entry(
  revision: number,
  changes: HistoryEntryDocument["changes"],
  message = "",
): HistoryEntryDocument {
  const at = new Date(Date.UTC(2026, 2, 1, 12, 0, revision)).toISOString();
  return { revision, at, reported_at: at, by: "backup", message, changes };
}
const progress = (revision: number, from: number, to: number, message = "") =>
  entry(revision, { progress: { from, to } }, message);

function revisionsOf(line: HistoryLine) {
  if (line.kind === "gap") return "gap";
  return line.kind === "change" ? line.entry.revision : line.entries.map(({ revision }) => revision);
}

test("reports of nothing but progress are one line, and what decides something stands by itself, newest first", () => {
  const lines = historyLines([
    entry(1, { status: { from: null, to: "Running" } }),
    progress(2, 0, 10),
    progress(3, 10, 20),
    progress(4, 20, 30, "halfway through the indexes"),
    progress(5, 30, 40),
    entry(6, { status: { from: "Running", to: "Completed" } }),
  ]);
  assert.deepEqual(lines.map(revisionsOf), [6, 5, 4, [2, 3], 1]);
});

test("what was passed over stands in its place, and no run of reports goes on over it", () => {
  const history = [
    entry(1, { status: { from: null, to: "Running" } }),
    progress(2, 0, 10),
    progress(3, 10, 20),
    progress(8, 60, 70),
    progress(9, 70, 80),
  ];
  assert.deepEqual(historyLines(history, 3).map(revisionsOf), [[8, 9], "gap", [2, 3], 1]);
  assert.deepEqual(historyLines(history).map(revisionsOf), [[2, 3, 8, 9], 1]);
});

test("a creation with a progress is no report of progress", () => {
  const lines = historyLines([entry(1, { progress: { from: null, to: 5 } }), progress(2, 5, 6)]);
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ["change", "change"],
  );
});

test("the course of progress and of statuses is read from the changes that tell it", () => {
  const history = [
    entry(1, { status: { from: null, to: "Running" } }),
    progress(2, 0, 10),
    entry(3, { status: { from: "Running", to: "Failed" }, progress: { from: 10, to: null } }),
  ];
  assert.deepEqual(progressPoints(history), [
    { atMs: Date.UTC(2026, 2, 1, 12, 0, 1), percent: 0 },
    { atMs: Date.UTC(2026, 2, 1, 12, 0, 2), percent: 10 },
  ]);
  assert.deepEqual(
    statusMarks(history).map(({ status }) => status),
    ["Running", "Failed"],
  );
});

test("a course begins with the first change that tells it, unless that was made from a progress", () => {
  const told = entry(1, { progress: { from: null, to: 5 } });
  assert.deepEqual(
    progressPoints([told, progress(2, 5, 6)]).map(({ percent }) => percent),
    [5, 6],
  );
  const late = entry(2, { progress: { from: null, to: 40 } });
  assert.deepEqual(
    progressPoints([entry(1, {}), late]).map(({ percent }) => percent),
    [40],
  );
  assert.deepEqual(progressPoints([]), []);
});

test("a value is told as text: nothing as a dash, and what is no text as JSON", () => {
  assert.equal(valueText(null), "–");
  assert.equal(valueText(""), "–");
  assert.equal(valueText("a"), "a");
  assert.equal(valueText(0), "0");
  assert.equal(valueText(12.5, "progress"), "12.5 %");
  assert.equal(valueText(null, "progress"), "–");
  assert.equal(valueText({ a: [1] }), '{"a":[1]}');
});

test("a field is called what the page calls it, and what has a name of its own keeps it", () => {
  assert.equal(fieldLabel("ended_at"), "Ended");
  assert.equal(fieldLabel("progress"), "Progress");
  assert.equal(fieldLabel("details.ended_at"), "details.ended_at");
  assert.equal(fieldLabel("toString"), "toString");
});
