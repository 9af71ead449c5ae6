import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { prepare } from "../../src/store/sqlite/statements.ts";
import type { TaskFilter } from "../../src/task/query.ts";
import { storeFile } from "./filled-store.ts";

/** A total that was answered, and of what. */
export interface AnsweredTotal {
  readonly filter: TaskFilter;
  readonly total: number;
}

/** The engine's limits of values in a statement, and of columns in an answer, are far from what so many totals take. */
const totalsAtOnce = 100;

/**
 * Compares totals with a look at every task of the store, without any index and without counts: one pass over the
 * table for all of them.
 *
 * @throws Error for the first total that is wrong.
 */
export function compareTotals({
  directory,
  answered,
}: {
  readonly directory: string;
  readonly answered: readonly AnsweredTotal[];
}): void {
  using database = new DatabaseSync(join(directory, storeFile), { readOnly: true });
  for (let from = 0; from < answered.length; from += totalsAtOnce) {
    const some = answered.slice(from, from + totalsAtOnce);
    const conditions = some.map(({ filter }) => conditionOf(filter));
    const sums = conditions.map(({ sql }) => `count(*) FILTER (WHERE ${sql})`);
    const counted = prepare<number[]>(database, `SELECT ${sums.join(", ")} FROM task NOT INDEXED`).get(
      ...conditions.flatMap(({ values }) => values),
    );
    for (const [index, { filter, total }] of some.entries()) {
      if (counted?.[index] !== total) {
        throw new Error(`a total is ${total}, and there are ${counted?.[index]}: ${JSON.stringify(filter)}`);
      }
    }
  }
}

/** The ids of a page, by sorting every task of the filter. */
export function sortIds(page: {
  readonly directory: string;
  readonly filter: TaskFilter;
  readonly offset: number;
  readonly limit: number;
}): readonly string[] {
  using database = new DatabaseSync(join(page.directory, storeFile), { readOnly: true });
  const { sql, values } = conditionOf(page.filter);
  return prepare<[id: string]>(
    database,
    `SELECT id FROM task NOT INDEXED WHERE ${sql} ORDER BY created_at_ms DESC, id DESC LIMIT ? OFFSET ?`,
  )
    .all(...values, page.limit, page.offset)
    .map(([id]) => id);
}

interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** What the filters of this benchmark say, in the words of the table. */
function conditionOf(filter: TaskFilter): Condition {
  const parts: readonly Condition[] = [
    isOneOf("project_id", [filter.projectId]),
    isOneOf("service", filter.services),
    isOneOf("kind", filter.kinds),
    isOneOf("status", filter.statuses),
    isOneOf("name", filter.names),
    { sql: "created_at_ms >= ?", values: [filter.createdFromMs ?? Number.MIN_SAFE_INTEGER] },
    { sql: "created_at_ms <= ?", values: [filter.createdToMs ?? Number.MAX_SAFE_INTEGER] },
  ];
  return { sql: parts.map(({ sql }) => sql).join(" AND "), values: parts.flatMap(({ values }) => values) };
}

function isOneOf(column: string, values: readonly string[] | undefined): Condition {
  if (values === undefined) return { sql: "true", values: [] };
  return { sql: `${column} IN (${values.map(() => "?").join(", ")})`, values };
}
