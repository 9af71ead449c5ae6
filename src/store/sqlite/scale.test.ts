import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { checkTree } from "../../counts/check-tree.ts";
import { storedLimits, type TreeLimits } from "../../counts/count-tree.ts";
import type { Service, TaskKind, TaskStatus } from "../../task/lifecycle.ts";
import {
  type Place,
  type TaskCountQuery,
  type TaskFilter,
  type TaskOrder,
  type TaskQuery,
  taskGroupings,
} from "../../task/query.ts";
import { isEnded, type Task } from "../../task/task.ts";
import { naiveCounts, naiveEnded, naivePage, naiveStream } from "../conformance/naive-answers.ts";
import { recordAll } from "../conformance/subject.ts";
import type { TaskStore } from "../store.ts";
import { openAside } from "./aside/aside.ts";
import { type NodeRow, nodeColumns, nodeOfRow } from "./count-source.ts";
import { openCounting } from "./counting.ts";
import { openDatabase } from "./database.ts";
import { seriesOf } from "./rebuild-counts.ts";
import { memberships } from "./series.ts";
import { openSession } from "./session.ts";
import { prepare } from "./statements.ts";
import { createTaskStore } from "./tasks.ts";

/**
 * The store's answers where there are many tasks: blocks and nodes of the count trees are cut, emptied and cut again,
 * and every answer is held against a look at all tasks.
 */

const { projectId } = taskFactory.running();
const startMs = factoryCreatedAtMs;
/** All tasks are created within this time. */
const spanMs = 300_000;
const tasksAtOnce = 1200;

/** Trees of these are five levels deep where the server's have two. */
const lowLimits: TreeLimits = { maxBlockTasks: 12, maxChildren: 4 };

/** The tasks of a store with the limits given, as it is opened by `openSqliteStore`. */
function openTasks(t: TestContext, limits: TreeLimits) {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-scale-"));
  const path = join(folder, "store.db");
  const clock = () => startMs;
  const { database, lock } = openDatabase(path, clock);
  const counting = openCounting(database, limits);
  const session = openSession(database, counting.companion);
  const aside = openAside(path);
  t.after(async () => {
    await aside.close();
    session.close();
    lock.release();
    rmSync(folder, { recursive: true });
  });
  return { database, tasks: createTaskStore({ database, session, counting, aside, clock }) };
}

/** Some values, each the more seldom the later it comes: the last is very rare. */
function skewed<T>(...values: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    ...values.map((value, index) => ({
      weight: 4 ** (values.length - index),
      arbitrary: fc.constant(value),
    })),
  );
}

const subjects = skewed<readonly [Service, TaskKind]>(
  ["rds", "instant"],
  ["ddm", "instant"],
  ["geminidb", "instant"],
  ["rds", "scheduled"],
);
const names = ["Backup", "Restart", "Upgrade", "Migrate", "é"];
const instanceIds = ["busy", "normal", "quiet", "silent"];
const statuses: readonly TaskStatus[] = ["Completed", "Failed", "Running", "Canceled"];

const anyFacts = fc.record({
  subject: subjects,
  name: skewed(...names),
  instanceId: skewed(...instanceIds),
  status: skewed(...statuses),
  /** Where in the time span, and within it at the same moments again and again. */
  part: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0.25, 0.5, 0.9)),
});

/** How a number of tasks comes into the store. */
type Arrival = "in order" | "in one moment" | "late";

function arriving(arrival: Arrival, number: number, seed: number): readonly Task[] {
  return fc.sample(anyFacts, { seed: seed + number, numRuns: tasksAtOnce }).map((facts, index) => {
    const [service, kind] = facts.subject;
    const atMs = {
      "in order": 50 * (number * 1000 + index),
      "in one moment": number * 1000,
      late: facts.part * spanMs,
    };
    return taskFactory.running({
      projectId,
      // In no order of creation.
      id: `${((index * 7919) % tasksAtOnce).toString(36)}-${number}`,
      createdAtMs: startMs + Math.floor(atMs[arrival]),
      service,
      kind,
      name: facts.name,
      instance: { id: facts.instanceId, name: "", status: "" },
      ...endOf(facts.status, startMs + spanMs + index),
    });
  });
}

function endOf(status: TaskStatus, endedAtMs: number): Pick<Task, "status" | "endedAtMs"> {
  return { status, endedAtMs: isEnded({ status }) ? endedAtMs : null };
}

const anyTimeMs = fc.integer({ min: startMs - 1, max: startMs + spanMs + 1 });

const anyFilter: fc.Arbitrary<TaskFilter> = fc.record(
  {
    projectId: fc.constant(projectId),
    services: fc.subarray<Service>(["rds", "ddm", "geminidb"], { minLength: 1 }),
    kinds: fc.constantFrom<readonly TaskKind[]>(["instant"], ["scheduled"]),
    statuses: fc.subarray([...statuses], { minLength: 1, maxLength: 2 }),
    names: fc.subarray(names, { minLength: 1, maxLength: 2 }),
    instanceIds: fc.subarray(instanceIds, { minLength: 1, maxLength: 2 }),
    createdFromMs: anyTimeMs,
    createdToMs: anyTimeMs,
  },
  { requiredKeys: ["projectId"] },
);

const anyOrder = fc.constantFrom<TaskOrder>("newest-first", "oldest-first");

/** A page; where it goes on after a task, that is the task with a number. */
const anyPage = fc.record({
  filter: anyFilter,
  order: anyOrder,
  after: fc.option(fc.nat(), { nil: undefined, freq: 3 }),
  offset: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(5000)),
  limit: fc.integer({ min: 1, max: 60 }),
  withNames: fc.boolean(),
});

const anyCount: fc.Arbitrary<TaskCountQuery> = fc.record({
  filter: anyFilter,
  groupBy: fc.subarray([...taskGroupings]),
  bucketMs: fc.constantFrom(undefined, 500, 7000, 60_000),
});

/** The place of one of the tasks, by a number however large. */
function placeOf(tasks: readonly Task[], number: number): Place | undefined {
  const task = tasks[number % tasks.length];
  return task && { createdAtMs: task.createdAtMs, id: task.id };
}

/** Asks the store and the model many questions, and compares what they answer. */
async function compare(tasks: TaskStore, model: ReadonlyMap<string, Task>, seed: number): Promise<void> {
  const all = [...model.values()];
  for (const { after, ...page } of fc.sample(anyPage, { seed, numRuns: 120 })) {
    const query: TaskQuery = { ...page, after: after === undefined ? undefined : placeOf(all, after) };
    assert.deepEqual([query, await tasks.listTasks(query)], [query, naivePage(all, query)]);
  }
  for (const query of fc.sample(anyCount, { seed, numRuns: 30 })) {
    assert.deepEqual([query, await tasks.countTasks(query)], [query, naiveCounts(all, query)]);
  }
  for (const { filter, order } of fc.sample(anyPage, { seed: seed + 1, numRuns: 3 })) {
    const query = { filter, order, limit: undefined };
    const streamed: Task[] = [];
    for await (const part of tasks.streamTasks(query)) streamed.push(...part);
    assert.deepEqual(streamed, naiveStream(all, query));
  }
}

/** What is wrong with the count trees that the store holds. */
function* violations(database: DatabaseSync, limits: TreeLimits): Generator<string> {
  const readNodes = prepare<NodeRow>(
    database,
    `SELECT ${nodeColumns.join(", ")} FROM count_node WHERE series_id = ? ORDER BY level, start_ms, start_id`,
  );
  let series = 0;
  for (const membership of memberships) {
    for (const { seriesId, tasks } of seriesOf(database, membership)) {
      yield* checkTree(readNodes.all(seriesId).map(nodeOfRow), [...tasks], limits);
      series += 1;
    }
  }
  const known = prepare<[count: number]>(database, "SELECT count(*) FROM series").get()?.[0];
  if (known !== series) yield `there are ${known} series, and tasks of ${series}`;
}

/** How many levels the deepest tree has. */
function depthOf(database: DatabaseSync): number {
  return 1 + (prepare<[level: number]>(database, "SELECT max(level) FROM count_node").get()?.[0] ?? 0);
}

for (const { limits, levels, seed } of [
  { limits: lowLimits, levels: 5, seed: 1 },
  { limits: lowLimits, levels: 5, seed: 2 },
  { limits: storedLimits, levels: 2, seed: 3 },
]) {
  test(`thousands of tasks come, change and go, and every answer is that of a look at all: ${levels} levels, seed ${seed}`, async (t) => {
    const { database, tasks } = openTasks(t, limits);
    const model = new Map<string, Task>();
    let steps = 0;
    let arrivals = 0;

    async function assertRight(): Promise<void> {
      steps += 1;
      assert.deepEqual([...violations(database, limits)], []);
      await compare(tasks, model, 100 * seed + steps);
    }

    async function arrive(arrival: Arrival): Promise<void> {
      arrivals += 1;
      const came = arriving(arrival, arrivals, seed);
      await recordAll(tasks, came);
      for (const task of came) model.set(task.id, task);
    }

    /** Every third task gets another status. */
    async function change(): Promise<void> {
      const changed = [...model.values()].filter((_, index) => index % 3 === steps % 3);
      await Promise.all(
        changed.map(async (current, index) => {
          const status = statuses[(statuses.indexOf(current.status) + 1) % statuses.length] ?? "Running";
          const end = endOf(status, startMs + spanMs + index);
          const task: Task = { ...current, ...end, revision: current.revision + 1 };
          await tasks.changeTask(current, () => ({ task, entry: undefined }));
          model.set(task.id, task);
        }),
      );
    }

    async function remove(goes: (task: Task) => boolean): Promise<void> {
      await Promise.all([...model.values()].filter(goes).map((task) => tasks.deleteTask(task)));
      for (const task of [...model.values()].filter(goes)) model.delete(task.id);
    }

    /** Everything that ended before a moment, as a sweep finds it. */
    async function retire(endedBeforeMs: number): Promise<void> {
      const search = { projectId, endedBeforeMs, from: undefined, limit: 10_000 };
      const { ids } = await tasks.findEndedTasks(search);
      assert.deepEqual(ids, naiveEnded([...model.values()], search));
      assert.equal(await tasks.deleteEndedTasks({ ...search, ids }), ids.length);
      for (const id of ids) model.delete(id);
    }

    const betweenMs = (from: number, to: number) => (task: Task) =>
      task.createdAtMs >= startMs + from * spanMs && task.createdAtMs < startMs + to * spanMs;
    await arrive("in order");
    await arrive("late");
    await assertRight();
    assert.ok(depthOf(database) >= levels, `${depthOf(database)} levels`);
    await arrive("in one moment");
    await change();
    await arrive("late");
    await assertRight();
    await remove(betweenMs(0.1, 0.4));
    await remove(betweenMs(0.7, 2));
    await assertRight();
    await arrive("in order");
    await retire(startMs + spanMs + tasksAtOnce / 2);
    await assertRight();
    await remove(() => true);
    await assertRight();
    assert.equal(prepare<[number]>(database, "SELECT count(*) FROM count_node").get()?.[0], 0);
    await arrive("late");
    await assertRight();
  });
}
