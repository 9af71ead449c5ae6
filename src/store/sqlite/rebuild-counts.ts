import type { DatabaseSync } from "node:sqlite";
import { buildNodes, type CountedTask } from "../../counts/build.ts";
import { slotOf } from "../../counts/tally.ts";
import type { TaskStatus } from "../../task/lifecycle.ts";
import { rowOfNode, writeNodeSql } from "./count-source.ts";
import { memberships, type SeriesId } from "./series.ts";
import { prepare } from "./statements.ts";

/** Whether a store has series and no counts of them: it was filled without them, or before there were any. */
export function lacksCounts(database: DatabaseSync): boolean {
  const row = prepare<[lacks: number]>(
    database,
    "SELECT EXISTS (SELECT 1 FROM series) AND NOT EXISTS (SELECT 1 FROM count_node)",
  ).get();
  return row?.[0] === 1;
}

/**
 * Counts every task of every series anew, in one transaction; answers how many series there are. Series without tasks
 * are deleted.
 */
export function rebuildCounts(database: DatabaseSync): number {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec("DELETE FROM count_node");
    const write = prepare(database, writeNodeSql);
    let rebuilt = 0;
    for (const { column, index } of memberships) {
      for (const { seriesId, tasks } of seriesOf(database, { column, index })) {
        for (const node of buildNodes(tasks)) write.run(seriesId, ...rowOfNode(node));
        rebuilt += 1;
      }
    }
    database.exec("DELETE FROM series WHERE id NOT IN (SELECT series_id FROM count_node)");
    database.exec("COMMIT");
    return rebuilt;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** The series of one dimension, each with its tasks in order: to be read one after the other. */
export function* seriesOf(
  database: DatabaseSync,
  { column, index }: { readonly column: string; readonly index: string },
): Generator<{ readonly seriesId: SeriesId; readonly tasks: Iterable<CountedTask> }> {
  const rows = database
    .prepare(
      `SELECT ${column}, created_at_ms, id, status FROM task INDEXED BY ${index} ORDER BY ${column}, created_at_ms, id`,
      { returnArrays: true },
    )
    .iterate() as unknown as Iterator<readonly [SeriesId, number, string, TaskStatus]>;
  let next = rows.next();
  while (!next.done) {
    const [seriesId] = next.value;
    yield { seriesId, tasks: tasksOf(seriesId) };
    // What was not read of it: the next series comes after it.
    while (!next.done && next.value[0] === seriesId) next = rows.next();
  }

  function* tasksOf(seriesId: SeriesId): Generator<CountedTask> {
    while (!next.done && next.value[0] === seriesId) {
      const [, createdAtMs, id, status] = next.value;
      yield { place: { createdAtMs, id }, slot: slotOf(status) };
      next = rows.next();
    }
  }
}
