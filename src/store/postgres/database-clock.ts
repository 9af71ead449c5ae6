import type { Clock } from "../../task/clock.ts";
import { openSession, type Session, statement } from "./session.ts";

/** How often the clocks are compared. */
const usualPauseMs = 30_000;
/** How often they are compared in a row: the quickest answer tells most. */
const tries = 3;
/** A difference that is no more than what the way to the database may make of it. */
const smallestMs = 20;

const readTime = statement<[timeMs: number]>("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");

/** The database's clock, as far as it can be told from here. */
export interface DatabaseClock {
  readonly clock: Clock;
  /** How far the machine's own clock is behind it now, in milliseconds; negative where it is ahead. */
  differenceMs(): number;
  close(): Promise<void>;
}

/**
 * Opens a clock that goes with the database's, for servers that share one: so a lease, a token and a key end at the same
 * moment at each of them, whatever their machines' clocks say. The machine's clock carries it on between comparisons, and
 * for as long as the database is away.
 *
 * @throws TaskCenterError `store-unavailable` when the database cannot be reached.
 */
export async function openDatabaseClock(options: {
  readonly url: string;
  /** The machine's own. */
  readonly clock: Clock;
  readonly pauseMs?: number;
}): Promise<DatabaseClock> {
  const { url, clock, pauseMs = usualPauseMs } = options;
  const session = openSession({ url, connections: 1, onTrouble: () => {} });
  let difference = 0;

  async function compare(): Promise<void> {
    const measured = await measure(session, clock);
    if (Math.abs(measured - difference) > smallestMs) difference = measured;
  }

  try {
    await compare();
  } catch (error) {
    await session.close();
    throw error;
  }
  // While the database is away, everybody else says so.
  const timer = setInterval(() => void compare().catch(() => {}), pauseMs).unref();
  return {
    clock: () => clock() + difference,
    differenceMs: () => difference,
    close: async () => {
      clearInterval(timer);
      await session.close();
    },
  };
}

/** How far the database's clock is ahead of the machine's, which is read halfway between question and answer. */
async function measure(session: Session, clock: Clock): Promise<number> {
  let best = { tookMs: Number.POSITIVE_INFINITY, differenceMs: 0 };
  for (let count = 0; count < tries; count += 1) {
    const askedMs = clock();
    const [[timeMs] = [askedMs]] = await session.query(readTime);
    const tookMs = clock() - askedMs;
    if (tookMs < best.tookMs) best = { tookMs, differenceMs: Math.round(timeMs - askedMs - tookMs / 2) };
  }
  return best.differenceMs;
}
