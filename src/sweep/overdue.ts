import type { Store } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import { failForSilence } from "../task/report.ts";
import type { Pause } from "./timer.ts";

/** How many overdue tasks of one project are failed in one round. */
const roundSize = 1000;

/** How many projects are asked about at once: most of a server's connections stay for its requests. */
const projectsAtOnce = 4;

/** The pause between two rounds. */
export const overduePauseMs = 1000;

/** How many rounds a server leads: then another one may, and every one has its turn. */
const roundsPerTerm = 60;

/** A longer pause means that nobody listened: the machine slept, or its clock was moved. */
const longestPauseMs = 30_000;

/**
 * Makes the work that fails the tasks whose producers broke their promise to report and asked to fail then, project by
 * project. A report that arrives in between wins: the decision is made again in the write's own transaction.
 *
 * After a start every producer has its whole lease to report: while the server was away, nobody could. Of many servers
 * one leads, each counts from when it began to listen itself, and a server that leads late has listened all the while,
 * so it does not count anew. That may be late, where the one that listened before is gone, and never early. It is not
 * put off for ever: the lead goes round, and comes to servers that have listened for longer than a lease. A server that
 * could not reach the store begins anew when it can: reports could not be recorded either.
 *
 * Trouble in one project does not keep a round from the others; the first of it is thrown when the round is over.
 */
export function overdueSweep(deps: {
  readonly store: Pick<Store, "tasks" | "identity" | "lead" | "ping">;
  readonly clock: Clock;
  readonly pause: Pause;
}): (stopping: AbortSignal) => Promise<void> {
  const { store, clock, pause } = deps;
  const listening = listenFrom(clock());

  async function failOverdue(projectId: string): Promise<void> {
    const nowMs = clock();
    const listeningSinceMs = listening.goOn(nowMs);
    const ids = await store.tasks.listOverdueTasks({ projectId, nowMs, limit: roundSize });
    // All at once, so that they share their commits.
    const failing = ids.map((id) =>
      store.tasks
        .changeTask({ projectId, id }, (current) => failForSilence(current, { nowMs, listeningSinceMs }))
        .catch(ignoreDeleted),
    );
    await Promise.all(failing);
  }

  async function round(ending: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    let isAway = false;
    const projectIds = (await store.identity.listProjectIds()).values();
    /** Takes one project after the other, beside others that do the same. */
    async function takeProjects(): Promise<void> {
      for (const projectId of projectIds) {
        if (ending.aborted || isAway) return;
        try {
          await failOverdue(projectId);
        } catch (error) {
          failures.push(error);
          // Whether it is this project's trouble, or everybody's.
          isAway ||= await store.ping().then(
            () => false,
            () => true,
          );
        }
      }
    }
    await Promise.all(Array.from({ length: projectsAtOnce }, takeProjects));
    if (isAway) listening.interrupt();
    if (failures.length > 0) throw failures[0];
  }

  return async (stopping) => {
    let isReached = false;
    try {
      await store.lead("overdue tasks", async (lost) => {
        isReached = true;
        const ending = AbortSignal.any([stopping, lost]);
        for (let rounds = 1; rounds <= roundsPerTerm && !ending.aborted; rounds += 1) {
          await round(ending);
          if (rounds < roundsPerTerm) await pause(overduePauseMs, ending);
        }
      });
    } catch (error) {
      if (!isReached) listening.interrupt();
      throw error;
    }
    listening.goOn(clock());
  };
}

/** Since when reports could arrive, as far as this server can tell. */
interface Listening {
  /** Says that the server listens now, and answers since when it has without a break. */
  goOn(nowMs: number): number;
  /** Says that reports cannot be recorded now. */
  interrupt(): void;
}

function listenFrom(startMs: number): Listening {
  let sinceMs = startMs;
  let lastMs = startMs;
  let isInterrupted = false;
  return {
    goOn(nowMs) {
      if (isInterrupted || Math.abs(nowMs - lastMs) > longestPauseMs) sinceMs = nowMs;
      isInterrupted = false;
      lastMs = nowMs;
      return sinceMs;
    },
    interrupt() {
      isInterrupted = true;
    },
  };
}

function ignoreDeleted(error: unknown): void {
  if (!(error instanceof TaskCenterError && error.code === "task-not-found")) throw error;
}
