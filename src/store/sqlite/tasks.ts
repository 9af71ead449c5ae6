import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { TaskCenterError, taskNotFound } from "../../task/error.ts";
import type { NewTask, StandingReceipt, TaskStore } from "../store.ts";
import { prepareRememberedCreations } from "./remembered-creations.ts";
import type { Session } from "./session.ts";
import { prepare } from "./statements.ts";
import { prepareTaskLists } from "./task-lists.ts";
import { prepareTaskStatements } from "./task-statements.ts";

/** The tasks of an open store. */
export function createTaskStore(database: DatabaseSync, session: Session, clock: Clock): TaskStore {
  const statements = prepareTaskStatements(database);
  const remembered = prepareRememberedCreations(database);
  const closedProject = prepare(
    database,
    `SELECT 1 FROM project WHERE id = ?1 AND enabled = 0
     UNION ALL SELECT 1 FROM deleted_project WHERE id = ?1`,
  );
  const listTasks = prepareTaskLists(database, session, statements.readTask);

  function recordCreation({ projectId, receipt, make }: NewTask): StandingReceipt {
    const earlier = statements.readReceipt({ projectId, id: receipt.taskId });
    if (earlier !== undefined) return { receipt: earlier, foundBy: "id" };
    const { task, entry } = make();
    statements.insertTask(task, receipt);
    statements.insertEntry(task, entry);
    return { receipt, foundBy: "new" };
  }

  function recordCreationOnce(creation: NewTask): StandingReceipt {
    const { projectId, receipt, idempotencyKey } = creation;
    if (closedProject.get(projectId) !== undefined) {
      throw new TaskCenterError("forbidden", "The project is closed.");
    }
    if (idempotencyKey === undefined) return recordCreation(creation);
    const nowMs = clock();
    const key = { projectId, idempotencyKey };
    const earlier = remembered.find(key, nowMs);
    if (earlier !== undefined) return { receipt: earlier, foundBy: "key" };
    const standing = recordCreation(creation);
    if (standing.receipt.digest === receipt.digest) remembered.remember(key, standing.receipt, nowMs);
    return standing;
  }

  return {
    createTask: (creation) => session.write(() => recordCreationOnce(creation)),

    changeTask: (key, decide) =>
      session.write(() => {
        const current = statements.readTask(key);
        if (current === undefined) throw taskNotFound();
        const { task, entry } = decide(current);
        if (task === current) return current;
        statements.replaceTask(current, task);
        if (entry !== undefined) statements.insertEntry(key, entry);
        return task;
      }),

    deleteTask: (key, condition) =>
      session.write(() => {
        const current = statements.readTask(key);
        if (current === undefined) return false;
        condition?.(current);
        statements.deleteTask(key);
        return true;
      }),

    getTask: async (key) => session.read(() => statements.readTask(key)),

    listTasks: async (query) => session.read(() => listTasks(query)),

    listHistory: async (query) =>
      session.read(() => {
        const found = statements.readEntries({ ...query, limit: query.limit + 1 });
        if (found.length === 0 && !statements.hasTask(query)) return undefined;
        return { entries: found.slice(0, query.limit), more: found.length > query.limit };
      }),

    listOverdueTasks: async ({ projectId, nowMs, limit }) =>
      session.read(() => statements.readOverdueIds(projectId, nowMs, limit)),
  };
}
