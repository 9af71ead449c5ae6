import { Command } from "commander";
import { orAbsent } from "./absent-task.ts";
import { connectToServer } from "./cloud.ts";
import { exitCodeOfState, exitCodes } from "./exit-codes.ts";
import { readTimeout } from "./option-values.ts";
import { changeLine } from "./task-text.ts";
import { printable } from "./text.ts";

/** `taskcenter wait`: ends when the task does, and as it does. */
export function waitCommand(): Command {
  return new Command("wait")
    .summary("wait until a task has ended")
    .description(
      "Waits until a task has ended. Says nothing of a success; of anything else one line on stderr. " +
        "Exit codes: 0 succeeded, 1 failed, 3 canceled, 124 not ended in time.",
    )
    .argument("<ID>", "the task's id")
    .option("--timeout <TIME>", "how long at most: 90s, 10m, 2h, to 24d; for ever unless given", readTimeout)
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter wait "$id" && ./next-step
  $ taskcenter wait "$id" --timeout 10m`,
    )
    .action(async (id: string, { timeout }: { readonly timeout?: number }) => {
      const client = await connectToServer();
      try {
        const task = await client.waitForTask(id, { timeoutMs: timeout }).catch(orAbsent(id));
        process.exitCode = exitCodeOfState[task.state];
        if (task.state !== "succeeded") process.stderr.write(`${changeLine(task)}\n`);
      } catch (error) {
        if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
        process.exitCode = exitCodes.timedOut;
        process.stderr.write(`task ${printable(id)} has not ended in time\n`);
      }
    });
}
