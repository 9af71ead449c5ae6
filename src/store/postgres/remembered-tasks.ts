import type { Task, TaskKey } from "../../task/task.ts";
import type { CreationReceipt } from "../store.ts";

/** How many tasks are remembered, and how many characters of text they may have together. */
const mostTasks = 16_384;
const mostCharacters = 16 * 1024 * 1024;

/** A task as it stood when it was last read or written. */
export interface SeenTask {
  readonly task: Task;
  /** Which creation it is of: its id may have been free again since, and taken for another task. */
  readonly creation: Pick<CreationReceipt, "digest" | "acceptedAtMs">;
  /** How many characters its details and labels have. */
  readonly length: number;
}

/** The tasks that this process wrote last, so that the next report on one need not read it. */
export interface RememberedTasks {
  find(key: TaskKey): SeenTask | undefined;
  remember(seen: SeenTask): void;
  forget(key: TaskKey): void;
  /** Somebody else writes that task, too: it is not remembered again soon, since to read it is quicker than to err. */
  share(key: TaskKey): void;
}

/** Remembers tasks until others were used later, as many as there is room for. */
export function createRememberedTasks(): RememberedTasks {
  /** The longest unused first; undefined for a task that somebody else writes, too. */
  const remembered = new Map<string, SeenTask | undefined>();
  let characters = 0;

  function put(word: string, seen: SeenTask | undefined): void {
    characters += charactersOf(seen) - charactersOf(remembered.get(word));
    remembered.delete(word);
    remembered.set(word, seen);
    for (const [oldest, leaving] of remembered) {
      if (remembered.size <= mostTasks && characters <= mostCharacters) return;
      remembered.delete(oldest);
      characters -= charactersOf(leaving);
    }
  }

  return {
    find: (key) => remembered.get(wordOf(key)),

    remember(seen) {
      const word = wordOf(seen.task);
      if (remembered.has(word) && remembered.get(word) === undefined) return;
      put(word, seen);
    },

    forget(key) {
      const word = wordOf(key);
      const seen = remembered.get(word);
      if (seen === undefined) return;
      characters -= charactersOf(seen);
      remembered.delete(word);
    },

    share: (key) => put(wordOf(key), undefined),
  };
}

/** All that may be long is counted: thousands of the longest reasons for a failure need more room than most details. */
function charactersOf(seen: SeenTask | undefined): number {
  if (seen === undefined) return 0;
  const { id, name, instance, databaseName, orderId, failReason, parentId, createdBy } = seen.task;
  const texts = [
    id,
    name,
    instance.id,
    instance.name,
    instance.status,
    databaseName,
    orderId,
    failReason,
    createdBy,
  ];
  return texts.reduce((sum, text) => sum + text.length, seen.length + (parentId?.length ?? 0));
}

/** A task's key as one word. An id has no slash, so no two tasks have the same. */
function wordOf({ projectId, id }: TaskKey): string {
  return `${projectId}/${id}`;
}
