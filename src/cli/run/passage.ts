import { setTimeout as elapse } from "node:timers/promises";
import type { ChildOutput } from "./child.ts";
import type { Outlet } from "./outlet.ts";

/** How often to look whether the processes that a command left behind have come to rest. */
const restMs = 100;

/** One stream of a command's output on its way through us, byte for byte, never far ahead of its reader. */
export class Passage {
  readonly #from: ChildOutput;
  readonly #to: Outlet;
  readonly #finished: Promise<void>;
  #failure: Error | undefined;

  /** Begins at once. `see` sees each chunk before it is written. */
  constructor(from: ChildOutput, to: Outlet, see: (chunk: Buffer) => void) {
    this.#from = from;
    this.#to = to;
    this.#finished = this.#pass(see);
  }

  /** Why output is lost, where the command could not see it; undefined while all is well. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether the stream comes to its end within this time. */
  endsWithin(ms: number): Promise<boolean> {
    return Promise.race([this.#finished.then(() => true), elapse(ms, false, { ref: false })]);
  }

  /**
   * Fulfilled when nothing is left to do here: at the end of the stream, or when it rests and what is still to come can
   * be left to another process.
   */
  async leave(): Promise<void> {
    const { source, handOver } = this.#from;
    while (!(await this.endsWithin(restMs))) {
      if (this.#to.isIdle && source.readableLength === 0) handOver?.(this.#to.fd);
    }
  }

  /**
   * When nobody reads any more the stream is closed, so that the command learns it as it would without us. Any other
   * failure closes it too and is noted, as the command learns no more than that. Only a terminal that fails took
   * everybody with it who read it: then the command goes on, as one does that is to survive a hangup.
   */
  async #pass(see: (chunk: Buffer) => void): Promise<void> {
    try {
      for await (const chunk of this.#from.source as AsyncIterable<Buffer>) {
        see(chunk);
        try {
          await this.#to.write(chunk);
        } catch (error) {
          if (!this.#to.isTerminal) throw error;
        }
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!harmlessEnds.has("code" in error ? error.code : undefined)) this.#failure = error;
    }
  }
}

/** Nobody reads what we write (a socket says it its own way where it was left with data unread), or it was handed over. */
const harmlessEnds: ReadonlySet<unknown> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"]);
