import cliProgress from "cli-progress";
import { Command } from "commander";
import type { TaskDocument } from "../client/index.ts";
import { orAbsent } from "./absent-task.ts";
import { connectToServer } from "./cloud.ts";
import { exitCodeOfState } from "./exit-codes.ts";
import { changeLine, percentText, statusText } from "./task-text.ts";
import { print, stdout } from "./terminal.ts";
import { cut, printable } from "./text.ts";

/** `taskcenter watch`: shows a task's progress until it ends, and ends as it does. */
export function watchCommand(): Command {
  return new Command("watch")
    .summary("watch a task until it has ended")
    .description(
      "Shows the progress of a task until it has ended: a live bar on a terminal, else one line for each change. " +
        "Exit codes: 0 succeeded, 1 failed, 3 canceled.",
    )
    .argument("<ID>", "the task's id")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter watch "$id"
  $ taskcenter watch "$id" | tee progress.log`,
    )
    .action(async (id: string) => {
      const client = await connectToServer();
      const view = stdout().isTTY && process.stderr.isTTY ? barView(process.stderr) : lineView;
      try {
        for await (const task of client.watchTask(id)) {
          if (task.ended_at === null) {
            await view.show(task);
          } else {
            view.close();
            await print(`${changeLine(task)}\n`);
            process.exitCode = exitCodeOfState[task.state];
          }
        }
      } catch (error) {
        orAbsent(id)(error);
      } finally {
        view.close();
      }
    });
}

/** How a task is shown until it ends. */
export interface TaskView {
  show(task: TaskDocument): Promise<void>;
  /** Takes away what would not stay true. */
  close(): void;
}

/** One line for each change, for files and for other programs. */
const lineView: TaskView = {
  show: (task) => print(`${changeLine(task)}\n`),
  close() {},
};

/**
 * A bar in the terminal's last line. It neither hides the cursor nor changes how the terminal works, so there is
 * nothing to be restored whatever ends the process.
 */
export function barView(terminal: NodeJS.WritableStream): TaskView {
  const bar = new cliProgress.SingleBar({
    stream: terminal,
    format: (options, { progress, maxWidth }, task: TaskDocument) => {
      const filled = `[${cliProgress.Format.BarFormat(progress, options)}]`;
      const parts = [filled, percentText(task.progress), statusText(task)];
      const state = parts.filter((part) => part !== "").join(" ");
      const title = printable(`${task.name} ${task.instance.name || task.instance.id}`);
      // What is worked on gives way to how it stands.
      const columns = maxWidth - 1;
      return cut(`${cut(title, Math.max(columns - state.length - 1, 1))} ${state}`, columns);
    },
    barsize: 30,
    linewrap: true,
    clearOnComplete: true,
  });
  return {
    async show(task) {
      if (bar.isActive) bar.update(task.progress ?? 0, task);
      else bar.start(100, task.progress ?? 0, task);
    },
    close: () => bar.stop(),
  };
}
