import type { TaskPage } from "../task/query.ts";
import { freshUntilMs, longDetailsLength } from "../task/task.ts";
import { type PageBody, rememberBodies } from "./page-bodies.ts";
import { type ListPage, taskList } from "./task-documents.ts";
import { taskText } from "./task-text.ts";

/** The body of our list at a moment, which decides what is stale. */
export function taskListText(page: ListPage, nowMs: number): string {
  if (page.tasks.every((task) => longDetailsLength(task) === 0)) return JSON.stringify(taskList(page, nowMs));
  const tasks = page.tasks.map((task) => taskText(task, nowMs)).join(",");
  return `{"tasks":[${tasks}],${JSON.stringify({ total: page.total, next_cursor: page.nextCursor }).slice(1)}`;
}

/**
 * Makes the function that answers the body of our list, as `taskListText` writes it. It is given the page that the store
 * has found, and what is listed of it: its first tasks. A body is remembered with what was found, and holds until a task
 * of it becomes stale.
 */
export function taskListBodies(): (found: TaskPage, listed: ListPage, nowMs: number) => PageBody {
  const bodyOf = rememberBodies<{ readonly listed: ListPage; readonly nowMs: number }>(
    (_found, { listed, nowMs }) => {
      const { tasks, nextCursor } = listed;
      const count = tasks.length;
      const { afterMs, untilMs } = momentsOf(listed, nowMs);
      return {
        text: taskListText(listed, nowMs),
        answers: (asked) =>
          asked.listed.tasks.length === count &&
          asked.listed.nextCursor === nextCursor &&
          asked.nowMs > afterMs &&
          asked.nowMs <= untilMs,
      };
    },
  );
  return (found, listed, nowMs) => bodyOf(found, { listed, nowMs });
}

/**
 * The moments around now at which the same tasks are stale: later than the last one has become so, and until the next
 * one does. There the text of their list is the same.
 */
export function momentsOf(
  { tasks }: Pick<ListPage, "tasks">,
  nowMs: number,
): { readonly afterMs: number; readonly untilMs: number } {
  let afterMs = Number.NEGATIVE_INFINITY;
  let untilMs = Number.POSITIVE_INFINITY;
  for (const task of tasks) {
    const freshMs = freshUntilMs(task);
    if (freshMs === null) continue;
    if (freshMs < nowMs) afterMs = Math.max(afterMs, freshMs);
    else untilMs = Math.min(untilMs, freshMs);
  }
  return { afterMs, untilMs };
}
