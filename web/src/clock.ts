import { useEffect, useState } from "preact/hooks";

/** The only reader of the time in the console. */
export function nowMs(): number {
  return Date.now();
}

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * The time, once a second: everything that shows an age or a duration moves at the same tick. Whoever only needs to
 * know it roughly says by which steps, in milliseconds, and is drawn anew only with each of these.
 */
export function useNowMs(stepMs = 1): number {
  const read = () => Math.floor(nowMs() / stepMs) * stepMs;
  const [now, setNow] = useState(read);
  useEffect(() => {
    const tick = () => setNow(read());
    listeners.add(tick);
    timer ??= setInterval(() => {
      for (const listener of listeners) listener();
    }, 1000);
    return () => {
      listeners.delete(tick);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, [stepMs]);
  return now;
}
