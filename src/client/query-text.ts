import type { TaskFilter } from "./types.ts";

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A query with its question mark; a list becomes a repeated key, and what is not given stays away. */
export function queryText(query: Query): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    (value === undefined ? [] : [value].flat()).map((one) => [key, String(one)]),
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}

/** The query of a call about many tasks: each label that is asked for has a key of its own. */
export function taskQueryText({
  label = {},
  ...query
}: TaskFilter & { readonly [key in string]?: unknown }): string {
  const labels = Object.entries(label).map(([key, values]) => [`label.${key}`, values]);
  return queryText({ ...query, ...Object.fromEntries(labels) } as Query);
}
