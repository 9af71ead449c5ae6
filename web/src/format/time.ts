const dateTime = new Intl.DateTimeFormat("sv-SE", {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const zone = new Intl.DateTimeFormat("en-US", { timeZoneName: "shortOffset" });

/** A moment in the reader's time zone: `2026-03-01 14:05:09`. */
export function timeText(atMs: number): string {
  return dateTime.format(atMs);
}

const hourMs = 60 * 60_000;

/**
 * A moment to the minute: `2026-03-01 14:05`. Where the clocks are changed its offset is told as well: `02:00 GMT+2` and
 * `02:00 GMT+1` are an hour apart.
 */
export function minuteText(atMs: number): string {
  const offset = zoneText(atMs);
  const isAtChange = [atMs - hourMs, atMs + hourMs].some((near) => zoneText(near) !== offset);
  return `${timeText(atMs).slice(0, 16)}${isAtChange ? ` ${offset}` : ""}`;
}

/** A moment in full, for whoever asks exactly: in the reader's zone with its offset, and in UTC with milliseconds. */
export function exactTimeText(atMs: number): string {
  return `${timeText(atMs)} ${zoneText(atMs)} · ${new Date(atMs).toISOString()}`;
}

/** The reader's offset from UTC at a moment: `GMT+1`. */
export function zoneText(atMs: number): string {
  return zone.formatToParts(atMs).find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** For a field of a form that takes a local time: `2026-03-01T14:05:09`. */
export function localInputText(atMs: number): string {
  return timeText(atMs).replace(" ", "T");
}

/** Reads such a field; undefined where it holds no time. */
export function readLocalInput(text: string): number | undefined {
  const atMs = new Date(text).getTime();
  return Number.isNaN(atMs) ? undefined : atMs;
}
