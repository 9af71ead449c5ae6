import type { DatabaseSync } from "node:sqlite";
import type { CountSource, StoredNode } from "../../counts/count-tree.ts";
import { theEnd } from "../../counts/place.ts";
import { emptyTally, slotOf, type Tally } from "../../counts/tally.ts";
import { type TaskStatus, taskStatuses } from "../../task/lifecycle.ts";
import type { Place } from "../../task/query.ts";
import { byDimension, type Dimension, type Membership, type SeriesId } from "./series.ts";
import { prepare, prepareOnce, type Statement } from "./statements.ts";

/** The columns of a node's tally, in the order of `taskStatuses`. */
const tallyColumns = taskStatuses.map((status) => status.replace(/(?!^)[A-Z]/g, "_$&").toLowerCase());

/** The columns that make a node, in the order of `NodeRow`. */
export const nodeColumns = ["level", "start_ms", "start_id", ...tallyColumns];
export type NodeRow = readonly [level: number, startMs: number, startId: string, ...tally: number[]];

/** Writes a node of a series: values are the series and then a `NodeRow`. */
export const writeNodeSql = `INSERT OR REPLACE INTO count_node (series_id, ${nodeColumns.join(", ")})
  VALUES (?, ${nodeColumns.map(() => "?").join(", ")})`;

export function nodeOfRow([level, createdAtMs, id, ...tally]: NodeRow): StoredNode {
  return { level, start: { createdAtMs, id }, tally };
}

export function rowOfNode({ level, start, tally }: StoredNode): NodeRow {
  return [level, start.createdAtMs, start.id, ...tally];
}

/** Prepares the statements on the nodes of count trees, and on the tasks of their blocks. */
export function prepareCountSources(database: DatabaseSync) {
  const columns = nodeColumns.join(", ");
  const readRoot = prepare<NodeRow>(
    database,
    `SELECT ${columns} FROM count_node WHERE series_id = ? ORDER BY level DESC LIMIT 1`,
  );
  const inRange =
    "series_id = ? AND level = ? AND (start_ms, start_id) >= (?, ?) AND (start_ms, start_id) < (?, ?)";
  const readNodes = prepare<NodeRow>(
    database,
    `SELECT ${columns} FROM count_node WHERE ${inRange} ORDER BY start_ms, start_id`,
  );
  const writeNode = prepare(database, writeNodeSql);
  const deleteNodes = prepare(database, `DELETE FROM count_node WHERE ${inRange}`);
  const onTasks = byDimension((membership) => prepareOnTasks(database, membership));

  return function sourceOf(dimension: Dimension, id: SeriesId): CountSource {
    const { count, tally, cuts, first, last } = onTasks[dimension];
    return {
      readRoot() {
        const row = readRoot.get(id);
        return row && nodeOfRow(row);
      },
      readFirst: (from) => placeOf(first.get(id, from.createdAtMs, from.id)),
      readLast: (to) => placeOf(last.get(id, to.createdAtMs, to.id)),
      readNodes: (level, from, to) => readNodes.all(id, level, ...bounds(from, to)).map(nodeOfRow),
      writeNode: (node) => {
        writeNode.run(id, ...rowOfNode(node));
      },
      deleteNodes: (level, from, to) => {
        deleteNodes.run(id, level, ...bounds(from, to));
      },
      count: (from, to, slots) => count(slots).get(id, ...bounds(from, to), ...statusesOf(slots))?.[0] ?? 0,
      tally: (from, to) => tallyOf(tally.all(id, ...bounds(from, to))),
      cuts(from, to, every) {
        const places: Place[] = [];
        for (let start = from; ; ) {
          const place = placeOf(cuts.get(id, ...bounds(start, to), every));
          if (place === undefined) return places;
          places.push(place);
          start = place;
        }
      },
    };
  };
}

function prepareOnTasks(database: DatabaseSync, { column, index }: Membership) {
  const inRange = `FROM task INDEXED BY ${index}
    WHERE ${column} = ? AND (created_at_ms, id) >= (?, ?) AND (created_at_ms, id) < (?, ?)`;
  const prepared = prepareOnce(database, taskStatuses.length + 1);
  return {
    count: (slots: readonly number[] | undefined): Statement<[count: number]> => {
      const places = slots?.map(() => "?").join(", ");
      return prepared(
        `SELECT count(*) ${inRange} ${places === undefined ? "" : `AND status IN (${places})`}`,
      );
    },
    tally: prepare<[status: TaskStatus, count: number]>(
      database,
      `SELECT status, count(*) ${inRange} GROUP BY status`,
    ),
    first: prepare<PlaceRow>(
      database,
      `SELECT created_at_ms, id FROM task INDEXED BY ${index} WHERE ${column} = ? AND (created_at_ms, id) >= (?, ?)
       ORDER BY created_at_ms, id LIMIT 1`,
    ),
    last: prepare<PlaceRow>(
      database,
      `SELECT created_at_ms, id FROM task INDEXED BY ${index} WHERE ${column} = ? AND (created_at_ms, id) < (?, ?)
       ORDER BY created_at_ms DESC, id DESC LIMIT 1`,
    ),
    cuts: prepare<PlaceRow>(
      database,
      `SELECT created_at_ms, id ${inRange} ORDER BY created_at_ms, id LIMIT 1 OFFSET ? + 0`,
    ),
  };
}

type PlaceRow = readonly [createdAtMs: number, id: string];

function placeOf(row: PlaceRow | undefined): Place | undefined {
  return row && { createdAtMs: row[0], id: row[1] };
}

function bounds(from: Place, to: Place = theEnd) {
  return [from.createdAtMs, from.id, to.createdAtMs, to.id] as const;
}

function statusesOf(slots: readonly number[] = []): readonly TaskStatus[] {
  return slots.flatMap((slot) => taskStatuses[slot] ?? []);
}

function tallyOf(rows: readonly (readonly [status: TaskStatus, count: number])[]): Tally {
  const tally = emptyTally();
  for (const [status, count] of rows) tally[slotOf(status)] = count;
  return tally;
}
