import assert from "node:assert/strict";
import test from "node:test";
import { smallLimits, tasksOf } from "../../test/series-in-memory.ts";
import { buildNodes, type CountedTask } from "./build.ts";
import { checkTree, openTreeCheck } from "./check-tree.ts";
import type { StoredNode } from "./count-tree.ts";
import { slotOf } from "./tally.ts";

/** Ten tasks in blocks of three, under nodes of two: levels of 4, 2 and 1 nodes. */
const tasks = tasksOf(10, { slotOf: () => slotOf("Running") });
const nodes: readonly StoredNode[] = [...buildNodes(tasks, smallLimits)];
const secondBlock = 1;
const secondNode = 5;
const root = 6;

function violations(
  changedNodes: readonly StoredNode[],
  changedTasks: readonly CountedTask[] = tasks,
  limits = smallLimits,
): readonly string[] {
  return [...checkTree(changedNodes, changedTasks, limits)];
}

/** The nodes, one of them changed. */
function withNode(index: number, change: (node: StoredNode) => StoredNode): readonly StoredNode[] {
  return nodes.map((node, place) => (place === index ? change(node) : node));
}

/** One task more of a status. */
function oneMore(tally: readonly number[], status: "Running" | "Failed"): readonly number[] {
  return tally.map((count, slot) => (slot === slotOf(status) ? count + 1 : count));
}

test("a sound tree has no violations, nor have no tasks without nodes", () => {
  assert.deepEqual(
    nodes.map(({ level }) => level),
    [0, 0, 0, 0, 1, 1, 2],
  );
  assert.deepEqual(violations(nodes), []);
  assert.deepEqual(violations([], []), []);
});

test("a number that is wrong in any tally is found, in the node itself and in its parent", () => {
  const more = (node: StoredNode) => ({ ...node, tally: oneMore(node.tally, "Failed") });
  assert.deepEqual(violations(withNode(secondBlock, more)), [
    "the block from 3 task-0003 counts 1 tasks that are Failed, and there are 0",
    "the node of level 1 from the beginning counts 0 tasks that are Failed, and there are 1",
  ]);
  assert.deepEqual(violations(withNode(secondNode, more)), [
    "the node of level 1 from 6 task-0006 counts 1 tasks that are Failed, and there are 0",
    "the node of level 2 from the beginning counts 0 tasks that are Failed, and there are 1",
  ]);
  assert.deepEqual(violations(withNode(root, more)), [
    "the node of level 2 from the beginning counts 1 tasks that are Failed, and there are 0",
  ]);
});

test("a task too many, a task missing, and one with another status are found", () => {
  const [first, ...others] = tasks;
  assert.ok(first);
  const counts = (there: string) =>
    `the block from the beginning counts 3 tasks that are Running, and there are ${there}`;
  assert.deepEqual(violations(nodes, others), [counts("2")]);
  const late = { place: { createdAtMs: 0, id: "task-00005" }, slot: slotOf("Running") };
  assert.deepEqual(violations(nodes, [first, late, ...others]), [counts("4")]);
  assert.deepEqual(violations(nodes, [{ ...first, slot: slotOf("Failed") }, ...others]), [
    counts("2"),
    "the block from the beginning counts 0 tasks that are Failed, and there are 1",
  ]);
});

test("a level that does not start at the beginning is found", () => {
  const later = withNode(0, (node) => ({ ...node, start: { createdAtMs: -1, id: "" } }));
  assert.deepEqual(violations(later), [
    "the first node of level 0 does not start at the beginning",
    "the node of level 1 from the beginning does not start where its first child starts",
  ]);
});

test("a node that does not start where its first child starts is found", () => {
  const early = withNode(secondNode, (node) => ({ ...node, start: { createdAtMs: 5, id: "" } }));
  assert.deepEqual(violations(early), [
    "the node of level 1 from 5  does not start where its first child starts",
  ]);
});

test("a block with too many tasks, and a node with too many children are found", () => {
  assert.deepEqual(violations(nodes, tasks, { maxBlockTasks: 2, maxChildren: 3 }).length, 3);
  assert.deepEqual(violations(nodes, tasks, { maxBlockTasks: 4, maxChildren: 1 }), [
    "the node of level 1 from the beginning has 2 children, more than 1",
    "the node of level 1 from 6 task-0006 has 2 children, more than 1",
    "the node of level 2 from the beginning has 2 children, more than 1",
  ]);
  assert.deepEqual(violations(nodes.slice(0, 1), tasks.slice(0, 3), { maxBlockTasks: 2, maxChildren: 3 }), [
    "the block from the beginning has 3 tasks, more than 2",
  ]);
});

test("a missing node, a missing level and a missing root are found", () => {
  for (const missing of nodes.keys()) {
    const left = nodes.filter((_, index) => index !== missing);
    assert.notDeepEqual(violations(left), [], `without node ${missing}`);
  }
  assert.deepEqual(violations(nodes.filter(({ level }) => level !== 1)), [
    "there are nodes above level 1, and none of it",
  ]);
  assert.deepEqual(violations(nodes.filter(({ level }) => level !== 0)), [
    "there are nodes above level 0, and none of it",
  ]);
  assert.deepEqual(violations(nodes.slice(0, root)), ["there are 2 roots"]);
  assert.deepEqual(violations([]), ["there are tasks, and no nodes"]);
});

test("nodes of a series without tasks are found, whatever they count", () => {
  const [block] = nodes;
  assert.ok(block);
  const empty = { ...block, tally: block.tally.map(() => 0) };
  assert.deepEqual(violations([empty], []), ["there are nodes, and no tasks"]);
  assert.deepEqual(violations([block], []), [
    "there are nodes, and no tasks",
    "the block from the beginning counts 3 tasks that are Running, and there are 0",
  ]);
});

test("tasks that are told one by one may come in any order, and be taken away again", () => {
  const check = openTreeCheck(nodes, smallLimits);
  const [first] = tasks;
  assert.ok(first);
  for (const task of tasks.toReversed()) check.add(task);
  check.add({ ...first, slot: slotOf("Failed") });
  assert.deepEqual(
    [...check.findings()],
    ["the block from the beginning counts 0 tasks that are Failed, and there are 1"],
  );
  check.add({ ...first, slot: slotOf("Failed") }, -1);
  assert.deepEqual([...check.findings()], []);
});
