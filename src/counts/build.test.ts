import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { smallLimits, tasksOf } from "../../test/series-in-memory.ts";
import { buildNodes } from "./build.ts";
import { checkTree } from "./check-tree.ts";
import { totalOf } from "./tally.ts";

test("a new tree of any number of tasks meets every invariant", () => {
  const limits = fc.record({
    maxBlockTasks: fc.integer({ min: 2, max: 20 }),
    maxChildren: fc.integer({ min: 3, max: 9 }),
  });
  fc.assert(
    fc.property(fc.nat(500), limits, fc.boolean(), (count, tried, inOneMoment) => {
      const tasks = tasksOf(count, {
        slotOf: (index) => index % 4,
        at: (index) => (inOneMoment ? 7 : index),
      });
      assert.deepEqual([...checkTree([...buildNodes(tasks, tried)], tasks, tried)], []);
    }),
    { numRuns: 200 },
  );
});

test("a new tree comes level by level, and leaves room for late tasks in every block and node", () => {
  const nodes = [...buildNodes(tasksOf(16), { maxBlockTasks: 8, maxChildren: 3 })];
  assert.deepEqual(
    nodes.map(({ level, tally }) => [level, totalOf(tally, undefined)]),
    [
      [0, 7],
      [0, 7],
      [0, 2],
      [1, 14],
      [1, 2],
      [2, 16],
    ],
  );
});

test("tasks that fit into one block make one node, and no tasks make none", () => {
  assert.equal([...buildNodes(tasksOf(3), smallLimits)].length, 1);
  assert.deepEqual([...buildNodes([], smallLimits)], []);
});
