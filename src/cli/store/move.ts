import type { Command } from "commander";
import { readPostgresUrl } from "../../config.ts";
import type { RowCounts } from "../../store/move/move.ts";
import { systemClock } from "../../task/clock.ts";
import { interruptible } from "../interruption.ts";
import { progressOn } from "../progress.ts";
import { print } from "../terminal.ts";
import { commandOnStore, loadUpkeep, readExistingPlaces, type StoreOptions } from "./command.ts";
import { countText, durationText } from "./text.ts";

/** `taskcenter store move`: everything in the SQLite store goes into a PostgreSQL database. */
export function moveCommand(): Command {
  return commandOnStore("move")
    .summary("copy the store into a PostgreSQL database; the server must be stopped")
    .description(
      "Copies everything in the store into an empty PostgreSQL database, holds every row of the one against the other, " +
        "and counts the tasks; the server must be stopped. The store stays as it is. Interrupted, the command goes on " +
        "where it was when it is run again; no server starts on the database before it is done.",
    )
    .requiredOption("--to <postgres://…>", "the database, which must be empty, past any pooler")
    .addHelpText(
      "after",
      `
A password in the address can be seen in the list of processes: leave it out, and give it as PGPASSWORD or in ~/.pgpass.
The servers on the database need the encryption key that the server had: DATA/encryption.key, or TASKCENTER_ENCRYPTION_KEY.

Examples:
  $ taskcenter store move --to postgres://taskcenter@db.example.com/taskcenter
  $ taskcenter store move --data /var/lib/taskcenter --to 'postgres://taskcenter@/taskcenter?host=/run/postgresql'`,
    )
    .action(async ({ to, ...options }: StoreOptions & { readonly to: string }) => {
      const url = readPostgresUrl({ name: "--to", value: to });
      const { storePath } = readExistingPlaces(options);
      const startedMs = performance.now();
      const counts = await move({ storePath, url });
      const facts = [
        countText(counts.get("task") ?? 0, "task"),
        `${countText(counts.get("task_history") ?? 0, "line")} of history`,
        countText(counts.get("user_account") ?? 0, "user"),
      ];
      const took = durationText(performance.now() - startedMs);
      await print(`moved, and every row compared: ${facts.join(", ")}, in ${took}\n`);
    });
}

/** Moves with its progress on the terminal. Answers how much of everything there is. */
async function move(places: { readonly storePath: string; readonly url: string }): Promise<RowCounts> {
  const [{ openMoveSource }, { openMoveTarget }, { moveStore }] = await Promise.all([
    loadUpkeep(),
    import("../../store/postgres/move-target.ts"),
    import("../../store/move/move.ts"),
  ]);
  const progress = progressOn(process.stderr);
  const source = openMoveSource(places.storePath);
  try {
    const all = source.countRows().get("task") ?? 0;
    const target = await openMoveTarget({ url: places.url, clock: systemClock });
    const done = { moving: 0, checking: 0, counting: 0 };
    try {
      return await interruptible((signal) =>
        moveStore({
          source,
          target,
          watch: {
            signal,
            tell({ doing, tasks }) {
              done[doing] += tasks;
              progress.show(doing, doing === "counting" || all === 0 ? undefined : (100 * done[doing]) / all);
            },
          },
        }),
      );
    } finally {
      await target.close();
    }
  } finally {
    source.close();
    progress.erase();
  }
}
