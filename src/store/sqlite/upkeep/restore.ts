import { existsSync, linkSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { canonicalPath } from "../database.ts";
import { makeFolder } from "../folder.ts";
import { lockStore } from "../lock.ts";
import { prepare } from "../statements.ts";
import { type CopyWatch, copyStore, countTasks, flush, openCopy, refuseDamaged, removeCopy } from "./copy.ts";
import { isOfStore, restoringEnding } from "./own-files.ts";
import { whileStopped } from "./stopped.ts";
import { inThread } from "./thread.ts";
import { isBusy, refusal, troubleWith } from "./trouble.ts";

/** What a restored store holds, and what of the backup is not in it. */
export interface RestoredFacts {
  readonly tasks: number;
  readonly droppedTokens: number;
  readonly droppedTemporaryKeys: number;
}

/**
 * Makes a backup the store. Whatever ends the process, the store's file is at any moment either the old one or the new
 * one, whole. The old one is kept beside it, in a single file.
 *
 * Tokens and temporary keys are left out: one that was revoked after the backup would be good again.
 *
 * @throws TaskCenterError while a server has the store open, where there is a store that is not to be replaced, where
 * the backup is damaged or no store of this program or an older one, or where a file cannot be read or written; the
 * signal's reason.
 */
export async function restoreStore(options: {
  readonly filePath: string;
  readonly storePath: string;
  /** Whether a store that is there may be replaced. */
  readonly replace: boolean;
  readonly nowMs: number;
  readonly watch: CopyWatch;
}): Promise<RestoredFacts & { readonly bytes: number; readonly replacedPath: string | undefined }> {
  const { filePath, replace, nowMs, watch } = options;
  if (!existsSync(filePath)) throw refusal("The backup is not there");
  const storePath = prepareFolder(options.storePath);
  if (isOfStore(storePath, filePath)) throw refusal("The backup is the store itself, or belongs to it");
  const lock = whileStopped(() => lockStore(storePath));
  const draftPath = storePath + restoringEnding;
  try {
    if (!replace && existsSync(storePath)) {
      throw refusal("There is a store already; with --replace it is replaced, and kept under another name");
    }
    removeCopy(draftPath);
    await copyStore({ path: filePath, file: "The backup", draftPath, watch });
    const facts = await inThread("completeRestored", { draftPath }, watch);
    await flush(draftPath);
    watch.signal.throwIfAborted();
    const replacedPath = replaceStore({ draftPath, storePath, nowMs });
    await flush(dirname(storePath));
    return { ...facts, bytes: statSync(storePath).size, replacedPath };
  } catch (error) {
    removeCopy(draftPath);
    throw troubleWith("The store", error);
  } finally {
    lock.release();
  }
}

/** Makes the store's folder where there is none, for its owner alone; answers where the store's file really is. */
function prepareFolder(storePath: string): string {
  try {
    makeFolder(dirname(storePath));
    return canonicalPath(storePath);
  } catch (error) {
    throw troubleWith("The store", error);
  }
}

/** Done in a thread of its own. Answers what the new store holds. */
export function completeRestored({ draftPath }: { readonly draftPath: string }): RestoredFacts {
  const store = openCopy(draftPath);
  try {
    refuseDamaged(store, "integrity_check", "The backup");
    return {
      tasks: countTasks(store),
      droppedTokens: deleteAll(store, "token", "TRUE"),
      droppedTemporaryKeys: deleteAll(store, "access_key", "expires_at_ms IS NOT NULL"),
    };
  } finally {
    store.close();
  }
}

/** Answers how many rows there were: none where the store is older than the table. */
function deleteAll(store: DatabaseSync, table: string, condition: string): number {
  const tables = prepare(store, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?");
  if (tables.get(table) === undefined) return 0;
  return Number(prepare(store, `DELETE FROM ${table} WHERE ${condition}`).run().changes);
}

/** What the engine keeps beside a database, and would take for part of whatever has its name. */
const companions = ["-wal", "-journal"] as const;

/**
 * Gives the new store its name, in one step of the file system. The old one has a second name by then, which is
 * answered; undefined where there was none. All of it is in its file, except where that is too damaged to be opened:
 * then its log is kept beside it.
 */
function replaceStore(options: {
  readonly draftPath: string;
  readonly storePath: string;
  readonly nowMs: number;
}): string | undefined {
  const { draftPath, storePath, nowMs } = options;
  const time = new Date(nowMs).toISOString().replaceAll(":", "-");
  const replacedPath = `${storePath}.replaced-${time}`;
  const isThere = existsSync(storePath);
  const old = isThere ? takeAlone(storePath) : undefined;
  try {
    for (const ending of ["", ...companions]) {
      if (existsSync(storePath + ending)) linkSync(storePath + ending, replacedPath + ending);
    }
    for (const ending of [...companions, "-shm"]) rmSync(storePath + ending, { force: true });
    renameSync(draftPath, storePath);
  } finally {
    old?.close();
  }
  return isThere ? replacedPath : undefined;
}

/**
 * Opens a store so that nobody else can read it, and with its log carried into its file: a backup or check that began
 * now would otherwise make a log anew, which the new store would find. Undefined where the store is too damaged.
 */
function takeAlone(storePath: string): DatabaseSync | undefined {
  const store = new DatabaseSync(storePath, { timeout: 1000 });
  try {
    store.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    return store;
  } catch (error) {
    store.close();
    if (isBusy(error)) throw error;
    return undefined;
  }
}
