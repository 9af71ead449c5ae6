import { closeSync, openSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { backup, DatabaseSync } from "node:sqlite";
import { prepare } from "../statements.ts";
import { faultsOfPages, type PageCheck } from "./pages.ts";
import { openStoreSnapshot } from "./snapshot.ts";
import { refusal } from "./trouble.ts";

/** How many pages are copied at a time, 4 MiB: then progress is told, and the work may be stopped. */
const pagesPerStep = 1024;

/** Who follows a copy being made. */
export interface CopyWatch {
  /** Told how much is copied. */
  readonly tellProgress: (percent: number) => void;
  /** Told that all is copied and the copy is being checked. */
  readonly tellChecking: () => void;
  /** Stops the work, which leaves nothing behind then. */
  readonly signal: AbortSignal;
}

/**
 * Copies a store as it is at one moment into a new file that only its owner can read. The read transaction of the
 * snapshot is held all the while: without it the engine begins again whenever another process writes.
 *
 * @throws TaskCenterError where the source is no store of this program; the engine's or the system's errors; the
 * signal's reason.
 */
export async function copyStore(options: {
  readonly path: string;
  /** What the source is to whoever runs the command. */
  readonly file: string;
  readonly draftPath: string;
  readonly watch: CopyWatch;
}): Promise<void> {
  const { path, file, draftPath, watch } = options;
  const source = openStoreSnapshot(path, file);
  try {
    closeSync(openSync(draftPath, "wx", 0o600));
    await backup(source, draftPath, {
      rate: pagesPerStep,
      progress: ({ totalPages, remainingPages }) => {
        watch.signal.throwIfAborted();
        watch.tellProgress((100 * (totalPages - remainingPages)) / totalPages);
      },
    });
  } finally {
    source.close();
  }
  watch.signal.throwIfAborted();
  watch.tellChecking();
}

/**
 * Opens a copy to complete it. It becomes a single file, which can be read where nothing can be written. The engine
 * does not flush it: that is done once, when it is complete.
 */
export function openCopy(draftPath: string): DatabaseSync {
  const copy = new DatabaseSync(draftPath, { defensive: true });
  copy.exec("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536");
  return copy;
}

/** @throws TaskCenterError where the engine finds anything wrong in a copy of `file`. */
export function refuseDamaged(copy: DatabaseSync, check: PageCheck, file: string): void {
  for (const fault of faultsOfPages(copy, check)) throw refusal(`${file} is damaged: ${fault}`);
}

export function countTasks(copy: DatabaseSync): number {
  return prepare<[count: number]>(copy, "SELECT count(*) FROM task").get()?.[0] ?? 0;
}

/** Removes a copy that is not to be, with what the engine keeps beside it. */
export function removeCopy(draftPath: string): void {
  for (const ending of ["", "-journal"]) {
    try {
      rmSync(draftPath + ending, { force: true });
    } catch {
      // What cannot be removed could not be made, or stands in the way of the next one, which says so.
    }
  }
}

/** Resolves when a file's content, or a folder's names, are on the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
