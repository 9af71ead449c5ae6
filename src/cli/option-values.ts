import { InvalidArgumentError, Option } from "commander";
import type { CreateTaskBody } from "../client/index.ts";
import type { Clock } from "../task/clock.ts";

/** Readers of what stands behind options. Each throws InvalidArgumentError, which commander shows with the option. */

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `15m`, `2h` or `3d` in milliseconds; undefined where it is none of them. */
export function durationMs(text: string): number | undefined {
  const match = /^([0-9]{1,6})([smhd])$/.exec(text);
  const unit = unitMs[match?.[2] ?? ""];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** How long at most to wait: `10m`, to 24 days, the longest that a timer can run. Answers milliseconds. */
export function readTimeout(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms < 1000 || ms > 24 * 86_400_000) {
    throw new InvalidArgumentError("Give a number with s, m, h or d, from 1s to 24d, such as 10m.");
  }
  return ms;
}

/** A point in time, given as such or as so long ago. Answers RFC 3339. */
export function readSince(text: string, clock: Clock): string {
  const agoMs = durationMs(text);
  if (agoMs !== undefined) return new Date(Math.max(0, clock() - agoMs)).toISOString();
  const isTime = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text);
  const timeMs = isTime ? Date.parse(text.toUpperCase().replace(" ", "T")) : Number.NaN;
  if (!(timeMs >= 0)) {
    throw new InvalidArgumentError(
      "Give a number with s, m, h or d, such as 2h, or an RFC 3339 time, such as 2026-01-31T08:30:00Z.",
    );
  }
  return new Date(timeMs).toISOString();
}

/** `ID` or `ID=NAME`. */
export function readInstance(text: string): CreateTaskBody["instance"] {
  const end = text.indexOf("=");
  const id = end === -1 ? text : text.slice(0, end);
  if (id === "") throw new InvalidArgumentError("Give ID or ID=NAME.");
  return end === -1 ? { id } : { id, name: text.slice(end + 1) };
}

/** Values of labels, by the label's key. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

/** `KEY=VALUE`, in addition to those that were given before. */
export function readLabel(text: string, given: LabelValues = {}): LabelValues {
  const [, key = "", value = ""] = /^([a-z0-9._-]{1,63})=(.*)$/s.exec(text) ?? [];
  if (key === "") throw new InvalidArgumentError("Give KEY=VALUE, the key 1 to 63 of a-z 0-9 . _ -.");
  // A key may be called as what every object has: constructor.
  const values = Object.hasOwn(given, key) ? given[key] : undefined;
  return { ...given, [key]: [...(values ?? []), value] };
}

/** 0 to 100, with or without a percent sign. */
export function readProgress(text: string): number {
  const percent = /^\d{1,3}(\.\d{1,9})?%?$/.test(text) ? Number(text.replace("%", "")) : Number.NaN;
  if (!(percent <= 100)) throw new InvalidArgumentError("Give a number from 0 to 100.");
  return percent;
}

/** A number of things, from 1. */
export function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1.");
  return Number(text);
}

/** Seconds as a lease counts them. */
export function readLease(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 5 && seconds <= 86_400)) {
    throw new InvalidArgumentError("Give whole seconds from 5 to 86400.");
  }
  return seconds;
}

export const outputForms = ["table", "json", "csv", "yaml"] as const;
/** How a list or a task is shown. */
export type OutputForm = (typeof outputForms)[number];

export function outputOption(): Option {
  return new Option("-o, --output <FORM>", "how to show it").choices(outputForms).default("table");
}
