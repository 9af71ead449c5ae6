import type { TaskDocument, TaskListDocument } from "../src/client/index.ts";
import { taskDocument } from "../src/http/task-documents.ts";
import { factoryCreatedAtMs, taskFactory } from "./factories.ts";

/** What a server answers that is made up, as a client takes it: a running task, but for what a test is about. */
export function answeredTask(facts: Partial<TaskDocument> = {}): TaskDocument {
  return { ...taskDocument(taskFactory.running(), factoryCreatedAtMs), ...facts };
}

export const answeredNoTasks: TaskListDocument = { tasks: [], total: 0, next_cursor: null };

/** One answer to whatever a client asks of tasks. */
export const answerToAll = { ...answeredTask(), ...answeredNoTasks };
