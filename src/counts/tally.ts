import { type TaskStatus, taskStatuses } from "../task/lifecycle.ts";

/** How many tasks there are with each status, in the order of `taskStatuses`. */
export type Tally = readonly number[];

/** Where a status has its number in a tally. */
const slots = Object.fromEntries(taskStatuses.map((status, slot) => [status, slot])) as Readonly<
  Record<TaskStatus, number>
>;

export function slotOf(status: TaskStatus): number {
  return slots[status];
}

/** The slots of some statuses, each once; undefined means all statuses. */
export function slotsOf(statuses: readonly TaskStatus[] | undefined): readonly number[] | undefined {
  return statuses === undefined ? undefined : [...new Set(statuses)].map(slotOf);
}

/** A tally without tasks, to be added to. */
export function emptyTally(): number[] {
  return new Array<number>(taskStatuses.length).fill(0);
}

export function addTo(sum: number[], tally: Tally): void {
  for (let slot = 0; slot < sum.length; slot += 1) sum[slot] = (sum[slot] ?? 0) + (tally[slot] ?? 0);
}

/** How many tasks a tally counts in some slots, or in all. */
export function totalOf(tally: Tally, wanted: readonly number[] | undefined): number {
  let total = 0;
  if (wanted === undefined) for (const count of tally) total += count;
  else for (const slot of wanted) total += tally[slot] ?? 0;
  return total;
}
