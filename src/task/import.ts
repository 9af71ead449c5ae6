import { invalidParameter, TaskCenterError } from "./error.ts";
import { statusesOf, statusRule } from "./lifecycle.ts";
import { checkConsistency, checkNotAhead, isPlainWithin, maxDetailsDepth } from "./report.ts";
import type { HistoryEntry, JsonValue, Task } from "./task.ts";

/**
 * A task as another store keeps it, with its history. What its producer promised there is left out: nobody has
 * promised to report here.
 */
export interface RecordedTask {
  readonly task: Omit<Task, "projectId" | "leaseSeconds" | "onStale" | "heardAtMs" | "lostStatus">;
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
}

/** How deep the JSON of a history line's changes may be nested: changes, from and to, and a member of the details. */
const maxChangesDepth = maxDetailsDepth + 1;

/**
 * The task that is recorded for one that stood in another store, and its history: exactly as they stood there. It has
 * no lease, and was last heard of when it last changed.
 *
 * @throws TaskCenterError `invalid-parameter` where it is none that reports could have made.
 */
export function importTask(
  { task: recorded, history }: RecordedTask,
  context: {
    readonly projectId: string;
    readonly nowMs: number;
    /** Tasks that ended earlier are not kept any more. */
    readonly keptFromMs: number;
  },
): { readonly task: Task; readonly history: readonly HistoryEntry[] } {
  const task: Task = {
    ...recorded,
    projectId: context.projectId,
    leaseSeconds: null,
    onStale: "mark",
    heardAtMs: recorded.updatedAtMs,
    lostStatus: null,
  };
  inMember("task", () => checkStanding(task, context));
  checkHistory(history, task.revision);
  return { task, history };
}

/** Names the refused fields as they stand in what is imported: below one of its members. */
function inMember(member: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    const [problem] = error instanceof TaskCenterError ? error.fields : [];
    throw problem === undefined ? error : invalidParameter(`${member}.${problem.field}`, problem.message);
  }
}

function checkStanding(
  task: Task,
  { nowMs, keptFromMs }: { readonly nowMs: number; readonly keptFromMs: number },
): void {
  if (task.kind === "scheduled" && task.service !== "rds") {
    throw invalidParameter("kind", "scheduled tasks exist only in the service rds");
  }
  const rule = statusRule(task, task.status);
  if (rule === undefined) {
    throw invalidParameter("status", `must be one of ${statusesOf(task).join(", ")} for this task`);
  }
  if (rule.ended !== (task.endedAtMs !== null)) {
    const form = rule.ended ? "a time" : "null";
    throw invalidParameter("ended_at", `must be ${form} for a task that is ${task.status}`);
  }
  const past = {
    created_at: task.createdAtMs,
    started_at: task.startedAtMs,
    updated_at: task.updatedAtMs,
    ended_at: task.endedAtMs,
  };
  for (const [field, timeMs] of Object.entries(past)) {
    if (timeMs !== null) checkNotAhead(field, timeMs, nowMs);
  }
  if (task.updatedAtMs < task.createdAtMs) {
    throw invalidParameter("updated_at", "must not be before created_at");
  }
  // What would be deleted at once is not accepted first.
  if (task.endedAtMs !== null && task.endedAtMs < keptFromMs) {
    const since = new Date(keptFromMs).toISOString();
    throw invalidParameter("ended_at", `must not be before ${since}: older tasks are not kept`);
  }
  checkConsistency(task);
}

function checkHistory(history: readonly HistoryEntry[], lastRevision: number): void {
  let earlier = 0;
  for (const [index, { revision, changes }] of history.entries()) {
    if (revision <= earlier || revision > lastRevision) {
      throw invalidParameter(
        `history.${index}.revision`,
        `must be greater than that of the line before, and at most the task's, ${lastRevision}`,
      );
    }
    earlier = revision;
    // Interfaces are no records to the compiler; what came as JSON is JSON.
    if (!isPlainWithin(changes as unknown as JsonValue, maxChangesDepth)) {
      throw invalidParameter(
        `history.${index}.changes`,
        `must be nested at most ${maxChangesDepth} levels deep, its text well-formed and without U+0000`,
      );
    }
  }
}
