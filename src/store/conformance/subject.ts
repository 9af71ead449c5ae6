import test, { type TestContext } from "node:test";
import { creationOf, factoryCreatedAtMs } from "../../../test/factories.ts";
import type { Clock } from "../../task/clock.ts";
import type { HistoryEntry, Task, TaskKey } from "../../task/task.ts";
import type { IdentityStore, Store, TaskStore } from "../store.ts";

/** Opens a fresh, empty store that reads the given clock. What it needs beside the store is cleaned up after `t`. */
export type OpenStore = (t: TestContext, clock: Clock) => Promise<Store>;

/** A fresh store under test, and the time that it sees. */
export interface Subject {
  readonly store: Store;
  readonly tasks: TaskStore;
  readonly identity: IdentityStore;
  /** When the store was opened; later only if a test says so. */
  readonly startMs: number;
  setClock(nowMs: number): void;
}

/** States one sentence of the contract, and checks it with a fresh store. */
export type Check = (sentence: string, body: (subject: Subject) => Promise<void>) => void;

/** Checks sentences with stores that `open` opens. Each is closed when its sentence has been checked. */
export function checkWith(open: OpenStore): Check {
  return (sentence, body) => {
    test(sentence, async (t) => {
      const startMs = factoryCreatedAtMs;
      let nowMs = startMs;
      const store = await open(t, () => nowMs);
      const setClock = (laterMs: number): void => {
        nowMs = laterMs;
      };
      try {
        await body({ store, tasks: store.tasks, identity: store.identity, startMs, setClock });
      } finally {
        await store.close();
      }
    });
  };
}

/** Records tasks, all at once. */
export async function recordAll(tasks: TaskStore, created: readonly Task[]): Promise<void> {
  await Promise.all(created.map((task) => tasks.createTask(creationOf(task))));
}

/** A task's whole history; undefined where there is no such task. */
export async function historyOf(
  tasks: TaskStore,
  key: TaskKey,
): Promise<readonly HistoryEntry[] | undefined> {
  const { projectId, id } = key;
  const page = await tasks.listHistory({ projectId, id, afterRevision: 0, limit: 1000 });
  return page?.entries;
}
