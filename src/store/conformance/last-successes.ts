import assert from "node:assert/strict";
import { taskFactory } from "../../../test/factories.ts";
import type { Task } from "../../task/task.ts";
import type { TaskStore } from "../store.ts";
import { type Check, recordAll } from "./subject.ts";

const { projectId } = taskFactory.completed();
const enough = 100;

const onInstance = (id: string) => ({ instance: { id, name: "orders", status: "" } });

/** The last successes, each in one line. */
async function linesOf(tasks: TaskStore, limit = enough): Promise<readonly string[]> {
  const { successes } = await tasks.listLastSuccesses({ projectId, limit });
  return successes.map(
    ({ service, name, instanceId, endedAtMs, taskId }) =>
      `${service} ${name} ${instanceId}: ${endedAtMs} ${taskId}`,
  );
}

/** States what is answered to the question when what last succeeded. */
export function checkLastSuccesses(check: Check): void {
  check("of each service, name and instance the success that ended last is told", async ({ tasks }) => {
    await recordAll(tasks, [
      taskFactory.completed({ id: "1", name: "A", endedAtMs: 10, ...onInstance("i") }),
      // It was created before the others, and ended after them.
      taskFactory.completed({ id: "2", name: "A", endedAtMs: 30, createdAtMs: 1, ...onInstance("i") }),
      taskFactory.completed({ id: "3", name: "A", endedAtMs: 20, ...onInstance("i") }),
      taskFactory.completed({ id: "4", name: "A", endedAtMs: 5, ...onInstance("j") }),
      taskFactory.completed({ id: "5", name: "B", endedAtMs: 6, ...onInstance("i") }),
      taskFactory.completed({ id: "6", name: "A", endedAtMs: 7, service: "ddm", ...onInstance("i") }),
    ]);
    assert.deepEqual(await linesOf(tasks), ["ddm A i: 7 6", "rds A i: 30 2", "rds A j: 5 4", "rds B i: 6 5"]);
  });

  check("what has not succeeded is no success, and neither is another project's", async ({ tasks }) => {
    assert.deepEqual(await tasks.listLastSuccesses({ projectId, limit: 1 }), { successes: [], more: false });
    await recordAll(tasks, [
      taskFactory.running({ id: "1" }),
      taskFactory.failed({ id: "2" }),
      taskFactory.completed({ id: "3", projectId: "other" }),
    ]);
    assert.deepEqual(await tasks.listLastSuccesses({ projectId, limit: 1 }), { successes: [], more: false });
  });

  check("a scheduled task's success counts with those of instant tasks", async ({ tasks }) => {
    const completed: Partial<Task> = { status: "Completed", name: "A", ...onInstance("i") };
    await recordAll(tasks, [
      taskFactory.completed({ id: "1", name: "A", endedAtMs: 10, ...onInstance("i") }),
      taskFactory.scheduled({ ...completed, id: "2", endedAtMs: 20 }),
      taskFactory.completed({ id: "3", name: "B", endedAtMs: 20, ...onInstance("i") }),
      taskFactory.scheduled({ ...completed, id: "4", name: "B", endedAtMs: 10 }),
      taskFactory.scheduled({ ...completed, id: "5", endedAtMs: 1, ...onInstance("h") }),
      taskFactory.scheduled({ ...completed, id: "6", name: "C", endedAtMs: 2 }),
    ]);
    const all = ["rds A h: 1 5", "rds A i: 20 2", "rds B i: 20 3", "rds C i: 2 6"];
    assert.deepEqual(await linesOf(tasks), all);
    for (const limit of [1, 2, 3]) assert.deepEqual(await linesOf(tasks, limit), all.slice(0, limit));
  });

  check(
    "of successes that ended at once the one with the greatest id is told, bytewise",
    async ({ tasks }) => {
      const ids = ["10", "9", "Z", "a", "_"];
      for (const kind of ["instant", "scheduled"] as const) {
        await recordAll(
          tasks,
          ids.map((id) => taskFactory.completed({ id: `${id}-${kind}`, kind, name: "A", endedAtMs: 7 })),
        );
      }
      assert.deepEqual(await linesOf(tasks), ["rds A instance-1: 7 a-scheduled"]);
    },
  );

  check("services, names and instances come in the order of their bytes", async ({ tasks }) => {
    // U+FFEE comes before U+1F600 in UTF-8, and after it in JavaScript's own comparison.
    const sorted = ["10", "9", "A", "Z", "a", "aa", "é", "名", "\uffee", "😀"];
    const facts = sorted.toReversed().flatMap((word) => [
      { name: word, instance: { id: "i", name: "", status: "" } },
      { name: "10", instance: { id: word, name: "", status: "" } },
    ]);
    await recordAll(
      tasks,
      (["rds", "geminidb", "ddm"] as const).flatMap((service) =>
        facts.map((fact, index) => taskFactory.completed({ ...fact, service, id: `${service}-${index}` })),
      ),
    );
    const { successes, more } = await tasks.listLastSuccesses({ projectId, limit: enough });
    const found = successes.map(({ service, name, instanceId }) => [service, name, instanceId]);
    const ofInstances = [...sorted.slice(0, 6), "i", ...sorted.slice(6)].map((id) => ["10", id]);
    const ofNames = sorted.slice(1).map((name) => [name, "i"]);
    assert.deepEqual(
      found,
      ["ddm", "geminidb", "rds"].flatMap((service) =>
        [...ofInstances, ...ofNames].map((parts) => [service, ...parts]),
      ),
    );
    assert.equal(more, false);
  });

  check("no more are told than are asked for, and whether there are others", async ({ tasks }) => {
    const facts = [
      { name: "A", ...onInstance("i") },
      { name: "A", ...onInstance("j") },
      { name: "B", service: "ddm" as const, ...onInstance("i") },
    ];
    for (const [index, fact] of facts.entries()) {
      await recordAll(tasks, [
        taskFactory.completed({ ...fact, id: `${index}` }),
        taskFactory.completed({ ...fact, id: `${index}-again` }),
      ]);
    }
    for (const limit of [1, 2, 3, 4, Number.MAX_SAFE_INTEGER - 1]) {
      const { successes, more } = await tasks.listLastSuccesses({ projectId, limit });
      assert.deepEqual([successes.length, more], [Math.min(limit, 3), limit < 3]);
    }
  });

  check("a success that goes, or is none any more, leaves the one before it", async ({ tasks }) => {
    const facts = { name: "A", ...onInstance("i") };
    const tasksByEnd = [1, 2, 3].map((endedAtMs) =>
      taskFactory.completed({ ...facts, id: `${endedAtMs}`, endedAtMs }),
    );
    await recordAll(tasks, tasksByEnd);
    assert.deepEqual(await linesOf(tasks), ["rds A i: 3 3"]);
    await tasks.deleteTask({ projectId, id: "3" });
    assert.deepEqual(await linesOf(tasks), ["rds A i: 2 2"]);
    await tasks.changeTask({ projectId, id: "2" }, (current) => ({
      task: { ...current, status: "Failed", revision: 2 },
      entry: undefined,
    }));
    assert.deepEqual(await linesOf(tasks), ["rds A i: 1 1"]);
    await tasks.changeTask({ projectId, id: "1" }, (current) => ({
      task: { ...current, endedAtMs: 9, revision: 2 },
      entry: undefined,
    }));
    assert.deepEqual(await linesOf(tasks), ["rds A i: 9 1"]);
    await tasks.deleteEndedTasks({ projectId, ids: ["1", "2"], endedBeforeMs: 1_000_000_000_000_000 });
    assert.deepEqual(await linesOf(tasks), []);
  });

  check("a task that is renamed, or moves to another instance, succeeds there", async ({ tasks }) => {
    const task = taskFactory.running({ id: "1", name: "A", ...onInstance("i") });
    await recordAll(tasks, [task]);
    await tasks.changeTask(task, (current) => ({
      task: { ...current, status: "Completed", endedAtMs: 4, ...onInstance("j"), revision: 2 },
      entry: undefined,
    }));
    assert.deepEqual(await linesOf(tasks), ["rds A j: 4 1"]);
    await tasks.changeTask(task, (current) => ({
      task: { ...current, name: "B", revision: 3 },
      entry: undefined,
    }));
    assert.deepEqual(await linesOf(tasks), ["rds B j: 4 1"]);
  });
}
