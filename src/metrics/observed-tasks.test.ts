import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../test/factories.ts";
import { openSqliteStore } from "../store/sqlite/store.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import type { Task } from "../task/task.ts";
import { observedTaskStore } from "./observed-tasks.ts";

async function open(t: TestContext, clock: Clock) {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-observed-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return openSqliteStore({ path: join(folder, "store.db"), clock });
}

/** A store whose observer writes down what it is told. */
async function openObserved(t: TestContext, change: (tasks: TaskStore) => TaskStore = (tasks) => tasks) {
  const store = await open(t, () => factoryCreatedAtMs);
  t.after(() => store.close());
  const told: string[] = [];
  const took: string[] = [];
  const tasks = observedTaskStore(change(store.tasks), {
    recorded: ({ id }) => told.push(`recorded ${id}`),
    ended: ({ service, state }, seconds) => told.push(`ended ${service} ${state} ${seconds}`),
    took(operation, seconds) {
      assert.ok(seconds >= 0 && seconds < 60);
      took.push(operation);
    },
  });
  return { tasks, told, took };
}

const running = taskFactory.running({ id: "1" });
const ended = (task: Task, afterMs: number): Task => ({
  ...task,
  status: "Completed",
  endedAtMs: task.createdAtMs + afterMs,
  revision: task.revision + 1,
});

test("a task is recorded once, however often its creation comes, and ends once until it is reopened", async (t) => {
  const { tasks, told, took } = await openObserved(t);
  await tasks.createTask(creationOf(running));
  await tasks.createTask(creationOf(running));
  const change = (to: Task) => tasks.changeTask(running, () => ({ task: to, entry: undefined }));
  await tasks.changeTask(running, (current) => ({ task: current, entry: undefined }));
  const first = ended(running, 5000);
  await change(first);
  await change({ ...first, revision: 3 });
  await change({ ...running, revision: 4 });
  await change(ended({ ...running, startedAtMs: running.createdAtMs + 1000, revision: 4 }, 8000));
  await assert.rejects(
    tasks.changeTask(running, () => {
      throw new TaskCenterError("transition-refused", "No.");
    }),
  );
  assert.deepEqual(told, ["recorded 1", "ended rds succeeded 5", "ended rds succeeded 7"]);
  assert.deepEqual(took, ["create_task", "create_task", ...Array(6).fill("change_task")]);
});

test("a task that is recorded as ended has ended, and one from after its end took no time", async (t) => {
  const { tasks, told } = await openObserved(t);
  await tasks.createTask(creationOf(taskFactory.failed({ id: "1", service: "ddm" })));
  const { createdAtMs } = running;
  await tasks.createTask(
    creationOf(taskFactory.canceled({ id: "2", startedAtMs: createdAtMs + 9000, endedAtMs: createdAtMs })),
  );
  assert.deepEqual(told, ["recorded 1", "ended ddm failed 60", "recorded 2", "ended rds canceled 0"]);
});

test("what fails is observed too, and fails as it did", async (t) => {
  const { tasks, told, took } = await openObserved(t, (sound) => ({
    ...sound,
    getTask: () => Promise.reject(new TaskCenterError("store-unavailable", "No.")),
  }));
  await assert.rejects(tasks.getTask(running), { code: "store-unavailable" });
  assert.deepEqual([told, took], [[], ["get_task"]]);
});

test("each part of a stream is observed, and whoever leaves it early ends it", async (t) => {
  let left = 0;
  const { tasks, took } = await openObserved(t, (sound) => ({
    ...sound,
    async *streamTasks() {
      try {
        for (;;) yield [running];
      } finally {
        left += 1;
      }
    },
  }));
  let parts = 0;
  for await (const part of tasks.streamTasks({
    filter: { projectId: running.projectId },
    order: "newest-first",
    limit: undefined,
  })) {
    assert.deepEqual(part, [running]);
    parts += 1;
    if (parts === 3) break;
  }
  assert.deepEqual([left, took], [1, Array(3).fill("stream_tasks")]);
});
