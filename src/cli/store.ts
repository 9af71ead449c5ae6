import { Command } from "commander";
import { backupCommand } from "./store/backup.ts";
import { checkCommand } from "./store/check.ts";
import { moveCommand } from "./store/move.ts";
import { rebuildCountsCommand } from "./store/rebuild-counts.ts";
import { restoreCommand } from "./store/restore.ts";

/** `taskcenter store`: looking after the file in which a server keeps everything. */
export function storeCommand(): Command {
  const command = new Command("store")
    .summary("back up, restore, check and move the store")
    .description(
      "Looks after the store of a server, on the server's own machine. The store is found as serve finds it.",
    )
    .addHelpText(
      "after",
      `
The encryption key is not in the store. Keep a copy of DATA/encryption.key, or of TASKCENTER_ENCRYPTION_KEY, away from
the backups: without it the access keys of a restored store must be made anew.

Examples:
  $ taskcenter store backup /backups/taskcenter.db
  $ taskcenter store check
  $ taskcenter help store restore`,
    );
  const commands = [backupCommand(), restoreCommand(), checkCommand(), rebuildCountsCommand(), moveCommand()];
  for (const each of commands) command.addCommand(each);
  return command;
}
