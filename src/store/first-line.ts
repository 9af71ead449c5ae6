import { type TaskStatus, taskStatuses } from "../task/lifecycle.ts";
import type { HistoryEntry, Task } from "../task/task.ts";
import type { CreationReceipt } from "./store.ts";
import { rowOfEntry } from "./task-rows.ts";

/** The first line of a history that says no more than that the task was created with a status. */
export function plainLine(said: {
  readonly atMs: number;
  readonly reportedAtMs: number;
  readonly by: string;
  readonly status: TaskStatus;
}): HistoryEntry {
  const { status, ...others } = said;
  return { revision: 1, message: "", ...others, changes: { status: { from: null, to: status } } };
}

/** The status of a first line that need not be stored, since the task's row tells it; undefined for any other line. */
export function statusOfPlainLine(
  entry: HistoryEntry,
  task: Task,
  { acceptedAtMs }: CreationReceipt,
): TaskStatus | undefined {
  const status = taskStatuses.find((word) => word === entry.changes.status?.to);
  if (status === undefined) return undefined;
  const plain = plainLine({
    atMs: acceptedAtMs,
    reportedAtMs: task.createdAtMs,
    by: task.createdBy,
    status,
  });
  return isSameLine(entry, plain) ? status : undefined;
}

/** Whether two lines of history are stored alike. */
export function isSameLine(a: HistoryEntry, b: HistoryEntry): boolean {
  return JSON.stringify(rowOfEntry(a)) === JSON.stringify(rowOfEntry(b));
}
