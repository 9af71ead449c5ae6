const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const minuteSeconds = 60;
const hourSeconds = 60 * minuteSeconds;
const daySeconds = 24 * hourSeconds;
/** The distances that labels along an axis of time may have, in seconds: none that its words could not tell apart. */
export const timeSteps: number[] = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minuteSeconds),
  ...[1, 2, 3, 6, 12].map((hours) => hours * hourSeconds),
  ...[1, 2, 7, 14, 30, 60, 180, 365].map((days) => days * daySeconds),
];

/** The words along an axis of time, in the reader's zone: times of the day, and the date where a day begins. */
export function timeLabels(
  _plot: unknown,
  /** In seconds. */
  splits: readonly number[],
  _axis: number,
  _space: number,
  /** The distance from one to the next, in seconds. */
  step: number,
): string[] {
  return splits.map((at) => {
    const ms = at * 1000;
    const isMidnight = new Date(ms).getHours() === 0 && new Date(ms).getMinutes() === 0;
    if (step >= 86_400 || (isMidnight && new Date(ms).getSeconds() === 0)) return day.format(ms);
    return (step < 60 ? second : minute).format(ms);
  });
}
