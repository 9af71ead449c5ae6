/** Figures that many ask for, and that cost something to gather. */
export interface Gathering<Figures> {
  /**
   * Answers what is not older than a few seconds, gathered anew if need be, and for all who ask meanwhile at once. Where
   * that takes longer than anybody should wait, answers what was gathered last; undefined where that is too old, or there
   * is nothing yet.
   */
  figures(): Promise<Figures | undefined>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** For how long figures count as fresh, and for how long they are better than none. */
const freshMs = 5000;
const usableMs = 5 * 60_000;
/** How many times as long as gathering took nothing is gathered. */
const restPerWork = 2;
/** How long somebody waits for fresh ones: half of what a scrape has by default. */
const waitMs = 5000;
/** How long gathering may take. */
const gatheringMs = 4 * 60_000;

/** Shares the gathering of figures among all who ask. */
export function shareGathering<Figures>(options: {
  readonly gather: (signal: AbortSignal) => Promise<Figures>;
  /** Told why figures could not be gathered. */
  readonly onError: (error: unknown) => void;
  readonly limits?: { readonly freshMs: number; readonly usableMs: number; readonly waitMs: number };
}): Gathering<Figures> {
  const { gather, onError, limits = { freshMs, usableMs, waitMs } } = options;
  const closing = new AbortController();
  let last: { readonly figures: Figures; readonly atMs: number; readonly freshUntilMs: number } | undefined;
  let underWay: Promise<void> | undefined;

  async function gatherOnce(): Promise<void> {
    const atMs = performance.now();
    try {
      const figures = await gather(AbortSignal.any([closing.signal, AbortSignal.timeout(gatheringMs)]));
      const endedMs = performance.now();
      // What takes long is not done all the time.
      last = {
        figures,
        atMs,
        freshUntilMs: endedMs + Math.max(limits.freshMs, restPerWork * (endedMs - atMs)),
      };
    } catch (error) {
      if (!closing.signal.aborted) onError(error);
    } finally {
      underWay = undefined;
    }
  }

  return {
    async figures() {
      if (last !== undefined && performance.now() <= last.freshUntilMs) return last.figures;
      if (closing.signal.aborted) return undefined;
      underWay ??= gatherOnce();
      await settledWithin(underWay, limits.waitMs);
      return last !== undefined && performance.now() - last.atMs <= limits.usableMs
        ? last.figures
        : undefined;
    },
    async close() {
      closing.abort();
      await underWay;
    },
  };
}

/** Waits for the end of some work, and no longer than so. Answers whether it came. */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  work.then(
    () => resolve(true),
    () => resolve(true),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
