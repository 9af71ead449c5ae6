import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { storeUnavailable } from "./error.ts";
import { lockStore, type StoreLock } from "./lock.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { createPrivateFile } from "./private-file.ts";
import { lacksCounts, rebuildCounts } from "./rebuild-counts.ts";
import { prepare } from "./statements.ts";

/** How long a statement waits for a program that writes to the file beside us: nobody should, for long. */
const busyTimeoutMs = 1000;

/** What makes every connection's writes lasting. */
export const durability = `
  PRAGMA synchronous = FULL; -- a commit is on disk when it returns
  PRAGMA fullfsync = ON; -- the same on macOS, where a plain fsync leaves it in the drive's cache
  PRAGMA checkpoint_fullfsync = ON;
`;

const settings = `
  ${durability}
  PRAGMA cache_size = -65536; -- 64 MiB
  PRAGMA wal_autocheckpoint = 16000; -- 64 MiB: the log is carried over aside, and by the writer only where that lags behind
  PRAGMA journal_size_limit = 67108864; -- the log shrinks to 64 MiB after a long reader let it grow
`;

/** An open store file of the newest schema, and the lock that makes it ours. */
export interface OpenDatabase {
  readonly database: DatabaseSync;
  readonly lock: StoreLock;
}

/**
 * Opens a store's file, creates it where there is none, and brings it to the newest schema.
 *
 * @throws TaskCenterError `store-unavailable` where that is not possible; the engine's or the file system's errors.
 */
export function openDatabase(path: string, clock: Clock): OpenDatabase {
  const lock = lockStore(canonicalPath(path));
  try {
    createPrivateFile(path);
    const database = new DatabaseSync(path, {
      timeout: busyTimeoutMs,
      defensive: true,
      // Off while migrations run: a table that is replaced must not take others with it.
      enableForeignKeyConstraints: false,
    });
    try {
      setWriteAheadLog(database);
      database.exec(settings);
      migrate(database, readMigrations(), clock);
      if (lacksCounts(database)) rebuildCounts(database);
      database.exec("PRAGMA foreign_keys = ON");
    } catch (error) {
      database.close();
      throw error;
    }
    return { database, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** One path for one file, whichever links lead to it, so that it has one lock. */
export function canonicalPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realpathSync(dirname(path)), basename(path));
  }
}

function setWriteAheadLog(database: DatabaseSync): void {
  const mode = prepare<[mode: string]>(database, "PRAGMA journal_mode = WAL").get()?.[0];
  if (mode !== "wal") throw storeUnavailable("its file cannot have a write-ahead log");
}
