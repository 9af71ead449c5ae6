import type { CountSource, StoredNode } from "../../counts/count-tree.ts";
import { comparePlaces, theEnd } from "../../counts/place.ts";
import type { Span } from "../../counts/span.ts";
import { emptyTally, slotOf, type Tally } from "../../counts/tally.ts";
import type { TaskStatus } from "../../task/lifecycle.ts";
import type { Place } from "../../task/query.ts";
import { byDimension, isOfSeries, type SeriesKey, textOfSeries } from "./series.ts";
import { type Query, statement, type Value } from "./session.ts";

/**
 * What a count tree reads of the database. The code of the trees does not wait: it is given what was read before, and
 * where something is missing it stops with an `Unread`. What is missing is read then, and the code begins again.
 */
export type Reading =
  | { readonly reads: "root"; readonly series: SeriesKey }
  | {
      readonly reads: "nodes";
      readonly series: SeriesKey;
      readonly level: number;
      readonly from: Place;
      readonly to: Place;
    }
  | { readonly reads: "tasks"; readonly series: SeriesKey; readonly from: Place; readonly to: Place };

/** What is counted of a task. */
export interface PlacedTask {
  readonly place: Place;
  readonly status: TaskStatus;
}

/** Says that something must be read first. */
export class Unread extends Error {
  readonly reading: Reading;

  constructor(reading: Reading) {
    super("a part of a count tree has not been read yet");
    this.reading = reading;
  }
}

/** What was read of one state of a project. */
export class ReadParts {
  readonly #roots = new Map<string, StoredNode | undefined>();
  readonly #nodes = new Map<string, readonly StoredNode[]>();
  readonly #tasks = new Map<string, readonly PlacedTask[]>();

  rootOf(series: SeriesKey): StoredNode | undefined {
    const text = textOfSeries(series);
    if (!this.#roots.has(text)) throw new Unread({ reads: "root", series });
    return this.#roots.get(text);
  }

  nodesOf(series: SeriesKey, level: number, from: Place, to: Place): readonly StoredNode[] {
    const nodes = this.#nodes.get(textOfNodes(series, level, from));
    if (nodes === undefined) throw new Unread({ reads: "nodes", series, level, from, to });
    return nodes;
  }

  /** Whether the tasks of a block have been read. */
  hasTasksOf(series: SeriesKey, block: Span): boolean {
    return this.#tasks.has(textOfNodes(series, 0, block.from));
  }

  /** The tasks of a part of a block. */
  tasksOf(series: SeriesKey, part: Span, block: Span): readonly PlacedTask[] {
    const tasks = this.#tasks.get(textOfNodes(series, 0, block.from));
    if (tasks === undefined) throw new Unread({ reads: "tasks", series, ...block });
    return tasks.slice(firstFrom(tasks, part.from), firstFrom(tasks, part.to));
  }

  /** Takes in what others have read of the same state. */
  takeIn(others: ReadParts): void {
    for (const [text, root] of others.#roots) this.#roots.set(text, root);
    for (const [text, nodes] of others.#nodes) this.#nodes.set(text, nodes);
    for (const [text, tasks] of others.#tasks) this.#tasks.set(text, tasks);
  }

  /** Forgets nodes that somebody holds now. */
  forgetNodes(series: SeriesKey, level: number, from: Place): void {
    this.#nodes.delete(textOfNodes(series, level, from));
  }

  /** Reads everything that is missing, at once. */
  async read(query: Query, projectId: string, readings: readonly Reading[]): Promise<void> {
    const roots = readings.filter((reading) => reading.reads === "root");
    const nodes = readings.filter((reading) => reading.reads === "nodes");
    const tasks = readings.filter((reading) => reading.reads === "tasks");
    await Promise.all([
      roots.length > 0 && this.#readRoots(query, projectId, roots),
      nodes.length > 0 && this.#readNodes(query, projectId, nodes),
      ...tasks.map((reading) => this.#readTasks(query, projectId, reading)),
    ]);
  }

  async #readRoots(query: Query, projectId: string, roots: readonly Reading[]): Promise<void> {
    for (const { series } of roots) this.#roots.set(textOfSeries(series), undefined);
    for (const [index, ...node] of await query(readRootsSql, [projectId, ...seriesValues(roots)])) {
      const root = roots[index - 1];
      if (root !== undefined) this.#roots.set(textOfSeries(root.series), nodeOfRow(node));
    }
  }

  async #readNodes(
    query: Query,
    projectId: string,
    readings: readonly Extract<Reading, { readonly reads: "nodes" }>[],
  ): Promise<void> {
    const rows = await query(readNodesSql, [
      projectId,
      ...seriesValues(readings),
      readings.map(({ level }) => level),
      ...placeValues(readings.map(({ from }) => from)),
      ...placeValues(readings.map(({ to }) => to)),
    ]);
    const byReading = Map.groupBy(rows, ([index]) => index);
    for (const [index, { series, level, from }] of readings.entries()) {
      const found = byReading.get(index + 1) ?? [];
      this.#nodes.set(
        textOfNodes(series, level, from),
        found.map(([, ...node]) => nodeOfRow(node)),
      );
    }
  }

  async #readTasks(
    query: Query,
    projectId: string,
    { series, from, to }: Extract<Reading, { readonly reads: "tasks" }>,
  ): Promise<void> {
    const rows = await query(readTasksSql[series.dimension], [
      projectId,
      series.service,
      series.kind,
      series.value,
      from.createdAtMs,
      from.id,
      to.createdAtMs,
      to.id,
    ]);
    this.#tasks.set(
      textOfNodes(series, 0, from),
      rows.map(([createdAtMs, id, status]) => ({ place: { createdAtMs, id }, status })),
    );
  }
}

/** What becomes of a tree's nodes. */
export interface NodeWriting {
  writeNode(node: StoredNode): void;
  deleteNodes(level: number, from: Place, to: Place): void;
}

/** A tree's source that answers what was read, and hands on what is to be written. */
export function sourceOf(parts: ReadParts, series: SeriesKey, writing: NodeWriting): CountSource {
  /** The block that is being cut: its parts are looked at after the whole. */
  let block = { from: theEnd, to: theEnd };
  return {
    readRoot: () => parts.rootOf(series),
    readNodes: (level, from, to = theEnd) => parts.nodesOf(series, level, from, to),
    // What stands between a block and a place is asked together with other things: see counting.ts.
    readFirst: askedElsewhere,
    readLast: askedElsewhere,
    count: askedElsewhere,
    writeNode: (node) => writing.writeNode(node),
    deleteNodes: (level, from, to = theEnd) => writing.deleteNodes(level, from, to),
    cuts(from, to = theEnd, every) {
      block = { from, to };
      const tasks = parts.tasksOf(series, block, block);
      return tasks.flatMap(({ place }, index) => (index > 0 && index % every === 0 ? [place] : []));
    },
    tally: (from, to = theEnd) => tallyOf(parts.tasksOf(series, { from, to }, block)),
  };
}

function askedElsewhere(): never {
  throw new Error("a count tree in PostgreSQL reads no tasks but those of a block that is cut");
}

export function tallyOf(tasks: readonly PlacedTask[]): Tally {
  const tally = emptyTally();
  for (const { status } of tasks) tally[slotOf(status)] = (tally[slotOf(status)] ?? 0) + 1;
  return tally;
}

/** Where in a list of tasks, which are in order, the first one stands at a place or after it. */
function firstFrom(tasks: readonly PlacedTask[], place: Place): number {
  let low = 0;
  let high = tasks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const task = tasks[middle];
    if (task !== undefined && comparePlaces(task.place, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

type NodeRow = readonly [level: number, startMs: number, startId: string, tally: readonly number[]];

export function nodeOfRow([level, createdAtMs, id, tally]: NodeRow): StoredNode {
  return { level, start: { createdAtMs, id }, tally };
}

/** Series as the four columns by which statements find them. */
export function seriesValues(keyed: readonly { readonly series: SeriesKey }[]): readonly Value[] {
  return [
    keyed.map(({ series }) => series.service),
    keyed.map(({ series }) => series.kind),
    keyed.map(({ series }) => series.dimension),
    keyed.map(({ series }) => series.value),
  ];
}

/**
 * A place as two values. One just after a task's ends in a U+0000, which the database does not take: no id has a U+0001
 * either, and all that it may have stands behind both.
 */
export function placeValue({ createdAtMs, id }: Place): readonly [ms: number, id: string] {
  return [createdAtMs, id.replace("\u0000", "\u0001")];
}

/** Places as two columns. */
export function placeValues(places: readonly Place[]): readonly Value[] {
  const values = places.map(placeValue);
  return [values.map(([ms]) => ms), values.map(([, id]) => id)];
}

const inSeries = `node.project_id = $1 AND node.service = read.service AND node.kind = read.kind
  AND node.dimension = read.dimension AND node.value = read.value`;

const readRootsSql = statement<[index: number, ...node: NodeRow]>(
  `SELECT read.index, root.*
   FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
     AS read (service, kind, dimension, value, index)
   CROSS JOIN LATERAL (
     SELECT node.level, node.start_ms, node.start_id, node.tally FROM count_node AS node
     WHERE ${inSeries} ORDER BY node.level DESC LIMIT 1
   ) AS root`,
);

const readNodesSql = statement<[index: number, ...node: NodeRow]>(
  `SELECT read.index, node.level, node.start_ms, node.start_id, node.tally
   FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::bigint[], $8::text[], $9::bigint[],
     $10::text[]) WITH ORDINALITY
     AS read (service, kind, dimension, value, level, from_ms, from_id, to_ms, to_id, index)
   JOIN count_node AS node ON ${inSeries} AND node.level = read.level
     AND (node.start_ms, node.start_id) >= (read.from_ms, read.from_id)
     AND (node.start_ms, node.start_id) < (read.to_ms, read.to_id)
   ORDER BY read.index, node.start_ms, node.start_id`,
);

const readTasksSql = byDimension((dimension) =>
  statement<[createdAtMs: number, id: string, status: TaskStatus]>(
    `SELECT task.created_at_ms, task.id, task.status
     FROM task JOIN (VALUES ($2::text, $3::text, $4::text)) AS key (service, kind, value)
       ON ${isOfSeries("task", "key", dimension)}
     WHERE task.project_id = $1 AND (task.created_at_ms, task.id) >= ($5, $6)
       AND (task.created_at_ms, task.id) < ($7, $8)
     ORDER BY task.created_at_ms, task.id`,
  ),
);

function textOfNodes(series: SeriesKey, level: number, from: Place): string {
  return `${textOfSeries(series)}\n${level} ${from.createdAtMs} ${from.id}`;
}
