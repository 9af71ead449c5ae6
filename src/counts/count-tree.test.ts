import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { openSeries, type SeriesInMemory, smallLimits, tasksOf } from "../../test/series-in-memory.ts";
import type { Place } from "../task/query.ts";
import type { CountedTask } from "./build.ts";
import {
  blocksWith,
  footingAt,
  nearestFooting,
  placeShortOf,
  rankBounds,
  rankOf,
  storedLimits,
  tallyBefore,
} from "./count-tree.ts";
import { beginning, comparePlaces, theEnd } from "./place.ts";
import type { Span } from "./span.ts";
import { emptyTally } from "./tally.ts";

/** What a tree tells of its tasks, held against a look at all of them. */

const latestMs = 30;
const anyTask = fc.record({
  createdAtMs: fc.oneof(fc.constant(latestMs / 2), fc.nat(latestMs)),
  slot: fc.constantFrom(0, 0, 0, 0, 1, 1, 2),
});

/** A series that came about in some transactions, and has lost some tasks again. */
const anySeries = fc
  .record({
    transactions: fc.array(fc.array(anyTask, { maxLength: 60, size: "max" }), { maxLength: 3 }),
    loses: fc.integer({ min: 2, max: 9 }),
  })
  .map(({ transactions, loses }) => {
    const series = openSeries();
    for (const [name, drawn] of transactions.entries()) {
      const came = tasksOf(drawn.length, {
        name: `task-${name}`,
        at: (index) => drawn[index]?.createdAtMs ?? 0,
        slotOf: (index) => drawn[index]?.slot ?? 0,
      });
      series.change({ came, went: series.tasks().filter((_, index) => index % loses === 0) });
    }
    return series;
  });

/** Where a task may stand, and where none does. */
const anyPlace: fc.Arbitrary<Place> = fc.oneof(
  fc.constantFrom(beginning, theEnd),
  fc.record({
    createdAtMs: fc.integer({ min: -1, max: latestMs + 1 }),
    id: fc.constantFrom("", "task-0-0010", "task-1-0020", "task-2-0030", "~"),
  }),
);

/** All statuses, or some; no task has the last. */
const anySlots = fc.option(fc.subarray([0, 1, 2, 3]), { nil: undefined });

function wantedIn(
  series: SeriesInMemory,
  slots: readonly number[] | undefined,
  { from, to }: Span,
): readonly CountedTask[] {
  return series
    .tasks()
    .filter(({ place, slot }) => slots?.includes(slot) !== false && comparePlaces(place, from) >= 0)
    .filter(({ place }) => comparePlaces(place, to) < 0);
}

function countBefore(series: SeriesInMemory, place: Place, slots: readonly number[] | undefined): number {
  return wantedIn(series, slots, { from: beginning, to: place }).length;
}

/** The tree that has seen all changes, and one that is read from the store now. */
function treesOf(series: SeriesInMemory) {
  return [series.tree, series.readAnew()];
}

test("a rank is the number of tasks before a place, of all statuses or of some", () => {
  fc.assert(
    fc.property(anySeries, anyPlace, anySlots, (series, place, slots) => {
      for (const tree of treesOf(series)) {
        assert.equal(rankOf(tree, place, slots), countBefore(series, place, slots));
      }
    }),
    { numRuns: 300 },
  );
});

test("a tally tells the tasks before a place by their statuses", () => {
  fc.assert(
    fc.property(anySeries, anyPlace, (series, place) => {
      const expected = emptyTally().map((_, slot) => countBefore(series, place, [slot]));
      for (const tree of treesOf(series)) assert.deepEqual(tallyBefore(tree, place), expected);
    }),
    { numRuns: 200 },
  );
});

test("a footing tells the tasks before where it stands, and is at most a block from its place", () => {
  fc.assert(
    fc.property(anySeries, anyPlace, (series, place) => {
      for (const tree of treesOf(series)) {
        const footings = [
          footingAt(tree, place),
          nearestFooting(tree, place, "start"),
          nearestFooting(tree, place, "end"),
        ];
        for (const { tally, start } of footings) {
          assert.deepEqual(tally, tallyBefore(tree, start));
          const isAfter = comparePlaces(start, place) > 0;
          const between = isAfter ? { from: place, to: start } : { from: start, to: place };
          assert.ok(wantedIn(series, undefined, between).length <= smallLimits.maxBlockTasks);
        }
        assert.ok(comparePlaces(footings[0]?.start ?? theEnd, place) <= 0);
      }
    }),
    { numRuns: 300 },
  );
});

test("the nearest footing of a place in the second half of a block's time is where the block ends", () => {
  const series = openSeries({
    begunWith: tasksOf(30, { name: "task", at: (index) => 10 * index, slotOf: () => 0 }),
  });
  const [, block, next] = series.nodes().filter(({ level }) => level === 0);
  const [fromMs = 0, toMs = 0] = [block?.start.createdAtMs, next?.start.createdAtMs];
  const footed = (createdAtMs: number) => nearestFooting(series.tree, { createdAtMs, id: "" }, "start").start;
  assert.deepEqual(footed(toMs - 1), next?.start);
  assert.deepEqual(footed(fromMs + 1), block?.start);
});

test("a rank among a million tasks takes a read of nodes a level, and a count within one block", () => {
  // As many nodes as a million tasks have, of fewer tasks.
  const { maxBlockTasks, maxChildren } = storedLimits;
  const limits = { maxBlockTasks: 8, maxChildren };
  const series = openSeries({ limits, begunWith: tasksOf((1_000_000 / maxBlockTasks) * 8) });
  const { tree } = series;
  const levels = tree.root?.level ?? 0;
  assert.ok(levels <= 3);
  series.forgetAsked();
  const place = { createdAtMs: 9999, id: "~" };
  assert.equal(rankOf(tree, place), 10_000);
  assert.deepEqual(series.asked, { readNodes: levels, count: 1, tally: 0 });
  assert.equal(rankOf(tree, place), 10_000);
  assert.deepEqual(series.asked, { readNodes: levels, count: 2, tally: 0 }, "nodes are read once");
});

test("a rank after all tasks is the total: nothing is counted", () => {
  const series = openSeries();
  series.change({ came: tasksOf(100, { slotOf: (index) => index % 3 }) });
  const tree = series.readAnew();
  series.forgetAsked();
  assert.equal(rankOf(tree, theEnd), 100);
  assert.equal(rankOf(tree, theEnd, [1]), 33);
  assert.deepEqual(series.asked, { readNodes: 0, count: 0, tally: 0 });
});

test("the blocks alone tell a rank to within a block, and no task is looked at", () => {
  fc.assert(
    fc.property(anySeries, anyPlace, anySlots, (series, place, slots) => {
      const tree = series.readAnew();
      series.forgetAsked();
      const { least, most } = rankBounds(tree, place, slots);
      const rank = countBefore(series, place, slots);
      assert.ok(least <= rank && rank <= most && most - least <= smallLimits.maxBlockTasks);
      assert.deepEqual([series.asked.count, series.asked.tally], [0, 0]);
    }),
    { numRuns: 200 },
  );
});

test("a place short of a rank in several series leaves less than a block of each to pass over", () => {
  fc.assert(
    fc.property(
      fc.array(anySeries, { minLength: 1, maxLength: 4 }),
      anySlots,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (many, slots, part) => {
        const total = many.reduce((sum, series) => sum + countBefore(series, theEnd, slots), 0);
        const rank = Math.floor(part * total);
        const place = placeShortOf(
          many.map(({ tree }) => tree),
          rank,
          slots,
        );
        const before = many.reduce((sum, series) => sum + countBefore(series, place, slots), 0);
        assert.ok(before <= rank, `${before} tasks stand before it, more than ${rank}`);
        const left = rank - before;
        assert.ok(left < many.length * smallLimits.maxBlockTasks, `${left} tasks are left to pass over`);
      },
    ),
    { numRuns: 300 },
  );
});

test("the blocks with some statuses hold all such tasks of a span, and come in the order asked for", () => {
  const order = fc.constantFrom("newest-first" as const, "oldest-first" as const);
  fc.assert(
    fc.property(anySeries, anySlots, anyPlace, anyPlace, order, (series, slots, from, to, direction) => {
      const blocks = [...blocksWith(series.tree, slots, { from, to }, direction)];
      if (direction === "newest-first") blocks.reverse();
      const wanted = wantedIn(series, slots, { from, to });
      assert.deepEqual(
        blocks.flatMap((block) => wantedIn(series, slots, block)),
        wanted,
      );
      let end = from;
      for (const block of blocks) {
        assert.ok(comparePlaces(end, block.from) <= 0 && comparePlaces(block.from, block.to) < 0);
        end = block.to;
        const held = wantedIn(series, slots, block).length;
        // The span's ends may have cut it.
        const isWhole = comparePlaces(from, block.from) < 0 && comparePlaces(block.to, to) < 0;
        assert.ok(block.count > 0 && (isWhole ? held === block.count : held <= block.count));
      }
      assert.ok(comparePlaces(end, to) <= 0 || blocks.length === 0);
    }),
    { numRuns: 300 },
  );
});

test("a rare status is found without a look at the nodes that have none of it", () => {
  const series = openSeries();
  series.change({ came: tasksOf(500, { slotOf: (index) => (index === 123 ? 1 : 0) }) });
  const tree = series.readAnew();
  series.forgetAsked();
  const found = [...blocksWith(tree, [1], { from: beginning, to: theEnd }, "newest-first")];
  assert.deepEqual(
    found.map(({ count }) => count),
    [1],
  );
  assert.deepEqual(series.asked, { readNodes: tree.root?.level, count: 0, tally: 0 });
});

test("a series without tasks has no root, and counts nothing", () => {
  const { tree } = openSeries();
  assert.equal(tree.root, undefined);
  assert.equal(rankOf(tree, theEnd), 0);
  assert.deepEqual(tallyBefore(tree, theEnd), emptyTally());
  assert.deepEqual(rankBounds(tree, theEnd, undefined), { least: 0, most: 0 });
  assert.deepEqual(placeShortOf([tree], 0, undefined), beginning);
  assert.deepEqual([...blocksWith(tree, undefined, { from: beginning, to: theEnd }, "newest-first")], []);
});
