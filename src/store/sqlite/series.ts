import type { DatabaseSync } from "node:sqlite";
import type { Span } from "../../counts/span.ts";
import type { Service, TaskKind } from "../../task/lifecycle.ts";
import type { Task } from "../../task/task.ts";
import { limited, prepare } from "./statements.ts";

/** What the tasks of a series have in common beside project, service and kind. */
export type Dimension = "service" | "name" | "instance";

/** Names a series. The value is the name, or the instance's id; empty where the dimension is the service itself. */
export interface SeriesKey {
  readonly projectId: string;
  readonly service: Service;
  readonly kind: TaskKind;
  readonly dimension: Dimension;
  readonly value: string;
}

/** A series' number in the store, where its tasks are found. */
export type SeriesId = number;

/** How it is said of a task to which series of a dimension it belongs. */
export interface Membership {
  readonly dimension: Dimension;
  /** The column that holds the series' number. */
  readonly column: string;
  /** The index of the tasks that begins with it. */
  readonly index: string;
  readonly valueIn: (task: Task) => string;
}

/** The series that each task belongs to, one of each dimension. */
export const memberships = [
  { dimension: "service", column: "service_series", index: "task_by_service", valueIn: () => "" },
  { dimension: "name", column: "name_series", index: "task_by_name", valueIn: (task) => task.name },
  {
    dimension: "instance",
    column: "instance_series",
    index: "task_by_instance",
    valueIn: (task) => task.instance.id,
  },
] as const satisfies readonly Membership[];

/** Makes something for each dimension. */
export function byDimension<T>(make: (membership: Membership) => T): Readonly<Record<Dimension, T>> {
  const made = memberships.map((membership) => [membership.dimension, make(membership)] as const);
  return Object.fromEntries(made) as Record<Dimension, T>;
}

/** How many series' numbers are remembered. */
const capacity = 20_000;

/** Prepares the look-ups of series. A series is there while it has tasks. */
export function prepareSeries(database: DatabaseSync) {
  const find = prepare<[id: number]>(
    database,
    "SELECT id FROM series WHERE project_id = ? AND service = ? AND kind = ? AND dimension = ? AND value = ?",
  );
  const insert = prepare(
    database,
    "INSERT INTO series (project_id, service, kind, dimension, value) VALUES (?, ?, ?, ?, ?)",
  );
  const remove = prepare<
    [projectId: string, service: string, kind: string, dimension: string, value: string]
  >(database, "DELETE FROM series WHERE id = ? RETURNING project_id, service, kind, dimension, value");
  const listValues = prepare<[value: string, id: number]>(
    database,
    `SELECT value, id FROM series WHERE project_id = ? AND service = ? AND kind = ? AND dimension = ?
     ORDER BY value ${limited}`,
  );
  /** Also which series are not there: a list of a whole project asks for every service and kind. */
  const known = new Map<string, SeriesId | undefined>();

  let made = 0;

  function remember(text: string, id: SeriesId | undefined): SeriesId | undefined {
    if (known.size >= capacity) known.clear();
    known.set(text, id);
    return id;
  }

  function findSeries(key: SeriesKey): SeriesId | undefined {
    const text = textOf(key);
    return known.has(text) ? known.get(text) : remember(text, find.get(...partsOf(key))?.[0]);
  }

  return {
    findSeries,

    /** Answers the number of a series, which is made where there is none. */
    ensureSeries(key: SeriesKey): SeriesId {
      const id = findSeries(key);
      if (id !== undefined) return id;
      made += 1;
      const newId = Number(insert.run(...partsOf(key)).lastInsertRowid);
      remember(textOf(key), newId);
      return newId;
    },

    deleteSeries(id: SeriesId): void {
      const key = remove.get(id);
      if (key !== undefined) known.delete(key.join(separator));
    },

    /** Answers the series of a dimension, by value, bytewise, at most `limit`. */
    listSeries(
      { projectId, service, kind, dimension }: Omit<SeriesKey, "value">,
      limit: number,
    ): readonly (readonly [value: string, id: SeriesId])[] {
      return listValues.all(projectId, service, kind, dimension, limit);
    },

    /** Forgets what is known: it may have been undone. */
    forget: () => known.clear(),

    /** How many series have been made: when it moves, what is known may have to be forgotten. */
    countMade: () => made,
  };
}

/** Prepares the look-up of names in the index of their tasks. */
export function prepareNames(database: DatabaseSync) {
  const list = prepare<[value: string, hasTasks: number]>(
    database,
    `SELECT value, EXISTS (
       SELECT 1 FROM task INDEXED BY task_by_name
       WHERE name_series = named.id AND (created_at_ms, task.id) >= (?, ?) AND (created_at_ms, task.id) < (?, ?)
     ) FROM (
       SELECT value, id FROM series
       WHERE project_id = ? AND service = ? AND kind = ? AND dimension = 'name' ORDER BY value ${limited}
     ) AS named`,
  );

  /** Answers the names of a service and kind, bytewise, at most `limit`, and whether each has a task in a span. */
  return function listNames(
    { projectId, service, kind }: Pick<SeriesKey, "projectId" | "service" | "kind">,
    { from, to }: Span,
    limit: number,
  ): readonly (readonly [name: string, hasTasks: number])[] {
    return list.all(from.createdAtMs, from.id, to.createdAtMs, to.id, projectId, service, kind, limit);
  };
}

function partsOf({ projectId, service, kind, dimension, value }: SeriesKey) {
  return [projectId, service, kind, dimension, value] as const;
}

/** No part of a key holds it. */
const separator = "\u0000";

function textOf(key: SeriesKey): string {
  return partsOf(key).join(separator);
}
