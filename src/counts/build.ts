import type { Place } from "../task/query.ts";
import { type StoredNode, storedLimits, type TreeLimits } from "./count-tree.ts";
import { beginning } from "./place.ts";
import { addTo, emptyTally } from "./tally.ts";

/** What is counted of a task. */
export interface CountedTask {
  readonly place: Place;
  readonly slot: number;
}

/** How much of what a block or node may hold a new tree gives it: room for late tasks. */
const fill = 7 / 8;

/** Builds a new tree from a series' tasks, which are added in order. */
export function buildTree({ maxBlockTasks, maxChildren }: TreeLimits = storedLimits) {
  const blockTasks = Math.floor(maxBlockTasks * fill);
  const blocks: StoredNode[] = [];
  let start = beginning;
  let tally = emptyTally();
  let total = 0;
  return {
    add({ place, slot }: CountedTask): void {
      if (total === blockTasks) {
        blocks.push({ level: 0, start, tally });
        [start, tally, total] = [place, emptyTally(), 0];
      }
      tally[slot] = (tally[slot] ?? 0) + 1;
      total += 1;
    },

    /** The tree's nodes: level by level, each in order; none of a series without tasks. */
    *nodes(): Generator<StoredNode> {
      let nodes = total > 0 ? [...blocks, { level: 0, start, tally }] : blocks;
      yield* nodes;
      while (nodes.length > 1) {
        nodes = gather(nodes, Math.floor(maxChildren * fill));
        yield* nodes;
      }
    },
  };
}

/** The nodes of a new tree of a series' tasks, which come in order. */
export function* buildNodes(
  tasks: Iterable<CountedTask>,
  limits: TreeLimits = storedLimits,
): Generator<StoredNode> {
  const tree = buildTree(limits);
  for (const task of tasks) tree.add(task);
  yield* tree.nodes();
}

function gather(nodes: readonly StoredNode[], size: number): StoredNode[] {
  const parents: StoredNode[] = [];
  for (let first = 0; first < nodes.length; first += size) {
    const children = nodes.slice(first, first + size);
    const [{ level, start }] = children as [StoredNode];
    const tally = emptyTally();
    for (const child of children) addTo(tally, child.tally);
    parents.push({ level: level + 1, start, tally });
  }
  return parents;
}
