import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { TaskCenterError } from "../../task/error.ts";
import type { Store } from "../store.ts";
import { type Aside, openAside } from "./aside/aside.ts";
import { openCounting } from "./counting.ts";
import { type OpenDatabase, openDatabase } from "./database.ts";
import { storeError, storeUnavailable } from "./error.ts";
import { createIdentityStore } from "./identity.ts";
import { openSession } from "./session.ts";
import { prepare } from "./statements.ts";
import { createTaskStore } from "./tasks.ts";

/** How often it is looked whether the log should be carried over, and after how many rows that is worth it. */
const carryOverPauseMs = 200;
const changesPerCarryOver = 1000;

/**
 * Opens the store in a file, which is created where there is none: its folder must exist. One process has it open.
 *
 * @throws TaskCenterError `store-unavailable` when the file is in use by another process, was written by a newer
 * program, belongs to another one, or cannot be read and written.
 */
export async function openSqliteStore(options: {
  readonly path: string;
  readonly clock: Clock;
  /** Told how many changes each commit made. */
  readonly onCommit?: (changes: number) => void;
}): Promise<Store> {
  const { path, clock, onCommit } = options;
  const { database, lock } = openOrExplain(path, clock);
  const counting = openCounting(database);
  const session = openSession(database, counting.companion, onCommit);
  const aside = openAside(path);
  const carrying = setInterval(carryOverAfterChanges(database, aside), carryOverPauseMs).unref();
  const readOne = prepare(database, "SELECT 1 FROM migration LIMIT 1");
  return {
    tasks: createTaskStore({ database, session, counting, aside, clock }),
    identity: createIdentityStore(database, session, clock),
    ping: async () => {
      session.read(() => readOne.get());
    },
    // No other server can have the file open.
    lead: (_work, body) => body(new AbortController().signal),
    close: async () => {
      clearInterval(carrying);
      try {
        await aside.close();
        session.close();
      } finally {
        lock.release();
      }
    },
  };
}

/** Lets the log be carried over aside when enough has changed since the last time: the writer need not stop for it. */
function carryOverAfterChanges(database: DatabaseSync, aside: Aside): () => void {
  const readChanges = prepare<[changes: number]>(database, "SELECT total_changes()");
  let carriedOver = 0;
  return () => {
    const [changes = 0] = readChanges.get() ?? [];
    if (changes - carriedOver >= changesPerCarryOver && aside.carryOver()) carriedOver = changes;
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
      : storeUnavailable("its file cannot be opened", error);
  }
}
