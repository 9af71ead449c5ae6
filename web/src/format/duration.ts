const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A length of time in its two largest units: `850 ms`, `4 s`, `3 m 20 s`, `2 h 05 m`, `6 d 04 h`. */
export function durationText(ms: number): string {
  if (ms < 0) return "0 s";
  if (ms < second) return `${Math.round(ms)} ms`;
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} m ${twoDigits((ms % minute) / second)} s`;
  if (ms < day) return `${Math.floor(ms / hour)} h ${twoDigits((ms % hour) / minute)} m`;
  return `${Math.floor(ms / day)} d ${twoDigits((ms % day) / hour)} h`;
}

/** How long ago something was, in one unit: `now`, `12 s ago`, `3 h ago`; `in 5 m` for what is still to come. */
export function ageText(ms: number): string {
  const length = Math.abs(ms);
  if (length < second) return "now";
  const [unit, name] = (
    [
      [day, "d"],
      [hour, "h"],
      [minute, "m"],
    ] as const
  ).find(([unit]) => length >= unit) ?? [second, "s"];
  const text = `${Math.floor(length / unit)} ${name}`;
  return ms < 0 ? `in ${text}` : `${text} ago`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
