import { randomInt } from "node:crypto";
import {
  type CountNode,
  type CountTree,
  childrenOf,
  indexAt,
  readTree,
  type StoredNode,
  storedLimits,
  type TreeLimits,
} from "../../counts/count-tree.ts";
import { comparePlaces, theEnd } from "../../counts/place.ts";
import { slotOf } from "../../counts/tally.ts";
import { type CountChange, countChanges, rootFor, settleChanges } from "../../counts/tree-changes.ts";
import type { Service, TaskKind, TaskStatus } from "../../task/lifecycle.ts";
import type { Place } from "../../task/query.ts";
import { placeValues, type Reading, ReadParts, seriesValues, sourceOf, Unread } from "./node-source.ts";
import { dimensions, type SeriesKey, textOfSeries } from "./series.ts";
import { type Query, type Session, statement } from "./session.ts";

/** How many changes are applied before others have their turn: some milliseconds. */
const changesPerTurn = 5000;

/** What `count_change` says of one task. */
type ChangeRow = readonly [
  service: Service,
  kind: TaskKind,
  name: string,
  instanceId: string,
  createdAtMs: number,
  id: string,
  from: TaskStatus | null,
  to: TaskStatus | null,
];

/** The changes of one series. */
interface FoldedSeries {
  readonly series: SeriesKey;
  readonly changes: readonly CountChange[];
}

/** The number of the lock that is held while somebody folds a project's changes, or builds its trees anew. */
export const foldLock = "hashtextextended('fold ' || $1, 0)";

const tryLock = statement<[isMine: boolean]>(`SELECT pg_try_advisory_xact_lock(${foldLock})`);

const takeChanges = statement<ChangeRow>(
  `DELETE FROM count_change WHERE project_id = $1
   RETURNING service, kind, name, instance_id, created_at_ms, task_id, from_status, to_status`,
);

/** Below this, a number is drawn at once, and no two alike are drawn by chance. */
const versions = 2 ** 48 - 1;

const setVersion = statement(
  `INSERT INTO count_version (project_id, version) VALUES ($1, $2)
   ON CONFLICT (project_id) DO UPDATE SET version = excluded.version`,
);

/**
 * Says that a project's trees are other ones now, by a number that they never had. It is drawn and not counted, since
 * what is counted may come again: when a standby takes over that lacks the last changes, or the project begins anew, some
 * server still holds the trees that were there before. Two folds that saw the same number cannot both change it, so one
 * of them gives up.
 */
export async function renewVersion(query: Query, projectId: string): Promise<void> {
  await query(setVersion, [projectId, randomInt(1, versions)]);
}

const deleteNodes = statement(
  `DELETE FROM count_node AS node
   USING unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::bigint[], $8::text[], $9::bigint[],
     $10::text[]) AS gone (service, kind, dimension, value, level, from_ms, from_id, to_ms, to_id)
   WHERE node.project_id = $1 AND node.service = gone.service AND node.kind = gone.kind
     AND node.dimension = gone.dimension AND node.value = gone.value AND node.level = gone.level
     AND (node.start_ms, node.start_id) >= (gone.from_ms, gone.from_id)
     AND (node.start_ms, node.start_id) < (gone.to_ms, gone.to_id)`,
);

const writeNodes = statement(
  `INSERT INTO count_node (project_id, service, kind, dimension, value, level, start_ms, start_id, tally)
   SELECT $1, service, kind, dimension, value, level, start_ms, start_id, tally::integer[]
   FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::bigint[], $8::text[], $9::text[])
     AS node (service, kind, dimension, value, level, start_ms, start_id, tally)
   ON CONFLICT (project_id, service, kind, dimension, value, level, start_ms, start_id)
   DO UPDATE SET tally = excluded.tally`,
);

/**
 * Brings a project's count trees to what its appended changes make of them, and takes those away: all of them that are
 * committed, in one snapshot, so that trees and remaining changes together always say how many tasks there are. Answers
 * how many it took; 0 also where somebody else is doing it.
 */
export function foldChanges(
  session: Session,
  projectId: string,
  limits: TreeLimits = storedLimits,
): Promise<number> {
  return session.transaction(async (query) => {
    const [[isMine] = [false]] = await query(tryLock, [projectId]);
    if (!isMine) return 0;
    const rows = await query(takeChanges, [projectId]);
    if (rows.length === 0) return 0;
    const written = new WrittenNodes();
    await bringForward(query, projectId, { folded: changesBySeries(rows), written, limits });
    await written.write(query, projectId);
    await renewVersion(query, projectId);
    return rows.length;
  }, "REPEATABLE READ");
}

function changesBySeries(rows: readonly ChangeRow[]): readonly FoldedSeries[] {
  const bySeries = new Map<string, { readonly series: SeriesKey; readonly changes: CountChange[] }>();
  for (const [service, kind, name, instance, createdAtMs, id, from, to] of rows) {
    const place = { createdAtMs, id };
    const values = { service: "", name, instance };
    for (const dimension of dimensions) {
      const series = { service, kind, dimension, value: values[dimension] };
      const text = textOfSeries(series);
      const known = bySeries.get(text) ?? { series, changes: [] };
      bySeries.set(text, known);
      if (from !== null) known.changes.push({ place, slot: slotOf(from), by: -1 });
      if (to !== null) known.changes.push({ place, slot: slotOf(to), by: 1 });
    }
  }
  return [...bySeries.values()];
}

/** Applies changes to the trees of their series. What a tree needs is read for all of them at once, level by level. */
async function bringForward(
  query: Query,
  projectId: string,
  {
    folded,
    written,
    limits,
  }: {
    readonly folded: readonly FoldedSeries[];
    readonly written: WrittenNodes;
    readonly limits: TreeLimits;
  },
): Promise<void> {
  const parts = new ReadParts();
  const turns = takeTurns();
  await parts.read(
    query,
    projectId,
    folded.map(({ series }) => ({ reads: "root", series })),
  );
  let waiting: Waiting[] = [];
  for (const { series, changes } of folded) {
    waiting.push({
      series,
      changes: changes.toSorted((a, b) => comparePlaces(a.place, b.place)),
      tree: readTree(sourceOf(parts, series, written.of(series)), limits),
    });
    await turns.spend(changes.length);
  }
  while (waiting.length > 0) {
    const missing: Reading[] = [];
    const unfinished: Waiting[] = [];
    for (const each of waiting) {
      const { series, changes, tree } = each;
      const readings = missingFor(parts, series, tree, changes);
      await turns.spend(changes.length);
      if (readings.length > 0) {
        missing.push(...readings);
        unfinished.push(each);
        continue;
      }
      for (let first = 0; first < changes.length; first += changesPerTurn) {
        const some = changes.slice(first, first + changesPerTurn);
        countChanges(tree, some);
        await turns.spend(some.length);
      }
      settleChanges(tree);
    }
    await parts.read(query, projectId, missing);
    waiting = unfinished;
  }
}

/** A series whose changes, in order, are not applied yet, since something of its tree must be read first. */
interface Waiting extends FoldedSeries {
  readonly tree: CountTree;
}

/** Lets others have their turn after some work: whoever folds serves requests, too. */
function takeTurns() {
  let spent = 0;
  return {
    async spend(changes: number): Promise<void> {
      spent += changes;
      if (spent < changesPerTurn) return;
      spent = 0;
      await new Promise(setImmediate);
    },
  };
}

/**
 * What must still be read of a tree to apply changes, which are in order: the children on the way to their blocks, as far
 * as the way is known, and the tasks of the blocks that will be cut.
 */
function missingFor(
  parts: ReadParts,
  series: SeriesKey,
  tree: CountTree,
  changes: readonly CountChange[],
): readonly Reading[] {
  const missing: Reading[] = [];
  below(rootFor(tree), undefined, 0, changes.length);
  return missing;

  function below(node: CountNode, end: Place | undefined, first: number, beyond: number): void {
    if (node.level === 0) {
      let total = node.total;
      for (let index = first; index < beyond; index += 1) total += changes[index]?.by ?? 0;
      const block = { from: node.start, to: end ?? theEnd };
      if (total > tree.limits.maxBlockTasks && !parts.hasTasksOf(series, block)) {
        missing.push({ reads: "tasks", series, ...block });
      }
      return;
    }
    const children = knownChildren(tree, node, end, missing);
    for (let from = first; from < beyond; ) {
      const { place } = changes[from] as CountChange;
      const index = indexAt(children, place);
      const child = children[index];
      if (child === undefined) return;
      const childEnd = children[index + 1]?.start ?? end;
      let to = from + 1;
      while (to < beyond && isBefore(changes[to], childEnd)) to += 1;
      below(child, childEnd, from, to);
      from = to;
    }
  }
}

function isBefore(change: CountChange | undefined, end: Place | undefined): boolean {
  return change !== undefined && (end === undefined || comparePlaces(change.place, end) < 0);
}

/** The children of a node; none where they must be read first. */
function knownChildren(
  tree: CountTree,
  node: CountNode,
  end: Place | undefined,
  missing: Reading[],
): readonly CountNode[] {
  try {
    return childrenOf(tree, node, end);
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    missing.push(error.reading);
    return [];
  }
}

/** A range of nodes of one level that are there no more. */
interface GoneNodes {
  readonly level: number;
  readonly from: Place;
  readonly to: Place;
}

/** What is to be written of one series' nodes: first what goes, then what is. */
class ChangedNodes {
  readonly series: SeriesKey;
  readonly gone: GoneNodes[] = [];
  readonly nodes = new Map<string, StoredNode>();

  constructor(series: SeriesKey) {
    this.series = series;
  }

  writeNode({ level, start, tally }: StoredNode): void {
    this.nodes.set(`${level} ${start.createdAtMs} ${start.id}`, { level, start, tally: [...tally] });
  }

  deleteNodes(level: number, from: Place, to = theEnd): void {
    this.gone.push({ level, from, to });
    for (const [text, node] of this.nodes) {
      const isIn = comparePlaces(node.start, from) >= 0 && comparePlaces(node.start, to) < 0;
      if (node.level === level && isIn) this.nodes.delete(text);
    }
  }
}

/** What is to be written of all series' nodes. */
export class WrittenNodes {
  readonly #bySeries = new Map<string, ChangedNodes>();

  of(series: SeriesKey): ChangedNodes {
    const text = textOfSeries(series);
    const nodes = this.#bySeries.get(text) ?? new ChangedNodes(series);
    this.#bySeries.set(text, nodes);
    return nodes;
  }

  async write(query: Query, projectId: string): Promise<void> {
    const all = [...this.#bySeries.values()];
    const gone = all.flatMap((each) => each.gone.map((range) => ({ ...range, series: each.series })));
    if (gone.length > 0) {
      await query(deleteNodes, [
        projectId,
        ...seriesValues(gone),
        gone.map(({ level }) => level),
        ...placeValues(gone.map(({ from }) => from)),
        ...placeValues(gone.map(({ to }) => to)),
      ]);
    }
    const nodes = all.flatMap((each) =>
      [...each.nodes.values()].map((node) => ({ ...node, series: each.series })),
    );
    if (nodes.length === 0) return;
    await query(writeNodes, [
      projectId,
      ...seriesValues(nodes),
      nodes.map(({ level }) => level),
      ...placeValues(nodes.map(({ start }) => start)),
      nodes.map(({ tally }) => `{${tally.join(",")}}`),
    ]);
  }
}
