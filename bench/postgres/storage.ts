import { shown } from "../finding.ts";
import type { Database } from "./database-server.ts";
import type { Figure } from "./figures.ts";

/** What lies in the database for tasks. */
export interface Storage {
  readonly tasks: number;
  /** By table: rows and their long values, and indexes. */
  readonly tables: ReadonlyMap<string, { readonly rows: number; readonly indexes: number }>;
}

const storedTables = ["task", "task_history", "count_node", "count_change", "count_version"] as const;

export async function readStorage(database: Database): Promise<Storage> {
  const [[tasks] = [0]] = await database.query("SELECT count(*) FROM task");
  const sizes = await database.query(
    `SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relname IN ('${storedTables.join("', '")}')`,
  );
  return {
    tasks: Number(tasks),
    tables: new Map(
      sizes.map(([name, rows, indexes]) => [String(name), { rows: Number(rows), indexes: Number(indexes) }]),
    ),
  };
}

/** What a task takes of the database, where the store was filled at once. */
export function storageFigures(storage: Storage): readonly Figure[] {
  const { tasks, tables } = storage;
  const perTask = (bytes: number) => `${shown(bytes / tasks, 0)} bytes`;
  const shownTables = storedTables.flatMap((name) => {
    const table = tables.get(name);
    return table === undefined
      ? []
      : [`${name} ${perTask(table.rows)} and ${perTask(table.indexes)} of indexes`];
  });
  return [
    {
      what: "a task in the database, filled at once",
      figure: perTask(totalOf(storage)),
      from: `${shown(tasks)} tasks; ${shownTables.join(", ")}`,
    },
  ];
}

/** What tasks take that were created one after the other since the store was looked at. */
export function growthFigures(before: Storage, after: Storage): readonly Figure[] {
  const created = after.tasks - before.tasks;
  const grown = ["task", "count_node"].map((name) => {
    const [old, now] = [before.tables.get(name), after.tables.get(name)];
    const rows = (now?.rows ?? 0) - (old?.rows ?? 0);
    const indexes = (now?.indexes ?? 0) - (old?.indexes ?? 0);
    return `${name} ${shown(rows / created, 0)} and ${shown(indexes / created, 0)} of indexes`;
  });
  return [
    {
      what: "a task in the database, created by itself",
      figure: `${shown((totalOf(after) - totalOf(before)) / created, 0)} bytes`,
      from: `${shown(created)} tasks of one project; ${grown.join(", ")}`,
    },
  ];
}

function totalOf({ tables }: Storage): number {
  return [...tables.values()].reduce((sum, { rows, indexes }) => sum + rows + indexes, 0);
}
