import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementResultingChanges } from "node:sqlite";

/** A prepared statement that answers rows as arrays, which are read faster than objects. */
export interface Statement<Row extends readonly SQLOutputValue[] = readonly []> {
  get(...values: readonly SQLInputValue[]): Row | undefined;
  all(...values: readonly SQLInputValue[]): readonly Row[];
  run(...values: readonly SQLInputValue[]): StatementResultingChanges;
}

/**
 * How every statement limits its rows. The engine looks at the value of a bare `LIMIT ?` to choose its plan, and so
 * prepares the statement anew each time; an expression it leaves alone. That is half the cost of a page.
 */
export const limited = "LIMIT ? + 0";

/** Prepares one statement. STRICT tables hold exactly what they declare, so the caller may say what its rows are. */
export function prepare<Row extends readonly SQLOutputValue[] = readonly []>(
  database: DatabaseSync,
  sql: string,
): Statement<Row> {
  return database.prepare(sql, { returnArrays: true }) as unknown as Statement<Row>;
}

/** Prepares a statement once, by its text, for texts that depend on the question. */
export type PrepareOnce = <Row extends readonly SQLOutputValue[]>(sql: string) => Statement<Row>;

/** Keeps the statements that were used last, at most `capacity` of them. */
export function prepareOnce(database: DatabaseSync, capacity: number): PrepareOnce {
  const bySql = new Map<string, Statement<readonly SQLOutputValue[]>>();
  return <Row extends readonly SQLOutputValue[]>(sql: string) => {
    const statement = bySql.get(sql) ?? prepare(database, sql);
    // A map answers its keys in the order in which they were set: the first is the one not used for longest.
    bySql.delete(sql);
    bySql.set(sql, statement);
    for (const oldest of bySql.keys()) {
      if (bySql.size <= capacity) break;
      bySql.delete(oldest);
    }
    return statement as Statement<Row>;
  };
}
