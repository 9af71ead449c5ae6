import { TaskCenterError } from "../task/error.ts";
import { isStale, type Task } from "../task/task.ts";

/**
 * The entity tag of a task: its revision. A stale task has one of its own, since going stale changes what is answered
 * but is no change of the task.
 */
export function entityTag(task: Task, nowMs: number): string {
  return isStale(task, nowMs) ? `"${task.revision}-stale"` : `"${task.revision}"`;
}

/** Whether `If-None-Match` names what would be answered. The comparison is weak, as RFC 9110 says for it. */
export function isUnchanged(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return tagsIn(ifNoneMatch).some((given) => given === "*" || given.replace(/^W\//, "") === tag);
}

/**
 * Holds a task to `If-Match`: a change is wanted only of the revision that its writer has seen. Whether the task has
 * gone stale since does not matter.
 *
 * @throws TaskCenterError `revision-mismatch`.
 */
export function checkIfMatch(ifMatch: string | undefined, task: Task): void {
  if (ifMatch === undefined) return;
  const tags = tagsIn(ifMatch);
  const matches = tags.some(
    (given) => given === "*" || given.replace(/-stale"$/, '"') === `"${task.revision}"`,
  );
  if (!matches) {
    throw new TaskCenterError(
      "revision-mismatch",
      `The task's revision is ${task.revision}, which If-Match does not name.`,
    );
  }
}

function tagsIn(header: string): readonly string[] {
  return header.split(",").map((tag) => tag.trim());
}
