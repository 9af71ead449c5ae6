import { LineCutter } from "./lines.ts";

/**
 * `12%`, `12.5 %`, `12,5%`. A number that only ends like a percentage (`v1.25%`, `1,200%`) is none, and neither is an
 * octet of a URL (`a/12%20b`).
 */
const anyPercentage = /(?<![\p{L}\d]|\d[.,])(\d{1,3}(?:\.\d+|,\d{1,2})?)\s?%(?![\p{L}\d])/gu;

/** What a pattern may find: a decimal number, with a point or a comma. */
const decimalNumber = /^\d{1,3}(?:[.,]\d+)?$/;

/** How much of a line is searched: its last characters, so that none can keep a pattern busy for long. */
const searchedLength = 8 * 1024;

/**
 * Where a line tells the progress: in the group `progress` of the pattern, else in its first group.
 *
 * @throws SyntaxError where the text is no regular expression, or has no group.
 */
export function progressPattern(source: string): RegExp {
  const pattern = new RegExp(source, "g");
  // With an empty alternative it matches anything: the result has a member for the whole, and one for each group.
  const { length } = new RegExp(`${source}|`).exec("") ?? [];
  if (length < 2) {
    throw new SyntaxError("Put a group around the number, as in '(\\d+) of 100'");
  }
  return pattern;
}

/** The last percentage from 0 to 100 that a line tells; undefined where it tells none. */
export function percentIn(line: string, pattern: RegExp = anyPercentage): number | undefined {
  let last: number | undefined;
  for (const match of line.matchAll(pattern)) {
    const text = (match.groups?.progress ?? match[1] ?? "").trim();
    if (!decimalNumber.test(text)) continue;
    const percent = Number(text.replace(",", "."));
    if (percent <= 100) last = percent;
  }
  return last;
}

/** Reads the progress from one stream of a command's output. */
export class ProgressReader {
  readonly #lines = new LineCutter(searchedLength);
  readonly #pattern: RegExp | undefined;
  #isText = true;

  /** Reads any percentage where no pattern is given. */
  constructor(pattern?: RegExp) {
    this.#pattern = pattern;
  }

  /**
   * The latest percentage of the lines that end in this chunk; undefined where there is none. A stream in which a zero
   * byte comes is data and no text, such as an archive on its way to a file: whatever looks like a percentage from
   * there on is chance.
   */
  read(chunk: Buffer): number | undefined {
    if (!this.#isText) return undefined;
    const zero = chunk.indexOf(0);
    this.#isText = zero === -1;
    const lines = this.#lines.push(this.#isText ? chunk : chunk.subarray(0, zero));
    for (const line of lines.reverse()) {
      const percent = percentIn(line, this.#pattern);
      if (percent !== undefined) return percent;
    }
    return undefined;
  }
}
