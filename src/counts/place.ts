import type { Place } from "../task/query.ts";

/** Before every task. */
export const beginning: Place = { createdAtMs: Number.MIN_SAFE_INTEGER, id: "" };

/** After every task. */
export const theEnd: Place = { createdAtMs: Number.MAX_SAFE_INTEGER, id: "" };

/** The first place of a moment: before every task that was created then or later. */
export function startOf(timeMs: number): Place {
  return { createdAtMs: timeMs, id: "" };
}

/** Negative where `a` stands before `b`, the older task first. Ids are ASCII, so their comparison is bytewise. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs - b.createdAtMs;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

export function earlier(a: Place, b: Place): Place {
  return comparePlaces(a, b) < 0 ? a : b;
}

export function later(a: Place, b: Place): Place {
  return comparePlaces(a, b) < 0 ? b : a;
}

/** The next place after one: no id holds a U+0000. */
export function justAfter({ createdAtMs, id }: Place): Place {
  return { createdAtMs, id: `${id}\u0000` };
}
