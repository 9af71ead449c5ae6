import { type Footing, footingAt, nearestFooting } from "../../counts/count-tree.ts";
import { comparePlaces } from "../../counts/place.ts";
import { addTo, emptyTally, slotOf, slotsOf, type Tally, totalOf } from "../../counts/tally.ts";
import type { Service, TaskKind, TaskStatus } from "../../task/lifecycle.ts";
import type { Place } from "../../task/query.ts";
import { statementFor, statementOf } from "./filters.ts";
import { placeValue, placeValues, seriesValues } from "./node-source.ts";
import { byDimension, type Dimension, isOfSeries, type SeriesKey, valueColumns } from "./series.ts";
import { type Query, type Statement, statement, type Value } from "./session.ts";
import type { TreeOf, Trees } from "./trees.ts";

/** The tasks of a series before a place, which are added or taken away. */
export interface End {
  readonly series: SeriesKey;
  readonly place: Place;
  readonly sign: 1 | -1;
}

/** Asks how many tasks with some statuses, or with any, stand at some ends, summed by their signs. */
export interface SumQuery {
  readonly projectId: string;
  /** All of one dimension. */
  readonly ends: readonly End[];
  readonly statuses: readonly TaskStatus[] | undefined;
}

export interface Sum {
  readonly sum: number;
  /** How many of the project's changes wait to be folded. */
  readonly pending: number;
}

/** What the trees tell of some ends, and of which version they are. */
interface Footings {
  readonly answers: readonly Footing[];
  readonly version: number;
}

/** What the database says to sums: of which version it is, how many changes wait, and what the blocks do not tell. */
type SumRow = readonly [version: number, pending: number, beyond: number, changed: number];
const sumColumns = 4;
type TallyRow = readonly [version: number, end: number | null, status: TaskStatus | null, count: number];
type ChangeRow = readonly [
  service: Service,
  kind: TaskKind,
  value: string,
  createdAtMs: number,
  id: string,
  from: TaskStatus | null,
  to: TaskStatus | null,
];

/** The values of a statement after the project, which are an end's columns. */
const endColumns = `unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::text[])
    WITH ORDINALITY AS ends (service, kind, dimension, value, start_ms, start_id, place_ms, place_id, index)`;

const standingVersion = "coalesce((SELECT version FROM count_version WHERE project_id = $1), 0)";

/** Up to so many ends are summed in the database, each by a part of the statement; the sum of more is that of tallies. */
const fewEnds = 12;

/** How a statement is numbered, and what is asked for. */
interface SumShape {
  readonly dimension: Dimension;
  readonly signs: readonly (1 | -1)[];
  readonly ofStatuses: boolean;
  /** The number of the first value after the project. */
  readonly first: number;
}

/** What one change means for a sum: 1, 0 or -1. */
function changeSql(isWanted: (status: string) => string): string {
  const counts = (status: string) => `(${status} IS NOT NULL AND ${isWanted(status)})::integer`;
  return `(${counts("change.to_status")} - ${counts("change.from_status")})`;
}

/** A SELECT of one `SumRow`. Its first value is the project, and the others are `sumValues`. */
function sumSql({ dimension, signs, ofStatuses, first }: SumShape): string {
  const statuses = `$${first + signs.length * endParts}::text[]`;
  const isWanted = (status: string) => (ofStatuses ? `${status} = ANY (${statuses})` : "TRUE");
  const ends = signs.map((sign, index) => {
    const at = first + index * endParts;
    const [startMs, startId, fromMs, fromId, toMs, toId, way] = [3, 4, 5, 6, 7, 8, 9].map(
      (part) => `$${at + part}`,
    );
    const isOf = (row: string) => {
      const column = valueColumns[dimension];
      const ofService = `${row}.service = $${at} AND ${row}.kind = $${at + 1}`;
      // Every value has its type, also where the dimension has none.
      return `${ofService} AND ${column === undefined ? "''" : `${row}.${column}`} = $${at + 2}::text`;
    };
    return {
      beyond: `${sign < 0 ? "-" : "+"} ${way}::integer * (
        SELECT count(*) FROM task WHERE task.project_id = $1 AND ${isOf("task")}
        AND (task.created_at_ms, task.id) >= (${fromMs}::bigint, ${fromId})
        AND (task.created_at_ms, task.id) < (${toMs}::bigint, ${toId})
        AND ${isWanted("task.status")})`,
      known: `${sign < 0 ? "-" : "+"} (${isOf("change")}
        AND (change.created_at_ms, change.task_id) < (${startMs}::bigint, ${startId}))::integer`,
    };
  });
  return `SELECT ${standingVersion}, waiting.pending, 0 ${ends.map(({ beyond }) => beyond).join(" ")}, waiting.changed
     FROM (SELECT count(*) AS pending, coalesce(sum(
         ${changeSql(isWanted)} * (0 ${ends.map(({ known }) => known).join(" ")})
       ), 0)::bigint AS changed
       FROM count_change AS change WHERE change.project_id = $1) AS waiting`;
}

/** Each end's part of a block is looked up by itself: to read all tasks for all ends at once may seem less work. */
const tallies = byDimension((dimension) =>
  statement<TallyRow>(
    `SELECT ${standingVersion}, part.index, part.status, part.count FROM (SELECT) AS one LEFT JOIN (
       SELECT ends.index, beyond.status, beyond.count FROM ${endColumns} CROSS JOIN LATERAL (
         SELECT task.status, count(*) FROM task
         WHERE task.project_id = $1 AND ${isOfSeries("task", "ends", dimension)}
           AND (task.created_at_ms, task.id) >= (ends.start_ms, ends.start_id)
           AND (task.created_at_ms, task.id) < (ends.place_ms, ends.place_id)
         GROUP BY task.status
       ) AS beyond
     ) AS part ON TRUE`,
  ),
);

/** All changes of a project that its trees do not know yet. There are not many of them: they are folded all the time. */
const changes = byDimension((dimension) => {
  const column = valueColumns[dimension];
  return statement<ChangeRow>(
    `SELECT service, kind, ${column ?? "''"}, created_at_ms, task_id, from_status, to_status
     FROM count_change WHERE project_id = $1`,
  );
});

/**
 * Counts tasks without counting them: what their count trees say, as they are held in memory; what has changed since
 * they were last brought forward; and the tasks of the one block in which a place lies. The last two, and the version of
 * the trees that they belong to, come in one statement or in one snapshot, so that the three fit together.
 */
export function createCounting(trees: Trees, onPending: (projectId: string, changes: number) => void) {
  /** What a sum comes to; undefined where the trees are of another version by now. */
  function sumOf(
    asked: SumQuery,
    { answers: footings, version }: Footings,
    [standing, pending, beyond, changed]: SumRow,
  ): Sum | undefined {
    const { projectId, ends, statuses } = asked;
    if (standing !== version) {
      trees.forget(projectId);
      return undefined;
    }
    onPending(projectId, pending);
    const tallies = footings.map(({ tally }) => tally);
    return { sum: signedTotal(ends, tallies, statuses) + beyond + changed, pending };
  }

  /** The tally of all tasks before each end; signs have no say. All ends are of one dimension. */
  async function talliesAt(
    query: Query,
    projectId: string,
    ends: readonly End[],
  ): Promise<{ readonly tallies: readonly Tally[]; readonly pending: number }> {
    const [first] = ends;
    if (first === undefined) return { tallies: [], pending: 0 };
    const { dimension } = first.series;
    for (;;) {
      const { answers: footings, version } = await trees.ask(query, projectId, footingsAt(ends));
      const [beyond, changed] = await Promise.all([
        query(tallies[dimension], [projectId, ...endValues(ends, footings)]),
        query(changes[dimension], [projectId]),
      ]);
      if (beyond[0]?.[0] !== version) {
        trees.forget(projectId);
        continue;
      }
      onPending(projectId, changed.length);
      const sums = footings.map(({ tally }) => [...tally]);
      for (const [, index, status, count] of beyond) {
        const sum = index === null ? undefined : sums[index - 1];
        if (sum !== undefined) addAt(sum, status, count);
      }
      addUnknown(sums, ends, footings, changed);
      return { tallies: sums, pending: changed.length };
    }
  }

  return {
    /** In the snapshot of `query`. */
    talliesAt,

    /** Adds up what stands at some ends, in the snapshot of `query`. */
    async sumAt(query: Query, asked: SumQuery): Promise<Sum> {
      const { projectId, ends, statuses } = asked;
      const [first] = ends;
      if (first === undefined) return { sum: 0, pending: 0 };
      if (ends.length > fewEnds) {
        const { tallies, pending } = await talliesAt(query, projectId, ends);
        return { sum: signedTotal(ends, tallies, statuses), pending };
      }
      for (;;) {
        const footings = await trees.ask(query, projectId, footingsOf(asked));
        const values = [projectId, ...sumValues(asked, footings.answers)];
        const [row] = await query(statementOf<SumRow>(sumSql(shapeOf(asked, first, 2))), values);
        const sum = row && sumOf(asked, footings, row);
        if (sum !== undefined) return sum;
      }
    },

    /**
     * The same in one statement with another question, whose rows follow the sum's columns, and whose first value is the
     * project. Answers undefined where the trees that are held do not tell, or not any more, and for many ends.
     */
    async sumBeside(
      query: Query,
      asked: SumQuery,
      other: {
        readonly statement: Statement<readonly unknown[]>;
        readonly values: readonly Value[];
        readonly order: string;
      },
    ): Promise<{ readonly sum: number; readonly rows: readonly (readonly unknown[])[] } | undefined> {
      const [first] = asked.ends.length > fewEnds ? [] : asked.ends;
      const footings = first && trees.askHeld(asked.projectId, footingsOf(asked));
      if (first === undefined || footings === undefined) return undefined;
      const shape = shapeOf(asked, first, other.values.length + 1);
      const both = statementFor<SumRow>(
        `${other.statement.name || other.statement.text} ${JSON.stringify(shape)}`,
        () => `SELECT * FROM (${sumSql(shape)}) AS sum
          LEFT JOIN (${other.statement.text}) AS page ON TRUE ${other.order}`,
      );
      const rows = await query(both, [...other.values, ...sumValues(asked, footings.answers)]);
      const sum = rows[0] && sumOf(asked, footings, rows[0]);
      return sum && { sum: sum.sum, rows: rows.map((row) => row.slice(sumColumns)) };
    },
  };
}

export type Counting = ReturnType<typeof createCounting>;

/** How many tasks with some statuses, or with any, some tallies count together, each with its end's sign. */
function signedTotal(
  ends: readonly End[],
  tallies: readonly Tally[],
  statuses: readonly TaskStatus[] | undefined,
): number {
  const slots = slotsOf(statuses);
  return tallies.reduce((sum, tally, index) => sum + (ends[index]?.sign ?? 0) * totalOf(tally, slots), 0);
}

/** Adds to the sum of each end the changes that its whole blocks do not know yet. Each change is looked at once. */
function addUnknown(
  sums: readonly number[][],
  ends: readonly End[],
  footings: readonly Footing[],
  changed: readonly ChangeRow[],
): void {
  const changesOf = Map.groupBy(
    changed.map(([service, kind, value, createdAtMs, id, from, to]) => ({
      series: `${service} ${kind} ${value}`,
      place: { createdAtMs, id },
      from,
      to,
    })),
    ({ series }) => series,
  );
  const parts = ends.map(({ series: { service, kind, value }, place }, index) => ({
    series: `${service} ${kind} ${value}`,
    start: footings[index]?.start ?? place,
    sum: sums[index] ?? [],
  }));
  const partsOf = Map.groupBy(parts, ({ series }) => series);
  for (const [series, inSeries] of partsOf) {
    const inOrder = (changesOf.get(series) ?? []).sort((a, b) => comparePlaces(a.place, b.place)).values();
    const tally = emptyTally();
    let change = inOrder.next().value;
    for (const { start, sum } of inSeries.sort((a, b) => comparePlaces(a.start, b.start))) {
      for (; change !== undefined && comparePlaces(change.place, start) < 0; change = inOrder.next().value) {
        addAt(tally, change.to, 1);
        addAt(tally, change.from, -1);
      }
      addTo(sum, tally);
    }
  }
}

function addAt(tally: number[], status: TaskStatus | null, count: number): void {
  if (status === null) return;
  const slot = slotOf(status);
  tally[slot] = (tally[slot] ?? 0) + count;
}

function footingsAt(ends: readonly End[]) {
  return ends.map(
    ({ series, place }) =>
      (treeOf: TreeOf): Footing =>
        footingAt(treeOf(series), place),
  );
}

/** A sum's statement has parts that know where an end's footing stands after its place. */
function footingsOf({ ends }: SumQuery) {
  return ends.map(
    ({ series, place, sign }) =>
      (treeOf: TreeOf): Footing =>
        nearestFooting(treeOf(series), place, sign > 0 ? "end" : "start"),
  );
}

function shapeOf({ ends, statuses }: SumQuery, { series }: End, first: number): SumShape {
  return {
    dimension: series.dimension,
    signs: ends.map(({ sign }) => sign),
    ofStatuses: statuses !== undefined,
    first,
  };
}

/** How many values an end has in a sum's statement. */
const endParts = 10;

function sumValues({ ends, statuses }: SumQuery, footings: readonly Footing[]): readonly Value[] {
  const values = ends.flatMap(({ series, place }, index): readonly Value[] => {
    const { start } = footings[index] ?? { start: place };
    const isAfter = comparePlaces(start, place) > 0;
    const [from, to] = isAfter ? [place, start] : [start, place];
    const places = [start, from, to].flatMap(placeValue);
    return [series.service, series.kind, series.value, ...places, isAfter ? -1 : 1];
  });
  return statuses === undefined ? values : [...values, statuses];
}

function endValues(ends: readonly End[], footings: readonly Footing[]): readonly Value[] {
  return [
    ...seriesValues(ends),
    ...placeValues(footings.map(({ start }) => start)),
    ...placeValues(ends.map(({ place }) => place)),
  ];
}
