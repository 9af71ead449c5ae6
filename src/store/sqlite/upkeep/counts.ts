import type { DatabaseSync } from "node:sqlite";
import type { CountedTask } from "../../../counts/build.ts";
import { checkTree } from "../../../counts/check-tree.ts";
import { type NodeRow, nodeColumns, nodeOfRow } from "../count-source.ts";
import { readMigrations, readOrigin } from "../migrations.ts";
import { seriesOf } from "../rebuild-counts.ts";
import { type Dimension, memberships } from "../series.ts";
import { prepare } from "../statements.ts";

/** What a task's series of each dimension has for its value. */
const valueSql = {
  service: "''",
  name: "task.name",
  instance: "task.instance_id",
} as const satisfies Record<Dimension, string>;

/** How often progress is told, in tasks. */
const tasksPerStep = 50_000;

/**
 * Holds series and count trees against the tasks, each looked at once for every dimension. Only one series' nodes are
 * in memory at a time. The counts of an older schema are not looked at: the next start makes them anew.
 */
export function* wrongCounts(store: DatabaseSync, tellPercent: (percent: number) => void): Generator<string> {
  const migrations = readMigrations();
  const origin = readOrigin(store, migrations);
  if (origin.isOurs && origin.made < migrations.length) return;
  yield* strayTasks(store);
  yield* emptySeries(store);
  yield* wrongTrees(store, tellPercent);
}

/** Tasks that stand in another series than their project, service, kind, name and instance say. */
function* strayTasks(store: DatabaseSync): Generator<string> {
  const joins = memberships.map(
    ({ dimension, column }) => `LEFT JOIN series AS by_${dimension} ON by_${dimension}.id = task.${column}
      AND (by_${dimension}.project_id, by_${dimension}.service, by_${dimension}.kind)
        = (task.project_id, task.service, task.kind)
      AND by_${dimension}.dimension = '${dimension}' AND by_${dimension}.value = ${valueSql[dimension]}`,
  );
  const isStray = memberships.map(({ dimension }) => `by_${dimension}.id IS NULL`).join(" OR ");
  const strays = prepare<[projectId: string, count: number]>(
    store,
    `SELECT task.project_id, count(*) FROM task NOT INDEXED ${joins.join(" ")} WHERE ${isStray}
     GROUP BY task.project_id`,
  );
  for (const [projectId, count] of strays.all()) {
    yield `project ${projectId}: ${count} tasks stand in series that are not theirs`;
  }
}

/** Series that are there without tasks, and trees that are there without series. */
function* emptySeries(store: DatabaseSync): Generator<string> {
  for (const { dimension, column, index } of memberships) {
    const empty = prepare<[id: number]>(
      store,
      `SELECT id FROM series WHERE dimension = '${dimension}'
       AND NOT EXISTS (SELECT 1 FROM task INDEXED BY ${index} WHERE ${column} = series.id) LIMIT 100`,
    );
    for (const [id] of empty.all()) yield `${nameOfSeries(store, id)}: there is no task of it`;
  }
  const lost = prepare<[id: number]>(
    store,
    `SELECT DISTINCT series_id FROM count_node
     WHERE NOT EXISTS (SELECT 1 FROM series WHERE id = series_id) LIMIT 100`,
  );
  for (const [id] of lost.all()) yield `${nameOfSeries(store, id)}: there are counts of it`;
}

function* wrongTrees(store: DatabaseSync, tellPercent: (percent: number) => void): Generator<string> {
  const nodes = prepare<NodeRow>(
    store,
    `SELECT ${nodeColumns.join(", ")} FROM count_node WHERE series_id = ? ORDER BY level, start_ms, start_id`,
  );
  const rows = prepare<[rows: number | null]>(store, "SELECT max(rowid) FROM task").get()?.[0] ?? 0;
  let passed = 0;
  function* passing(tasks: Iterable<CountedTask>): Generator<CountedTask> {
    for (const task of tasks) {
      passed += 1;
      if (passed % tasksPerStep === 0)
        tellPercent(Math.min((100 * passed) / (rows * memberships.length), 100));
      yield task;
    }
  }
  for (const membership of memberships) {
    for (const { seriesId, tasks } of seriesOf(store, membership)) {
      for (const fault of checkTree(nodes.all(seriesId).map(nodeOfRow), passing(tasks))) {
        yield `${nameOfSeries(store, seriesId)}: ${fault}`;
      }
    }
  }
}

function nameOfSeries(store: DatabaseSync, id: number): string {
  const key = prepare<[projectId: string, service: string, kind: string, dimension: string, value: string]>(
    store,
    "SELECT project_id, service, kind, dimension, value FROM series WHERE id = ?",
  ).get(id);
  if (key === undefined) return `series ${id}, which is not there`;
  const [projectId, service, kind, dimension, value] = key;
  return `project ${projectId}, ${service} ${kind}${dimension === "service" ? "" : `, ${dimension} ${value}`}`;
}
