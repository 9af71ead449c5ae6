import { systemClock } from "../../../task/clock.ts";
import { openDatabase } from "../database.ts";
import { rebuildCounts } from "../rebuild-counts.ts";
import { whileStopped } from "./stopped.ts";
import { troubleWith } from "./trouble.ts";

/**
 * Counts all tasks of a store anew, which is brought to the newest schema first. Answers how many series there are.
 *
 * @throws TaskCenterError while a server has the store open, or where it cannot be read and written.
 */
export function recountStore({ storePath }: { readonly storePath: string }): number {
  const { database, lock } = whileStopped(() => openDatabase(storePath, systemClock));
  try {
    return rebuildCounts(database);
  } catch (error) {
    throw troubleWith("The store", error);
  } finally {
    database.close();
    lock.release();
  }
}
