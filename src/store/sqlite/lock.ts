import { DatabaseSync } from "node:sqlite";
import { storeError } from "./error.ts";
import { createPrivateFile } from "./private-file.ts";

/** A store's lock, held until it is released, once or more often, or its process ends, however it ends. */
export interface StoreLock {
  release(): void;
}

/**
 * Makes this the only process that has the store open. The lock is the engine's own exclusive lock on an empty file
 * beside the store, so that the operating system drops it with the process, and so that threads of this process, a
 * backup or a curious shell may still open the store itself.
 *
 * @throws TaskCenterError `store-unavailable` while another process, or this one, has the store open.
 */
export function lockStore(path: string): StoreLock {
  createPrivateFile(`${path}-lock`);
  const file = new DatabaseSync(`${path}-lock`);
  try {
    // Nothing is ever written to the file: without this, a journal would lie beside it.
    file.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    file.close();
    throw storeError(error);
  }
  return {
    release: () => {
      if (file.isOpen) file.close();
    },
  };
}
