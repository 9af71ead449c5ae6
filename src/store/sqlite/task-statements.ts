import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { TaskCenterError } from "../../task/error.ts";
import type { TaskStatus } from "../../task/lifecycle.ts";
import type { HistoryQuery } from "../../task/query.ts";
import { failsForSilenceAtMs } from "../../task/report.ts";
import type { HistoryEntry, Task, TaskKey } from "../../task/task.ts";
import { plainLine, statusOfPlainLine } from "../first-line.ts";
import type { CreationReceipt } from "../store.ts";
import {
  entryOfRow,
  type HistoryRow,
  historyColumns,
  rowOfEntry,
  rowOfTask,
  type TaskRow,
  taskColumns,
  taskOfRow,
} from "../task-rows.ts";
import type { SeriesIds } from "./counting.ts";
import { memberships } from "./series.ts";
import { limited, prepare } from "./statements.ts";

/** What is written of a task, and what follows from it, in the order of `valuesOf`. */
const writtenColumns = [...taskColumns, "fails_at_ms", ...memberships.map(({ column }) => column)] as const;

type WrittenColumn = (typeof writtenColumns)[number];

/** What a creation writes beside the task itself. */
const receiptColumns = ["creation_digest", "accepted_at_ms", "first_status"] as const;

/** What a change writes: all but the key. */
const changedColumns = writtenColumns.filter((column) => column !== "project_id" && column !== "id");

/** The columns of the lists' indexes, and what decides each of them. */
const indexedColumns = {
  service_series: (task) => `${task.service} ${task.kind}`,
  name_series: (task) => task.name,
  instance_series: (task) => task.instance.id,
  kind: (task) => task.kind,
  status: (task) => task.status,
  instance_name: (task) => task.instance.name,
  order_id: (task) => task.orderId,
  parent_id: (task) => task.parentId,
  name: (task) => task.name,
  instance_id: (task) => task.instance.id,
  ended_at_ms: (task) => task.endedAtMs,
  created_at_ms: (task) => task.createdAtMs,
} as const satisfies Partial<Record<WrittenColumn, (task: Task) => SQLInputValue>>;

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
  const readFirstLine = prepare<
    [atMs: number, reportedAtMs: number, author: string, firstStatus: TaskStatus]
  >(
    database,
    `SELECT accepted_at_ms, created_at_ms, created_by, first_status FROM task
     WHERE project_id = ? AND id = ? AND first_status IS NOT NULL`,
  );
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

  function writeEntry({ projectId, id }: TaskKey, entry: HistoryEntry): void {
    insertEntry.run(projectId, id, ...rowOfEntry(entry));
  }

  return {
    /** Inserts a task with its history. A first line that the task's own row can tell is not stored. */
    insertTask(
      task: Task,
      series: SeriesIds,
      receipt: CreationReceipt,
      history: readonly HistoryEntry[],
    ): void {
      const [first, ...others] = history;
      const firstStatus = first && statusOfPlainLine(first, task, receipt);
      insertTask.run(...valuesOf(task, series), receipt.digest, receipt.acceptedAtMs, firstStatus ?? null);
      for (const entry of firstStatus === undefined ? history : others) writeEntry(task, entry);
    },

    /** Replaces a task where it still stands as `current`. A change that moves no index entry touches no index. */
    replaceTask(
      current: Task,
      task: Task,
      to: { readonly series: SeriesIds; readonly moves: boolean },
    ): void {
      const { series, moves } = to;
      const statement = moves ? replaceTask : replaceTaskInPlace;
      if (statement.run(...valuesOf(task, series), current.revision).changes !== 1) {
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

    insertEntry: writeEntry,

    /** A task's history; its first line may stand in the task's own row. */
    readEntries({ projectId, id, afterRevision, limit }: HistoryQuery): readonly HistoryEntry[] {
      const stored = readEntries.all(projectId, id, afterRevision, limit).map(entryOfRow);
      const row = afterRevision < 1 ? readFirstLine.get(projectId, id) : undefined;
      if (row === undefined) return stored;
      const [atMs, reportedAtMs, by, status] = row;
      return [plainLine({ atMs, reportedAtMs, by, status }), ...stored].slice(0, limit);
    },
  };
}

/** Whether a change moves a task in any list, or to another one. */
export function movesInLists(before: Task, after: Task): boolean {
  return Object.values(indexedColumns).some((read) => read(before) !== read(after));
}

function valuesOf(task: Task, series: SeriesIds): readonly SQLInputValue[] {
  return [...rowOfTask(task), failsForSilenceAtMs(task), ...series];
}

/**
 * An update of some columns that is bound to all values of a task, and after them to the revision that it replaces.
 * The engine rewrites the entries of every index whose columns an update names, changed or not: so name few.
 */
function updateOf(columns: readonly WrittenColumn[]): string {
  const assignments = columns.map((column) => `${column} = ${placeOf(column)}`);
  return `UPDATE task SET ${assignments.join(", ")}
    WHERE project_id = ${placeOf("project_id")} AND id = ${placeOf("id")} AND revision = ?${writtenColumns.length + 1}`;
}

function placeOf(column: WrittenColumn): string {
  return `?${writtenColumns.indexOf(column) + 1}`;
}
