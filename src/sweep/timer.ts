/** Something that runs again and again until it is stopped. */
export interface RepeatingWork {
  /** Ends the repetition, and is fulfilled when the round under way is over. */
  stop(): Promise<void>;
}

/**
 * Runs a piece of work over and over, with a pause before each round, so that two rounds never overlap. A round that
 * takes long learns from `stopping` that it should end.
 */
export function repeat(options: {
  readonly work: (stopping: AbortSignal) => Promise<void>;
  readonly pauseMs: number;
  /** The pause before the first round, where it is another one. */
  readonly firstPauseMs?: number;
  readonly onError: (error: unknown) => void;
}): RepeatingWork {
  const { work, pauseMs, firstPauseMs = pauseMs, onError } = options;
  const stopping = new AbortController();
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const schedule = (afterMs: number): void => {
    timer = setTimeout(() => {
      round = work(stopping.signal)
        .catch(onError)
        .then(() => {
          if (!stopping.signal.aborted) schedule(pauseMs);
        });
    }, afterMs).unref();
  };
  schedule(firstPauseMs);
  return {
    stop() {
      stopping.abort();
      clearTimeout(timer);
      return round;
    },
  };
}

/** Waits so long, or until it is told to stop. Does not keep the process alive. */
export type Pause = (ms: number, stopping: AbortSignal) => Promise<void>;

export const pause: Pause = (ms, stopping) =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener("abort", end);
      resolve();
    };
    // A timer cuts its time to whole milliseconds, and at least so long is meant.
    const timer = setTimeout(end, Math.ceil(ms)).unref();
    if (stopping.aborted) end();
    else stopping.addEventListener("abort", end);
  });
