import assert from "node:assert/strict";
import test from "node:test";
import { type Acknowledged, type FoundTask, judge } from "./acknowledged.ts";

/** A judgement that finds nothing wrong, ever, would let every fault pass. */

const projectId = "p";
const acknowledged: Acknowledged = {
  creations: [
    { word: "made", projectId, id: "a", fate: "done" },
    { word: "deleted", projectId, id: "b", fate: "done" },
    { word: "refused", projectId, id: "a", fate: "refused" },
    { word: "unknown", projectId, id: undefined, fate: "perhaps" },
  ],
  reports: [
    { word: "first", projectId, id: "a", fate: "done", revision: 2 },
    { word: "lost", projectId, id: "a", fate: "perhaps", revision: undefined },
    { word: "late", projectId, id: "a", fate: "refused", revision: undefined },
  ],
  deletions: [{ projectId, id: "b", fate: "done" }],
};

const line = (revision: number, message: string, from: string | null, to: string) => ({
  revision,
  message,
  changes: { status: { from, to } },
});
const found: FoundTask = {
  task: {
    id: "a",
    project_id: projectId,
    order_id: "made",
    status: "Completed",
    progress: null,
    revision: 2,
  },
  history: [line(1, "", null, "Running"), line(2, "first", "Running", "Completed")],
};
const again = (facts: Partial<FoundTask["task"]>, history = found.history): FoundTask => ({
  task: { ...found.task, ...facts },
  history,
});

test("what was acknowledged stands, and of what nobody knows either", () => {
  assert.deepEqual(judge(acknowledged, [found]), []);
  const unknown = again({ id: "x", order_id: "unknown", revision: 1, status: "Running" }, [
    line(1, "", null, "Running"),
  ]);
  assert.deepEqual(judge(acknowledged, [found, unknown]), []);
  const withLost = again({ revision: 3 }, [...found.history, { revision: 3, message: "lost", changes: {} }]);
  assert.deepEqual(judge(acknowledged, [withLost]), []);
});

const wrongs: readonly [what: string, found: readonly FoundTask[], finding: RegExp][] = [
  ["a creation that is lost", [], /creation made \(done\) is lost/],
  ["a creation that made two tasks", [found, again({ id: "c" })], /made 2 tasks/],
  ["a creation that made another task", [again({ id: "c" })], /made another task/],
  ["a refused creation that made a task", [found, again({ order_id: "refused" })], /made a task/],
  ["a deleted task that is there", [found, again({ id: "b", order_id: "deleted" })], /was deleted/],
  ["a task that nobody asked for", [found, again({ id: "c", order_id: "who" })], /nobody has asked/],
  [
    "a report that is lost",
    [again({ revision: 1, status: "Running" }, found.history.slice(0, 1))],
    /report first \(done\) is lost/,
  ],
  [
    "a report that was applied twice",
    [again({ revision: 3 }, [...found.history, { revision: 3, message: "first", changes: {} }])],
    /applied 2 times/,
  ],
  [
    "a report with another revision than it was told",
    [
      again({ revision: 3 }, [
        line(1, "", null, "Running"),
        line(2, "lost", "Running", "Running"),
        line(3, "first", "Running", "Completed"),
      ]),
    ],
    /made revision 3 and not 2/,
  ],
  [
    "a refused report that was applied",
    [again({ revision: 3 }, [...found.history, { revision: 3, message: "late", changes: {} }])],
    /report late \(refused\) was applied/,
  ],
  [
    "a report that nobody made",
    [again({ revision: 3 }, [...found.history, { revision: 3, message: "who", changes: {} }])],
    /nobody has made the report/,
  ],
  [
    "a gap in a history",
    [again({ revision: 2 }, [line(1, "", null, "Running"), line(3, "first", "Running", "Completed")])],
    /has line 2 for revision 3/,
  ],
  ["a revision without a line", [again({ revision: 3 })], /revision 3 and 2 lines/],
  ["a status that no line tells", [again({ status: "Failed" })], /status Failed and not Completed/],
  [
    "a line that begins where the one before has not ended",
    [again({}, [line(1, "", null, "Running"), line(2, "first", "Failed", "Completed")])],
    /was Running before its revision 2, not Failed/,
  ],
];
for (const [what, tasks, finding] of wrongs) {
  test(`${what} is found`, () => {
    assert.ok(
      judge(acknowledged, tasks).some((said) => finding.test(said)),
      judge(acknowledged, tasks).join("\n"),
    );
  });
}
