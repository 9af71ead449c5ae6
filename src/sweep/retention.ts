import type { IdentityStore, TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import type { Place } from "../task/query.ts";
import type { Pause } from "./timer.ts";

/** How many tasks are found at once: a question that is answered aside, and may have to wait. */
const searchSize = 256;

/** How many tasks a step deletes at most: with their histories they keep the event loop for about a millisecond. */
const stepSize = 16;

/** How many times as long as a step the pause after it is: deletion has a quarter of the time, and requests the rest. */
const pausePerStep = 3;

/** What a round has deleted. */
export interface Deletions {
  readonly tasks: number;
  /** In how many projects. */
  readonly projects: number;
  readonly tookMs: number;
}

/**
 * Makes the work that deletes the tasks that ended longer ago than the retention, with their histories, project by
 * project. What has not ended stays, however old it is, and so does what a report reopens in between: the store looks
 * again in the transaction that deletes. Trouble in one project does not keep the round from the others; the first of
 * it is thrown when the round is over.
 */
export function retentionSweep(deps: {
  readonly tasks: Pick<TaskStore, "findEndedTasks" | "deleteEndedTasks">;
  readonly identity: Pick<IdentityStore, "listProjectIds">;
  readonly clock: Clock;
  readonly retentionMs: number;
  readonly pause: Pause;
  /** Called once a round, where there was anything to delete. */
  readonly onDeleted: (deletions: Deletions) => void;
}): (stopping: AbortSignal) => Promise<void> {
  const { tasks, identity, clock, retentionMs, pause, onDeleted } = deps;
  return async (stopping) => {
    const endedBeforeMs = clock() - retentionMs;
    const startedMs = performance.now();
    const deletedIn = new Map<string, number>();
    const failures: unknown[] = [];
    for (const projectId of await identity.listProjectIds()) {
      try {
        for await (const { deleted, tookMs } of deleteInSteps(tasks, { projectId, endedBeforeMs })) {
          if (deleted > 0) deletedIn.set(projectId, (deletedIn.get(projectId) ?? 0) + deleted);
          await pause(pausePerStep * tookMs, stopping);
          if (stopping.aborted) break;
        }
      } catch (error) {
        failures.push(error);
      }
      if (stopping.aborted) break;
    }
    if (deletedIn.size > 0) {
      onDeleted({
        tasks: deletedIn.values().reduce((sum, deleted) => sum + deleted, 0),
        projects: deletedIn.size,
        tookMs: Math.round(performance.now() - startedMs),
      });
    }
    if (failures.length > 0) throw failures[0];
  };
}

/** Deletes what ended in one project before the given time, and yields after each step what it deleted, and how long it took. */
async function* deleteInSteps(
  tasks: Pick<TaskStore, "findEndedTasks" | "deleteEndedTasks">,
  ended: { readonly projectId: string; readonly endedBeforeMs: number },
): AsyncGenerator<{ readonly deleted: number; readonly tookMs: number }> {
  let from: Place | undefined;
  do {
    const { ids, next } = await tasks.findEndedTasks({ ...ended, from, limit: searchSize });
    for (let first = 0; first < ids.length; first += stepSize) {
      const startedMs = performance.now();
      const deleted = await tasks.deleteEndedTasks({ ...ended, ids: ids.slice(first, first + stepSize) });
      yield { deleted, tookMs: performance.now() - startedMs };
    }
    from = next;
  } while (from !== undefined);
}
