import type { TaskDocument } from "../../../../src/client/types.ts";

/** A task as a row of the list. */
export interface Row {
  readonly task: TaskDocument;
  /** It came while the list was looked at. */
  readonly isNew: boolean;
  /**
   * It is not on this page any more: a running task that has ended, where running ones are listed; or one that a task has
   * pushed on that was reported late.
   */
  readonly hasLeft: boolean;
}

/**
 * The rows after a poll. A list that stands still keeps its rows where they are: each shows its task as it is now, and
 * one that has left says so, in its place. Tasks that would move up wait until the reader asks for them.
 */
export function nextRows(
  before: readonly Row[] | undefined,
  tasks: readonly TaskDocument[],
  isPinned: boolean,
): readonly Row[] {
  if (before !== undefined && isPinned) {
    const known = new Map(tasks.map((task) => [task.id, task]));
    return before.map((row) => {
      const task = known.get(row.task.id);
      return task === undefined
        ? { ...row, isNew: false, hasLeft: true }
        : { task, isNew: false, hasLeft: false };
    });
  }
  const shown = new Set(before?.map(({ task }) => task.id));
  return tasks.map((task) => ({
    task,
    isNew: before !== undefined && !shown.has(task.id),
    hasLeft: false,
  }));
}
