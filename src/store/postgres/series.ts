import type { Service, TaskKind } from "../../task/lifecycle.ts";

/** What the tasks of a series have in common beside project, service and kind. */
export type Dimension = "service" | "name" | "instance";

/** Names a series of a project. The value is the name, or the instance's id; empty where the dimension is the service. */
export interface SeriesKey {
  readonly service: Service;
  readonly kind: TaskKind;
  readonly dimension: Dimension;
  readonly value: string;
}

/** Where a dimension's value stands in the tables `task` and `count_change`; nowhere for a service's own series. */
export const valueColumns = {
  service: undefined,
  name: "name",
  instance: "instance_id",
} as const satisfies Record<Dimension, string | undefined>;

export const dimensions = Object.keys(valueColumns) as readonly Dimension[];

/** A key as a text: no service, kind or dimension holds a space. */
export function textOfSeries({ service, kind, dimension, value }: SeriesKey): string {
  return `${service} ${kind} ${dimension} ${value}`;
}

/** The condition that a row of a table belongs to a series, whose key is a row with `service`, `kind` and `value`. */
export function isOfSeries(row: string, key: string, dimension: Dimension): string {
  const column = valueColumns[dimension];
  const isOfService = `${row}.service = ${key}.service AND ${row}.kind = ${key}.kind`;
  return column === undefined ? isOfService : `${isOfService} AND ${row}.${column} = ${key}.value`;
}

/** Makes something for each dimension. */
export function byDimension<T>(make: (dimension: Dimension) => T): Readonly<Record<Dimension, T>> {
  const made = dimensions.map((dimension) => [dimension, make(dimension)] as const);
  return Object.fromEntries(made) as Record<Dimension, T>;
}
