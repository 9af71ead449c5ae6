import type { TaskDocument } from "../client/index.ts";
import { oneLine } from "./text.ts";

/** The status word, and whether its producer has gone silent. */
export function statusText(task: TaskDocument): string {
  return task.stale ? `${task.status} (stale)` : task.status;
}

/** Whole percent, rounded down, so that 100% means all of it; nothing where nobody knows. */
export function percentText(progress: number | null): string {
  return progress === null ? "" : `${Math.floor(progress)}%`;
}

/** What a task's last change has led to, in a line. */
export function changeLine(task: TaskDocument): string {
  const parts = [task.updated_at, statusText(task), percentText(task.progress), oneLine(task.fail_reason)];
  return parts.filter((part) => part !== "").join(" ");
}
