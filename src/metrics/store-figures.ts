import type { IdentityStore, TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import { type Service, services, statusesMeaning, type TaskState, taskStates } from "../task/lifecycle.ts";
import type { LastSuccess } from "../task/query.ts";

/** A last success, with the project that it is of. */
export interface ProjectSuccess extends LastSuccess {
  readonly projectId: string;
}

/** What the whole store holds, over all projects: the same at every server, at the same moment. */
export interface StoreFigures {
  readonly gatheredAtMs: number;
  readonly tookMs: number;
  readonly projects: number;
  /** Projects with a question that the store found too broad: what it asked about is not in the sums. */
  readonly projectsUnanswered: number;
  readonly tasks: Readonly<Record<Service, Readonly<Record<TaskState, number>>>>;
  readonly stale: Readonly<Record<Service, number>>;
  /** When the oldest of the running tasks was created; undefined where none runs. */
  readonly oldestRunningAtMs: Readonly<Record<Service, number | undefined>>;
  /** By project, service, name and instance; at most `mostSuccesses`. */
  readonly successes: readonly ProjectSuccess[];
  /** Projects with successes of which not all are there. */
  readonly projectsLeftOut: number;
}

/** How many last successes are told at most: a scrape has a size, and so has a time series database. */
export const mostSuccesses = 2000;

/** How often what is left of the room is shared out once more. */
const mostShares = 4;

/** How many projects are asked about at once: the connections are there for requests. */
const projectsAtOnce = 2;

const runningStatuses = statusesMeaning(["running"]);

/** What is asked, and whom. */
export interface StoreQuestions {
  readonly tasks: TaskStore;
  readonly identity: Pick<IdentityStore, "listProjectIds">;
  readonly clock: Clock;
  /** Fulfilled when it is others' turn: a store that answers at once would else keep everybody waiting. */
  readonly pause: () => Promise<void>;
  /** Whether the last successes are wanted: they name what projects keep. */
  readonly withSuccesses: boolean;
}

/**
 * Gathers the figures of all projects, one by one: every question names its project.
 *
 * @throws TaskCenterError `store-unavailable`; the signal's reason where it is aborted.
 */
export async function gatherStoreFigures(
  questions: StoreQuestions,
  signal: AbortSignal,
): Promise<StoreFigures> {
  const { identity, clock, pause } = questions;
  const startedMs = performance.now();
  const gatheredAtMs = clock();
  const projectIds = await identity.listProjectIds();
  const sums = noFigures();
  const unanswered = new Set<string>();
  const succeeded = new Set<string>();
  const answered = async <T>(projectId: string, ask: () => Promise<T>): Promise<T | undefined> => {
    signal.throwIfAborted();
    await pause();
    return ask().catch((error: unknown) => {
      if (!(error instanceof TaskCenterError) || error.code !== "query-too-broad") throw error;
      unanswered.add(projectId);
      return undefined;
    });
  };

  await eachAtOnce(projectIds, async (projectId) => {
    const hasSucceeded = await addProject({ ...questions, projectId, nowMs: gatheredAtMs, sums, answered });
    if (hasSucceeded) succeeded.add(projectId);
  });

  const sharing = projectIds.filter((projectId) => succeeded.has(projectId));
  const { successes, projectsLeftOut } = questions.withSuccesses
    ? await shareSuccesses(sharing, (projectId, limit) =>
        answered(projectId, () => questions.tasks.listLastSuccesses({ projectId, limit })),
      )
    : { successes: [], projectsLeftOut: sharing.length };
  return {
    gatheredAtMs,
    tookMs: performance.now() - startedMs,
    projects: projectIds.length,
    projectsUnanswered: unanswered.size,
    ...sums,
    successes,
    projectsLeftOut,
  };
}

/** The sums that grow with each project. */
type Sums = {
  -readonly [Key in "tasks" | "stale" | "oldestRunningAtMs"]: {
    -readonly [S in Service]: Key extends "tasks" ? Record<TaskState, number> : StoreFigures[Key][S];
  };
};

function noFigures(): Sums {
  const perService = <T>(value: () => T) =>
    Object.fromEntries(services.map((service) => [service, value()])) as Record<Service, T>;
  return {
    tasks: perService(
      () => Object.fromEntries(taskStates.map((state) => [state, 0])) as Record<TaskState, number>,
    ),
    stale: perService(() => 0),
    oldestRunningAtMs: perService<number | undefined>(() => undefined),
  };
}

/** Adds a project's figures; answers whether any of its tasks has succeeded. What cannot be is not asked about. */
async function addProject(parts: {
  readonly tasks: TaskStore;
  readonly projectId: string;
  readonly nowMs: number;
  readonly sums: Sums;
  readonly answered: <T>(projectId: string, ask: () => Promise<T>) => Promise<T | undefined>;
}): Promise<boolean> {
  const { tasks, projectId, nowMs, sums, answered } = parts;
  const counts = await answered(projectId, () =>
    tasks.countTasks({ filter: { projectId }, groupBy: ["service", "state"], bucketMs: undefined }),
  );
  const has = (service: Service, state: TaskState) =>
    counts?.groups.some((group) => group.service === service && group.state === state) ?? false;
  for (const { service, state, count } of counts?.groups ?? []) {
    if (service !== undefined && state !== undefined) sums.tasks[service][state] += count;
  }
  if (services.some((service) => has(service, "pending") || has(service, "running"))) {
    const filter = { projectId, stale: { wanted: true, atMs: nowMs } };
    const stale = await answered(projectId, () =>
      tasks.countTasks({ filter, groupBy: ["service"], bucketMs: undefined }),
    );
    for (const { service, count } of stale?.groups ?? []) {
      if (service !== undefined) sums.stale[service] += count;
    }
  }
  for (const service of services.filter((each) => has(each, "running"))) {
    const filter = { projectId, services: [service], statuses: runningStatuses };
    const page = await answered(projectId, () =>
      tasks.listTasks({ filter, order: "oldest-first", offset: 0, limit: 1, withNames: false }),
    );
    const createdAtMs = page?.tasks[0]?.createdAtMs;
    if (createdAtMs === undefined) continue;
    sums.oldestRunningAtMs[service] = Math.min(createdAtMs, sums.oldestRunningAtMs[service] ?? createdAtMs);
  }
  return services.some((service) => has(service, "succeeded"));
}

/** Asks for a project's last successes; undefined where there is no answer. */
type AskSuccesses = (
  projectId: string,
  limit: number,
) => Promise<{ readonly successes: readonly LastSuccess[]; readonly more: boolean } | undefined>;

/**
 * Shares the room for last successes among projects: equal shares, and what one does not need goes to the others. So
 * nobody with many names crowds out anybody else's. Where there are more projects than room, the first ones have one each.
 */
export async function shareSuccesses(
  projectIds: readonly string[],
  ask: AskSuccesses,
  room = mostSuccesses,
): Promise<Pick<StoreFigures, "successes" | "projectsLeftOut">> {
  const found = new Map<string, { readonly successes: readonly LastSuccess[]; readonly more: boolean }>();
  let asking = projectIds;
  let left = room;
  for (let shares = 0; shares < mostShares && asking.length > 0 && left > 0; shares += 1) {
    const served = asking.slice(0, left);
    const share = Math.floor(left / served.length);
    await eachAtOnce(served, async (projectId) => {
      const had = found.get(projectId)?.successes.length ?? 0;
      const answer = await ask(projectId, had + share);
      found.set(projectId, answer ?? { successes: [], more: false });
    });
    left = room - sum([...found.values()].map(({ successes }) => successes.length));
    asking = asking.filter((projectId) => found.get(projectId)?.more ?? true);
  }
  return {
    successes: projectIds.flatMap((projectId) =>
      (found.get(projectId)?.successes ?? []).map((success) => ({ ...success, projectId })),
    ),
    projectsLeftOut: projectIds.filter((projectId) => found.get(projectId)?.more ?? true).length,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Does the same with each, a few of them at once. After an error none is begun, and it is thrown when all have ended. */
async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  let hasFailed = false;
  const workOff = async (): Promise<void> => {
    for (const item of rest) {
      if (hasFailed) return;
      await work(item).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: projectsAtOnce }, workOff));
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
}
