import { setTimeout as pause } from "node:timers/promises";

/**
 * Begins something at a steady pace, whether or not what was begun before has ended: as many independent clients do, each
 * at any moment of its own slot, so that no two paces keep step. Answers what came of it all, in that order.
 */
export async function keepPace<T>(
  pace: { readonly perSecond: number; readonly seconds: number },
  begin: (n: number) => Promise<T>,
): Promise<readonly T[]> {
  const slotMs = 1000 / pace.perSecond;
  const startedMs = performance.now();
  const begun: Promise<T>[] = [];
  for (let n = 0; n < pace.perSecond * pace.seconds; n += 1) {
    await pause(Math.max(0, startedMs + (n + Math.random()) * slotMs - performance.now()));
    const one = begin(n);
    // A failure is thrown at the end, like those that come then: nobody listens yet.
    one.catch(() => {});
    begun.push(one);
  }
  return Promise.all(begun);
}
