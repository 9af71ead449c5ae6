import type { Place } from "../task/query.ts";
import {
  type CountNode,
  type CountSource,
  type CountTree,
  childrenOf,
  indexAt,
  nodeOf,
} from "./count-tree.ts";
import { beginning, later } from "./place.ts";
import { addTo, emptyTally, type Tally } from "./tally.ts";

/** One task more or less with a status, at a place. */
export interface CountChange {
  readonly place: Place;
  readonly slot: number;
  readonly by: 1 | -1;
}

/** How full parts are made that nothing will fill up any more: those of a series' end, since new tasks come after them. */
const fullAtTheEnd = 7 / 8;

/**
 * Brings a tree, and what the store holds of it, to what it must be after changes whose tasks the store holds already.
 * A tree without tasks has no root, and the store nothing of it.
 */
export function applyChanges(tree: CountTree, changes: readonly CountChange[]): void {
  countChanges(tree, changes);
  settleChanges(tree);
}

/** The first half of `applyChanges`, which may be done in parts: until it has settled, the tree is of no use. */
export function countChanges(tree: CountTree, changes: readonly CountChange[]): void {
  const root = rootFor(tree);
  for (const change of changes) {
    count(tree, root, change);
    if (tree.last !== undefined) tree.last = later(tree.last, change.place);
  }
}

/** The root that changes are counted in: that of a tree without tasks is an empty block. */
export function rootFor(tree: CountTree): CountNode {
  tree.root ??= nodeOf({ level: 0, start: beginning, tally: emptyTally() });
  return tree.root;
}

/** The second half: cuts what has grown too large, takes away what is empty, and has all that has changed written. */
export function settleChanges(tree: CountTree): void {
  if (tree.root === undefined) return;
  if (tree.root.total === 0) {
    deleteBelow(tree.source, tree.root, undefined);
    tree.root = undefined;
    tree.last = undefined;
    tree.size = 1;
    return;
  }
  let tops = settle(tree, tree.root, undefined);
  while (tops.length > 1) {
    tops = gather(tree, tops, undefined);
    tree.size += tops.length;
  }
  tree.root = tops[0];
}

/** Counts one change in all nodes on the way down to its block. */
function count(tree: CountTree, root: CountNode, { place, slot, by }: CountChange): void {
  let node: CountNode | undefined = root;
  let end: Place | undefined;
  while (node !== undefined) {
    node.tally[slot] = (node.tally[slot] ?? 0) + by;
    node.total += by;
    node.isChanged = true;
    if (node.level === 0) return;
    const children = childrenOf(tree, node, end);
    const index = indexAt(children, place);
    end = children[index + 1]?.start ?? end;
    node = children[index];
  }
}

/** What stands in the place of a node that has changed: itself, or its parts where it has grown too large. */
function settle(tree: CountTree, node: CountNode, end: Place | undefined): CountNode[] {
  if (!node.isChanged) return [node];
  if (node.level === 0)
    return node.total > tree.limits.maxBlockTasks ? cutBlock(tree, node, end) : [write(tree, node)];
  const children = childrenOf(tree, node, end);
  node.children = children.flatMap((child, index) => {
    const childEnd = children[index + 1]?.start ?? end;
    // What an empty child covered falls to the one before it. The first one stays: its parent starts with it.
    if (child.total === 0 && index > 0) {
      deleteBelow(tree.source, child, childEnd);
      tree.size -= heldIn(child);
      return [];
    }
    return settle(tree, child, childEnd);
  });
  return node.children.length > tree.limits.maxChildren ? cutNode(tree, node, end) : [write(tree, node)];
}

/** How many nodes of a part of a tree are held in memory. */
function heldIn({ children = [] }: CountNode): number {
  return children.reduce((held, child) => held + heldIn(child), 1);
}

function write(tree: CountTree, node: CountNode): CountNode {
  tree.source.writeNode(node);
  node.isChanged = false;
  return node;
}

function deleteBelow(source: CountSource, node: CountNode, end: Place | undefined): void {
  for (let level = 0; level <= node.level; level += 1) source.deleteNodes(level, node.start, end);
}

/** The blocks that a block too large is cut into. */
function cutBlock(tree: CountTree, { start, total }: CountNode, end: Place | undefined): CountNode[] {
  const starts = [start, ...tree.source.cuts(start, end, partSize(total, tree.limits.maxBlockTasks, end))];
  tree.size += starts.length - 1;
  return starts.map((from, index) =>
    write(tree, nodeOf({ level: 0, start: from, tally: tree.source.tally(from, starts[index + 1] ?? end) })),
  );
}

/** The nodes that a node with too many children is cut into. */
function cutNode(tree: CountTree, { children = [] }: CountNode, end: Place | undefined): CountNode[] {
  const parts = gather(tree, children, end);
  tree.size += parts.length - 1;
  return parts;
}

/** Gathers nodes under new ones of the next level. */
function gather(tree: CountTree, nodes: CountNode[], end: Place | undefined): CountNode[] {
  const { maxChildren } = tree.limits;
  const size = nodes.length > maxChildren ? partSize(nodes.length, maxChildren, end) : nodes.length;
  const parents: CountNode[] = [];
  for (let first = 0; first < nodes.length; first += size) {
    const children = nodes.slice(first, first + size);
    const [{ level, start }] = children as [CountNode];
    parents.push(write(tree, { ...nodeOf({ level: level + 1, start, tally: sumOf(children) }), children }));
  }
  return parents;
}

/** How large the parts are that too many things are cut into, of which one part holds at most `max`. */
function partSize(total: number, max: number, end: Place | undefined): number {
  if (end === undefined) return Math.floor(max * fullAtTheEnd);
  return Math.ceil(total / Math.max(2, Math.round((2 * total) / max)));
}

function sumOf(nodes: readonly CountNode[]): Tally {
  const sum = emptyTally();
  for (const { tally } of nodes) addTo(sum, tally);
  return sum;
}
