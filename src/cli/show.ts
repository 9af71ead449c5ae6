import { Command } from "commander";
import { orAbsent } from "./absent-task.ts";
import { connectToServer } from "./cloud.ts";
import { type OutputForm, outputOption } from "./option-values.ts";
import { renderOne } from "./output.ts";
import { tableStyle } from "./table.ts";
import { taskLayout } from "./task-layout.ts";
import { print, stdout } from "./terminal.ts";

/** `taskcenter show`: everything about one task. */
export function showCommand(): Command {
  return new Command("show")
    .summary("show one task")
    .description("Shows everything about one task. A table leaves out what has no value.")
    .argument("<ID>", "the task's id")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter show backup-2026-01-31
  $ taskcenter show backup-2026-01-31 -o json`,
    )
    .action(async (id: string, options: { readonly output: OutputForm }) => {
      const client = await connectToServer();
      const task = await client.getTask(id).catch(orAbsent(id));
      await print(renderOne(task, taskLayout, options.output, tableStyle(stdout())));
    });
}
