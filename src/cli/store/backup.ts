import type { Command } from "commander";
import { print } from "../terminal.ts";
import { oneLine } from "../text.ts";
import { commandOnStore, loadUpkeep, readExistingPlaces, type StoreOptions } from "./command.ts";
import { countText, durationText, sizeText } from "./text.ts";
import { watchCopy } from "./watch-copy.ts";

/** `taskcenter store backup`: a copy of the store, while it is in use. */
export function backupCommand(): Command {
  return commandOnStore("backup")
    .summary("copy the store into a file; the server may run")
    .description(
      "Copies the store into FILE, as it is at one moment. A server may run, and goes on working meanwhile. The file " +
        "has its name once it is whole, checked and on the disk; interrupted, the command leaves nothing behind.",
    )
    .argument("<FILE>", "the backup to be made")
    .option("--force", "replace FILE where it is there, and a regular file")
    .addHelpText(
      "after",
      `
FILE holds every task and the hash of every password; its owner alone can read it. The encryption key is not in it:
keep a copy of DATA/encryption.key, or of TASKCENTER_ENCRYPTION_KEY, in another place.

Examples:
  $ taskcenter store backup /backups/taskcenter-$(date +%F).db
  $ taskcenter store backup --data /var/lib/taskcenter --force /backups/taskcenter.db`,
    )
    .action(async (filePath: string, options: StoreOptions & { readonly force?: true }) => {
      const { storePath, dataDirectory } = readExistingPlaces(options);
      const force = options.force === true;
      const { backUpStore } = await loadUpkeep();
      const { bytes, tasks, tookMs } = await watchCopy("backing up", (watch) =>
        backUpStore({ storePath, dataDirectory, filePath, force, watch }),
      );
      const what = `${countText(tasks, "task")}, ${sizeText(bytes)}, in ${durationText(tookMs)}`;
      await print(`backed up to ${oneLine(filePath)}: ${what}\n`);
    });
}
