import type { Command } from "commander";
import { systemClock } from "../../task/clock.ts";
import { shortPath } from "../short-path.ts";
import { print } from "../terminal.ts";
import { oneLine } from "../text.ts";
import { commandOnStore, loadUpkeep, readPlaces, type StoreOptions } from "./command.ts";
import { countText, durationText, sizeText } from "./text.ts";
import { watchCopy } from "./watch-copy.ts";

/** `taskcenter store restore`: a backup becomes the store. */
export function restoreCommand(): Command {
  return commandOnStore("restore")
    .summary("make a backup the store; the server must be stopped")
    .description(
      "Makes a backup the store; the server must be stopped. The backup may be of an older version of the program: " +
        "the next start brings it up to date. A store that is there is replaced with --replace only, and is kept " +
        "beside the new one under a dated name.",
    )
    .argument("<FILE>", "the backup, which stays as it is")
    .option("--replace", "replace the store that is there")
    .addHelpText(
      "after",
      `
Tasks, users, passwords, roles and permanent access keys are those of the backup: whatever was taken away since must be
taken away again. Tokens and temporary access keys are not restored: who was logged in logs in again. Access keys need
the encryption key that the server had when they were made.

Examples:
  $ taskcenter store restore /backups/taskcenter-2026-03-01.db
  $ taskcenter store restore --data /var/lib/taskcenter --replace /backups/taskcenter.db`,
    )
    .action(async (filePath: string, options: StoreOptions & { readonly replace?: true }) => {
      const { storePath } = readPlaces(options);
      const replace = options.replace === true;
      const { restoreStore } = await loadUpkeep();
      const { tasks, bytes, tookMs, droppedTokens, droppedTemporaryKeys, replacedPath } = await watchCopy(
        "restoring",
        (watch) => restoreStore({ filePath, storePath, replace, nowMs: systemClock(), watch }),
      );
      const what = `${countText(tasks, "task")}, ${sizeText(bytes)}, in ${durationText(tookMs)}`;
      const dropped = [
        countText(droppedTokens, "token"),
        countText(droppedTemporaryKeys, "temporary access key"),
      ];
      await print(`restored to ${oneLine(shortPath(storePath))}: ${what}\n`);
      await print(`left out: ${dropped.join(" and ")}\n`);
      if (replacedPath !== undefined)
        await print(`the store before it: ${oneLine(shortPath(replacedPath))}\n`);
    });
}
