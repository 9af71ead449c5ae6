import { Command, Option } from "commander";
import { type TaskStatus, taskStatuses } from "../task/lifecycle.ts";
import { orAbsent } from "./absent-task.ts";
import { connectToServer } from "./cloud.ts";
import { readProgress } from "./option-values.ts";

interface ReportOptions {
  readonly status?: TaskStatus;
  readonly progress?: number;
  readonly failReason?: string;
  readonly message?: string;
}

/** `taskcenter report`: says how a task stands. */
export function reportCommand(): Command {
  return new Command("report")
    .summary("report how a task stands")
    .description(
      "Reports how a task stands. What is not given stays as it is; a report of nothing renews the task's lease.",
    )
    .argument("<ID>", "the task's id")
    .addOption(new Option("--status <STATUS>", "the status that it has now").choices(taskStatuses))
    .option("--progress <PERCENT>", "how far it is, 0 to 100", readProgress)
    .option("--fail-reason <TEXT>", "why it failed")
    .option("--message <TEXT>", "a line for its history")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter report "$id" --progress 60
  $ taskcenter report "$id" --status Completed --message "copied 12 GB"
  $ taskcenter report "$id" --status Failed --fail-reason "disk full"`,
    )
    .action(async (id: string, options: ReportOptions) => {
      const client = await connectToServer();
      const report = {
        status: options.status,
        progress: options.progress,
        fail_reason: options.failReason,
        message: options.message,
      };
      await client.reportTask(id, report).catch(orAbsent(id));
    });
}
