import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import { compareBytewise, compareNewestFirst, matchesFilter, type TaskFilter } from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import { openAside } from "./aside/aside.ts";
import { openCounting } from "./counting.ts";
import { openDatabase } from "./database.ts";
import { openSession } from "./session.ts";
import { createTaskStore } from "./tasks.ts";
import { wrongCounts } from "./upkeep/counts.ts";

const { projectId } = taskFactory.running();
const clock = (): number => 0;

/** A store's tasks, and the parts that are not to be reached through the store. */
function openTasks(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-counting-"));
  const path = join(folder, "store.db");
  const { database, lock } = openDatabase(path, clock);
  const counting = openCounting(database);
  const session = openSession(database, counting.companion);
  const aside = openAside(path);
  t.after(async () => {
    await aside.close();
    session.close();
    lock.release();
    rmSync(folder, { recursive: true });
  });
  const tasks = createTaskStore({ database, session, counting, aside, clock });
  return {
    database,
    session,
    tasks,
    /** Holds lists, totals, names and every count tree to the tasks that must be there. */
    async holds(expected: readonly Task[]): Promise<void> {
      const conditions: readonly Partial<TaskFilter>[] = [
        {},
        { services: ["rds"], kinds: ["instant"] },
        { statuses: ["Failed", "Completed"] },
        { names: ["A"] },
        { names: ["B"], statuses: ["Running"] },
        { instanceIds: ["i1"] },
      ];
      for (const condition of conditions) {
        const filter = { projectId, ...condition };
        const query = { filter, order: "newest-first", offset: 0, limit: 5000, withNames: true } as const;
        const matching = expected.filter((task) => matchesFilter(task, filter)).sort(compareNewestFirst);
        assert.deepEqual(await tasks.listTasks(query), {
          tasks: matching,
          total: matching.length,
          names: [...new Set(matching.map(({ name }) => name))].sort(compareBytewise),
        });
      }
      assert.deepEqual([...wrongCounts(database, () => {})], []);
    },
    /** The series that are there: dimensions and values. */
    series: () =>
      database
        .prepare("SELECT dimension, value FROM series ORDER BY dimension, value")
        .all()
        .map(({ dimension, value }) => `${dimension} ${value}`.trimEnd()),
  };
}

function taskOn(id: string, name: string, instanceId: string, facts: Partial<Task> = {}): Task {
  return taskFactory.running({
    id,
    name,
    instance: { id: instanceId, name: "orders", status: "" },
    ...facts,
  });
}

/** A creation that fails when everything but the last line of its history is written: a revision is there once. */
function failingCreation(task: Task) {
  const creation = creationOf(task);
  const line = { ...creation.entry, revision: 2 };
  return { ...creation, make: () => ({ task, history: [creation.entry, line, line] }) };
}

/** What a task becomes by a report. */
function ended(task: Task): Task {
  return { ...task, status: "Failed", endedAtMs: task.createdAtMs, revision: task.revision + 1 };
}

function outcomes(settled: readonly PromiseSettledResult<unknown>[]): readonly string[] {
  return settled.map(({ status }) => status);
}

test("changes that fail within a commit leave no trace in the counts, and their neighbours are counted", async (t) => {
  const { tasks, holds, series } = openTasks(t);
  const [first, second, third] = [taskOn("1", "A", "i1"), taskOn("2", "A", "i1"), taskOn("3", "A", "i2")];
  await Promise.all([first, second].map((task) => tasks.createTask(creationOf(task))));
  const fourth = taskOn("4", "C", "i9");
  const settled = await Promise.allSettled([
    tasks.createTask(creationOf(third)),
    // The only ones of their name and instance: those series are made, undone, and then made by the next creation.
    tasks.createTask(failingCreation(taskOn("x", "C", "i9"))),
    tasks.createTask(creationOf(fourth)),
    tasks.createTask(failingCreation(taskOn("y", "D", "i8"))),
    tasks.changeTask(first, (current) => ({ task: ended(current), entry: undefined })),
    tasks.changeTask(second, (current) => ({
      task: { ...ended(current), name: "B", instance: { ...current.instance, id: "i7" } },
      // A line must have a revision: everything else has been written when it fails.
      entry: { ...creationOf(second).entry, revision: Number.NaN },
    })),
    tasks.deleteTask(third, () => {
      throw new RangeError("it is kept");
    }),
  ]);
  assert.deepEqual(outcomes(settled), [
    "fulfilled",
    "rejected",
    "fulfilled",
    "rejected",
    "fulfilled",
    "rejected",
    "rejected",
  ]);
  await holds([ended(first), second, third, fourth]);
  const names = ["instance i1", "instance i2", "instance i9", "name A", "name C", "service"];
  assert.deepEqual(series(), names);
});

test("a commit that fails leaves no trace in the counts, and what is asked and written next is right", async (t) => {
  const { database, session, tasks, holds, series } = openTasks(t);
  const standing = Array.from({ length: 700 }, (_, index) => taskOn(`${index}`, "A", "i1"));
  await Promise.all(standing.map((task) => tasks.createTask(creationOf(task))));
  const [first, second] = standing as [Task, Task];
  const before = series();
  const lost = Array.from({ length: 100 }, (_, index) => taskOn(`lost-${index}`, "B", "i2"));
  const settled = await Promise.allSettled([
    ...lost.map((task) => tasks.createTask(creationOf(task))),
    tasks.changeTask(first, (current) => ({ task: ended(current), entry: undefined })),
    tasks.deleteTask(second),
    // The line of a task that is not there: it is looked for when everything else has been done.
    session.write(() =>
      database.exec(`PRAGMA defer_foreign_keys = ON;
        INSERT INTO task_history VALUES ('${projectId}', 'nowhere', 2, 0, 0, '', '', '{}')`),
    ),
  ]);
  for (const outcome of settled) {
    assert.equal(outcome.status === "rejected" && outcome.reason.code, "store-unavailable");
  }
  await holds(standing);
  assert.deepEqual(series(), before);
  await tasks.createTask(creationOf(taskOn("next", "B", "i2")));
  await tasks.deleteTask(first);
  await holds([...standing.slice(1), taskOn("next", "B", "i2")]);
});

test("a full disk leaves no trace in the counts, and the store goes on when there is room again", async (t) => {
  const { database, tasks, holds, series } = openTasks(t);
  const standing = Array.from({ length: 600 }, (_, index) => taskOn(`${index}`, "A", "i1"));
  await Promise.all(standing.map((task) => tasks.createTask(creationOf(task))));
  const [first, ...others] = standing as [Task, ...Task[]];
  const before = series();
  const large = taskOn("large", "C", "i3", { details: { text: "x".repeat(1_000_000) } });
  database.exec("PRAGMA max_page_count = 1");
  const settled = await Promise.allSettled([
    tasks.deleteTask(first),
    tasks.createTask(creationOf(taskOn("small", "B", "i2"))),
    tasks.createTask(creationOf(large)),
  ]);
  for (const outcome of settled) {
    const message = "The store is unavailable: its file has no room: its disk is full.";
    assert.equal(outcome.status === "rejected" && outcome.reason.message, message);
  }
  await holds(standing);
  assert.deepEqual(series(), before);
  database.exec("PRAGMA max_page_count = 1000000");
  await Promise.all([tasks.deleteTask(first), tasks.createTask(creationOf(large))]);
  await holds([...others, large]);
});

test("a series goes with its last task, and comes back with the next one", async (t) => {
  const { database, tasks, holds, series } = openTasks(t);
  const [first, second] = [taskOn("1", "A", "i1"), taskOn("2", "A", "i2")];
  const create = (task: Task) => tasks.createTask(creationOf(task));
  await Promise.all([create(first), create(second)]);
  assert.deepEqual(series(), ["instance i1", "instance i2", "name A", "service"]);
  const moved = { ...second, instance: first.instance, revision: 2 };
  await tasks.changeTask(second, () => ({ task: moved, entry: undefined }));
  assert.deepEqual(series(), ["instance i1", "name A", "service"]);
  await holds([first, moved]);
  await Promise.all([tasks.deleteTask(first), tasks.deleteTask(second)]);
  assert.deepEqual(series(), []);
  assert.deepEqual(database.prepare("SELECT * FROM count_node").all(), []);
  await holds([]);
  await create(second);
  await holds([second]);
  // Gone and back within one commit, and the other way round.
  await Promise.all([tasks.deleteTask(second), create(first), create(second), tasks.deleteTask(first)]);
  await holds([second]);
  assert.deepEqual(series(), ["instance i2", "name A", "service"]);
});

test("a burst within a millisecond is cut into blocks, which are emptied again in any order", async (t) => {
  const { database, tasks, holds } = openTasks(t);
  const burst = Array.from({ length: 1500 }, (_, index) => taskOn(`${(index * 7919) % 1500}`, "A", "i1"));
  const late = Array.from({ length: 600 }, (_, index) =>
    taskOn(`late-${index}`, "B", "i1", { createdAtMs: index }),
  );
  await Promise.all([...burst, ...late].map((task) => tasks.createTask(creationOf(task))));
  const blocks = database.prepare("SELECT count(*) AS count FROM count_node WHERE level = 0").get();
  assert.ok(Number(blocks?.count) > 3 * 2);
  await holds([...burst, ...late]);
  const left = burst.filter((_, index) => index % 9 === 0);
  const gone = [...burst.filter((_, index) => index % 9 !== 0), ...late];
  await Promise.all(gone.map((task) => tasks.deleteTask(task)));
  await holds(left);
});
