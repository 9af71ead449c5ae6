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
  const check = openTreeCheck(nodes, limits);
  for (const task of tasks) check.add(task);
  yield* check.findings();
}

/** The same for tasks that are told one by one, so that nobody has to hold all of them. */
export function openTreeCheck(nodes: readonly StoredNode[], limits = storedLimits) {
  const levels = Map.groupBy(nodes, ({ level }) => level);
  const blocks = levels.get(0) ?? [];
  const found = tallyByNode(blocks);
  return {
    /** Adds a task, or takes it away. In order they are told fastest. */
    add({ place, slot }: CountedTask, by: 1 | -1 = 1): void {
      const { tally } = found.at(place);
      tally[slot] = (tally[slot] ?? 0) + by;
    },

    *findings(): Generator<string> {
      const height = levels.size;
      for (let level = 0; level < height; level += 1) {
        if (!levels.has(level)) return yield `there are nodes above level ${level}, and none of it`;
      }
      yield* checkBlocks(blocks, found.tallies, limits);
      for (let level = 1; level < height; level += 1) {
        yield* checkParents(levels.get(level) ?? [], levels.get(level - 1) ?? [], limits);
      }
      const roots = levels.get(height - 1)?.length ?? 0;
      if (roots > 1) yield `there are ${roots} roots`;
    },
  };
}

function* checkBlocks(
  blocks: readonly StoredNode[],
  tallies: readonly Tally[],
  { maxBlockTasks }: TreeLimits,
): Generator<string> {
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
  const childrenOf = new Map<StoredNode | undefined, number>();
  const { at, tallies } = tallyByNode(parents);
  for (const child of children) {
    const { tally, node } = at(child.start);
    addTo(tally, child.tally);
    childrenOf.set(node, (childrenOf.get(node) ?? 0) + 1);
  }
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

/** What falls to each of some nodes, or, where there are none, the sum of all. */
function tallyByNode(nodes: readonly StoredNode[]) {
  const tallies = (nodes.length === 0 ? [undefined] : nodes).map(emptyTally);
  let index = 0;
  return {
    tallies: tallies as readonly Tally[],
    /** The node of a place, if there are any, and its tally. Places that come in order are found in one pass. */
    at(place: Place): { readonly tally: number[]; readonly node: StoredNode | undefined } {
      const current = nodes[index];
      if (current !== undefined && comparePlaces(current.start, place) > 0) index = 0;
      for (let next = nodes[index + 1]; next !== undefined; next = nodes[index + 1]) {
        if (comparePlaces(next.start, place) > 0) break;
        index += 1;
      }
      return { tally: tallies[index] ?? emptyTally(), node: nodes[index] };
    },
  };
}

function nameOf({ level, start }: StoredNode): string {
  return `the ${level === 0 ? "block" : `node of level ${level}`} from ${textOf(start)}`;
}

function textOf({ createdAtMs, id }: Place): string {
  return id === "" && createdAtMs === beginning.createdAtMs ? "the beginning" : `${createdAtMs} ${id}`;
}
