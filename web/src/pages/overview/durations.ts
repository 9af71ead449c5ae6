import type { TaskDocument } from "../../../../src/client/types.ts";

/** How long the tasks of one name took. */
export interface NameDuration {
  readonly name: string;
  readonly count: number;
  readonly medianMs: number;
  readonly longestMs: number;
}

/** The names of ended tasks by their median duration, slowest first. */
export function slowestNames(tasks: readonly TaskDocument[]): readonly NameDuration[] {
  const durations = new Map<string, number[]>();
  for (const { name, started_at, created_at, ended_at } of tasks) {
    if (ended_at === null) continue;
    const tookMs = Math.max(0, Date.parse(ended_at) - Date.parse(started_at ?? created_at));
    const known = durations.get(name);
    if (known === undefined) durations.set(name, [tookMs]);
    else known.push(tookMs);
  }
  return [...durations]
    .map(([name, taken]) => {
      const sorted = taken.toSorted((a, b) => a - b);
      return { name, count: sorted.length, medianMs: medianOf(sorted), longestMs: sorted.at(-1) ?? 0 };
    })
    .sort((a, b) => b.medianMs - a.medianMs);
}

function medianOf(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
