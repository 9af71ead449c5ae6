import type { Place } from "../task/query.ts";
import { beginning, comparePlaces, earlier, later, theEnd } from "./place.ts";
import type { Span } from "./span.ts";
import { addTo, emptyTally, type Tally, totalOf } from "./tally.ts";

/**
 * Counting without counting.
 *
 * The tasks of a *series* (a project's tasks of one service and kind, or of one name or instance among them) stand in
 * one order: by creation time, then id. They are cut into *blocks* of at most `maxBlockTasks`, and of each block it is
 * known where it starts and its *tally*: how many tasks it holds of each status. Blocks are gathered under *nodes* of
 * level 1, those under nodes of level 2, and so on up to one *root*; a node's tally is the sum of its children's.
 *
 *     level 2  |----------------------- 510 ------------------------|        the root
 *     level 1  |------- 310 --------|------------- 200 --------------|
 *     level 0  |-- 130 --|--- 180 ---|- 20 -|---- 110 ----|--- 70 ---|        blocks
 *     tasks    . .. . ..... .. .  ...... . .. .... .  . .. ... . . .. ..       older to newer
 *
 * How many tasks stand before a place is then the sum of the siblings to its left on the way down, and a count of tasks
 * in one block: at most `maxChildren` numbers a level and `maxBlockTasks` tasks, however many there are in all. Time has
 * no say in where blocks end, only the number of tasks has: a burst within a millisecond is cut like everything else.
 *
 * What always holds, after every transaction:
 * 1. The nodes of a level cover the whole order: the first starts at the beginning, each ends where the next one starts.
 * 2. A node starts where its first child starts.
 * 3. A node's tally is the sum of its children's, a block's tally that of the tasks between its start and its end.
 * 4. No block has more than `maxBlockTasks` tasks, no node more than `maxChildren` children.
 */
export interface CountTree {
  readonly source: CountSource;
  readonly limits: TreeLimits;
  /** Undefined while the series has no tasks. */
  root: CountNode | undefined;
  /** How many nodes are held in memory. */
  size: number;
  /** No task stands after it. Undefined while nobody has asked. */
  last: Place | undefined;
}

/** How large the parts of a tree may be. */
export interface TreeLimits {
  /** How many tasks a block has at most. */
  readonly maxBlockTasks: number;
  /** How many children a node has at most. */
  readonly maxChildren: number;
}

/** A count of half a block takes about as long as all the rest of a total; three levels hold 700,000 tasks or more. */
export const storedLimits: TreeLimits = { maxBlockTasks: 256, maxChildren: 64 };

/** A node with its place in the tree. Its children are read when somebody asks for them. */
export interface CountNode {
  /** 0 for a block. */
  readonly level: number;
  readonly start: Place;
  readonly tally: number[];
  /** The sum of the tally. */
  total: number;
  /** Undefined of a block, and while they have not been read. */
  children: CountNode[] | undefined;
  /** Whether the tally was changed, and the store does not know it yet. */
  isChanged: boolean;
}

/** A node as the store keeps it. */
export interface StoredNode {
  readonly level: number;
  readonly start: Place;
  readonly tally: Tally;
}

/** What a tree needs of its store: its nodes, and the tasks of its series. Ranges have their start, not their end. */
export interface CountSource {
  /** Answers the node of the highest level; undefined for a series without tasks. */
  readRoot(): StoredNode | undefined;
  /** Answers the nodes of a level that start in a range, in order; without an end, up to the last. */
  readNodes(level: number, from: Place, to: Place | undefined): readonly StoredNode[];
  /** Answers the place of the first task at a place or after it; undefined where there is none. */
  readFirst(from: Place): Place | undefined;
  /** Answers the place of the last task before a place; undefined where there is none. */
  readLast(to: Place): Place | undefined;
  writeNode(node: StoredNode): void;
  deleteNodes(level: number, from: Place, to: Place | undefined): void;
  /** Counts the tasks in a range, with the statuses of some slots or with any, one by one: for a part of a block. */
  count(from: Place, to: Place, slots: readonly number[] | undefined): number;
  /** Counts the tasks in a range by status, one by one. */
  tally(from: Place, to: Place | undefined): Tally;
  /** Answers the places of the tasks in a range that have a whole multiple of `every` tasks before them in it. */
  cuts(from: Place, to: Place | undefined, every: number): readonly Place[];
}

/** A series' tree as the store holds it now. */
export function readTree(source: CountSource, limits = storedLimits): CountTree {
  const root = source.readRoot();
  return { source, limits, root: root && nodeOf(root), size: 1, last: undefined };
}

export function nodeOf({ level, start, tally }: StoredNode): CountNode {
  return {
    level,
    start,
    tally: [...tally],
    total: totalOf(tally, undefined),
    children: undefined,
    isChanged: false,
  };
}

/** The children of a node that ends at `end`; undefined: with the series. */
export function childrenOf(tree: CountTree, node: CountNode, end: Place | undefined): CountNode[] {
  if (node.children === undefined) {
    node.children = tree.source.readNodes(node.level - 1, node.start, end).map(nodeOf);
    tree.size += node.children.length;
  }
  return node.children;
}

/** The index of the last node that starts at a place or before it. The first one always does. */
export function indexAt(nodes: readonly CountNode[], place: Place): number {
  let low = 0;
  let high = nodes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const node = nodes[middle];
    if (node !== undefined && comparePlaces(node.start, place) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How many tasks of a node have the statuses of some slots. */
export function countIn(node: CountNode, slots: readonly number[] | undefined): number {
  return slots === undefined ? node.total : totalOf(node.tally, slots);
}

/** The block of a place; `pass` is told of every node on the way down that lies wholly before it. */
function blockAt(tree: CountTree, root: CountNode, place: Place, pass: (node: CountNode) => void) {
  let block = root;
  let end: Place | undefined;
  while (block.level > 0) {
    const children = childrenOf(tree, block, end);
    const index = indexAt(children, place);
    for (let left = 0; left < index; left += 1) pass(children[left] as CountNode);
    end = children[index + 1]?.start ?? end;
    block = children[index] as CountNode;
  }
  return { block, end };
}

/** How many tasks stand before a place, of those with the statuses of some slots or of all. */
export function rankOf(tree: CountTree, place: Place, slots?: readonly number[]): number {
  if (tree.root === undefined) return 0;
  if (isAfterAll(tree, place)) return countIn(tree.root, slots);
  let rank = 0;
  const { block, end } = blockAt(tree, tree.root, place, (node) => {
    rank += countIn(node, slots);
  });
  const inBlock = countIn(block, slots);
  if (inBlock === 0 || comparePlaces(block.start, place) >= 0) return rank;
  // The shorter way, as far as the times of a block's ends tell.
  return end !== undefined && isNearer(place, end, block.start)
    ? rank + inBlock - tree.source.count(place, end, slots)
    : rank + tree.source.count(block.start, place, slots);
}

function isNearer(place: Place, end: Place, start: Place): boolean {
  return end.createdAtMs - place.createdAtMs < place.createdAtMs - start.createdAtMs;
}

/** Whether no task stands at a place or after it: so it is with most windows, which reach until now. */
function isAfterAll(tree: CountTree, place: Place): boolean {
  tree.last ??= tree.source.readLast(theEnd);
  return tree.last !== undefined && comparePlaces(tree.last, place) < 0;
}

/** What the blocks alone tell of the tasks before a place: the tally of those before `start`, where its block begins. */
export interface Footing {
  readonly tally: Tally;
  readonly start: Place;
}

/** How far the blocks tell what stands before a place: the tasks from there to the place must be looked at. */
export function footingAt(tree: CountTree, place: Place): Footing {
  if (tree.root === undefined) return { tally: emptyTally(), start: beginning };
  if (place === theEnd) return { tally: tree.root.tally, start: theEnd };
  const tally = emptyTally();
  const { block } = blockAt(tree, tree.root, place, (node) => addTo(tally, node.tally));
  return { tally, start: block.start };
}

/**
 * A footing that may also stand after the place, where its block ends, as far as the times of a block's ends tell which is
 * nearer: then the tasks from the place to there must be looked at, and taken away. The last block has no end, and new
 * tasks come there: in it, the footing is where the caller says, since most windows reach until now, and begin long ago.
 */
export function nearestFooting(tree: CountTree, place: Place, inLastBlock: "start" | "end"): Footing {
  if (tree.root === undefined || place === theEnd) return footingAt(tree, place);
  const tally = emptyTally();
  const { block, end } = blockAt(tree, tree.root, place, (node) => addTo(tally, node.tally));
  const isAfter = end === undefined ? inLastBlock === "end" : isNearer(place, end, block.start);
  if (!isAfter) return { tally, start: block.start };
  addTo(tally, block.tally);
  return { tally, start: end ?? theEnd };
}

/** The tally of all tasks before a place. */
export function tallyBefore(tree: CountTree, place: Place): Tally {
  const sum = emptyTally();
  if (tree.root === undefined) return sum;
  if (isAfterAll(tree, place)) return tree.root.tally;
  const { block } = blockAt(tree, tree.root, place, (node) => addTo(sum, node.tally));
  if (block.total > 0 && comparePlaces(block.start, place) < 0) {
    addTo(sum, tree.source.tally(block.start, place));
  }
  return sum;
}

/** How many tasks there are at least, and at most, before a place, as the blocks alone tell: no task is looked at. */
export function rankBounds(
  tree: CountTree,
  place: Place,
  slots: readonly number[] | undefined,
): { readonly least: number; readonly most: number } {
  let least = 0;
  if (tree.root === undefined) return { least, most: 0 };
  const { block } = blockAt(tree, tree.root, place, (node) => {
    least += countIn(node, slots);
  });
  const isPartial = comparePlaces(block.start, place) < 0;
  return { least, most: isPartial ? least + countIn(block, slots) : least };
}

/**
 * A place that has at most `rank` tasks before it in all series together, as late as blocks allow: from there to the
 * task of that rank it is no more than a block of each series, and one more.
 */
export function placeShortOf(
  trees: readonly CountTree[],
  rank: number,
  slots: readonly number[] | undefined,
): Place {
  const isShort = (place: Place): boolean =>
    trees.reduce((most, tree) => most + rankBounds(tree, place, slots).most, 0) <= rank;
  let low = beginning;
  let high: Place | undefined;
  // The largest series narrow it down most.
  for (const tree of trees.toSorted((a, b) => (b.root?.total ?? 0) - (a.root?.total ?? 0))) {
    let node = tree.root;
    let end: Place | undefined;
    while (node !== undefined && node.level > 0) {
      const children = childrenOf(tree, node, end);
      let index = indexAt(children, low);
      let tooFar = high === undefined ? children.length : indexAt(children, high) + 1;
      while (tooFar - index > 1) {
        const middle = (index + tooFar) >> 1;
        const { start } = children[middle] as CountNode;
        if (high !== undefined && comparePlaces(start, high) >= 0) tooFar = middle;
        else if (isShort(start)) [index, low] = [middle, start];
        else [tooFar, high] = [middle, start];
      }
      end = children[index + 1]?.start ?? end;
      node = children[index];
    }
  }
  return low;
}

/**
 * The blocks with tasks of some slots that have a part in a span, in the direction asked for, each with how many such
 * tasks it has in all. Whole nodes without any are passed over.
 */
export function* blocksWith(
  tree: CountTree,
  slots: readonly number[] | undefined,
  span: Span,
  direction: "newest-first" | "oldest-first",
): Generator<Span & { readonly count: number }> {
  const { root } = tree;
  if (root !== undefined) yield* below(root, undefined);

  function* below(node: CountNode, end: Place | undefined): Generator<Span & { readonly count: number }> {
    const count = countIn(node, slots);
    const from = later(node.start, span.from);
    const to = end === undefined ? span.to : earlier(end, span.to);
    if (count === 0 || comparePlaces(from, to) >= 0) return;
    if (node.level === 0) {
      yield { from, to, count };
      return;
    }
    const children = childrenOf(tree, node, end);
    for (let step = 0; step < children.length; step += 1) {
      const index = direction === "newest-first" ? children.length - 1 - step : step;
      const child = children[index];
      if (child !== undefined) yield* below(child, children[index + 1]?.start ?? end);
    }
  }
}
