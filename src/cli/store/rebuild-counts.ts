import type { Command } from "commander";
import { progressOn } from "../progress.ts";
import { print } from "../terminal.ts";
import {
  commandOnStore,
  type ExistingStore,
  loadPostgresUpkeep,
  loadUpkeep,
  readExistingStore,
  type StoreOptions,
} from "./command.ts";
import { durationText } from "./text.ts";

/** `taskcenter store rebuild-counts`: makes the counts anew from the tasks. */
export function rebuildCountsCommand(): Command {
  return commandOnStore("rebuild-counts")
    .summary("count all tasks anew; the server of an SQLite store must be stopped")
    .description(
      "Counts all tasks anew, where check has found the counts wrong. The server of an SQLite store must be stopped; " +
        "on PostgreSQL servers go on, and one project's counts are replaced after the other's. Interrupted, the command " +
        "leaves the store as it was, but for the projects that were done.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter store rebuild-counts --data /var/lib/taskcenter
  $ taskcenter store rebuild-counts --store postgres://taskcenter@db.example.com/taskcenter`,
    )
    .action(async (options: StoreOptions) => {
      const store = readExistingStore(options);
      const startedMs = performance.now();
      const series = await recount(store);
      const took = durationText(performance.now() - startedMs);
      await print(`counted anew: ${series} series, in ${took}\n`);
    });
}

/** Counts with its progress on the terminal, where somebody tells it. Answers how many series there are. */
async function recount(store: ExistingStore): Promise<number> {
  if (store.kind === "sqlite") return (await loadUpkeep()).recountStore({ storePath: store.storePath });
  const { recountStore } = await loadPostgresUpkeep();
  const progress = progressOn(process.stderr);
  try {
    return await recountStore({ url: store.url }, (percent) => progress.show("counting", percent));
  } finally {
    progress.erase();
  }
}
