/** The lengths of time that are offered, shortest first, with the steps that their beginnings move by. */
export const rangePresets = {
  "15m": { lengthMs: 15 * 60_000, stepMs: 15_000, label: "Last 15 minutes" },
  "1h": { lengthMs: 60 * 60_000, stepMs: 60_000, label: "Last hour" },
  "6h": { lengthMs: 6 * 60 * 60_000, stepMs: 5 * 60_000, label: "Last 6 hours" },
  "24h": { lengthMs: 24 * 60 * 60_000, stepMs: 15 * 60_000, label: "Last 24 hours" },
  "7d": { lengthMs: 7 * 24 * 60 * 60_000, stepMs: 60 * 60_000, label: "Last 7 days" },
  "30d": { lengthMs: 30 * 24 * 60 * 60_000, stepMs: 6 * 60 * 60_000, label: "Last 30 days" },
  "90d": { lengthMs: 90 * 24 * 60 * 60_000, stepMs: 24 * 60 * 60_000, label: "Last 90 days" },
} as const;
export type RangePreset = keyof typeof rangePresets;
export const rangePresetNames = Object.keys(rangePresets) as readonly RangePreset[];

/** When the tasks were created that are looked at. */
export type TimeRange =
  | { readonly kind: "all" }
  /** Up to now, however late it is. */
  | { readonly kind: "last"; readonly preset: RangePreset }
  /** From one moment to another, both included; each may be open. */
  | { readonly kind: "between"; readonly fromMs: number | undefined; readonly toMs: number | undefined };

export const allTime: TimeRange = { kind: "all" };

/** The moments that a range means now; undefined where it is open. */
export interface Moments {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/**
 * What a range means now. The beginning of a range that ends now moves by steps, so that the question that is asked of
 * the server stays the same for a while, and its answer can stay the same too.
 */
export function momentsOf(range: TimeRange, nowMs: number): Moments {
  if (range.kind === "all") return { fromMs: undefined, toMs: undefined };
  if (range.kind === "between") return { fromMs: range.fromMs, toMs: range.toMs };
  const { lengthMs, stepMs } = rangePresets[range.preset];
  // The server knows of no time before 1970, which the length of a range that ends early in it reaches back to.
  const fromMs = Math.max(0, Math.floor((nowMs - lengthMs) / stepMs) * stepMs);
  return { fromMs, toMs: undefined };
}

/** Reads `range=24h`, or `from` and `to` as RFC 3339; what is none of these is no condition. */
export function readTimeRange(params: URLSearchParams): TimeRange {
  const preset = rangePresetNames.find((name) => name === params.get("range"));
  if (preset !== undefined) return { kind: "last", preset };
  const fromMs = readMoment(params.get("from"));
  const toMs = readMoment(params.get("to"));
  return fromMs === undefined && toMs === undefined ? allTime : { kind: "between", fromMs, toMs };
}

export function writeTimeRange(range: TimeRange, params: URLSearchParams): void {
  if (range.kind === "last") params.set("range", range.preset);
  if (range.kind !== "between") return;
  if (range.fromMs !== undefined) params.set("from", momentText(range.fromMs));
  if (range.toMs !== undefined) params.set("to", momentText(range.toMs));
}

/** A moment as the server and the page's address write it. */
export function momentText(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** The last moment of which the server knows; the first one is the beginning of 1970. */
const latestMs = Date.UTC(9999, 11, 31, 9, 59, 59, 999);

/** Reads such a moment; undefined where there is none, or none of which the server knows. */
export function readMoment(text: string | null): number | undefined {
  const atMs = text === null ? Number.NaN : Date.parse(text);
  return atMs >= 0 && atMs <= latestMs ? atMs : undefined;
}
