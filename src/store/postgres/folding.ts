import { foldChanges } from "./fold.ts";
import type { Session } from "./session.ts";

/** How many appended changes are worth a fold at once: so many rows a list may have to look at. */
const changesPerFold = 500;
/** How long fewer of them wait for more. */
const pauseMs = 1000;
/** How long the changes of a project wait whose last fold failed: at first, and at most. */
const firstRestMs = 2000;
const longestRestMs = 60_000;
/** How many projects are folded at the same time. */
const atOnce = 2;

/** Has the appended changes of projects folded into their trees, soon after somebody has appended them. */
export interface Folding {
  /** Notes that somebody has appended so many changes of a project. */
  noteAppended(projectId: string, changes: number): void;
  /** Notes that so many changes of a project wait in all. */
  noteWaiting(projectId: string, changes: number): void;
  /** Stops, when what is under way has ended. Whoever is next to write or to ask folds what is left. */
  close(): Promise<void>;
}

/** What is known of a project whose changes are not folded yet. */
interface Pending {
  changes: number;
  readonly timer: NodeJS.Timeout;
}

export function openFolding(session: Session, onTrouble: (error: unknown) => void): Folding {
  const pending = new Map<string, Pending>();
  const due = new Set<string>();
  /** How long to wait after the next failure, of those projects whose last fold failed. */
  const rests = new Map<string, number>();
  const underWay = new Map<string, Promise<void>>();
  let isOpen = true;

  function makeDue(projectId: string): void {
    const waiting = pending.get(projectId);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    pending.delete(projectId);
    due.add(projectId);
    startNext();
  }

  /** Changes wait for others, or for the end of a rest. */
  function wait(projectId: string): Pending | undefined {
    if (!isOpen || due.has(projectId)) return undefined;
    const known = pending.get(projectId);
    if (known !== undefined) return known;
    const timer = setTimeout(() => makeDue(projectId), rests.get(projectId) ?? pauseMs).unref();
    const waiting = { changes: 0, timer };
    pending.set(projectId, waiting);
    return waiting;
  }

  function goOn(projectId: string, { changes }: Pending): void {
    if (changes >= changesPerFold && !rests.has(projectId)) makeDue(projectId);
  }

  async function fold(projectId: string): Promise<void> {
    try {
      await foldChanges(session, projectId);
      rests.delete(projectId);
    } catch (error) {
      rests.set(projectId, Math.min(2 * (rests.get(projectId) ?? firstRestMs / 2), longestRestMs));
      onTrouble(error);
    }
  }

  function startNext(): void {
    while (isOpen && underWay.size < atOnce) {
      const projectId = due.values().find((each) => !underWay.has(each));
      if (projectId === undefined) return;
      due.delete(projectId);
      const ended = fold(projectId).finally(() => {
        underWay.delete(projectId);
        startNext();
      });
      underWay.set(projectId, ended);
    }
  }

  return {
    noteAppended(projectId, changes) {
      const waiting = changes === 0 ? undefined : wait(projectId);
      if (waiting === undefined) return;
      waiting.changes += changes;
      goOn(projectId, waiting);
    },

    noteWaiting(projectId, changes) {
      const waiting = changes === 0 ? undefined : wait(projectId);
      if (waiting === undefined) return;
      waiting.changes = Math.max(waiting.changes, changes);
      goOn(projectId, waiting);
    },

    async close() {
      isOpen = false;
      for (const { timer } of pending.values()) clearTimeout(timer);
      await Promise.all(underWay.values());
    },
  };
}
