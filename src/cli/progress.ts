import cliProgress from "cli-progress";
import { cut } from "./text.ts";

/** The progress of one thing after the other. */
export interface Progress {
  /** Says what is being done, and how much of it is; undefined where nobody knows. */
  show(title: string, percent: number | undefined): void;
  /** Takes it off the terminal, until the next word. */
  erase(): void;
}

/**
 * A bar in the last line of a terminal; nothing where there is none. It neither hides the cursor nor changes how the
 * terminal works, so there is nothing to be restored whatever ends the process.
 */
export function progressOn(terminal: NodeJS.WritableStream & { readonly isTTY?: boolean }): Progress {
  if (!terminal.isTTY) return { show() {}, erase() {} };
  let startedMs = performance.now();
  let current = "";
  const bar = new cliProgress.SingleBar({
    stream: terminal,
    format: (options, { progress, maxWidth }, { percent }: { readonly percent: number | undefined }) => {
      // Where no percentage moves, the seconds show that the work does.
      const state =
        percent === undefined
          ? `${Math.floor((performance.now() - startedMs) / 1000)} s`
          : `[${cliProgress.Format.BarFormat(progress, options)}] ${Math.floor(percent)}%`;
      return cut(`${current} ${state}`, maxWidth - 1);
    },
    barsize: 30,
    linewrap: true,
    clearOnComplete: true,
    fps: 4,
  });
  return {
    show(title, percent) {
      if (title !== current) startedMs = performance.now();
      current = title;
      if (bar.isActive) bar.update(percent ?? 0, { percent });
      else bar.start(100, percent ?? 0, { percent });
    },
    erase() {
      bar.stop();
    },
  };
}
