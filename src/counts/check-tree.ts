import { taskStatuses } from "../task/lifecycle.ts";
import type { Place } from "../task/query.ts";
import type { CountedTask } from "./build.ts";
import { type StoredNode, storedLimits, type TreeLimits } from "./count-tree.ts";
import { beginning, comparePlaces } from "./place.ts";
import { addTo, emptyTally, type Tally, totalOf } from "./tally.ts";

/**
 * Holds a series' stored nodes against its tasks, both in order, the nodes level by level; answers in words what is
 * wrong, nothing where every invariant of `CountTree` holds.
 */
export function* checkTree(
  nodes: readonly StoredNode[],
  tasks: Iterable<CountedTask>,
  limits = storedLimits,
): Generator<string> {
  const levels = Map.groupBy(nodes, ({ level }) => level);
  const height = levels.size;
  for (let level = 0; level < height; level += 1) {
    if (!levels.has(level)) return yield `there are nodes above level ${level}, and none of it`;
  }
  yield* checkBlocks(levels.get(0) ?? [], tasks, limits);
  for (let level = 1; level < height; level += 1) {
    yield* checkParents(levels.get(level) ?? [], levels.get(level - 1) ?? [], limits);
  }
  const roots = levels.get(height - 1)?.length ?? 0;
  if (roots > 1) yield `there are ${roots} roots`;
}

function* checkBlocks(
  blocks: readonly StoredNode[],
  tasks: Iterable<CountedTask>,
  { maxBlockTasks }: TreeLimits,
): Generator<string> {
  const tallies = tallyByNode(blocks, tasks, (tally, { slot }) => {
    tally[slot] = (tally[slot] ?? 0) + 1;
  });
  if (blocks.length > 0 && tallies.every((tally) => totalOf(tally, undefined) === 0)) {
    yield "there are nodes, and no tasks";
  }
  yield* checkNodes(blocks, tallies);
  for (const block of blocks) {
    const total = totalOf(block.tally, undefined);
    if (total > maxBlockTasks) yield `${nameOf(block)} has ${total} tasks, more than ${maxBlockTasks}`;
  }
}

function* checkParents(
  parents: readonly StoredNode[],
  children: readonly StoredNode[],
  { maxChildren }: TreeLimits,
): Generator<string> {
  const childrenOf = new Map<StoredNode, number>();
  const places = children.map((node) => ({ place: node.start, node }));
  const tallies = tallyByNode(parents, places, (tally, { node }, parent) => {
    addTo(tally, node.tally);
    if (parent !== undefined) childrenOf.set(parent, (childrenOf.get(parent) ?? 0) + 1);
  });
  yield* checkNodes(parents, tallies);
  const starts = new Set(children.map(({ start }) => textOf(start)));
  for (const parent of parents) {
    const count = childrenOf.get(parent) ?? 0;
    if (count > maxChildren) yield `${nameOf(parent)} has ${count} children, more than ${maxChildren}`;
    if (!starts.has(textOf(parent.start)))
      yield `${nameOf(parent)} does not start where its first child starts`;
  }
}

function* checkNodes(nodes: readonly StoredNode[], tallies: readonly Tally[]): Generator<string> {
  const [first] = nodes;
  if (first !== undefined && comparePlaces(first.start, beginning) !== 0) {
    yield `the first node of level ${first.level} does not start at the beginning`;
  }
  if (first === undefined && totalOf(tallies[0] ?? [], undefined) > 0) yield "there are tasks, and no nodes";
  for (const [index, node] of nodes.entries()) {
    for (const [slot, status] of taskStatuses.entries()) {
      const counted = node.tally[slot] ?? 0;
      const found = tallies[index]?.[slot] ?? 0;
      if (counted !== found)
        yield `${nameOf(node)} counts ${counted} tasks that are ${status}, and there are ${found}`;
    }
  }
}

/** What falls to each of some nodes, or, where there are none, the sum of all. Both come in order. */
function tallyByNode<T extends { readonly place: Place }>(
  nodes: readonly StoredNode[],
  items: Iterable<T>,
  add: (tally: number[], item: T, node: StoredNode | undefined) => void,
): readonly Tally[] {
  const tallies = (nodes.length === 0 ? [undefined] : nodes).map(emptyTally);
  let index = 0;
  for (const item of items) {
    for (let next = nodes[index + 1]; next !== undefined; next = nodes[index + 1]) {
      if (comparePlaces(next.start, item.place) > 0) break;
      index += 1;
    }
    add(tallies[index] ?? emptyTally(), item, nodes[index]);
  }
  return tallies;
}

function nameOf({ level, start }: StoredNode): string {
  return `the ${level === 0 ? "block" : `node of level ${level}`} from ${textOf(start)}`;
}

function textOf({ createdAtMs, id }: Place): string {
  return id === "" && createdAtMs === beginning.createdAtMs ? "the beginning" : `${createdAtMs} ${id}`;
}
