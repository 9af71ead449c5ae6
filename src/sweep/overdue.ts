import type { IdentityStore, TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import { failForSilence } from "../task/report.ts";

/** How many overdue tasks of one project are failed in one round. */
const roundSize = 1000;

/** A longer pause between two rounds means that nobody listened: the machine slept, or its clock was moved. */
const longestPauseMs = 30_000;

/**
 * Makes the work that fails the tasks whose producers broke their promise to report and asked to fail then, project by
 * project. A report that arrives in between wins: the decision is made again in the write's own transaction. After a
 * start every producer has its whole lease to report: while the server was away, nobody could.
 */
export function overdueSweep(deps: {
  readonly tasks: TaskStore;
  readonly identity: IdentityStore;
  readonly clock: Clock;
}): () => Promise<void> {
  const { tasks, clock } = deps;
  let listeningSinceMs = clock();
  let lastRoundMs = listeningSinceMs;
  return async () => {
    const nowMs = clock();
    if (Math.abs(nowMs - lastRoundMs) > longestPauseMs) listeningSinceMs = nowMs;
    lastRoundMs = nowMs;
    for (const projectId of await deps.identity.listProjectIds()) {
      const ids = await tasks.listOverdueTasks({ projectId, nowMs, limit: roundSize });
      // All at once, so that they share their commits.
      const failing = ids.map((id) =>
        tasks
          .changeTask({ projectId, id }, (current) => failForSilence(current, { nowMs, listeningSinceMs }))
          .catch(ignoreDeleted),
      );
      await Promise.all(failing);
    }
  };
}

function ignoreDeleted(error: unknown): void {
  if (!(error instanceof TaskCenterError && error.code === "task-not-found")) throw error;
}
