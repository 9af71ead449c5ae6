import assert from "node:assert/strict";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import type { Task } from "../../task/task.ts";
import { idempotencyKeyLifetimeMs } from "../store.ts";
import { type Check, historyOf } from "./subject.ts";

/** A task in which no two values are alike, so that none can stand in another's place. */
export const unmistakableTask: Task = {
  projectId: "project of the unmistakable task",
  id: "unmistakable_task-1",
  service: "rds",
  kind: "scheduled",
  name: '名前 – O\'Name; "quoted" \\ %_ 😀',
  status: "Failed",
  progressPercent: 33.25,
  instance: { id: "instance id", name: "instance name", status: "instance status" },
  databaseName: "database name",
  orderId: "order id",
  failReason: "first line\nsecond line\u2028third line",
  createdAtMs: 1_700_000_000_001,
  startedAtMs: 1_700_000_000_002,
  updatedAtMs: 1_700_000_000_003,
  endedAtMs: 1_700_000_000_004,
  plannedStartAtMs: 1_700_000_000_005,
  plannedEndAtMs: 1_700_000_000_006,
  priority: 7,
  parentId: "parent_task-1",
  attempt: 8,
  leaseSeconds: 9,
  onStale: "fail",
  heardAtMs: 1_700_000_000_010,
  lostStatus: "Running",
  details: JSON.parse('{"a":[1,2.5,null,true,{"ключ":"значение"}],"b":{},"":"empty","__proto__":{"c":1e21}}'),
  labels: { team: "dba", "a.b-c_d": "" },
  createdBy: "creator",
  revision: 11,
};

/** The sentences of the contract that are about creating tasks. */
export function checkCreations(check: Check): void {
  check("a task is read back exactly as it was recorded", async ({ tasks }) => {
    const plain = taskFactory.scheduled();
    for (const task of [unmistakableTask, plain]) {
      await tasks.createTask(creationOf(task));
      assert.deepEqual(await tasks.getTask(task), task);
    }
  });

  check(
    "a new task has the first line of its history, and its receipt is the one given",
    async ({ tasks }) => {
      const creation = creationOf(taskFactory.running(), { digest: "digest", idempotencyKey: "key" });
      assert.deepEqual(await tasks.createTask(creation), { receipt: creation.receipt, foundBy: "new" });
      assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry]);
    },
  );

  check("an id that is taken keeps its task, and the first receipt is answered", async ({ tasks }) => {
    const first = creationOf(taskFactory.running({ name: "First", createdBy: "somebody" }), { digest: "1" });
    const second = creationOf(taskFactory.failed({ name: "Second" }), { digest: "2" });
    await tasks.createTask(first);
    assert.deepEqual(await tasks.createTask(second), { receipt: first.receipt, foundBy: "id" });
    assert.deepEqual(await tasks.getTask(first.task), first.task);
    assert.deepEqual(await historyOf(tasks, first.task), [first.entry]);
  });

  check("an id's receipt stays as it is while its task changes and keys are forgotten", async (subject) => {
    const { tasks, startMs, setClock } = subject;
    const creation = creationOf(taskFactory.running(), { digest: "digest", idempotencyKey: "key" });
    await tasks.createTask(creation);
    await tasks.changeTask(creation.task, (task) => ({
      task: { ...task, heardAtMs: task.heardAtMs + 1, revision: 2 },
      entry: undefined,
    }));
    setClock(startMs + 2 * idempotencyKeyLifetimeMs);
    assert.deepEqual(await tasks.createTask(creation), { receipt: creation.receipt, foundBy: "id" });
  });

  check("the same id and key in another project are another task's", async ({ tasks }) => {
    for (const projectId of ["one", "other"]) {
      const creation = creationOf(taskFactory.running({ projectId, name: projectId }), {
        idempotencyKey: "key",
      });
      assert.deepEqual(await tasks.createTask(creation), { receipt: creation.receipt, foundBy: "new" });
    }
    assert.equal((await tasks.getTask({ projectId: "one", id: "task-1" }))?.name, "one");
    assert.equal((await tasks.getTask({ projectId: "other", id: "task-1" }))?.name, "other");
  });

  check("a key that is taken answers its receipt, whatever else is said with it", async ({ tasks }) => {
    const first = creationOf(taskFactory.running({ id: "first" }), { digest: "1", idempotencyKey: "key" });
    const taken = creationOf(taskFactory.running({ id: "taken" }), { digest: "2" });
    await tasks.createTask(first);
    await tasks.createTask(taken);
    for (const id of ["second", "taken"]) {
      const again = creationOf(taskFactory.running({ id }), { digest: "2", idempotencyKey: "key" });
      assert.deepEqual(await tasks.createTask(again), { receipt: first.receipt, foundBy: "key" });
    }
    assert.equal(await tasks.getTask({ ...first.task, id: "second" }), undefined);
  });

  check(
    "a key is forgotten 24 hours after its first use, to the millisecond, like any before it",
    async (subject) => {
      const { tasks, startMs, setClock } = subject;
      for (let number = 0; number < 20; number += 1) {
        const before = creationOf(taskFactory.running({ id: `before-${number}` }), {
          idempotencyKey: `${number}`,
        });
        await tasks.createTask(before);
      }
      const first = creationOf(taskFactory.running({ id: "first" }), { idempotencyKey: "key" });
      const second = creationOf(taskFactory.running({ id: "second" }), { idempotencyKey: "key" });
      await tasks.createTask(first);
      setClock(startMs + idempotencyKeyLifetimeMs - 1);
      assert.deepEqual(await tasks.createTask(second), { receipt: first.receipt, foundBy: "key" });
      setClock(startMs + idempotencyKeyLifetimeMs);
      assert.deepEqual(await tasks.createTask(second), { receipt: second.receipt, foundBy: "new" });
      assert.deepEqual(await tasks.createTask(first), { receipt: second.receipt, foundBy: "key" });
    },
  );

  check("a key is remembered though its task was deleted", async ({ tasks }) => {
    const creation = creationOf(taskFactory.running(), { idempotencyKey: "key" });
    await tasks.createTask(creation);
    await tasks.deleteTask(creation.task);
    assert.deepEqual(await tasks.createTask(creation), { receipt: creation.receipt, foundBy: "key" });
    assert.equal(await tasks.getTask(creation.task), undefined);
  });

  check("a key first used with a taken id and an equal digest stands for that task", async ({ tasks }) => {
    const first = creationOf(taskFactory.running({ createdBy: "somebody" }), { digest: "equal" });
    const again = creationOf(taskFactory.running(), { digest: "equal", idempotencyKey: "key" });
    await tasks.createTask(first);
    assert.deepEqual(await tasks.createTask(again), { receipt: first.receipt, foundBy: "id" });
    await tasks.deleteTask(first.task);
    assert.deepEqual(await tasks.createTask(again), { receipt: first.receipt, foundBy: "key" });
  });

  check("a key first used with a taken id and another digest is not remembered", async ({ tasks }) => {
    const first = creationOf(taskFactory.running(), { digest: "1" });
    const other = creationOf(taskFactory.running(), { digest: "2", idempotencyKey: "key" });
    const free = creationOf(taskFactory.running({ id: "free" }), { digest: "3", idempotencyKey: "key" });
    await tasks.createTask(first);
    assert.equal((await tasks.createTask(other)).foundBy, "id");
    assert.deepEqual(await tasks.createTask(free), { receipt: free.receipt, foundBy: "new" });
  });

  check(
    "of many creations with one id at once, exactly one is new and all get its receipt",
    async ({ tasks }) => {
      const creations = Array.from({ length: 64 }, (_, index) =>
        creationOf(taskFactory.running({ name: `Name${index}` }), { digest: `${index}` }),
      );
      const standing = await Promise.all(creations.map((creation) => tasks.createTask(creation)));
      const winners = standing.filter(({ foundBy }) => foundBy === "new");
      assert.equal(winners.length, 1);
      for (const { receipt } of standing) assert.deepEqual(receipt, winners[0]?.receipt);
    },
  );

  check("of many creations with one key at once, exactly one is recorded", async ({ tasks }) => {
    const creations = Array.from({ length: 64 }, (_, index) =>
      creationOf(taskFactory.running({ id: `task-${index}` }), { idempotencyKey: "key" }),
    );
    const standing = await Promise.all(creations.map((creation) => tasks.createTask(creation)));
    const found = await Promise.all(creations.map(({ task }) => tasks.getTask(task)));
    const recorded = found.filter((task) => task !== undefined);
    assert.equal(standing.filter(({ foundBy }) => foundBy === "new").length, 1);
    assert.deepEqual(
      recorded.map(({ id }) => id),
      [standing[0]?.receipt.taskId],
    );
  });
}
