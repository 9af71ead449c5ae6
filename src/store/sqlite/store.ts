import type { Clock } from "../../task/clock.ts";
import { TaskCenterError } from "../../task/error.ts";
import type { Store } from "../store.ts";
import { type OpenDatabase, openDatabase } from "./database.ts";
import { storeError, storeUnavailable } from "./error.ts";
import { createIdentityStore } from "./identity.ts";
import { openSession } from "./session.ts";
import { prepare } from "./statements.ts";
import { createTaskStore } from "./tasks.ts";

/**
 * Opens the store in a file, which is created where there is none: its folder must exist. One process has it open.
 *
 * @throws TaskCenterError `store-unavailable` when the file is in use by another process, was written by a newer
 * program, belongs to another one, or can not be read and written.
 */
export async function openSqliteStore(options: {
  readonly path: string;
  readonly clock: Clock;
}): Promise<Store> {
  const { path, clock } = options;
  const { database, lock } = openOrExplain(path, clock);
  const session = openSession(database);
  const readOne = prepare(database, "SELECT 1 FROM migration LIMIT 1");
  return {
    tasks: createTaskStore(database, session, clock),
    identity: createIdentityStore(database, session, clock),
    ping: async () => {
      session.read(() => readOne.get());
    },
    close: async () => {
      try {
        session.close();
      } finally {
        lock.release();
      }
    },
  };
}

function openOrExplain(path: string, clock: Clock): OpenDatabase {
  try {
    return openDatabase(path, clock);
  } catch (error) {
    const explained = storeError(error);
    // What is neither ours nor the engine's is the file system's.
    throw explained instanceof TaskCenterError
      ? explained
      : storeUnavailable("its file can not be opened", error);
  }
}
