import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { TaskCenterError } from "../../task/error.ts";
import type { HistoryQuery } from "../../task/query.ts";
import { failsForSilenceAtMs } from "../../task/report.ts";
import type { HistoryEntry, Task, TaskKey } from "../../task/task.ts";
import type { CreationReceipt } from "../store.ts";
import { limited, prepare } from "./statements.ts";
import {
  entryOfRow,
  type HistoryRow,
  historyColumns,
  rowOfEntry,
  rowOfTask,
  type TaskColumn,
  type TaskRow,
  taskColumns,
  taskOfRow,
} from "./task-rows.ts";

/** What is written of a task, and what follows from it, in the order of `valuesOf`. */
const writtenColumns = [...taskColumns, "fails_at_ms"] as const;

/** What a change writes: all but the key. */
const changedColumns = writtenColumns.filter((column) => column !== "project_id" && column !== "id");

/** What a creation writes beside the task itself. */
const receiptColumns = ["creation_digest", "accepted_at_ms"] as const;

/** The columns of the lists' indexes, and what each of them holds of a task. */
const indexedColumns = {
  service: (task) => task.service,
  kind: (task) => task.kind,
  name: (task) => task.name,
  status: (task) => task.status,
  instance_id: (task) => task.instance.id,
  instance_name: (task) => task.instance.name,
  order_id: (task) => task.orderId,
  created_at_ms: (task) => task.createdAtMs,
} as const satisfies Partial<Record<TaskColumn, (task: Task) => SQLInputValue>>;

/** Prepares the statements on single tasks and their histories, each as a function. */
export function prepareTaskStatements(database: DatabaseSync) {
  const insertTask = prepare(
    database,
    `INSERT INTO task (${[...writtenColumns, ...receiptColumns].join(", ")})
     VALUES (${[...writtenColumns, ...receiptColumns].map(() => "?").join(", ")})`,
  );
  const replaceTask = prepare(database, updateOf(changedColumns));
  const replaceTaskInPlace = prepare(
    database,
    updateOf(changedColumns.filter((column) => !Object.hasOwn(indexedColumns, column))),
  );
  const readTask = prepare<TaskRow>(
    database,
    `SELECT ${taskColumns.join(", ")} FROM task WHERE project_id = ? AND id = ?`,
  );
  const hasTask = prepare(database, "SELECT 1 FROM task WHERE project_id = ? AND id = ?");
  const deleteTask = prepare(database, "DELETE FROM task WHERE project_id = ? AND id = ?");
  const readReceipt = prepare<[digest: string, acceptedAtMs: number, createdBy: string]>(
    database,
    "SELECT creation_digest, accepted_at_ms, created_by FROM task WHERE project_id = ? AND id = ?",
  );
  const readOverdueIds = prepare<[id: string]>(
    database,
    `SELECT id FROM task WHERE project_id = ? AND fails_at_ms < ? ORDER BY fails_at_ms, id ${limited}`,
  );
  const insertEntry = prepare(
    database,
    `INSERT INTO task_history (project_id, task_id, ${historyColumns.join(", ")})
     VALUES (?, ?, ${historyColumns.map(() => "?").join(", ")})`,
  );
  const readEntries = prepare<HistoryRow>(
    database,
    `SELECT ${historyColumns.join(", ")} FROM task_history
     WHERE project_id = ? AND task_id = ? AND revision > ? ORDER BY revision ${limited}`,
  );

  return {
    insertTask(task: Task, receipt: CreationReceipt): void {
      insertTask.run(...valuesOf(task), receipt.digest, receipt.acceptedAtMs);
    },

    /** Replaces a task where it still stands as `current`. A change that moves no index entry touches no index. */
    replaceTask(current: Task, task: Task): void {
      const moves = Object.values(indexedColumns).some((read) => read(current) !== read(task));
      const statement = moves ? replaceTask : replaceTaskInPlace;
      if (statement.run(...valuesOf(task), current.revision).changes !== 1) {
        throw new TaskCenterError(
          "internal",
          "A change of a task must leave its project and id as they are.",
        );
      }
    },

    readTask({ projectId, id }: TaskKey): Task | undefined {
      const row = readTask.get(projectId, id);
      return row && taskOfRow(row);
    },

    hasTask({ projectId, id }: TaskKey): boolean {
      return hasTask.get(projectId, id) !== undefined;
    },

    /** Deletes a task; its history goes with it. */
    deleteTask({ projectId, id }: TaskKey): void {
      deleteTask.run(projectId, id);
    },

    readReceipt({ projectId, id }: TaskKey): CreationReceipt | undefined {
      const row = readReceipt.get(projectId, id);
      return row && { taskId: id, digest: row[0], acceptedAtMs: row[1], createdBy: row[2] };
    },

    readOverdueIds(projectId: string, nowMs: number, limit: number): readonly string[] {
      return readOverdueIds.all(projectId, nowMs, limit).map(([id]) => id);
    },

    insertEntry({ projectId, id }: TaskKey, entry: HistoryEntry): void {
      insertEntry.run(projectId, id, ...rowOfEntry(entry));
    },

    readEntries({ projectId, id, afterRevision, limit }: HistoryQuery): readonly HistoryEntry[] {
      return readEntries.all(projectId, id, afterRevision, limit).map(entryOfRow);
    },
  };
}

function valuesOf(task: Task): readonly SQLInputValue[] {
  return [...rowOfTask(task), failsForSilenceAtMs(task)];
}

/**
 * An update of some columns that is bound to all values of a task, and after them to the revision that it replaces.
 * The engine rewrites the entries of every index whose columns an update names, changed or not: so name few.
 */
function updateOf(columns: readonly (typeof writtenColumns)[number][]): string {
  const assignments = columns.map((column) => `${column} = ${placeOf(column)}`);
  return `UPDATE task SET ${assignments.join(", ")}
    WHERE project_id = ${placeOf("project_id")} AND id = ${placeOf("id")} AND revision = ?${writtenColumns.length + 1}`;
}

function placeOf(column: (typeof writtenColumns)[number]): string {
  return `?${writtenColumns.indexOf(column) + 1}`;
}
