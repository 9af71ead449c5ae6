/**
 * Cuts a stream of bytes into the lines of text in it, which end in \n or \r. Memory stays bounded whatever comes: of a
 * line that is longer than the limit only its last characters are kept. A character whose bytes arrive in two chunks
 * stays whole.
 */
export class LineCutter {
  readonly #limit: number;
  #unfinished: Buffer = Buffer.alloc(0);

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that end in this chunk, in order, without their ends. */
  push(chunk: Buffer): string[] {
    const end = Math.max(chunk.lastIndexOf("\n"), chunk.lastIndexOf("\r"));
    if (end === -1) {
      this.#unfinished = this.#keep(Buffer.concat([this.#unfinished, chunk]));
      return [];
    }
    // No byte of a longer character looks like the end of a line, so what comes before one is whole.
    const ended = Buffer.concat([this.#unfinished, chunk.subarray(0, end)]).toString("utf8");
    this.#unfinished = this.#keep(chunk.subarray(end + 1));
    return ended.split(/[\n\r]/).map((line) => line.slice(-this.#limit));
  }

  /** A copy of the bytes that can matter: the whole chunk would stay in memory for a few. */
  #keep(bytes: Buffer): Buffer {
    return Buffer.from(bytes.subarray(-longestCharacterBytes * this.#limit));
  }
}

const longestCharacterBytes = 4;
