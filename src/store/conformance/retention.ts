import assert from "node:assert/strict";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import { services } from "../../task/lifecycle.ts";
import type { Place, TaskFilter } from "../../task/query.ts";
import { isEnded, type Task } from "../../task/task.ts";
import type { TaskStore } from "../store.ts";
import { type Check, historyOf, recordAll } from "./subject.ts";

const { projectId } = taskFactory.running();

/** More calls than any search of these tests needs: one that does not end fails here. */
const mostCalls = 500;

/** Finds what ended in the project, call by call, `limit` at most in each. */
async function* findings(
  tasks: TaskStore,
  endedBeforeMs: number,
  limit: number,
): AsyncGenerator<readonly string[]> {
  let from: Place | undefined;
  for (let calls = 1; calls <= mostCalls; calls += 1) {
    const { ids, next } = await tasks.findEndedTasks({ projectId, endedBeforeMs, from, limit });
    assert.ok(ids.length <= limit, `${ids.length} of at most ${limit}`);
    yield ids;
    if (next === undefined) return;
    from = next;
  }
  assert.fail("the search does not end");
}

async function findAll(tasks: TaskStore, endedBeforeMs: number, limit = 100): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const ids of findings(tasks, endedBeforeMs, limit)) found.push(...ids);
  return found.sort();
}

/**
 * Tasks of every service, kind and state, in an order of creation that is none of end: every third has not ended, and
 * some began at the same time.
 */
function mixedTasks(startMs: number): readonly Task[] {
  return Array.from({ length: 60 }, (_, index) => {
    const createdAtMs = startMs + Math.floor(index / 2);
    const id = `task-${String((index * 37) % 60).padStart(2, "0")}`;
    const service = services[index % services.length] ?? "rds";
    const kind = service === "rds" && index % 4 === 0 ? "scheduled" : "instant";
    const facts = { id, createdAtMs, name: `Name${index % 4}`, service, kind } as const;
    if (index % 5 === 0) return taskFactory.running(facts);
    const endedAtMs = startMs + 100 + ((index * 7) % 60);
    const end = index % 2 === 0 ? taskFactory.completed : taskFactory.failed;
    return end({ ...facts, endedAtMs, updatedAtMs: endedAtMs });
  });
}

function idsOf(tasks: readonly Task[]): readonly string[] {
  return tasks.map(({ id }) => id).sort();
}

/** Holds every total that lists show to the tasks that are meant to be there. */
async function checkTotals(tasks: TaskStore, expected: readonly Task[]): Promise<void> {
  const conditions: readonly [Partial<TaskFilter>, (task: Task) => boolean][] = [
    [{}, () => true],
    [{ services: ["ddm"] }, ({ service }) => service === "ddm"],
    [{ kinds: ["scheduled"] }, ({ kind }) => kind === "scheduled"],
    [{ statuses: ["Failed"] }, ({ status }) => status === "Failed"],
    [{ names: ["Name1"] }, ({ name }) => name === "Name1"],
    [
      { names: ["Name2"], statuses: ["Completed"] },
      ({ name, status }) => name === "Name2" && status === "Completed",
    ],
    [{ instanceIds: ["instance-1"] }, () => true],
  ];
  for (const [filter, matches] of conditions) {
    const page = await tasks.listTasks({
      filter: { projectId, ...filter },
      order: "newest-first",
      offset: 0,
      limit: 500,
      withNames: true,
    });
    const matching = expected.filter(matches);
    assert.deepEqual(
      [filter, page.total, idsOf(page.tasks), page.names],
      [filter, matching.length, idsOf(matching), [...new Set(matching.map(({ name }) => name))].sort()],
    );
  }
}

/** The sentences of the contract that are about tasks that ended long ago. */
export function checkRetention(check: Check): void {
  check("what ended before a time is found, and goes with its history", async ({ tasks }) => {
    const task = taskFactory.completed();
    const endedBeforeMs = (task.endedAtMs ?? 0) + 1;
    await recordAll(tasks, [task]);
    assert.deepEqual(await findAll(tasks, endedBeforeMs), [task.id]);
    assert.equal(await tasks.deleteEndedTasks({ projectId, ids: [task.id], endedBeforeMs }), 1);
    assert.equal(await tasks.getTask(task), undefined);
    assert.equal(await historyOf(tasks, task), undefined);
    assert.deepEqual(await findAll(tasks, endedBeforeMs), []);
    assert.equal(await tasks.deleteEndedTasks({ projectId, ids: [task.id], endedBeforeMs }), 0);
  });

  check(
    "what ended at the very time, or later, or not at all stays, however old it is",
    async ({ tasks, startMs }) => {
      const endedBeforeMs = startMs;
      const createdAtMs = startMs - 1_000_000;
      const kept = [
        taskFactory.completed({ id: "at", createdAtMs, endedAtMs: startMs }),
        taskFactory.canceled({ id: "later", createdAtMs, endedAtMs: startMs + 1 }),
        taskFactory.running({ id: "running", createdAtMs }),
        taskFactory.scheduled({ id: "scheduled", createdAtMs }),
        taskFactory.toBeSwitched({ id: "to-be-switched", createdAtMs }),
      ];
      const gone = taskFactory.failed({ id: "before", createdAtMs, endedAtMs: startMs - 1 });
      await recordAll(tasks, [...kept, gone]);
      assert.deepEqual(await findAll(tasks, endedBeforeMs), ["before"]);
      const ids = idsOf([...kept, gone]);
      assert.equal(await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs }), 1);
      for (const task of kept) {
        assert.deepEqual(await tasks.getTask(task), task);
        assert.equal((await historyOf(tasks, task))?.length, 1);
      }
      await checkTotals(tasks, kept);
    },
  );

  check("a task that is reopened after it was found stays", async ({ tasks }) => {
    const reopened = taskFactory.failed({ id: "reopened" });
    const others = [taskFactory.failed({ id: "1" }), taskFactory.failed({ id: "2" })];
    const endedBeforeMs = (reopened.endedAtMs ?? 0) + 1;
    await recordAll(tasks, [reopened, ...others]);
    const ids = await findAll(tasks, endedBeforeMs);
    const running: Task = { ...reopened, status: "Running", endedAtMs: null, revision: 2 };
    await tasks.changeTask(reopened, () => ({ task: running, entry: undefined }));
    assert.equal(await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs }), 2);
    await checkTotals(tasks, [running]);
    assert.equal((await historyOf(tasks, running))?.length, 1);
  });

  check("ids that are unknown, or given twice, delete nothing twice", async ({ tasks }) => {
    const task = taskFactory.completed();
    const endedBeforeMs = Number.MAX_SAFE_INTEGER;
    await recordAll(tasks, [task]);
    assert.equal(await tasks.deleteEndedTasks({ projectId, ids: [], endedBeforeMs }), 0);
    const ids = ["unknown", task.id, task.id];
    assert.equal(await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs }), 1);
    await checkTotals(tasks, []);
  });

  check(
    "another project's tasks are neither found nor deleted, even where ids are equal",
    async (subject) => {
      const { tasks } = subject;
      const own = taskFactory.completed();
      const foreign = taskFactory.completed({ projectId: "other" });
      const foreignAlone = taskFactory.completed({ projectId: "other", id: "alone" });
      await recordAll(tasks, [own, foreign, foreignAlone]);
      const endedBeforeMs = Number.MAX_SAFE_INTEGER;
      assert.deepEqual(await findAll(tasks, endedBeforeMs), [own.id]);
      const ids = [own.id, foreignAlone.id];
      assert.equal(await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs }), 1);
      for (const task of [foreign, foreignAlone]) {
        assert.deepEqual(await tasks.getTask(task), task);
        assert.equal((await historyOf(tasks, task))?.length, 1);
      }
    },
  );

  check("a search finds each ended task once, however few it answers at a time", async (subject) => {
    const { tasks, startMs } = subject;
    const all = mixedTasks(startMs);
    await recordAll(tasks, all);
    for (const endedBeforeMs of [startMs, startMs + 130, startMs + 1000]) {
      const ended = all.filter(({ endedAtMs }) => endedAtMs !== null && endedAtMs < endedBeforeMs);
      for (const limit of [1, 2, 7, 1000]) {
        assert.deepEqual(await findAll(tasks, endedBeforeMs, limit), idsOf(ended));
      }
    }
  });

  check(
    "a search goes on where what it found is deleted, and every total is right after each step",
    async ({ tasks, startMs }) => {
      const all = mixedTasks(startMs);
      const endedBeforeMs = startMs + 140;
      await recordAll(tasks, all);
      let left = all;
      for await (const ids of findings(tasks, endedBeforeMs, 3)) {
        assert.equal(await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs }), ids.length);
        left = left.filter(({ id }) => !ids.includes(id));
        await checkTotals(tasks, left);
      }
      const kept = all.filter((task) => !isEnded(task) || (task.endedAtMs ?? 0) >= endedBeforeMs);
      assert.deepEqual(idsOf(left), idsOf(kept));
    },
  );

  check("a search finds what stays, whatever others create, change and delete meanwhile", async (subject) => {
    const { tasks, startMs } = subject;
    const all = mixedTasks(startMs);
    const endedBeforeMs = startMs + 1000;
    await recordAll(tasks, all);
    const [deleted, undisturbed] = [all.slice(0, 20), all.slice(20)];
    const found: string[] = [];
    let step = 0;
    for await (const ids of findings(tasks, endedBeforeMs, 2)) {
      found.push(...ids);
      const victim = deleted[step];
      if (victim !== undefined) await tasks.deleteTask(victim);
      await recordAll(tasks, [
        taskFactory.running({ id: `new-${step}`, createdAtMs: startMs + step, service: "geminidb" }),
      ]);
      step += 1;
    }
    assert.equal(new Set(found).size, found.length, "a task was found twice");
    const missed = undisturbed.filter((task) => isEnded(task) && !found.includes(task.id));
    assert.deepEqual(idsOf(missed), []);
  });

  check("the id of a deleted task is free, and its idempotency key still remembered", async ({ tasks }) => {
    const creation = creationOf(taskFactory.completed(), { idempotencyKey: "key" });
    const endedBeforeMs = Number.MAX_SAFE_INTEGER;
    await tasks.createTask(creation);
    await tasks.deleteEndedTasks({ projectId, ids: [creation.task.id], endedBeforeMs });
    assert.equal((await tasks.createTask(creation)).foundBy, "key");
    const { idempotencyKey: _key, ...again } = creation;
    assert.equal((await tasks.createTask(again)).foundBy, "new");
    assert.deepEqual(await historyOf(tasks, creation.task), [creation.entry]);
  });
}
