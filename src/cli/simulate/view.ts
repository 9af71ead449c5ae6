import cliProgress from "cli-progress";
import { progressOn } from "../progress.ts";
import { columnsOf, cut, oneLine } from "../text.ts";
import type { Audience } from "./runner.ts";
import type { Tally } from "./tally.ts";

/** What people see of a simulation while it goes on; on anything but a terminal that it lives, and trouble. */
export interface View extends Audience {
  /** Takes away what would not stay true. */
  close(): void;
}

/** Says on stderr how a simulation goes. `begins` tells in a line what it is that lives. */
export function viewOn(
  terminal: NodeJS.WritableStream & { readonly isTTY?: boolean },
  { begins, whyNot }: { readonly begins: string; readonly whyNot: (error: unknown) => string },
): View {
  const past = progressOn(terminal);
  const present = terminal.isTTY ? liveLine(terminal) : { show() {}, erase() {} };
  let isAway = false;
  function say(line: string): void {
    past.erase();
    present.erase();
    terminal.write(`${line}\n`);
  }
  return {
    filling: (percent) => past.show("recording the past", Math.min(percent, 100)),
    filled: () => say(begins),
    living(tally) {
      if (!isAway) present.show(tally);
    },
    trouble(error) {
      isAway = error !== undefined;
      say(
        error === undefined
          ? "taskcenter: the server is back, and is told what happened meanwhile"
          : `taskcenter: ${oneLine(whyNot(error))}; going on when that has passed`,
      );
    },
    close() {
      past.erase();
      present.erase();
    },
  };
}

/**
 * How many tasks live, and what happened last, in the last line of a terminal. It neither hides the cursor nor changes how
 * the terminal works, so there is nothing to be restored whatever ends the process.
 */
function liveLine(terminal: NodeJS.WritableStream) {
  const bar = new cliProgress.SingleBar({
    stream: terminal,
    format: (_options, { maxWidth }, { text }: { readonly text: string }) =>
      // What is left of a longer line is written over.
      padded(cut(text, maxWidth - 1), maxWidth - 1),
    linewrap: true,
    clearOnComplete: true,
    fps: 4,
  });
  return {
    show(tally: Tally) {
      const text = liveText(tally);
      if (bar.isActive) bar.update(0, { text });
      else bar.start(1, 0, { text });
    },
    erase: () => bar.stop(),
  };
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

/** What people see of the fleet at a glance. */
export function liveText(tally: Tally): string {
  const { all, pending, running, succeeded, failed, canceled } = tally.counts();
  const ended = succeeded + failed + canceled;
  const counts = `${running} running, ${pending} pending, ${failed} of ${ended} failed`;
  const last = tally.last;
  const news = last === undefined ? "" : ` | ${last.task.name} ${last.task.instance.name}: ${last.status}`;
  return `${all} tasks: ${counts}${news}`;
}
