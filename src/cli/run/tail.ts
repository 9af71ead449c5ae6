import { stripVTControlCharacters } from "node:util";

/** Keeps the end of a stream, in bounded memory. */
export class StreamTail {
  readonly #limitBytes: number;
  readonly #chunks: Buffer[] = [];
  #keptBytes = 0;
  #isCut = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#keptBytes += chunk.length;
    for (;;) {
      const first = this.#chunks[0];
      if (first === undefined || this.#keptBytes - first.length < this.#limitBytes) return;
      this.#chunks.shift();
      this.#keptBytes -= first.length;
      this.#isCut = true;
    }
  }

  /** The kept end as text. It begins with a whole line, unless it is all one line. */
  text(): string {
    const all = Buffer.concat(this.#chunks);
    const kept = all.subarray(Math.max(0, all.length - this.#limitBytes));
    const isCut = this.#isCut || kept.length < all.length;
    // Half a line may begin within a password, where nothing tells any more that it is one.
    const start = isCut ? kept.indexOf("\n") + 1 : 0;
    return kept.subarray(start).toString("utf8");
  }
}

/**
 * Output as a reader would have seen it on a terminal, as well-formed text: escape sequences have no effect, a line
 * that was overwritten after \r shows what was written last, and of all control characters only \n and \t remain.
 */
export function readableText(output: string): string {
  return stripVTControlCharacters(output)
    .split("\n")
    .map(lastWritten)
    .join("\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .toWellFormed();
}

function lastWritten(line: string): string {
  return line.split("\r").findLast((part) => part.trim() !== "") ?? "";
}
