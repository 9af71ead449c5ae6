import { setImmediate } from "node:timers/promises";
import { stringify } from "csv-stringify/sync";
import type { TaskStore } from "../store/store.ts";
import { TaskCenterError } from "../task/error.ts";
import type { HistoryEntry, Task } from "../task/task.ts";
import { historyLine, taskDocument } from "./task-documents.ts";
import { TaskDocument } from "./task-schemas.ts";
import { taskText } from "./task-text.ts";

/**
 * All tasks of a filter as text, piece by piece. A piece is made when it is asked for, and what was sent is forgotten:
 * any number of tasks takes the same memory. Nothing comes before the first tasks have been read, so that an error until
 * then can still be answered as one.
 */
export type TaskText = AsyncIterable<string>;

/** Tasks as the store answers them: some at a time. */
type TaskBatches = AsyncIterable<readonly Task[]>;

/** NDJSON: each task on a line. */
export async function* ndjsonText(batches: TaskBatches, nowMs: number): TaskText {
  for await (const tasks of batches) {
    for (const task of tasks) yield `${taskText(task, nowMs)}\n`;
  }
}

/** NDJSON: each task with its history on a line. */
export async function* ndjsonTextWithHistories(
  batches: TaskBatches,
  nowMs: number,
  store: Histories,
): TaskText {
  for await (const tasks of batches) {
    for (const task of tasks) yield* lineWithHistory(task, nowMs, store);
  }
}

type Histories = Pick<TaskStore, "listHistory">;

/** How many lines of a history are read at a time. */
const historyLimit = 500;

/**
 * A task with its history up to then; nothing where it was deleted before its history is read.
 *
 * @throws TaskCenterError `conflict` where it is deleted later: the line has begun, and would never be whole.
 */
async function* lineWithHistory(task: Task, nowMs: number, store: Histories): TaskText {
  const { projectId, id, revision } = task;
  const readPage = (afterRevision: number) =>
    store.listHistory({ projectId, id, afterRevision, limit: historyLimit });
  let page = await readPage(0);
  if (page === undefined) return;
  yield `{"task":${taskText(task, nowMs)},"history":[`;
  let separator = "";
  for (;;) {
    for (const entry of page.entries) {
      // What has happened to the task since it was read is left out.
      if (entry.revision > revision) break;
      yield separator + JSON.stringify(historyLine(entry));
      separator = ",";
    }
    const { revision: seen = revision }: Partial<HistoryEntry> = page.entries.at(-1) ?? {};
    if (!page.more || seen >= revision) break;
    page = await readPage(seen);
    if (page === undefined) {
      throw new TaskCenterError("conflict", "A task was deleted while its history was read.");
    }
  }
  yield "]}\n";
}

/** CSV as RFC 4180 writes it, with a header row; null is an empty field, and what is nested is JSON text. */
export async function* csvText(batches: TaskBatches, nowMs: number): TaskText {
  let header = true;
  for await (const tasks of batches) {
    yield csvRows(
      tasks.map((task) => taskDocument(task, nowMs)),
      { header },
    );
    header = false;
  }
  if (header) yield csvRows([], { header });
}

/** A task's members in their order; those of its instance stand by themselves. */
const csvColumns = Object.keys(TaskDocument.properties).flatMap((name) =>
  name === "instance"
    ? Object.keys(TaskDocument.properties.instance.properties).map((member) => ({
        key: `instance.${member}`,
        header: `instance_${member}`,
      }))
    : [{ key: name, header: name }],
);

function csvRows(tasks: TaskDocument[], { header }: { readonly header: boolean }): string {
  return stringify(tasks, {
    header,
    columns: csvColumns,
    cast: { boolean: String },
    record_delimiter: "windows",
    // Each of them alone ends a row for somebody.
    quoted_match: /[\r\n]/,
  });
}

/** How much is sent at a time, in characters. */
const chunkLength = 64 * 1024;

/**
 * The same text in pieces that are worth sending. Everybody else has their turn between two of them, and before each one
 * it is asked whether it may still be sent.
 */
export async function* inChunks(text: TaskText, askAgain: () => Promise<void>): TaskText {
  let chunk = "";
  for await (const piece of text) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    await askAgain();
    yield chunk;
    chunk = "";
    await setImmediate();
  }
  if (chunk === "") return;
  await askAgain();
  yield chunk;
}
