import type { Store } from "../store.ts";
import { type Session, statement } from "./session.ts";

/** For how long the leader may be silent: its session ends what is silent for longer, and the lead is free again. */
export const leaderSilenceMs = 30_000;
/** How often the leader says that it is there, which is how it learns that it is not the leader any more. */
const usualBeatMs = 5000;

const tryLead = statement<[isFree: boolean]>(
  "SELECT pg_try_advisory_xact_lock(hashtextextended('taskcenter leads ' || $1, 0))",
);
const beat = statement("SELECT 1");

/**
 * Makes the store's `lead`. The lead is a lock of the database, held by a transaction that does nothing else: it is free
 * as soon as the leader's connection ends, and soon after the leader falls silent. Such a transaction has no snapshot, so
 * it keeps no old rows alive. The session's statements may take `leaderSilenceMs`.
 */
export function createLeading(
  session: Session,
  { beatMs = usualBeatMs }: { readonly beatMs?: number } = {},
): Store["lead"] {
  return async <T>(work: string, body: (lost: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    const lost = new AbortController();
    const begun: { outcome?: Promise<T> } = {};
    try {
      await session.transaction(async (query) => {
        const [[isFree] = [false]] = await query(tryLead, [work]);
        if (!isFree) return;
        const beating = setInterval(() => query(beat).catch(() => lost.abort()), beatMs).unref();
        begun.outcome = body(lost.signal);
        await begun.outcome.catch(() => {});
        clearInterval(beating);
      });
    } catch (error) {
      // Work that is done is done, also where the lead was lost on the way.
      if (begun.outcome === undefined) throw error;
    }
    return begun.outcome;
  };
}
