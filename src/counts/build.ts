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

/** The nodes of a new tree of a series' tasks, which come in order: level by level, each in order. */
export function* buildNodes(
  tasks: Iterable<CountedTask>,
  { maxBlockTasks, maxChildren }: TreeLimits = storedLimits,
): Generator<StoredNode> {
  let nodes: StoredNode[] = [];
  for (const block of blocksOf(tasks, Math.floor(maxBlockTasks * fill))) {
    nodes.push(block);
    yield block;
  }
  while (nodes.length > 1) {
    nodes = gather(nodes, Math.floor(maxChildren * fill));
    yield* nodes;
  }
}

function* blocksOf(tasks: Iterable<CountedTask>, size: number): Generator<StoredNode> {
  let start = beginning;
  let tally = emptyTally();
  let total = 0;
  for (const { place, slot } of tasks) {
    if (total === size) {
      yield { level: 0, start, tally };
      [start, tally, total] = [place, emptyTally(), 0];
    }
    tally[slot] = (tally[slot] ?? 0) + 1;
    total += 1;
  }
  if (total > 0) yield { level: 0, start, tally };
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
