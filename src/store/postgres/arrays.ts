import type { Value } from "./session.ts";

/** A column with its type in the database. */
export type TypedColumn = readonly [name: string, type: string];

/** A value within an array. */
type Item = string | number | boolean | null;

/** Rows that a statement is given column by column, as arrays that begin with a parameter: `… AS alias (id, name)`. */
export function rowsFrom(alias: string, columns: readonly TypedColumn[], firstParameter: number): string {
  const arrays = columns.map(([, type], index) => `$${firstParameter + index}::${type}[]`);
  return `unnest(${arrays.join(", ")}) AS ${alias} (${namesOf(columns).join(", ")})`;
}

/** What the parameters of `rowsFrom` are given. */
export function arraysOf(columns: readonly TypedColumn[], rows: readonly (readonly Item[])[]): Value[] {
  return columns.map((_, index) => rows.map((row) => row[index] ?? null));
}

export function namesOf(columns: readonly TypedColumn[]): readonly string[] {
  return columns.map(([name]) => name);
}
