import { randomBytes } from "node:crypto";
import { linkSync, lstatSync, renameSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { type CopyWatch, copyStore, countTasks, flush, openCopy, refuseDamaged, removeCopy } from "./copy.ts";
import { isOfServer, isOfStore } from "./own-files.ts";
import { inThread } from "./thread.ts";
import { refusal, troubleWith } from "./trouble.ts";

/** Where a backup is to be. */
interface Target {
  readonly storePath: string;
  /** Where the store's server keeps what is not in the store. */
  readonly dataDirectory: string;
  readonly filePath: string;
  /** Whether a file that is there may be replaced. */
  readonly force: boolean;
}

/** What a backup holds. */
export interface BackupFacts {
  readonly bytes: number;
  readonly tasks: number;
}

/**
 * Copies a store, as it is at this moment, into a file of its own, while a server may be writing to it. The file has
 * its name once it is whole, checked and on the disk.
 *
 * @throws TaskCenterError where the store is damaged or none of this program, where the file is there and is not to be
 * replaced, or where one of the two cannot be read or written; the signal's reason.
 */
export async function backUpStore(options: Target & { readonly watch: CopyWatch }): Promise<BackupFacts> {
  const { storePath, filePath, force, watch } = options;
  const draftPath = `${filePath}.partial-${randomBytes(4).toString("hex")}`;
  try {
    refuseTaken(options);
    await copyStore({ path: storePath, file: "The store", draftPath, watch });
    const tasks = await inThread("completeBackup", { draftPath }, watch);
    await flush(draftPath);
    watch.signal.throwIfAborted();
    if (force) replace(draftPath, options);
    else nameAnew(draftPath, options);
    await flush(dirname(filePath));
    return { bytes: statSync(filePath).size, tasks };
  } catch (error) {
    removeCopy(draftPath);
    throw troubleWith("The backup", error);
  }
}

/** @throws TaskCenterError where a backup would take the place of something that is not its to replace. */
function refuseTaken({ storePath, dataDirectory, filePath, force }: Target): void {
  const wouldReplace = (what: string) => refusal(`The backup would take the place of ${what}`);
  if (isOfStore(storePath, filePath)) throw wouldReplace("the store itself");
  if (isOfServer(dataDirectory, filePath)) throw wouldReplace("what the server keeps beside the store");
  const there = lstatSync(filePath, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isFile()) throw wouldReplace("a link, a folder or a device; only a regular file is replaced");
  if (!force) throw refusal("The backup's file is there already; with --force it is replaced");
}

/** Done in a thread of its own. Answers how many tasks the backup holds. */
export function completeBackup({ draftPath }: { readonly draftPath: string }): number {
  const copy = openCopy(draftPath);
  try {
    refuseDamaged(copy, "quick_check", "The store");
    return countTasks(copy);
  } finally {
    copy.close();
  }
}

/** Gives a file its name, and takes it from the file that has it, if it still is one. */
function replace(draftPath: string, target: Target): void {
  refuseTaken(target);
  renameSync(draftPath, target.filePath);
}

/** Gives a file its name; a link, other than a rename, never takes the name of a file that came meanwhile. */
function nameAnew(draftPath: string, target: Target): void {
  try {
    linkSync(draftPath, target.filePath);
  } catch (error) {
    refuseTaken(target);
    throw error;
  }
  unlinkSync(draftPath);
}
