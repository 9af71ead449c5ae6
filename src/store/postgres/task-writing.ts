import type { Clock } from "../../task/clock.ts";
import type { Task, TaskKey } from "../../task/task.ts";
import type { TaskStore } from "../store.ts";
import { taskOfRow } from "../task-rows.ts";
import { createChanges } from "./changes.ts";
import { createCreations } from "./creations.ts";
import { mayBeDone } from "./error.ts";
import { listHistory } from "./history.ts";
import { createRememberedTasks } from "./remembered-tasks.ts";
import type { Session } from "./session.ts";
import {
  deleteEndedTasks,
  deleteTasks,
  lockTasks,
  readOverdueIds,
  readTasks,
  type SeenRow,
  waitForStandbys,
} from "./task-statements.ts";

/** What is written of single tasks, and read of them. */
export type TaskWriting = Pick<
  TaskStore,
  | "createTask"
  | "changeTask"
  | "deleteTask"
  | "getTask"
  | "listHistory"
  | "listOverdueTasks"
  | "deleteEndedTasks"
>;

export function createTaskWriting(parts: {
  readonly session: Session;
  readonly clock: Clock;
  /** Told after a commit that appended rows to count_change: of which project, and how many. */
  readonly onCountChanges: (projectId: string, rows: number) => void;
  /** Told how many changes are written together, whenever some are. */
  readonly onCommit?: ((changes: number) => void) | undefined;
}): TaskWriting {
  const { session, clock } = parts;
  const onCommit = (changes: number): void => {
    if (changes > 0) parts.onCommit?.(changes);
  };
  const remembered = createRememberedTasks();
  const onCountChanges = (projectId: string, rows: number): void => {
    if (rows > 0) parts.onCountChanges(projectId, rows);
  };
  const creations = createCreations({ session, clock, remembered, onCountChanges, onCommit });
  const changes = createChanges({ session, remembered, onCountChanges, onCommit });

  /** Deletes a task as it stands while it is held. `seen` is told that there is one. */
  function deleteHeld(key: TaskKey, seen: (task: Task) => void): Promise<number> {
    const { projectId, id } = key;
    return session.transaction(async (query) => {
      const [row] = await query(lockTasks, [projectId, [id]]);
      if (row === undefined) {
        await query(waitForStandbys);
        return 0;
      }
      seen(taskOf(row));
      const [[deleted] = [0]] = await query(deleteTasks, [projectId, [id]]);
      return deleted;
    });
  }

  return {
    createTask: creations.createTask,
    changeTask: changes.changeTask,

    async deleteTask(key, condition) {
      let wasSeen = false;
      const see = (task: Task): void => {
        condition?.(task);
        wasSeen = true;
      };
      remembered.forget(key);
      const deleted = await deleteHeld(key, see).catch(async (error: unknown) => {
        if (!mayBeDone(error)) throw error;
        // What was seen, and is gone after a connection broke, was deleted here.
        return wasSeen ? Math.max(1, await deleteHeld(key, see)) : deleteHeld(key, see);
      });
      onCountChanges(key.projectId, deleted);
      onCommit(deleted);
      return deleted > 0;
    },

    async getTask({ projectId, id }) {
      const [row] = await session.query(readTasks, [projectId, [id]]);
      return row && taskOf(row);
    },

    listHistory: (query) => listHistory(session.query, query),

    async listOverdueTasks({ projectId, nowMs, limit }) {
      const rows = await session.query(readOverdueIds, [projectId, nowMs, limit]);
      return rows.map(([id]) => id);
    },

    async deleteEndedTasks({ projectId, ids, endedBeforeMs }) {
      for (const id of ids) remembered.forget({ projectId, id });
      const deleted = await session.transaction(async (query) => {
        const [[count] = [0]] = await query(deleteEndedTasks, [projectId, ids, endedBeforeMs]);
        return count;
      });
      onCountChanges(projectId, deleted);
      onCommit(deleted);
      return deleted;
    },
  };
}

function taskOf([, , ...row]: SeenRow): Task {
  return taskOfRow(row);
}
