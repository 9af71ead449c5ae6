import type { CallOptions, Connection } from "./connection.ts";
import { isPassing } from "./errors.ts";
import { pause } from "./pause.ts";
import { taskQueryText } from "./query-text.ts";
import { documentIn } from "./task-answers.ts";
import type { ExportedTask, TaskDocument, TaskFilter } from "./types.ts";

/** Where a task stands among those of an export. */
export type ExportPlace = Pick<TaskDocument, "created_at" | "id">;

/** How long to wait before a broken export goes on; after as many failures in a row it ends. */
const pausesMs: readonly number[] = [500, 1000, 2000];

/**
 * Yields all tasks of a filter with their histories, oldest first, as one answer that is read as it comes. Where it
 * breaks off, another one is asked for from the last task on, so that none is left out or comes twice.
 */
export async function* exportAll(
  connection: Connection,
  filter: TaskFilter,
  { after, signal }: CallOptions & { readonly after?: ExportPlace | undefined },
): AsyncGenerator<ExportedTask, void, undefined> {
  let last = after;
  let failures = 0;
  for (;;) {
    const query = { ...filter, created_from: last?.created_at ?? filter.created_from };
    try {
      const lines = await connection.lines({
        method: "GET",
        path: `/tasks${taskQueryText({ ...query, sort: "created_at", history: true })}`,
        headers: { accept: "application/x-ndjson" },
        repeatable: true,
        signal,
      });
      for await (const line of lines) {
        const exported = documentIn(line, "an exported task", connection);
        if (last !== undefined && !isBehind(exported.task, last)) continue;
        yield exported;
        last = exported.task;
        failures = 0;
      }
      return;
    } catch (error) {
      const pauseMs = pausesMs[failures];
      if (pauseMs === undefined || !isPassing(error)) throw error;
      failures += 1;
      await pause(pauseMs, signal);
    }
  }
}

/** In the order of an export. Times have one form and ids are ASCII, so both compare as they are written. */
function isBehind(task: ExportPlace, place: ExportPlace): boolean {
  return task.created_at === place.created_at ? task.id > place.id : task.created_at > place.created_at;
}
