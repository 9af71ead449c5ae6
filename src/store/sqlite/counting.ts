import type { DatabaseSync } from "node:sqlite";
import { type CountTree, readTree, storedLimits } from "../../counts/count-tree.ts";
import { slotOf } from "../../counts/tally.ts";
import { applyChanges, type CountChange } from "../../counts/tree-changes.ts";
import type { Service } from "../../task/lifecycle.ts";
import type { Task } from "../../task/task.ts";
import { prepareCountSources } from "./count-source.ts";
import { type Dimension, memberships, prepareSeries, type SeriesId } from "./series.ts";
import type { Companion } from "./session.ts";

/** How many nodes of count trees are held in memory, some 300 bytes each. The trees used least recently go first. */
const maxNodes = 60_000;

/** How many nodes a tree weighs by itself. */
const treeWeight = 3;

/** A change of one series that its tree does not know yet. */
interface NotedChange extends CountChange {
  readonly seriesId: SeriesId;
  readonly dimension: Dimension;
}

/** A tree in memory, and how many nodes it had when they were last counted. */
interface HeldTree {
  readonly tree: CountTree;
  counted: number;
}

/** The numbers of the series that a task belongs to, in the order of `memberships`. */
export type SeriesIds = readonly [service: SeriesId, name: SeriesId, instance: SeriesId];

/**
 * Everything that is known of the tasks beside the tasks themselves: their series, how many there are, and when they
 * last changed. It moves in the transaction of the change: what a change means for the counts is noted with it, taken
 * back with it, and brought into the trees before the commit, once for all changes that share it.
 */
export function openCounting(database: DatabaseSync, limits = storedLimits) {
  const series = prepareSeries(database);
  const sourceOf = prepareCountSources(database);
  const trees = new Map<SeriesId, HeldTree>();
  const changeNumbers = new Map<string, number>();
  let noted: NotedChange[] = [];
  /** How many series had been made when the change under way began. */
  let madeBefore = 0;
  /** How many nodes all trees had when each was last asked for, and the one that may have grown since. */
  let nodes = 0;
  let latest: HeldTree | undefined;

  function treeOf(dimension: Dimension, id: SeriesId): CountTree {
    if (latest !== undefined) recount(latest);
    latest = trees.get(id) ?? { tree: readTree(sourceOf(dimension, id), limits), counted: 0 };
    // A map answers its keys in the order in which they were set: the first is the one not used for longest.
    trees.delete(id);
    trees.set(id, latest);
    recount(latest);
    for (const [oldest, { counted }] of trees) {
      if (nodes <= maxNodes || oldest === id) break;
      trees.delete(oldest);
      nodes -= counted;
    }
    return latest.tree;
  }

  function recount(held: HeldTree): void {
    const weight = held.tree.size + treeWeight;
    nodes += weight - held.counted;
    held.counted = weight;
  }

  function forget(id: SeriesId): void {
    nodes -= trees.get(id)?.counted ?? 0;
    trees.delete(id);
    latest = undefined;
  }

  function note(task: Task, ids: SeriesIds, by: 1 | -1): void {
    const place = { createdAtMs: task.createdAtMs, id: task.id };
    const slot = slotOf(task.status);
    for (const [index, { dimension }] of memberships.entries()) {
      noted.push({ seriesId: ids[index] ?? 0, dimension, place, slot, by });
    }
  }

  function idsOf(task: Task): SeriesIds {
    return memberships.map(({ dimension, valueIn }) =>
      series.ensureSeries({ ...task, dimension, value: valueIn(task) }),
    ) as unknown as SeriesIds;
  }

  function touch({ projectId, service }: Task): void {
    const key = changeKey(projectId, service);
    changeNumbers.set(key, (changeNumbers.get(key) ?? 0) + 1);
  }

  return {
    series,
    treeOf,

    /** Notes that a task came: it answers the series that it belongs to from now on. */
    came(task: Task): SeriesIds {
      touch(task);
      const ids = idsOf(task);
      note(task, ids, 1);
      return ids;
    },

    went(task: Task): void {
      touch(task);
      note(task, idsOf(task), -1);
    },

    /** Notes that a task became another, and whether it moved in the lists; answers the series that it belongs to then. */
    became(before: Task, after: Task, moved: boolean): SeriesIds {
      touch(before);
      touch(after);
      const ids = idsOf(after);
      if (moved) {
        note(before, idsOf(before), -1);
        note(after, ids, 1);
      }
      return ids;
    },

    /** A number that moves with every change of a task of these services: what was read at the same number stands. */
    changeNumber(projectId: string, services: readonly Service[]): number {
      let sum = 0;
      for (const service of services) sum += changeNumbers.get(changeKey(projectId, service)) ?? 0;
      return sum;
    },

    companion: {
      mark() {
        madeBefore = series.countMade();
        return noted.length;
      },
      undoTo(mark) {
        noted.length = mark;
        if (series.countMade() !== madeBefore) series.forget();
      },
      beforeCommit() {
        for (const [id, changes] of Map.groupBy(noted, ({ seriesId }) => seriesId)) {
          const [{ dimension }] = changes as [NotedChange];
          const tree = treeOf(dimension, id);
          applyChanges(tree, changes);
          if (tree.root !== undefined) continue;
          forget(id);
          series.deleteSeries(id);
        }
        noted = [];
      },
      afterRollback() {
        noted = [];
        trees.clear();
        nodes = 0;
        latest = undefined;
        series.forget();
      },
    } satisfies Companion,
  };
}

export type Counting = ReturnType<typeof openCounting>;

function changeKey(projectId: string, service: Service): string {
  return `${service} ${projectId}`;
}
