import type { IdentityStore, TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import type { Place } from "../task/query.ts";
import type { Pause } from "./timer.ts";

/** How many tasks are found at once: a question that is answered aside, and may have to wait. */
const searchSize = 256;

/** How many tasks a step deletes at most: with their histories they keep the event loop for about a millisecond. */
const stepSize = 16;

/** How many idempotency keys of a deleted project a step forgets at most: as quickly. */
const keysPerStep = 100;

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
 * again in the transaction that deletes. Then it forgets the idempotency keys of deleted projects, as slowly. Trouble in
 * one project does not keep the round from the others; the first of it is thrown when the round is over.
 */
export function retentionSweep(deps: {
  readonly tasks: Pick<TaskStore, "findEndedTasks" | "deleteEndedTasks">;
  readonly identity: Pick<IdentityStore, "listProjectIds" | "listDeletedProjectIds" | "forgetCreations">;
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
    const works = [
      ...(await identity.listProjectIds()).map((projectId) =>
        deleteInSteps(tasks, { projectId, endedBeforeMs }),
      ),
      ...(await identity.listDeletedProjectIds()).map((projectId) => forgetInSteps(identity, projectId)),
    ];
    for (const steps of works) {
      try {
        for await (const { projectId, deleted, tookMs } of steps) {
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

/** A step of the work in a project: how many tasks it deleted, and how long it took. */
interface Step {
  readonly projectId: string;
  readonly deleted: number;
  readonly tookMs: number;
}

/** Deletes what ended in one project before the given time. */
async function* deleteInSteps(
  tasks: Pick<TaskStore, "findEndedTasks" | "deleteEndedTasks">,
  ended: { readonly projectId: string; readonly endedBeforeMs: number },
): AsyncGenerator<Step> {
  const { projectId } = ended;
  let from: Place | undefined;
  do {
    const { ids, next } = await tasks.findEndedTasks({ ...ended, from, limit: searchSize });
    for (let first = 0; first < ids.length; first += stepSize) {
      const startedMs = performance.now();
      const deleted = await tasks.deleteEndedTasks({ ...ended, ids: ids.slice(first, first + stepSize) });
      yield { projectId, deleted, tookMs: performance.now() - startedMs };
    }
    from = next;
  } while (from !== undefined);
}

/** Forgets the idempotency keys of a deleted project. */
async function* forgetInSteps(
  identity: Pick<IdentityStore, "forgetCreations">,
  projectId: string,
): AsyncGenerator<Step> {
  let after: string | undefined = "";
  for (;;) {
    const startedMs = performance.now();
    after = await identity.forgetCreations({ projectId, after, limit: keysPerStep });
    if (after === undefined) return;
    yield { projectId, deleted: 0, tookMs: performance.now() - startedMs };
  }
}
