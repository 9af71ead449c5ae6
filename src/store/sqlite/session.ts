import type { DatabaseSync } from "node:sqlite";
import { storeError, storeUnavailable } from "./error.ts";
import { prepare } from "./statements.ts";

/** How many changes share a transaction at most, so that reads and other requests get their turn in between. */
const maxChangesPerCommit = 256;

/** The only way to the open database: it reads at once, and gathers changes so that they share the disk's latency. */
export interface Session {
  /** @throws TaskCenterError `store-unavailable` when the engine fails or the session is closed. */
  read<T>(question: () => T): T;
  /**
   * Makes a change in a transaction, and fulfils when it is on disk. Changes are made in the order in which they were
   * asked for, and each sees those before it. What `change` throws is thrown on after the commit, and undoes only what
   * that change wrote.
   */
  write<T>(change: () => T): Promise<T>;
  /** A number that moves with every batch of changes: what was read at the same number is still true. */
  changeNumber(): number;
  /** Makes the changes that were asked for, then closes the database. Closing again does nothing. */
  close(): void;
}

/** What moves along with the changes: it learns what becomes of them. */
export interface Companion {
  /** Answers how far it has come, before a change is made. */
  mark(): number;
  /** A change has been undone: what came after its mark never was. */
  undoTo(mark: number): void;
  /** All changes have been made; what it writes itself is committed with them. */
  beforeCommit(): void;
  /** Nothing of the transaction stands. */
  afterRollback(): void;
}

/** A change that waits for the next commit. */
interface PendingChange {
  /** Makes the change and answers how to tell its caller, once it is on disk. */
  readonly make: () => () => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Opens a session with group commit: the changes that arrive while the event loop turns once are made in one
 * transaction, which costs one flush of the disk. With many writers, durable changes scale with their number. The
 * reads of one turn share a transaction too, since each of its own would lock and unlock the file.
 */
export function openSession(
  database: DatabaseSync,
  companion: Companion,
  /** Told how many changes each commit made. */
  onCommit: (changes: number) => void = () => {},
): Session {
  const beginReads = prepare(database, "BEGIN");
  const begin = prepare(database, "BEGIN IMMEDIATE");
  const commit = prepare(database, "COMMIT");
  const rollback = prepare(database, "ROLLBACK");
  const openSavepoint = prepare(database, "SAVEPOINT change");
  const undoToSavepoint = prepare(database, "ROLLBACK TO change");
  const releaseSavepoint = prepare(database, "RELEASE change");
  let pending: PendingChange[] = [];
  let isOpen = true;
  let isReading = false;
  let changeNumber = 0;

  function startReading(): void {
    if (isReading) return;
    beginReads.run();
    isReading = true;
    setImmediate(stopReading);
  }

  /**
   * Ends the transaction of this turn's reads, if there is one, and the engine has not ended it after a failure. There
   * is nothing to commit, and after a damaged page a commit would fail.
   */
  function stopReading(): void {
    if (isReading && database.isTransaction) rollback.run();
    isReading = false;
  }

  /** Makes one change, and answers how to tell its caller. A refusal is told like an answer: after the commit. */
  function makeOne({ make, refuse }: PendingChange): () => void {
    openSavepoint.run();
    const mark = companion.mark();
    try {
      const answer = make();
      releaseSavepoint.run();
      return answer;
    } catch (error) {
      // After some failures, a full disk for one, the engine has rolled back everything: then nothing of the batch stands.
      if (!database.isTransaction) throw error;
      undoToSavepoint.run();
      releaseSavepoint.run();
      companion.undoTo(mark);
      return () => refuse(storeError(error));
    }
  }

  /** Makes changes in one transaction, and answers how to tell their callers: where it fails, all are refused. */
  function makeTogether(batch: readonly PendingChange[]): readonly (() => void)[] {
    changeNumber += 1;
    try {
      stopReading();
      begin.run();
      const answers = batch.map(makeOne);
      companion.beforeCommit();
      commit.run();
      onCommit(batch.length);
      return answers;
    } catch (error) {
      if (database.isTransaction) rollback.run();
      companion.afterRollback();
      return batch.map(
        ({ refuse }) =>
          () =>
            refuse(storeError(error)),
      );
    }
  }

  function commitSome(): void {
    const batch = pending.slice(0, maxChangesPerCommit);
    pending = pending.slice(maxChangesPerCommit);
    if (batch.length === 0) return;
    if (pending.length > 0) setImmediate(commitSome);
    for (const answer of makeTogether(batch)) answer();
  }

  return {
    read(question) {
      if (!isOpen) throw storeUnavailable("it is closed");
      try {
        startReading();
        return question();
      } catch (error) {
        throw storeError(error);
      }
    },

    write<T>(change: () => T) {
      if (!isOpen) return Promise.reject(storeUnavailable("it is closed"));
      return new Promise<T>((resolve, refuse) => {
        if (pending.length === 0) setImmediate(commitSome);
        pending.push({
          make: () => {
            const answer = change();
            return () => resolve(answer);
          },
          refuse,
        });
      });
    },

    changeNumber: () => changeNumber,

    close() {
      if (!isOpen) return;
      isOpen = false;
      while (pending.length > 0) commitSome();
      stopReading();
      database.close();
    },
  };
}
