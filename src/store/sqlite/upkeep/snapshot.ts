import { DatabaseSync } from "node:sqlite";
import { prepare } from "../statements.ts";
import { faultsOfSchema } from "./schema.ts";
import { refusal, troubleWith } from "./trouble.ts";

/** How long to wait for whoever has the file to itself: a server does, for a moment, when it starts or stops. */
const busyTimeoutMs = 1000;

/**
 * Opens a file for reading, at one moment that lasts until it is closed: what others write to it meanwhile is not seen
 * here, and does not wait either. Nothing in the file is changed.
 *
 * @throws the engine's errors.
 */
export function openSnapshot(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs, defensive: true });
  try {
    database.exec("PRAGMA cache_size = -65536; BEGIN");
    // The moment is that of the first read.
    prepare(database, "SELECT 1 FROM sqlite_schema LIMIT 1").get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Opens a store of this program in the same way, if its schema is just what the program makes; `file` is what it is to
 * whoever runs the command.
 *
 * @throws TaskCenterError where the file cannot be read or is none.
 */
export function openStoreSnapshot(path: string, file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = openSnapshot(path);
    for (const fault of faultsOfSchema(database)) throw refusal(`${file} ${fault}`);
    return database;
  } catch (error) {
    database?.close();
    throw troubleWith(file, error);
  }
}
