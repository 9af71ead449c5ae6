import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import { checkStore } from "../src/store/sqlite/upkeep/check.ts";
import { type TaskRow, taskColumns, taskOfRow } from "../src/store/task-rows.ts";
import { matchesFilter, type TaskFilter } from "../src/task/query.ts";
import type { Task } from "../src/task/task.ts";

/** What `store check` finds in a file, in words. */
export function findingsIn(storePath: string): readonly string[] {
  const findings: string[] = [];
  checkStore({ storePath }, (event) => {
    if (event.kind === "result") findings.push(...event.result.findings);
  });
  return findings;
}

/**
 * Holds a store that nobody has open to what must always be true: it opens, every total is what counting the rows one
 * by one tells, and a check finds nothing. Answers all tasks, read past the store.
 */
export async function assertSound(path: string): Promise<readonly Task[]> {
  const store = await openSqliteStore({ path, clock: () => 0 });
  try {
    const all = tasksIn(path);
    for (const filter of filtersOf(all)) {
      const page = await store.tasks.listTasks({
        filter,
        order: "newest-first",
        offset: 0,
        limit: 1,
        withNames: false,
      });
      const counted = all.filter((task) => matchesFilter(task, filter)).length;
      assert.deepEqual({ filter, total: page.total }, { filter, total: counted });
    }
    assert.deepEqual(findingsIn(path), []);
    return all;
  } finally {
    await store.close();
  }
}

function tasksIn(path: string): readonly Task[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return database
    .prepare(`SELECT ${taskColumns.join(", ")} FROM task NOT INDEXED`, { returnArrays: true })
    .all()
    .map((row) => taskOfRow(row as unknown as TaskRow));
}

/** Filters with whatever the tasks have in common, and with windows that end at some of them. */
function filtersOf(tasks: readonly Task[]): readonly TaskFilter[] {
  const times = tasks.map(({ createdAtMs }) => createdAtMs).sort((a, b) => a - b);
  const timeAt = (part: number) => times[Math.floor(part * (times.length - 1))] ?? 0;
  return some(tasks, ({ projectId }) => projectId).flatMap((projectId) => {
    const conditions: readonly Partial<TaskFilter>[] = [
      {},
      ...some(tasks, ({ service }) => service).map((service) => ({ services: [service] })),
      ...some(tasks, ({ status }) => status).map((status) => ({ statuses: [status] })),
      ...some(tasks, ({ name }) => name).map((name) => ({ names: [name] })),
      ...some(tasks, ({ instance }) => instance.id).map((id) => ({ instanceIds: [id] })),
    ];
    return conditions.flatMap((condition) => [
      { projectId, ...condition },
      { projectId, ...condition, createdFromMs: timeAt(0.3), createdToMs: timeAt(0.8) },
    ]);
  });
}

/** A few of the values that tasks have. */
function some<T>(tasks: readonly Task[], read: (task: Task) => T): readonly T[] {
  return [...new Set(tasks.map(read))].slice(0, 3);
}
