import type { Place } from "../task/query.ts";
import { longDetailsLength, type Task } from "../task/task.ts";

/** How many tasks of a stream are read at once: about a millisecond's work for whoever passes them on. */
export const streamedTasks = 128;

/** How many characters of details a step of a stream holds, apart from its last task's. */
const mostDetails = 1024 * 1024;

/** The next tasks of a stream. */
export interface StreamedTasks {
  readonly tasks: readonly Task[];
  /** Where to go on; undefined where nothing is left. */
  readonly next: Place | undefined;
}

/** A step of a stream, which ends earlier where its tasks are large: somebody may have many streams, and read slowly. */
export function stepOf(tasks: readonly Task[], next: Place | undefined): StreamedTasks {
  let details = 0;
  const large = tasks.findIndex((task) => {
    details += longDetailsLength(task);
    return details > mostDetails;
  });
  return large < 0 || large === tasks.length - 1
    ? { tasks, next }
    : { tasks: tasks.slice(0, large + 1), next: placeOf(tasks[large]) };
}

/** Where a task stands; undefined where there is none. */
export function placeOf(task: Task | undefined): Place | undefined {
  return task && { createdAtMs: task.createdAtMs, id: task.id };
}
