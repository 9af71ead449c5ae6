import { invalidParameter } from "../task/error.ts";
import type { TaskFilter } from "../task/query.ts";

/** Readers of the parameters that the services share. Each one throws `invalid-parameter`, naming the parameter. */

/** A request's query, or the parameters of its path. */
type Parameters = Readonly<Record<string, string>>;

/** The text of a parameter; undefined where it was not given, which is also what an empty value means. */
export function readText(parameters: Parameters, name: string): string | undefined {
  const text = parameters[name];
  if (text === undefined || text === "") return undefined;
  // No stored text has these, and PostgreSQL does not even take the question.
  if (text.includes("\u0000") || !text.isWellFormed()) {
    throw invalidParameter(name, "must be well-formed text without U+0000");
  }
  return text;
}

/** The value of a mandatory parameter. */
export function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw invalidParameter(name, "is mandatory");
  return value;
}

/** A filter by one exact text. */
export function readFilter(parameters: Parameters, name: string): readonly [string] | undefined {
  const text = readText(parameters, name);
  return text === undefined ? undefined : [text];
}

/** What a parameter's word means, in a closed list of words. */
export function readChoice<T>(
  parameters: Parameters,
  name: string,
  meanings: Readonly<Record<string, T>>,
): T | undefined {
  const word = readText(parameters, name);
  if (word === undefined) return undefined;
  if (Object.hasOwn(meanings, word)) return meanings[word];
  throw invalidParameter(name, `must be one of ${Object.keys(meanings).join(", ")}`);
}

/** An integer. Fifteen digits are always exact in a JavaScript number. */
export function readInteger(parameters: Parameters, name: string): number | undefined {
  return readNumber(parameters, name, /^[0-9]{1,15}$/, "must be an integer of 1 to 15 digits");
}

/** How many tasks to pass over. It counts items, although one row of DDM's page says pages. */
export function readOffset(parameters: Parameters): number {
  return readInteger(parameters, "offset") ?? 0;
}

/** How many tasks to answer at most: 1 to `maximum`, 10 where it was not given. */
export function readLimit(parameters: Parameters, maximum: number): number {
  const limit = readInteger(parameters, "limit") ?? 10;
  if (limit < 1 || limit > maximum) throw invalidParameter("limit", `must be 1 to ${maximum}`);
  return limit;
}

/** The window of `start_time` and `end_time` in epoch milliseconds, taken as they are; either end may be open. */
export function readEpochWindow(
  parameters: Parameters,
): Required<Pick<TaskFilter, "createdFromMs" | "createdToMs">> {
  const createdFromMs = readEpochMs(parameters, "start_time");
  const createdToMs = readEpochMs(parameters, "end_time");
  if (createdFromMs !== undefined && createdToMs !== undefined && createdToMs < createdFromMs) {
    throw invalidParameter("end_time", "must not be before start_time");
  }
  return { createdFromMs, createdToMs };
}

/** Some clients keep times as floating point numbers, so a time may end in `.0`. */
function readEpochMs(parameters: Parameters, name: string): number | undefined {
  return readNumber(parameters, name, /^[0-9]{1,15}(?:\.0)?$/, "must be a time in epoch milliseconds");
}

function readNumber(parameters: Parameters, name: string, form: RegExp, rule: string): number | undefined {
  const text = readText(parameters, name);
  if (text === undefined) return undefined;
  if (!form.test(text)) throw invalidParameter(name, rule);
  return Number(text);
}
