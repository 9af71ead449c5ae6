import assert from "node:assert/strict";
import test from "node:test";
import { taskFactory } from "../../../test/factories.ts";
import type { Task } from "../../task/task.ts";
import { createRememberedTasks, type SeenTask } from "./remembered-tasks.ts";

function seen(task: Task, length = 4): SeenTask {
  return { task, creation: { digest: "", acceptedAtMs: 0 }, length };
}

test("a task is remembered until so many others were used later", () => {
  const tasks = createRememberedTasks();
  const numbered = (number: number) => taskFactory.running({ id: `task-${number}` });
  for (let number = 0; number <= 16_384; number += 1) tasks.remember(seen(numbered(number)));
  assert.equal(tasks.find(numbered(0)), undefined);
  assert.deepEqual(tasks.find(numbered(1))?.task, numbered(1));
});

test("long details leave room for fewer tasks, and none is too long to leave room again", () => {
  const tasks = createRememberedTasks();
  const [one, other] = [taskFactory.running({ id: "one" }), taskFactory.running({ id: "other" })];
  tasks.remember(seen(one, 16 * 1024 * 1024 - 1024));
  assert.ok(tasks.find(one));
  tasks.remember(seen(other, 1024));
  assert.equal(tasks.find(one), undefined);
  assert.ok(tasks.find(other));
  tasks.forget(other);
  tasks.remember(seen(one, 16 * 1024 * 1024 - 1024));
  assert.ok(tasks.find(one));
});

test("long reasons for failures leave room for fewer tasks, too", () => {
  const tasks = createRememberedTasks();
  const failReason = "x".repeat(4096);
  const numbered = (number: number) => taskFactory.failed({ id: `task-${number}`, failReason });
  for (let number = 0; number < 4096; number += 1) tasks.remember(seen(numbered(number)));
  assert.equal(tasks.find(numbered(0)), undefined);
  const found = Array.from({ length: 4096 }, (_, number) => tasks.find(numbered(number))).filter(Boolean);
  assert.ok(found.length > 3500, `${found.length} are remembered`);
});

test("a task that somebody else writes, too, is not remembered", () => {
  const tasks = createRememberedTasks();
  const task = taskFactory.running();
  tasks.remember(seen(task));
  tasks.share(task);
  assert.equal(tasks.find(task), undefined);
  tasks.remember(seen(task));
  assert.equal(tasks.find(task), undefined);
});
