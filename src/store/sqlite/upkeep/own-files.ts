import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { canonicalPath } from "../database.ts";

/** What is a restore's, until it is whole. One name for all attempts: what a killed one has left goes with the next. */
export const restoringEnding = ".restoring";

/** How the store's own files are called after it: what the engine, the lock and a restore keep beside it. */
const storeEndings = ["", "-wal", "-shm", "-journal", "-lock", restoringEnding, `${restoringEnding}-journal`];

/** How the names begin of what a server keeps in its data folder: an earlier one and a draft have a longer name. */
const serverNames = ["encryption.key", "clouds.yaml"];

/**
 * Whether a path is the store's, or one of its own files': also where that is not there just now, since it would be
 * taken for the store's as soon as it is.
 *
 * @throws the system's errors where a folder cannot be found.
 */
export function isOfStore(storePath: string, path: string): boolean {
  const store = canonicalPath(storePath);
  const file = canonicalPath(path);
  return storeEndings.some((ending) => file === store + ending);
}

/** Whether a path is that of a file which a server keeps in its data folder beside the store. */
export function isOfServer(dataDirectory: string, path: string): boolean {
  if (!existsSync(dataDirectory)) return false;
  const folder = realpathSync(dataDirectory);
  const file = canonicalPath(path);
  return serverNames.some((name) => file.startsWith(join(folder, name)));
}
