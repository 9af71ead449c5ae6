import type { Command } from "commander";
import { print } from "../terminal.ts";
import { commandOnStore, loadUpkeep, readExistingPlaces, type StoreOptions } from "./command.ts";
import { durationText } from "./text.ts";

/** `taskcenter store rebuild-counts`: makes the counts anew from the tasks. */
export function rebuildCountsCommand(): Command {
  return commandOnStore("rebuild-counts")
    .summary("count all tasks anew; the server must be stopped")
    .description(
      "Counts all tasks anew, where check has found the counts wrong; the server must be stopped. Interrupted, the\n" +
        "command leaves the store as it was.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter store rebuild-counts --data /var/lib/taskcenter`,
    )
    .action(async (options: StoreOptions) => {
      const { storePath } = readExistingPlaces(options);
      const { recountStore } = await loadUpkeep();
      const startedMs = performance.now();
      const series = recountStore({ storePath });
      const took = durationText(performance.now() - startedMs);
      await print(`counted anew: ${series} series, in ${took}\n`);
    });
}
