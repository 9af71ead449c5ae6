import { DatabaseSync } from "node:sqlite";
import { migrate, readMigrations } from "../src/store/sqlite/migrations.ts";
import { rowOfEntry, rowOfTask, taskColumns } from "../src/store/task-rows.ts";
import type { HistoryEntry, Task } from "../src/task/task.ts";
import { creationOf } from "./factories.ts";

/** How many migrations there were when tasks had no series, and nothing was counted. */
const olderMigrations = 4;

/** Makes a store as programs did before there were series and counts, with some tasks and their histories. */
export function writeOlderStore(
  path: string,
  kept: Iterable<{ readonly task: Task; readonly history: readonly HistoryEntry[] }>,
): void {
  using database = new DatabaseSync(path);
  migrate(database, readMigrations().slice(0, olderMigrations), () => 0);
  const placesFor = (columns: number): string => new Array(columns).fill("?").join(", ");
  const insertTask = database.prepare(`INSERT INTO task VALUES (${placesFor(taskColumns.length + 3)})`);
  const insertLine = database.prepare(`INSERT INTO task_history VALUES (${placesFor(8)})`);
  database.exec("BEGIN");
  for (const { task, history } of kept) {
    const { receipt } = creationOf(task);
    insertTask.run(...rowOfTask(task), null, receipt.digest, receipt.acceptedAtMs);
    for (const entry of history) insertLine.run(task.projectId, task.id, ...rowOfEntry(entry));
  }
  database.exec("COMMIT");
}
