import { TaskCenterError } from "../task/error.ts";

/** One line of a batch as it came. */
export interface RawLine {
  /** From 1; blank lines count. */
  readonly number: number;
  /** Without its end; undefined where it is too long to be read. */
  readonly bytes: Buffer | undefined;
}

/** What a batch, and each of its lines, may have at most. */
export interface BatchLimits {
  readonly lines: number;
  readonly bytes: number;
  readonly lineBytes: number;
}

/** How many lines are worked on together, so that they share commits. */
const windowLines = 256;
/** How large those lines are together, but for the last of them: what is read at once keeps everybody else waiting. */
const windowBytes = 256 * 1024;

const newline = 0x0a;

/**
 * Cuts a body into its lines, some at a time: those that have come, up to a window of them. Memory stays bounded
 * whatever comes.
 *
 * @throws TaskCenterError `request-too-large` past the batch's limits, after the lines that are within them.
 */
export async function* windowsOf(
  body: AsyncIterable<Buffer>,
  limits: BatchLimits,
): AsyncGenerator<readonly RawLine[]> {
  const line = new UnfinishedLine(limits.lineBytes);
  let window: RawLine[] = [];
  let windowLength = 0;
  let number = 0;
  let bytesLeft = limits.bytes;

  function finishLine(): void {
    number += 1;
    if (number > limits.lines) {
      throw new TaskCenterError("request-too-large", `A batch has at most ${limits.lines} lines.`);
    }
    windowLength += line.length;
    window.push({ number, bytes: line.take() });
  }

  function takeWindow(): readonly RawLine[] {
    const taken = window;
    window = [];
    windowLength = 0;
    return taken;
  }

  for await (const whole of body) {
    const chunk = whole.subarray(0, bytesLeft);
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      line.push(chunk.subarray(start, end));
      start = end + 1;
      if (number === limits.lines && window.length > 0) yield takeWindow();
      finishLine();
      if (window.length === windowLines || windowLength >= windowBytes) yield takeWindow();
    }
    line.push(chunk.subarray(start));
    if (window.length > 0) yield takeWindow();
    bytesLeft -= whole.length;
    if (bytesLeft < 0) {
      throw new TaskCenterError("request-too-large", `A batch has at most ${limits.bytes} bytes.`);
    }
  }
  if (line.length > 0) {
    finishLine();
    yield window;
  }
}

/** The bytes of a line whose end has not come yet. Of one that is too long, none are kept. */
class UnfinishedLine {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  /** How many bytes the line has, kept or not. */
  length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(bytes: Buffer): void {
    this.length += bytes.length;
    if (this.length > this.#maxBytes) this.#parts = [];
    else if (bytes.length > 0) this.#parts.push(bytes);
  }

  /** The line, which ends here; undefined where it is too long. */
  take(): Buffer | undefined {
    const bytes = this.length > this.#maxBytes ? undefined : Buffer.concat(this.#parts);
    this.#parts = [];
    this.length = 0;
    return bytes;
  }
}
