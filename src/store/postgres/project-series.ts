import type { CountedTask } from "../../counts/build.ts";
import type { StoredNode } from "../../counts/count-tree.ts";
import { slotOf } from "../../counts/tally.ts";
import type { CountChange } from "../../counts/tree-changes.ts";
import { type Service, services, type TaskKind, type TaskStatus, taskKinds } from "../../task/lifecycle.ts";
import { nodeOfRow } from "./node-source.ts";
import { byDimension, type Dimension, dimensions, type SeriesKey, valueColumns } from "./series.ts";
import { type Query, statement } from "./session.ts";

/** How many rows are read at once. */
const rowsAtOnce = 5000;

const readProjects = statement<[projectId: string]>(
  `WITH RECURSIVE known AS (
     (SELECT project_id FROM task ORDER BY project_id LIMIT 1)
     UNION ALL
     SELECT next.project_id FROM known CROSS JOIN LATERAL (
       SELECT project_id FROM task WHERE project_id > known.project_id ORDER BY project_id LIMIT 1
     ) AS next
   )
   SELECT project_id FROM known
   UNION SELECT project_id FROM count_version
   UNION SELECT project_id FROM count_node
   UNION SELECT project_id FROM count_change
   ORDER BY project_id`,
);

/** The order of a group's tasks, which begins with the value where the series of the group have different ones. */
const orders = byDimension((dimension) => {
  const value = valueColumns[dimension];
  return value === undefined ? ["created_at_ms", "id"] : [value, "created_at_ms", "id"];
});

const readTasks = byDimension((dimension) => {
  const order = orders[dimension];
  const after = order.map((_, index) => `$${index + 4}`);
  return statement<[value: string, createdAtMs: number, id: string, status: TaskStatus]>(
    `SELECT ${valueColumns[dimension] ?? "''"}, created_at_ms, id, status FROM task
     WHERE project_id = $1 AND service = $2 AND kind = $3 AND (${order.join(", ")}) > (${after.join(", ")})
     ORDER BY ${order.join(", ")} LIMIT $${order.length + 4}`,
  );
});

const readNodes = statement<
  [value: string, level: number, startMs: number, startId: string, tally: readonly number[]]
>(
  `SELECT value, level, start_ms, start_id, tally FROM count_node
   WHERE project_id = $1 AND service = $2 AND kind = $3 AND dimension = $4
     AND (value, level, start_ms, start_id) > ($5, $6::integer, $7::bigint, $8)
   ORDER BY value, level, start_ms, start_id LIMIT $9`,
);

/** One row of each table tells: the limits keep the database from reading more. */
const readGroups = statement<[service: Service, kind: TaskKind]>(
  `SELECT asked.service, asked.kind FROM unnest($2::text[], $3::text[]) AS asked (service, kind)
   WHERE ${["task", "count_node", "count_change"]
     .map(
       (table) => `(SELECT 1 FROM ${table} WHERE ${table}.project_id = $1
         AND ${table}.service = asked.service AND ${table}.kind = asked.kind LIMIT 1) IS NOT NULL`,
     )
     .join(" OR ")}`,
);

const readChanges = byDimension((dimension) =>
  statement<[value: string, createdAtMs: number, id: string, from: TaskStatus | null, to: TaskStatus | null]>(
    `SELECT ${valueColumns[dimension] ?? "''"}, created_at_ms, task_id, from_status, to_status FROM count_change
     WHERE project_id = $1 AND service = $2 AND kind = $3 ORDER BY created_at_ms, task_id`,
  ),
);

/** Every project that has tasks or counts, or once had some. */
export async function projectsWithCounts(query: Query): Promise<readonly string[]> {
  return (await query(readProjects)).map(([projectId]) => projectId);
}

/** What the series have in common that are read one after the other. */
export interface SeriesGroup {
  readonly projectId: string;
  readonly service: Service;
  readonly kind: TaskKind;
  readonly dimension: Dimension;
}

/** The groups of a project with any tasks, nodes or changes. */
export async function groupsOfProject(query: Query, projectId: string): Promise<readonly SeriesGroup[]> {
  const all = services.flatMap((service) => taskKinds.map((kind) => ({ service, kind })));
  const columns = [all.map(({ service }) => service), all.map(({ kind }) => kind)];
  const found = await query(readGroups, [projectId, ...columns]);
  return found.flatMap(([service, kind]) =>
    dimensions.map((dimension) => ({ projectId, service, kind, dimension })),
  );
}

/** The series of a group that has a value. */
export function seriesIn({ service, kind, dimension }: SeriesGroup, value: string): SeriesKey {
  return { service, kind, dimension, value };
}

/** A task as it is counted, with the value of its series. */
export interface SeriesTask extends CountedTask {
  readonly value: string;
}

/** All tasks of a group: series by series, each in order. */
export async function* tasksOf(query: Query, group: SeriesGroup): AsyncGenerator<readonly SeriesTask[]> {
  const { projectId, service, kind, dimension } = group;
  let after: readonly [value: string, createdAtMs: number, id: string] = ["", Number.MIN_SAFE_INTEGER, ""];
  for (;;) {
    const place = after.slice(-orders[dimension].length);
    const rows = await query(readTasks[dimension], [projectId, service, kind, ...place, rowsAtOnce]);
    yield rows.map(([value, createdAtMs, id, status]) => ({
      value,
      place: { createdAtMs, id },
      slot: slotOf(status),
    }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsAtOnce) return;
    after = [last[0], last[1], last[2]];
  }
}

/** The stored nodes of one series. */
export interface SeriesNodes {
  readonly value: string;
  readonly nodes: readonly StoredNode[];
}

/** The nodes of a group: series by series, level by level, each in order. */
export async function* nodesOf(query: Query, group: SeriesGroup): AsyncGenerator<SeriesNodes> {
  const { projectId, service, kind, dimension } = group;
  let after: readonly [value: string, level: number, startMs: number, startId: string] = ["", -1, 0, ""];
  let value = "";
  let nodes: StoredNode[] = [];
  for (;;) {
    const rows = await query(readNodes, [projectId, service, kind, dimension, ...after, rowsAtOnce]);
    for (const [ofValue, ...node] of rows) {
      if (ofValue !== value && nodes.length > 0) {
        yield { value, nodes };
        nodes = [];
      }
      value = ofValue;
      nodes.push(nodeOfRow(node));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsAtOnce) break;
    after = [last[0], last[1], last[2], last[3]];
  }
  if (nodes.length > 0) yield { value, nodes };
}

/** What the trees of a group do not know yet, by the value of the series, each in order. */
export async function changesOf(
  query: Query,
  group: SeriesGroup,
): Promise<ReadonlyMap<string, readonly CountChange[]>> {
  const { projectId, service, kind, dimension } = group;
  const changes = new Map<string, CountChange[]>();
  const rows = await query(readChanges[dimension], [projectId, service, kind]);
  for (const [value, createdAtMs, id, from, to] of rows) {
    const place = { createdAtMs, id };
    const known = changes.get(value) ?? [];
    changes.set(value, known);
    if (from !== null) known.push({ place, slot: slotOf(from), by: -1 });
    if (to !== null) known.push({ place, slot: slotOf(to), by: 1 });
  }
  return changes;
}
