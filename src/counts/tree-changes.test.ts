import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { openSeries, type SeriesInMemory, smallLimits, tasksOf } from "../../test/series-in-memory.ts";
import { type TaskStatus, taskStatuses } from "../task/lifecycle.ts";
import type { CountedTask } from "./build.ts";
import { checkTree } from "./check-tree.ts";
import { type CountNode, rankOf } from "./count-tree.ts";
import { beginning, comparePlaces } from "./place.ts";
import { slotOf, totalOf } from "./tally.ts";

/** What becomes of a tree, and of what the store holds of it, when tasks come, go and change. */

/** The nodes of a tree that are held in memory. */
function* heldIn(node: CountNode | undefined): Generator<CountNode> {
  if (node === undefined) return;
  yield node;
  for (const child of node.children ?? []) yield* heldIn(child);
}

/** What holds after every transaction; and what is held of the tree is what the store holds, and tells right ranks. */
function assertSound(series: SeriesInMemory): void {
  const { tree } = series;
  const stored = series.nodes();
  assert.deepEqual([...checkTree(stored, series.tasks(), tree.limits)], []);
  for (const [rank, { place }] of series.tasks().entries()) {
    if (rank % 20 === 0 || rank === series.tasks().length - 1) assert.equal(rankOf(tree, place), rank);
  }
  const held = [...heldIn(tree.root)];
  for (const { level, start, tally, total, isChanged } of held) {
    const same = stored.find((node) => node.level === level && comparePlaces(node.start, start) === 0);
    assert.deepEqual([tally, total, isChanged], [same?.tally, totalOf(tally, undefined), false]);
  }
  assert.equal(tree.size, Math.max(1, held.length));
  assert.equal(tree.root?.level, stored.at(-1)?.level);
}

/** How many tasks each block has. */
function blocksOf(series: SeriesInMemory): readonly number[] {
  return series
    .nodes()
    .filter(({ level }) => level === 0)
    .map(({ tally }) => totalOf(tally, undefined));
}

/** How many nodes each level has, blocks first. */
function levelsOf(series: SeriesInMemory): readonly number[] {
  return [...Map.groupBy(series.nodes(), ({ level }) => level).values()].map((nodes) => nodes.length);
}

/** Many changes in one transaction, so that blocks and nodes are cut and emptied by the dozen. */
const anyTransaction = fc.record({
  does: fc.constantFrom("append", "scatter", "burst", "change", "drop-oldest", "drop-newest", "drop-most"),
  size: fc.integer({ min: 1, max: 150 }),
});
type Transaction = typeof anyTransaction extends fc.Arbitrary<infer T> ? T : never;

/** The tasks that come in a transaction, and those that go. */
function drawn({ does, size }: Transaction, series: SeriesInMemory, number: number) {
  const standing = series.tasks();
  const [newestMs, burstMs] = [1_000_000, 500_000];
  const coming = (at: (index: number) => number) => ({
    came: tasksOf(size, { name: `task-${number}`, at, slotOf: (index) => index % 3 }),
  });
  switch (does) {
    case "append":
      return coming((index) => newestMs * (number + 1) + index);
    case "scatter":
      return coming((index) => (index * 6151 + number) % newestMs);
    case "burst":
      return coming(() => burstMs);
    case "change": {
      const went = standing.slice(-size);
      return {
        went,
        came: went.map(({ place, slot }) => ({ place, slot: (slot + 1) % taskStatuses.length })),
      };
    }
    case "drop-oldest":
      return { went: standing.slice(0, size) };
    case "drop-newest":
      return { went: standing.slice(-size) };
    case "drop-most":
      return { went: standing.filter((_, index) => (index * 31 + size) % 8 < 7) };
  }
}

test("after any transactions every invariant holds, in memory and in the store", () => {
  fc.assert(
    fc.property(fc.array(anyTransaction, { minLength: 1, maxLength: 8 }), (transactions) => {
      const series = openSeries();
      for (const [number, transaction] of transactions.entries()) {
        series.change(drawn(transaction, series, number));
        assertSound(series);
      }
    }),
    { numRuns: 100 },
  );
});

test("the same holds where a tree that was built anew, or read anew, is changed", () => {
  fc.assert(
    fc.property(fc.nat(200), anyTransaction, (begun, transaction) => {
      const series = openSeries({ begunWith: tasksOf(begun, { slotOf: (index) => index % 2 }) });
      series.change(drawn(transaction, series, 1));
      assertSound(series);
    }),
    { numRuns: 100 },
  );
});

test("tasks that come one by one at the end fill blocks and nodes before new ones begin", () => {
  const series = openSeries();
  for (const task of tasksOf(40)) series.change({ came: [task] });
  assert.deepEqual(new Set(blocksOf(series).slice(0, -1)), new Set([3]));
  assert.ok(levelsOf(series).length >= 4);
  assertSound(series);
});

test("a block that late tasks make too large is cut in the middle", () => {
  const series = openSeries({ limits: { maxBlockTasks: 8, maxChildren: 3 } });
  series.change({ came: tasksOf(21, { at: (index) => 100 * index }) });
  assert.deepEqual(blocksOf(series), [7, 7, 7]);
  series.change({ came: tasksOf(2, { name: "late", at: (index) => 110 + index }) });
  assert.deepEqual(blocksOf(series), [5, 4, 7, 7]);
  assertSound(series);
});

test("a burst within a millisecond is cut like everything else", () => {
  const series = openSeries();
  series.change({ came: tasksOf(50, { at: () => 7 }) });
  assert.ok(blocksOf(series).every((count) => count <= smallLimits.maxBlockTasks));
  assert.deepEqual(
    new Set(series.nodes().map(({ start }) => start.createdAtMs)),
    new Set([beginning.createdAtMs, 7]),
  );
  assertSound(series);
});

test("what an empty block covered falls to the one before it, and the first block stays", () => {
  const series = openSeries();
  series.change({ came: tasksOf(9) });
  const [first, second] = [series.tasks().slice(0, 3), series.tasks().slice(3, 6)];
  series.change({ went: second });
  assert.deepEqual(blocksOf(series), [3, 3]);
  series.change({ came: second.slice(0, 1) });
  assert.deepEqual(blocksOf(series), [4, 3]);
  series.change({ went: [...first, ...second.slice(0, 1)] });
  assert.deepEqual(blocksOf(series), [0, 3]);
  assertSound(series);
});

test("where all tasks of a node go, nothing is left of it at any level", () => {
  const series = openSeries();
  series.change({ came: tasksOf(100) });
  const startsIn = (tasks: readonly CountedTask[]) => {
    const places = new Set(tasks.map(({ place }) => place.id));
    return series.nodes().filter(({ start }) => places.has(start.id));
  };
  // Blocks of 3, and nodes of 2: this is all of a node of level 3.
  const went = series.tasks().slice(24, 48);
  assert.deepEqual(new Set(startsIn(went).map(({ level }) => level)), new Set([0, 1, 2, 3]));
  series.change({ went });
  assert.deepEqual(startsIn(went), []);
  assertSound(series);
});

test("with the last task everything goes, and the next one begins anew", () => {
  const series = openSeries();
  const all = tasksOf(100);
  series.change({ came: all });
  series.change({ went: all });
  assert.deepEqual([series.nodes(), series.tree.root], [[], undefined]);
  series.change({ came: all.slice(0, 1) });
  assert.deepEqual(levelsOf(series), [1]);
  assertSound(series);
});

test("a task that comes and goes in one transaction leaves nothing behind", () => {
  const series = openSeries();
  const [task] = tasksOf(1);
  assert.ok(task);
  series.change({ came: [task] });
  series.change({ went: [task], came: [] });
  assert.deepEqual(series.nodes(), []);
});

test("a change of status moves a task from one number of the tallies to another, and no block", () => {
  const series = openSeries();
  const slot = (status: TaskStatus): number => slotOf(status);
  series.change({ came: tasksOf(30, { slotOf: () => slot("Running") }) });
  const before = series.nodes();
  const [task] = series.tasks();
  assert.ok(task);
  series.change({ went: [task], came: [{ ...task, slot: slot("Completed") }] });
  assert.deepEqual(
    series.nodes().map(({ start }) => start),
    before.map(({ start }) => start),
  );
  const root = series.nodes().at(-1);
  assert.deepEqual([root?.tally[slot("Running")], root?.tally[slot("Completed")]], [29, 1]);
  assertSound(series);
});
