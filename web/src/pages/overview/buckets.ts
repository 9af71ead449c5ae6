import type { TaskState } from "../../../../src/task/lifecycle.ts";

/** The lengths of a bucket that the API counts by. */
export const bucketLengths = {
  "1m": 60_000,
  "5m": 5 * 60_000,
  "15m": 15 * 60_000,
  "1h": 60 * 60_000,
  "6h": 6 * 60 * 60_000,
  "1d": 24 * 60 * 60_000,
} as const;
export type BucketName = keyof typeof bucketLengths;

/** How long a bucket is, in words. */
export const bucketWords: Readonly<Record<BucketName, string>> = {
  "1m": "a minute",
  "5m": "5 minutes",
  "15m": "15 minutes",
  "1h": "an hour",
  "6h": "6 hours",
  "1d": "a day",
};

/** More bars than these are too thin to be pointed at. */
const mostBars = 180;

/** More buckets than these are not laid out: the last ones are. Nearly three years of days. */
export const mostBuckets = 1000;

/** The shortest bucket by which a stretch of time still has bars that can be pointed at; a day for the longest ones. */
export function bucketFor(stretchMs: number): BucketName {
  const names = Object.keys(bucketLengths) as BucketName[];
  return names.find((name) => stretchMs / bucketLengths[name] <= mostBars) ?? "1d";
}

/** How many tasks of a state were created in a bucket, as the API answers it. */
export interface BucketGroup {
  readonly bucket: string;
  readonly state: TaskState;
  readonly count: number;
}

/** Counts over time, without gaps. */
export interface CountsOverTime {
  readonly bucketsMs: readonly number[];
  readonly counts: Readonly<Record<TaskState, readonly number[]>>;
}

/** The states from the lowest bar up: what ended well lies below, what needs somebody on top of it. */
export const stackedStates = [
  "succeeded",
  "canceled",
  "pending",
  "running",
  "failed",
] as const satisfies readonly TaskState[];

/**
 * Lays the groups out from the bucket of one moment to that of another, with zeros where there are no tasks. Where the
 * server's clock is ahead of the reader's there are groups beyond: to the last one of them.
 */
export function countsOverTime(
  groups: readonly BucketGroup[],
  { fromMs, toMs, bucketMs }: { readonly fromMs: number; readonly toMs: number; readonly bucketMs: number },
): CountsOverTime {
  const last = groups.reduce(
    (latest, { bucket }) => Math.max(latest, Date.parse(bucket) / bucketMs),
    Math.floor(toMs / bucketMs),
  );
  const length = Math.min(mostBuckets, Math.max(1, last - Math.floor(fromMs / bucketMs) + 1));
  const first = (last - length + 1) * bucketMs;
  const counts = Object.fromEntries(
    stackedStates.map((state) => [state, new Array<number>(length).fill(0)]),
  ) as Record<TaskState, number[]>;
  for (const { bucket, state, count } of groups) {
    const at = (Date.parse(bucket) - first) / bucketMs;
    if (at >= 0 && at < length) counts[state][at] = count;
  }
  return { bucketsMs: Array.from({ length }, (_, at) => first + at * bucketMs), counts };
}
