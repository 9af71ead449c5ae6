import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { TaskCenterError, taskNotFound } from "../../task/error.ts";
import type { Place } from "../../task/query.ts";
import type { NewTask, StandingReceipt, TaskStore } from "../store.ts";
import { streamedTasks } from "../stream-step.ts";
import type { Aside } from "./aside/aside.ts";
import type { Counting } from "./counting.ts";
import type { AnswerTo, Question } from "./questions.ts";
import { prepareRememberedCreations } from "./remembered-creations.ts";
import type { Session } from "./session.ts";
import { prepare } from "./statements.ts";
import { shortPatience } from "./task-lists.ts";
import { prepareTaskReading } from "./task-reading.ts";
import { movesInLists, prepareTaskStatements } from "./task-statements.ts";

/** The tasks of an open store. */
export function createTaskStore(parts: {
  readonly database: DatabaseSync;
  readonly session: Session;
  readonly counting: Counting;
  readonly aside: Aside;
  readonly clock: Clock;
}): TaskStore {
  const { database, session, counting, aside, clock } = parts;
  const statements = prepareTaskStatements(database);
  const remembered = prepareRememberedCreations(database);
  const closedProject = prepare(
    database,
    `SELECT 1 FROM project WHERE id = ?1 AND enabled = 0
     UNION ALL SELECT 1 FROM deleted_project WHERE id = ?1`,
  );
  const reading = prepareTaskReading({
    database,
    counting,
    readTask: statements.readTask,
    patience: shortPatience,
  });

  /** Answers a question here where that is quickly done, else aside. */
  async function answer<Q extends Question>(projectId: string, question: Q): Promise<AnswerTo<Q>> {
    return session.read(() => reading.answer(question)) ?? (await aside.answer(projectId, question));
  }

  function recordCreation({ projectId, receipt, make }: NewTask): StandingReceipt {
    const earlier = statements.readReceipt({ projectId, id: receipt.taskId });
    if (earlier !== undefined) return { receipt: earlier, foundBy: "id" };
    const { task, history } = make();
    statements.insertTask(task, counting.came(task), receipt, history);
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
        const moves = movesInLists(current, task);
        statements.replaceTask(current, task, { series: counting.became(current, task, moves), moves });
        if (entry !== undefined) statements.insertEntry(key, entry);
        return task;
      }),

    deleteTask: (key, condition) =>
      session.write(() => {
        const current = statements.readTask(key);
        if (current === undefined) return false;
        condition?.(current);
        statements.deleteTask(key);
        counting.went(current);
        return true;
      }),

    getTask: async (key) => session.read(() => statements.readTask(key)),

    listTasks: (query) => answer(query.filter.projectId, { asks: "list", query }),

    async *streamTasks({ filter, order, limit = Number.POSITIVE_INFINITY }) {
      const { projectId } = filter;
      let after: Place | undefined;
      for (let left = limit; left > 0; ) {
        const query = { filter, order, after, limit: Math.min(left, streamedTasks) };
        const { tasks, next } = await aside.answer(projectId, { asks: "stream", query });
        if (tasks.length > 0) yield tasks;
        if (next === undefined) return;
        after = next;
        left -= tasks.length;
      }
    },

    countTasks: (query) => answer(query.filter.projectId, { asks: "count", query }),

    listLastSuccesses: (query) => aside.answer(query.projectId, { asks: "successes", query }),

    findEndedTasks: (query) => aside.answer(query.projectId, { asks: "ended", query }),

    deleteEndedTasks: ({ projectId, ids, endedBeforeMs }) =>
      session.write(() => {
        let deleted = 0;
        for (const id of ids) {
          const task = statements.readTask({ projectId, id });
          if (task === undefined || task.endedAtMs === null || task.endedAtMs >= endedBeforeMs) continue;
          statements.deleteTask(task);
          counting.went(task);
          deleted += 1;
        }
        return deleted;
      }),

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
