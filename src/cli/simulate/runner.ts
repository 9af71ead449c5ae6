import { isPassing } from "../../client/errors.ts";
import type {
  ApiError,
  BatchLine,
  ReportTaskBody,
  TaskCenterClient,
  TaskDocument,
} from "../../client/index.ts";
import { pause } from "../../client/pause.ts";
import type { Clock } from "../../task/clock.ts";
import { type LifecycleSubject, statusRule, type TaskStatus } from "../../task/lifecycle.ts";
import type { Fleet } from "./fleet.ts";
import { idGroups, type Recorded, readRecorded } from "./recorded.ts";
import { fleetLabel, type Scenario } from "./scenario.ts";
import { Tally } from "./tally.ts";
import { type FleetEvent, timeline } from "./timeline.ts";

/** What a simulation needs of the client. */
export type TaskClient = Pick<TaskCenterClient, "sendBatch" | "eachTask">;

/** Whoever is told how a simulation goes. */
export interface Audience {
  /** How much of the past is recorded, in percent. */
  filling(percent: number): void;
  /** The past is recorded, and the fleet lives. */
  filled(tally: Tally): void;
  living(tally: Tally): void;
  /** The server has gone away, or does not do what it is asked; undefined when it is back. */
  trouble(error: unknown): void;
}

/** What became of a simulation. */
export interface Simulated {
  readonly tally: Tally;
  /** How many lines were refused for what they say, and why the first of them was. */
  readonly refused: { readonly count: number; readonly first: string };
}

/** How many lines are sent at a time: one request's. */
const linesAtOnce = 1000;

/** What happens within so much of a second is told together. */
const tickMs = 200;

/** How long whoever is stopped waits for the answer to what is on its way. */
const patienceMs = 3000;

/** The first and the longest pause while the server is away. */
const shortestTroubleMs = 500;
const longestTroubleMs = 10_000;

/**
 * Lets a fleet live: tells the server everything when it happens, what is past at once. It goes on until its end, or
 * until it is stopped, which is no error: then it answers how far it came. A server that goes away is waited for.
 *
 * @throws ApiError where the login may not do this; whatever the client throws that will not pass by itself; and the
 * failure that stands where the server is away at the end.
 */
export async function simulate(options: {
  readonly client: TaskClient;
  readonly fleet: Fleet;
  readonly scenario: Scenario;
  /** When it ends; Infinity for never. */
  readonly untilMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly audience: Audience;
}): Promise<Simulated> {
  const { client, fleet, scenario, untilMs, clock, signal, audience } = options;
  const tally = new Tally();
  const refused = { count: 0, first: "" };
  const events = timeline(fleet, scenario);
  // What is on its way when somebody has enough may arrive, so that it is known what was told.
  const patience = new AbortController();
  signal.addEventListener("abort", () => setTimeout(() => patience.abort(), patienceMs).unref(), {
    once: true,
  });
  let next = events.next();

  /** Everything that has happened by now and is new, as much as is told at a time. */
  function due(recorded: Recorded): readonly FleetEvent[] {
    const nowMs = Math.min(clock(), untilMs);
    const found: FleetEvent[] = [];
    for (; next.value !== undefined && next.value.atMs <= nowMs; next = events.next()) {
      if (found.length === linesAtOnce) break;
      const standing = recorded.standingOf(next.value);
      if (standing === "new") found.push(next.value);
      if (standing === "known") tally.follow(next.value);
    }
    return found;
  }

  try {
    const recorded = await lasting(() => readRecorded(client, fleet, { scenario, signal }));
    let isFilled = false;
    for (;;) {
      signal.throwIfAborted();
      const told = due(recorded);
      await tell(told);
      if (!isFilled && told.length < linesAtOnce) {
        isFilled = true;
        await lasting(() => endLeftOvers());
        audience.filled(tally);
      }
      if (isFilled) audience.living(tally);
      else audience.filling(filledPercent(told.at(-1)?.atMs));
      if (told.length === linesAtOnce) continue;
      const nowMs = clock();
      const nextMs = next.value?.atMs ?? Number.POSITIVE_INFINITY;
      if (nowMs >= untilMs && nextMs > untilMs) break;
      await pause(Math.min(Math.max(nextMs - nowMs, tickMs), Math.max(untilMs - nowMs, 1), 1000), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return { tally, refused };

  function filledPercent(atMs: number | undefined): number {
    const fromMs = scenario.startMs - scenario.historyMs;
    const toMs = Math.min(clock(), untilMs);
    return atMs === undefined || toMs <= fromMs ? 100 : (100 * (atMs - fromMs)) / (toMs - fromMs);
  }

  async function tell(told: readonly FleetEvent[]): Promise<void> {
    let done = 0;
    await lasting(async () => {
      const rest = told.slice(done);
      await send(
        rest.map(({ line }) => line),
        (error) => {
          const event = told[done];
          done += 1;
          // What was never created, or is deleted, is none of the fleet's tasks.
          const isThere = error === undefined || (error.status !== 404 && !("create" in (event?.line ?? {})));
          if (event !== undefined && isThere) tally.follow(event);
        },
      );
    });
  }

  /** Sends lines, and says of each when it is done, or refused for what it says. */
  async function send(
    lines: readonly BatchLine[],
    onDone: (error: ApiError | undefined) => void,
  ): Promise<void> {
    for await (const { error } of client.sendBatch(lines, { signal: patience.signal })) {
      if (error !== undefined && isAboutEveryLine(error)) throw error;
      // Somebody else was there first: has ended the task, or has deleted its record.
      if (error !== undefined && ![404, 409].includes(error.status)) {
        if (refused.count === 0) refused.first = error.detail;
        refused.count += 1;
      }
      onDone(error);
    }
  }

  /**
   * Ends what an earlier simulation of the fleet has left running, as producers do that come back and find it done.
   * What waits for its window may still wait.
   */
  async function endLeftOvers(): Promise<void> {
    const lines: BatchLine[] = [];
    for (const instance_id of idGroups(fleet)) {
      for (const which of [{ state: ["running"] }, { stale: true }] as const) {
        for await (const task of client.eachTask({ instance_id, ...which }, { signal })) {
          if (task.labels.fleet !== fleetLabel(scenario) || tally.isLive(task.id)) continue;
          for (const status of statusesToEnd(task)) lines.push({ report: endOf(task, status) });
        }
      }
    }
    await send(lines, () => {});
  }

  /** Does what may be done again until it succeeds, as long as its failures may pass by themselves. */
  async function lasting<T>(work: () => Promise<T>): Promise<T> {
    let waitMs = shortestTroubleMs;
    let isInTrouble = false;
    for (;;) {
      try {
        const result = await work();
        if (isInTrouble) audience.trouble(undefined);
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!isPassing(error) || clock() >= untilMs) throw error;
        if (!isInTrouble) audience.trouble(error);
        isInTrouble = true;
        await pause(Math.min(waitMs, Math.max(untilMs - clock(), 1)), signal);
        waitMs = Math.min(waitMs * 2, longestTroubleMs);
      }
    }
  }
}

/** The statuses by which a task best comes to an end from where it stands. */
export function statusesToEnd(
  task: Pick<TaskDocument, keyof LifecycleSubject | "status">,
): readonly TaskStatus[] {
  const best = ["Completed", "CancelSuccess", "RollbackSuccess", "Canceled", "Switching", "Failed"] as const;
  const path: TaskStatus[] = [];
  for (let rule = statusRule(task, task.status); rule !== undefined && !rule.ended; ) {
    const { mayBecome } = rule;
    const next = best.find((status) => mayBecome.includes(status));
    if (next === undefined) break;
    path.push(next);
    rule = statusRule(task, next);
  }
  return path;
}

function endOf({ id }: TaskDocument, status: TaskStatus): ReportTaskBody & { readonly id: string } {
  return status === "Failed" || status === "Canceled"
    ? { id, status, fail_reason: "Its producer was stopped before it was done." }
    : { id, status, message: "Found done when its producer came back." };
}

/** Whether a refusal says nothing of the line itself: the next ones would be refused alike. */
function isAboutEveryLine({ status }: ApiError): boolean {
  return [401, 403, 429].includes(status) || status >= 500;
}
