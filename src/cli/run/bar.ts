import { SingleBar } from "cli-progress";

const newline = 0x0a;

/** How long the terminal must have been quiet before the bar shows again. */
const quietMs = 200;

/**
 * A command's progress on the terminal, in the last line, out of the way of its output. It appears with the first
 * percentage. It neither hides the cursor nor changes how the terminal works, so there is nothing to be restored
 * whatever ends the process.
 */
export class TerminalBar {
  readonly #terminal: NodeJS.WritableStream;
  readonly #title: string;
  readonly #mayDraw: () => boolean;
  #drawn: SingleBar | undefined;
  #percent: number | undefined;
  #writesUnderWay = 0;
  #isAtLineStart = true;
  #redraw: NodeJS.Timeout | undefined;

  /** `mayDraw` answers whether the terminal is ours at the moment. */
  constructor(terminal: NodeJS.WritableStream, title: string, mayDraw: () => boolean) {
    this.#terminal = terminal;
    this.#title = title;
    this.#mayDraw = mayDraw;
    // A terminal that is gone needs no bar; that it is gone must not end us.
    terminal.on("error", () => this.close());
  }

  show(percent: number): void {
    this.#percent = Math.floor(percent);
    if (this.#drawn === undefined) this.#drawSoon();
    else this.#drawn.update(this.#percent);
  }

  /** Call before the terminal is written to, always followed by `afterWrite`. */
  beforeWrite(): void {
    this.#writesUnderWay += 1;
    this.erase();
  }

  /** Call after the terminal was written to. */
  afterWrite(chunk: Buffer): void {
    this.#writesUnderWay -= 1;
    this.#isAtLineStart = chunk.at(-1) === newline;
    this.#drawSoon();
  }

  /** Takes the bar off the terminal for good. */
  close(): void {
    this.#percent = undefined;
    this.erase();
  }

  /** Takes the bar off the terminal, until the next percentage or output. */
  erase(): void {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    this.#drawn?.stop();
    this.#drawn = undefined;
  }

  #drawSoon(): void {
    clearTimeout(this.#redraw);
    this.#redraw = setTimeout(() => this.#draw(), quietMs).unref();
  }

  /** Never over a line that the command has not finished: it may be a question, or a bar of the command's own. */
  #draw(): void {
    if (this.#percent === undefined || this.#writesUnderWay > 0 || !this.#isAtLineStart) return;
    if (!this.#mayDraw()) return;
    this.#drawn = new SingleBar({
      stream: this.#terminal,
      format: "{title} [{bar}] {value}%",
      clearOnComplete: true,
      // Long lines are cut by cli-progress: the terminal's own wrapping stays as it is.
      linewrap: true,
      synchronousUpdate: false,
      fps: 4,
    });
    this.#drawn.start(100, this.#percent, { title: this.#title });
  }
}
