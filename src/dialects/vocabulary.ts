import { statusMeanings, type TaskStatus } from "../task/lifecycle.ts";
import type { Task } from "../task/task.ts";

/** What all services say of a task alike. */

/** The words of a status filter, and the statuses that each one means. */
export const statusesByWord = {
  Running: ["Running"],
  Completed: ["Completed"],
  Failed: ["Failed", "Canceled"],
} as const satisfies Record<string, readonly TaskStatus[]>;

/**
 * The word that a service shows for an instant task's status. No service has a word for a canceled one: their clients
 * know an end only as `Completed` or `Failed` and would poll for ever on a fourth word. All others are shown as they
 * are, DDM's shard configuration statuses too.
 */
export function shownStatus(task: Task): string {
  return task.status === "Canceled" ? "Failed" : task.status;
}

/** Why a task failed. Of a task that is only shown as failed, the text begins with what it really is. */
export function shownFailReason(task: Task): string {
  if (task.status !== "Canceled" || task.failReason.startsWith("Canceled")) return task.failReason;
  // Joined into one piece at once: see `clockFace` in time.ts.
  return task.failReason === "" ? "Canceled" : ["Canceled", task.failReason].join(": ");
}

/**
 * A task's progress while it is being executed, cut to whole percent and followed by the service's unit; zero where its
 * producer gave no number, and `""` while it is not being executed.
 */
export function shownProgress(task: Task, unit: "%" | ""): string {
  return statusMeanings[task.status].executed ? `${Math.floor(task.progressPercent ?? 0)}${unit}` : "";
}

/** The end of a task: the real one; before that the planned one, else its last change. The manuals' examples have both. */
export function shownEndMs(task: Task): number {
  return task.endedAtMs ?? task.plannedEndAtMs ?? task.updatedAtMs;
}
