import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { fillWithTasks } from "./million-tasks.ts";
import { assertSound } from "./sound-store.ts";
import { projectId, startServer } from "./start-server.ts";

test("a store that is filled in one go is as sound as one that was filled task by task", async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  await server.stop();
  const path = join(server.directory, "taskcenter.db");
  const endMs = server.nowMs();
  fillWithTasks(path, { projectId, tasks: 5000, endMs });

  const tasks = await assertSound(path);
  assert.equal(tasks.length, 5000);
  assert.deepEqual(
    tasks.filter((task) => task.createdAtMs > endMs || (task.endedAtMs ?? endMs) > endMs),
    [],
  );
  const running = tasks.filter(({ status }) => status === "Running");
  assert.ok(running.length > 0);
  const newestDaysMs = 8 * 86_400_000;
  assert.ok(running.every(({ createdAtMs }) => createdAtMs > endMs - newestDaysMs));

  const again = await startServer({ directory: server.directory });
  t.after(() => again.close());
  const { json } = await again.call(`/v1/${projectId}/tasks?limit=500&offset=4500`);
  assert.deepEqual([json.total, json.tasks.length], [5000, 500]);
  const oldest = json.tasks.at(-1);
  const history = await again.call(`/v1/${projectId}/tasks/${oldest.id}/history`);
  assert.deepEqual(
    history.json.history.map(({ changes }: { changes: { status: { to: string } } }) => changes.status.to),
    [oldest.status],
    history.text,
  );
});
