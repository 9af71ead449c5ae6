import { detailsText, longDetailsLength, type Task } from "../task/task.ts";
import { taskDocument } from "./task-documents.ts";

/** Where a document without details has them. No text in it can hold this: the quotes would be escaped. */
const noDetails = ',"details":{}';

/** A task as our API answers it, as JSON text. Long details are put in as the text that they are kept as. */
export function taskText(task: Task, nowMs: number): string {
  if (longDetailsLength(task) === 0) return JSON.stringify(taskDocument(task, nowMs));
  const text = JSON.stringify(taskDocument(task, nowMs, {}));
  return text.replace(noDetails, () => `,"details":${detailsText(task)}`);
}
