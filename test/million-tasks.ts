import { DatabaseSync } from "node:sqlite";
import { fillStore } from "../bench/scale/fill.ts";
import { dayMs } from "../bench/scale/population.ts";
import { rebuildCounts } from "../src/store/sqlite/rebuild-counts.ts";
import { taskColumns } from "../src/store/task-rows.ts";

/** What a store is filled with. */
export interface Filling {
  readonly projectId: string;
  /** A multiple of `blocks`; a million unless given. */
  readonly tasks?: number;
  /** When the newest tasks came. */
  readonly endMs: number;
}

/** The tasks came in so many spans of time, of which each but the newest is a copy of the newest. */
export const blocks = 50;
const days = 400;
const seed = 7;
const instances = 2000;
/** How long what still runs in the newest block took in an older one. */
const tookMs = 900_000;

/**
 * A file that nobody else has open and that is thrown away after a crash needs no journal and no flushes, and what is
 * sorted meanwhile should stay in memory.
 */
const settings = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA cache_size = -524288; -- 512 MiB
  PRAGMA temp_store = MEMORY;
  PRAGMA threads = 2;
`;

/**
 * Fills the store of a server that was stopped, and that has no tasks, with very many of one project: names, instances,
 * ends and times of day as of a real fleet, over more than a year, exactly counted. One by one they would take minutes:
 * so those of the newest days are made as a server makes them, and the database copies them into the days before.
 */
export function fillWithTasks(path: string, { projectId, tasks = 1_000_000, endMs }: Filling): void {
  if (tasks % blocks !== 0) throw new Error(`The number of tasks has to be a multiple of ${blocks}.`);
  const blockMs = (days / blocks) * dayMs;
  const population = {
    tasks: tasks / blocks,
    projects: [{ id: projectId, share: 1, instances: Math.max(1, Math.min(instances, tasks / blocks)) }],
    beginMs: endMs - blockMs,
    endMs,
  } as const;
  fillStore(path, { population, seed }, () => {});

  // The engine's defensive mode does not do without a journal.
  using database = new DatabaseSync(path, { defensive: false });
  database.exec(settings);
  const indexes = database
    .prepare(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'task' AND sql IS NOT NULL",
    )
    .all();
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);
  copyIntoThePast(database, blockMs);
  for (const { sql } of indexes) database.exec(`${sql}`);
  rebuildCounts(database);
  database.exec("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
}

/** What a row of an older block has other than the row that it is copied from; `:shift` is how much older it is. */
const changedColumns: Readonly<Record<string, string>> = {
  // The id begins with the time, as every id of version 7 does, and the rest of it stays.
  id: "printf('%08x-%04x', (created_at_ms - :shift) >> 16, (created_at_ms - :shift) & 65535) || substr(id, 14)",
  created_at_ms: "created_at_ms - :shift",
  started_at_ms: "started_at_ms - :shift",
  planned_start_at_ms: "planned_start_at_ms - :shift",
  planned_end_at_ms: "planned_end_at_ms - :shift",
  updated_at_ms: "coalesce(ended_at_ms, created_at_ms + :took) - :shift",
  heard_at_ms: "coalesce(ended_at_ms, created_at_ms + :took) - :shift",
  accepted_at_ms: "coalesce(ended_at_ms, created_at_ms + :took) - :shift",
  ended_at_ms: "coalesce(ended_at_ms, created_at_ms + :took) - :shift",
  // What still runs now is long done where it came long ago.
  status: "iif(ended_at_ms IS NULL, 'Completed', status)",
  first_status: "iif(ended_at_ms IS NULL, 'Completed', first_status)",
  progress_percent: "iif(ended_at_ms IS NULL, 100, progress_percent)",
};

function copyIntoThePast(database: DatabaseSync, blockMs: number): void {
  const columns = [
    ...taskColumns,
    ...["fails_at_ms", "creation_digest", "accepted_at_ms", "first_status"],
    ...["service_series", "name_series", "instance_series"],
  ];
  const copy = database.prepare(
    `INSERT INTO task (${columns.join(", ")})
     SELECT ${columns.map((column) => changedColumns[column] ?? column).join(", ")} FROM task WHERE rowid <= :newest`,
  );
  const counted = database.prepare("SELECT max(rowid) AS newest FROM task").get();
  database.exec("BEGIN");
  for (let block = 1; block < blocks; block += 1) {
    copy.run({ shift: block * blockMs, took: tookMs, newest: counted?.newest ?? 0 });
  }
  database.exec("COMMIT");
}
