import { DatabaseSync } from "node:sqlite";
import type { SeriesIds } from "../../src/store/sqlite/counting.ts";
import { rebuildCounts } from "../../src/store/sqlite/rebuild-counts.ts";
import { memberships, prepareSeries } from "../../src/store/sqlite/series.ts";
import { prepare } from "../../src/store/sqlite/statements.ts";
import { prepareTaskStatements } from "../../src/store/sqlite/task-statements.ts";
import type { CreationReceipt } from "../../src/store/store.ts";
import { createTask } from "../../src/task/report.ts";
import type { HistoryEntry, Task, TaskKey } from "../../src/task/task.ts";
import { shown } from "../finding.ts";
import { type GeneratedTask, generateTasks } from "./generator.ts";
import type { Population } from "./population.ts";
import { hexDigits, type Random, seededRandom } from "./random.ts";

/** One of so many tasks is remembered by its key. */
const tasksPerKey = 250;
/** Whoever created all the tasks. */
const producer = "admin";

/**
 * A file that nobody else has open and that is thrown away after a crash needs no journal and no flushes, and what is
 * sorted and looked up meanwhile should stay in memory.
 */
const settings = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA cache_size = -1048576; -- 1 GiB
  PRAGMA temp_store = MEMORY;
`;

/**
 * Fills a store that has no tasks yet: first the bare rows, in the order in which they came; then the indexes; then the
 * counts. Answers the keys of some tasks, evenly spread over all.
 */
export function fillStore(
  path: string,
  contents: { readonly population: Population; readonly seed: number },
  tell: (text: string) => void,
): readonly TaskKey[] {
  // The engine's defensive mode does not do without a journal.
  const database = new DatabaseSync(path, { defensive: false });
  try {
    database.exec(settings);
    const indexes = prepare<[name: string, sql: string]>(
      database,
      "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'task' AND sql IS NOT NULL",
    ).all();
    for (const [name] of indexes) database.exec(`DROP INDEX ${name}`);
    const timed = <T>(step: string, work: () => T): T => {
      const startedMs = performance.now();
      const result = work();
      tell(`${step}: ${shown((performance.now() - startedMs) / 1000, 0)} s`);
      return result;
    };
    const keys = timed("rows", () => insertRows(database, contents));
    timed("indexes", () => {
      for (const [, sql] of indexes) database.exec(sql);
    });
    timed("counts", () => rebuildCounts(database));
    database.exec("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
    return keys;
  } finally {
    database.close();
  }
}

function insertRows(
  database: DatabaseSync,
  { population, seed }: { readonly population: Population; readonly seed: number },
): readonly TaskKey[] {
  const { insertTask } = prepareTaskStatements(database);
  const seriesOf = seriesLookUp(database);
  const random = seededRandom(seed + 1);
  const keys: TaskKey[] = [];
  let count = 0;
  database.exec("BEGIN");
  for (const generated of generateTasks(population, seed)) {
    const { task, history, receipt } = newTask(generated, random);
    insertTask(task, seriesOf(task), receipt, history);
    if (count % tasksPerKey === 0) keys.push({ projectId: task.projectId, id: task.id });
    count += 1;
  }
  database.exec("COMMIT");
  return keys;
}

/** A generated task as the store takes it. The digest of its creation is as random as a real one. */
export function newTask(
  { projectId, id, acceptedAtMs, creation }: GeneratedTask,
  random: Random,
): { readonly task: Task; readonly history: readonly HistoryEntry[]; readonly receipt: CreationReceipt } {
  const { task, entry } = createTask(creation, { projectId, id, createdBy: producer, nowMs: acceptedAtMs });
  const receipt = { taskId: id, digest: hexDigits(64, random), acceptedAtMs, createdBy: producer };
  return { task, history: [entry], receipt };
}

/** Looks up series, and makes them. It remembers them all, as the store does not. */
function seriesLookUp(database: DatabaseSync): (task: Task) => SeriesIds {
  const { ensureSeries } = prepareSeries(database);
  const known = new Map<string, number>();
  return (task) =>
    memberships.map(({ dimension, valueIn }) => {
      const value = valueIn(task);
      const key = `${task.projectId} ${task.service} ${task.kind} ${dimension} ${value}`;
      const id = known.get(key) ?? ensureSeries({ ...task, dimension, value });
      known.set(key, id);
      return id;
    }) as unknown as SeriesIds;
}
