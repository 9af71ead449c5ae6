import assert from "node:assert/strict";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import type { TaskChange } from "../../task/report.ts";
import type { HistoryEntry, Task } from "../../task/task.ts";
import { unmistakableTask } from "./creations.ts";
import { type Check, historyOf, recordAll } from "./subject.ts";

/** A line of history whose parts cannot be mistaken for one another. */
function entryAt(revision: number): HistoryEntry {
  return {
    revision,
    atMs: 1_700_000_100_000 + revision,
    reportedAtMs: 1_700_000_200_000 + revision,
    by: `author ${revision}`,
    message: `message ${revision} 😀`,
    changes: { "labels.team": { from: null, to: ["a", { b: revision }] }, progress: { from: 1.5, to: null } },
  };
}

/** A change that only moves a task to its next revision. */
function nextRevision(current: Task): TaskChange {
  const revision = current.revision + 1;
  return { task: { ...current, revision }, entry: entryAt(revision) };
}

/** The sentences of the contract that are about changing and deleting tasks, and about their histories. */
export function checkChanges(check: Check): void {
  check("a change replaces all of a task, appends its line, and answers the task", async ({ tasks }) => {
    const { projectId, id, revision } = unmistakableTask;
    const before = creationOf(taskFactory.running({ projectId, id, revision: revision - 1 }));
    await tasks.createTask(before);
    const answered = await tasks.changeTask({ projectId, id }, (current) => {
      assert.deepEqual(current, before.task);
      return { task: unmistakableTask, entry: entryAt(revision) };
    });
    assert.deepEqual(answered, unmistakableTask);
    assert.deepEqual(await tasks.getTask({ projectId, id }), unmistakableTask);
    assert.deepEqual(await historyOf(tasks, before.task), [before.entry, entryAt(revision)]);
  });

  check("a change of what no list asks for is kept like any other", async ({ tasks }) => {
    const before = creationOf(taskFactory.running());
    const after = {
      ...before.task,
      progressPercent: 99.5,
      heardAtMs: 5,
      details: { step: "copy" },
      revision: 2,
    };
    await tasks.createTask(before);
    await tasks.changeTask(before.task, () => ({ task: after, entry: undefined }));
    assert.deepEqual(await tasks.getTask(before.task), after);
  });

  check("a task that changes is found by what it is now, and no longer by what it was", async ({ tasks }) => {
    const before = taskFactory.running({ orderId: "old order", parentId: "old-parent" });
    const after: Task = {
      ...taskFactory.failed({
        orderId: "new order",
        parentId: "new-parent",
        name: "NewName",
        service: "ddm",
      }),
      instance: { id: "new instance", name: "", status: "" },
      createdAtMs: before.createdAtMs + 1,
      revision: 2,
    };
    await recordAll(tasks, [before]);
    await tasks.changeTask(before, () => ({ task: after, entry: undefined }));
    for (const [task, expected] of [
      [before, 0],
      [after, 1],
    ] as const) {
      const filters = [
        { services: [task.service] },
        { statuses: [task.status] },
        { names: [task.name] },
        { instanceIds: [task.instance.id] },
        { orderIds: [task.orderId] },
        { parentIds: [task.parentId ?? ""] },
        { createdFromMs: task.createdAtMs, createdToMs: task.createdAtMs },
      ];
      for (const filter of filters) {
        const page = await tasks.listTasks({
          filter: { projectId: task.projectId, ...filter },
          order: "newest-first",
          offset: 0,
          limit: 1,
          withNames: true,
        });
        assert.deepEqual(page, {
          tasks: expected === 1 ? [after] : [],
          total: expected,
          names: expected === 1 ? ["NewName"] : [],
        });
      }
    }
  });

  check("a change without a line leaves the history as it is", async ({ tasks }) => {
    const creation = creationOf(taskFactory.running());
    await tasks.createTask(creation);
    await tasks.changeTask(creation.task, (current) => ({ ...nextRevision(current), entry: undefined }));
    assert.equal((await tasks.getTask(creation.task))?.revision, 2);
    assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry]);
  });

  check("where the very same task is answered, nothing is written", async ({ tasks }) => {
    const creation = creationOf(taskFactory.running());
    await tasks.createTask(creation);
    const answered = await tasks.changeTask(creation.task, (current) => ({
      task: current,
      entry: entryAt(2),
    }));
    assert.deepEqual(answered, creation.task);
    assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry]);
  });

  check(
    "a task that is unknown, or another project's, is not found, and nothing is decided",
    async ({ tasks }) => {
      const task = taskFactory.running();
      await recordAll(tasks, [task]);
      for (const key of [
        { ...task, id: "unknown" },
        { ...task, projectId: "other" },
      ]) {
        const change = tasks.changeTask(key, () => assert.fail("there is nothing to decide"));
        await assert.rejects(change, { code: "task-not-found" });
        assert.equal(await tasks.getTask(key), undefined);
        assert.equal(await tasks.deleteTask(key, () => assert.fail("there is nothing to keep")), false);
        assert.equal(await historyOf(tasks, key), undefined);
      }
      assert.deepEqual(await tasks.getTask(task), task);
    },
  );

  check("what decide throws is thrown on, and nothing changes", async ({ tasks }) => {
    const creation = creationOf(taskFactory.running());
    const refusal = new RangeError("refused");
    await tasks.createTask(creation);
    const change = tasks.changeTask(creation.task, () => {
      throw refusal;
    });
    await assert.rejects(change, (error) => error === refusal);
    assert.deepEqual(await tasks.getTask(creation.task), creation.task);
    assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry]);
  });

  check("a refusal among many changes at once undoes only itself", async ({ tasks }) => {
    const all = Array.from({ length: 64 }, (_, index) => taskFactory.running({ id: `task-${index}` }));
    await recordAll(tasks, all);
    const outcomes = await Promise.allSettled(
      all.map((task, index) =>
        tasks.changeTask(task, (current) => {
          if (index % 2 === 1) throw new RangeError("refused");
          return nextRevision(current);
        }),
      ),
    );
    for (const [index, task] of all.entries()) {
      const isRefused = index % 2 === 1;
      assert.equal(outcomes[index]?.status, isRefused ? "rejected" : "fulfilled");
      assert.equal((await tasks.getTask(task))?.revision, isRefused ? 1 : 2);
      assert.equal((await historyOf(tasks, task))?.length, isRefused ? 1 : 2);
    }
  });

  check(
    "of 64 writers of one task each makes a revision of its own, and the history has them all",
    async (subject) => {
      const { tasks } = subject;
      const creation = creationOf(taskFactory.running());
      await tasks.createTask(creation);
      const changed = await Promise.all(
        Array.from({ length: 64 }, () => tasks.changeTask(creation.task, nextRevision)),
      );
      const revisions = changed.map(({ revision }) => revision).sort((a, b) => a - b);
      assert.deepEqual(
        revisions,
        Array.from({ length: 64 }, (_, index) => index + 2),
      );
      assert.equal((await tasks.getTask(creation.task))?.revision, 65);
      assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry, ...revisions.map(entryAt)]);
    },
  );

  check("a deleted task is gone with its history, once", async ({ tasks }) => {
    const task = taskFactory.running();
    const others = [
      { ...task, id: "other" },
      { ...task, projectId: "other" },
    ];
    await recordAll(tasks, [task, ...others]);
    assert.equal(await tasks.deleteTask(task), true);
    assert.equal(await tasks.deleteTask(task), false);
    assert.equal(await tasks.getTask(task), undefined);
    assert.equal(await historyOf(tasks, task), undefined);
    for (const other of others) {
      assert.deepEqual(await tasks.getTask(other), other);
      assert.equal((await historyOf(tasks, other))?.length, 1);
    }
  });

  check("a task with a deleted one's id starts a history of its own", async ({ tasks }) => {
    const creation = creationOf(taskFactory.running());
    await tasks.createTask(creation);
    await tasks.changeTask(creation.task, nextRevision);
    await tasks.deleteTask(creation.task);
    assert.equal((await tasks.createTask(creation)).foundBy, "new");
    assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry]);
  });

  check("a condition sees the task, and keeps it by throwing", async ({ tasks }) => {
    const creation = creationOf(taskFactory.running());
    const refusal = new RangeError("kept");
    await tasks.createTask(creation);
    const deletion = tasks.deleteTask(creation.task, (current) => {
      assert.deepEqual(current, creation.task);
      throw refusal;
    });
    await assert.rejects(deletion, (error) => error === refusal);
    assert.deepEqual(await tasks.getTask(creation.task), creation.task);
    assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry]);
  });

  check("a history is read in parts, oldest first, and tells whether there is more", async ({ tasks }) => {
    const creation = creationOf(taskFactory.running());
    const { projectId, id } = creation.task;
    await tasks.createTask(creation);
    for (let changes = 0; changes < 4; changes += 1) await tasks.changeTask(creation.task, nextRevision);
    const lines = [creation.entry, ...[2, 3, 4, 5].map(entryAt)];
    const parts = [
      { afterRevision: 0, limit: 2, entries: lines.slice(0, 2), more: true },
      { afterRevision: 2, limit: 2, entries: lines.slice(2, 4), more: true },
      { afterRevision: 3, limit: 2, entries: lines.slice(3, 5), more: false },
      { afterRevision: 4, limit: 2, entries: lines.slice(4, 5), more: false },
      { afterRevision: 5, limit: 2, entries: [], more: false },
    ];
    for (const { afterRevision, limit, entries, more } of parts) {
      assert.deepEqual(await tasks.listHistory({ projectId, id, afterRevision, limit }), { entries, more });
    }
  });

  check("overdue tasks are those that silence fails now, the longest overdue first", async ({ tasks }) => {
    const asked = { leaseSeconds: 60, onStale: "fail", heardAtMs: 0 } as const;
    const due = 60_000;
    await recordAll(tasks, [
      taskFactory.running({ ...asked, id: "second", heardAtMs: 1 }),
      taskFactory.running({ ...asked, id: "first-b" }),
      taskFactory.running({ ...asked, id: "first-a" }),
      taskFactory.running({ ...asked, id: "third", heardAtMs: 2 }),
      taskFactory.running({ ...asked, id: "only marked", onStale: "mark" }),
      taskFactory.running({ ...asked, id: "no lease", leaseSeconds: null }),
      taskFactory.completed({ ...asked, id: "ended" }),
      taskFactory.scheduled({ ...asked, id: "may not fail", status: "Unauthorized" }),
      taskFactory.running({ ...asked, id: "elsewhere", projectId: "other" }),
    ]);
    const { projectId } = taskFactory.running();
    const overdueAt = (nowMs: number, limit: number) => tasks.listOverdueTasks({ projectId, nowMs, limit });
    assert.deepEqual(await overdueAt(due, 10), []);
    assert.deepEqual(await overdueAt(due + 1, 10), ["first-a", "first-b"]);
    assert.deepEqual(await overdueAt(due + 9, 10), ["first-a", "first-b", "second", "third"]);
    assert.deepEqual(await overdueAt(due + 9, 3), ["first-a", "first-b", "second"]);
    await tasks.changeTask({ projectId, id: "first-a" }, (current) => ({
      task: { ...current, heardAtMs: due, revision: 2 },
      entry: undefined,
    }));
    assert.deepEqual(await overdueAt(due + 9, 10), ["first-b", "second", "third"]);
  });

  check("a closed store refuses every call, and may be closed again", async ({ store, tasks, identity }) => {
    const creation = creationOf(taskFactory.running());
    await store.ping();
    await tasks.createTask(creation);
    await store.close();
    const { task } = creation;
    const refusals = [
      store.ping(),
      tasks.createTask(creation),
      tasks.changeTask(task, nextRevision),
      tasks.deleteTask(task),
      tasks.getTask(task),
      tasks.listHistory({ ...task, afterRevision: 0, limit: 1 }),
      tasks.listOverdueTasks({ projectId: task.projectId, nowMs: 0, limit: 1 }),
      identity.listProjectIds(),
      identity.revokeToken("hash"),
    ];
    for (const refusal of refusals) await assert.rejects(refusal, { code: "store-unavailable" });
    await store.close();
  });

  check("closing finishes what was accepted", async ({ store, tasks }) => {
    const creations = Array.from({ length: 300 }, (_, index) =>
      creationOf(taskFactory.running({ id: `${index}` })),
    );
    const standing = creations.map((creation) => tasks.createTask(creation));
    await store.close();
    for (const { foundBy } of await Promise.all(standing)) assert.equal(foundBy, "new");
  });
}
