/** The value in the middle; of an even number of values the lower one of the two. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least so many percent of all values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}
