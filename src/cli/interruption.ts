const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does work that has to clean up behind itself when it is interrupted: a signal stops it, and when it has cleaned up,
 * the process ends by that signal. A second one ends it at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let received: NodeJS.Signals | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    ignoreSignals();
    received = name;
    stop.abort();
  };
  const ignoreSignals = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  for (const name of signals) process.on(name, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    ignoreSignals();
    // Whatever the work still has under way in another thread ends with the process.
    if (received !== undefined) process.kill(process.pid, received);
  }
}
