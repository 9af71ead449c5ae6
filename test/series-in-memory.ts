import { buildNodes, type CountedTask } from "../src/counts/build.ts";
import { type CountSource, readTree, type TreeLimits } from "../src/counts/count-tree.ts";
import { comparePlaces } from "../src/counts/place.ts";
import { emptyTally } from "../src/counts/tally.ts";
import { applyChanges } from "../src/counts/tree-changes.ts";
import type { Place } from "../src/task/query.ts";

/** Small ones make deep trees of few tasks. */
export const smallLimits: TreeLimits = { maxBlockTasks: 4, maxChildren: 3 };

/**
 * A series in memory: its tasks, its nodes as a store would keep them, and the tree that has seen all its changes. The
 * tasks that it begins with come in order.
 */
export function openSeries({
  limits = smallLimits,
  begunWith = [],
}: {
  readonly limits?: TreeLimits;
  readonly begunWith?: readonly CountedTask[];
} = {}) {
  let tasks = begunWith;
  let nodes = [...buildNodes(tasks, limits)];
  const asked = { readNodes: 0, count: 0, tally: 0 };

  const tasksIn = (from: Place, to: Place | undefined): readonly CountedTask[] =>
    tasks.filter(({ place }) => isWithin(place, from, to));

  const source: CountSource = {
    readRoot: () => nodes.toSorted((a, b) => b.level - a.level)[0],
    readNodes(level, from, to) {
      asked.readNodes += 1;
      return nodes
        .filter((node) => node.level === level && isWithin(node.start, from, to))
        .sort((a, b) => comparePlaces(a.start, b.start));
    },
    readFirst: (from) => tasks.find(({ place }) => comparePlaces(place, from) >= 0)?.place,
    readLast: (to) => tasks.findLast(({ place }) => comparePlaces(place, to) < 0)?.place,
    writeNode({ level, start, tally }) {
      nodes = nodes.filter((node) => node.level !== level || comparePlaces(node.start, start) !== 0);
      nodes.push({ level, start, tally: [...tally] });
    },
    deleteNodes(level, from, to) {
      nodes = nodes.filter((node) => node.level !== level || !isWithin(node.start, from, to));
    },
    count(from, to, slots) {
      asked.count += 1;
      return tasksIn(from, to).filter(({ slot }) => slots?.includes(slot) ?? true).length;
    },
    tally(from, to) {
      asked.tally += 1;
      const tally = emptyTally();
      for (const { slot } of tasksIn(from, to)) tally[slot] = (tally[slot] ?? 0) + 1;
      return tally;
    },
    cuts: (from, to, every) =>
      tasksIn(from, to).flatMap(({ place }, index) => (index > 0 && index % every === 0 ? [place] : [])),
  };
  const tree = readTree(source, limits);

  return {
    source,
    tree,
    /** How often the store was asked for nodes, and to count tasks one by one. */
    asked,
    forgetAsked: () => Object.assign(asked, { readNodes: 0, count: 0, tally: 0 }),
    tasks: () => tasks,
    /** Level by level, each in order. */
    nodes: () => nodes.toSorted((a, b) => a.level - b.level || comparePlaces(a.start, b.start)),
    /** The tree as somebody reads it who comes now. */
    readAnew: () => readTree(source, limits),

    /** Tasks come and go in one transaction. A task that goes and comes again with another slot has changed its status. */
    change({
      came = [],
      went = [],
    }: {
      readonly came?: readonly CountedTask[];
      readonly went?: readonly CountedTask[];
    }): void {
      const gone = new Set(went);
      tasks = [...tasks.filter((task) => !gone.has(task)), ...came].sort((a, b) =>
        comparePlaces(a.place, b.place),
      );
      applyChanges(tree, [
        ...went.map((task) => ({ ...task, by: -1 as const })),
        ...came.map((task) => ({ ...task, by: 1 as const })),
      ]);
    },
  };
}

export type SeriesInMemory = ReturnType<typeof openSeries>;

/** Tasks in the order given, one each millisecond unless `at` says otherwise, each with the slot of `slotOf`. */
export function tasksOf(
  count: number,
  facts: {
    readonly at?: (index: number) => number;
    readonly slotOf?: (index: number) => number;
    readonly name?: string;
  } = {},
): readonly CountedTask[] {
  const { at = (index) => index, slotOf = () => 0, name = "task" } = facts;
  return Array.from({ length: count }, (_, index) => ({
    place: { createdAtMs: at(index), id: `${name}-${String(index).padStart(4, "0")}` },
    slot: slotOf(index),
  }));
}

function isWithin(place: Place, from: Place, to: Place | undefined): boolean {
  return comparePlaces(place, from) >= 0 && (to === undefined || comparePlaces(place, to) < 0);
}
