import { spawnSync } from "node:child_process";
import { write } from "node:fs";
import { setTimeout as elapse } from "node:timers/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import type { TerminalBar } from "./bar.ts";

const writeTo = promisify(write);

/**
 * Makes stdout and stderr wait for their readers, as they did before Node's streams were opened on them, which happens
 * as soon as any module imports `node:process`. It concerns everybody who shares the files: programs that do not expect
 * it take a reader that is slow for an error. Node offers no call for this, but does it to what it gives a process as
 * its stdio.
 */
export function restoreBlocking(): void {
  spawnSync("true", { stdio: [2, 1, "ignore"] });
}

/** How long to wait before writing again to what takes no more and, being non-blocking, does not make us wait. */
const busyPauseMs = 10;

/**
 * A file that output goes to. It is written to by plain system calls, outside the event loop: a slow reader holds up
 * the command, as it should, but neither signals nor reports. (Node's own streams would make the file non-blocking for
 * everybody who shares it.)
 */
export class Outlet {
  readonly fd: number;
  readonly isTerminal: boolean;
  readonly #bar: TerminalBar | undefined;
  #writesUnderWay = 0;

  /** The bar makes way for what goes to the terminal. */
  constructor(fd: number, bar: TerminalBar | undefined) {
    this.fd = fd;
    this.isTerminal = isatty(fd);
    this.#bar = this.isTerminal ? bar : undefined;
  }

  /** Whether everything that was to be written is written. */
  get isIdle(): boolean {
    return this.#writesUnderWay === 0;
  }

  /** Fulfilled when all of it is written. @throws the system's error. */
  async write(chunk: Buffer): Promise<void> {
    this.#writesUnderWay += 1;
    this.#bar?.beforeWrite();
    try {
      let written = 0;
      while (written < chunk.length) written += await this.#writeSome(chunk, written);
    } finally {
      this.#bar?.afterWrite(chunk);
      this.#writesUnderWay -= 1;
    }
  }

  async #writeSome(chunk: Buffer, from: number): Promise<number> {
    try {
      return (await writeTo(this.fd, chunk, from)).bytesWritten;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      await elapse(busyPauseMs);
      return 0;
    }
  }
}
