/** Something that runs again and again until it is stopped. */
export interface RepeatingWork {
  /** Ends the repetition, and is fulfilled when the round under way is over. */
  stop(): Promise<void>;
}

/** Runs a piece of work over and over, with a pause after each round, so that two rounds never overlap. */
export function repeat(options: {
  readonly work: () => Promise<void>;
  readonly pauseMs: number;
  readonly onError: (error: unknown) => void;
}): RepeatingWork {
  let stopped = false;
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    timer = setTimeout(() => {
      round = options
        .work()
        .catch(options.onError)
        .then(() => {
          if (!stopped) schedule();
        });
    }, options.pauseMs).unref();
  };
  schedule();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      return round;
    },
  };
}
