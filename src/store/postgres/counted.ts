import { placeShortOf } from "../../counts/count-tree.ts";
import { beginning, comparePlaces, earlier, justAfter, later, startOf, theEnd } from "../../counts/place.ts";
import { type Span, spanBeyond } from "../../counts/span.ts";
import { slotOf, slotsOf } from "../../counts/tally.ts";
import { type Service, services, type TaskKind, taskKinds, taskStatuses } from "../../task/lifecycle.ts";
import {
  compareBytewise,
  type TaskCountQuery,
  type TaskCounts,
  type TaskFilter,
  type TaskOrder,
  type TaskPage,
  type TaskQuery,
} from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import { bucketOf, groupsOf } from "../task-groups.ts";
import { type TaskRow, taskOfRow } from "../task-rows.ts";
import type { Counting, End, SumQuery } from "./counting.ts";
import { orderSql, pageStatement } from "./filters.ts";
import { countFew } from "./groups.ts";
import { byDimension, type Dimension, isOfSeries, type SeriesKey, valueColumns } from "./series.ts";
import { type Query, statement, type Value } from "./session.ts";
import type { Trees } from "./trees.ts";

/** How many series are put together at most. */
const maxSeries = 200;

/** Up to here, tasks are passed over faster one by one. */
const smallOffset = 500;

/** How many tasks of some statuses are looked at for groups, rather than that instances are told apart. */
const fewTasks = 25_000;

/** How many tallies are read for groups at most: beyond, it is quicker to look at the tasks. */
const maxTallies = 1000;

/** A filter that series and statuses say all about: how many tasks it has is told by the count trees. */
export interface CountedPlan extends Span {
  readonly filter: TaskFilter;
  /** All of one dimension. */
  readonly series: readonly SeriesKey[];
  readonly dimension: Dimension;
}

/** A part of a plan's span, and where the bucket begins that it lies in. */
interface Bucket extends Span {
  readonly startMs: number;
}

/** The members of a filter that count trees answer. */
const countedMembers: readonly string[] = [
  "projectId",
  "services",
  "kinds",
  "statuses",
  "names",
  "instanceIds",
  "createdFromMs",
  "createdToMs",
] satisfies readonly (keyof TaskFilter)[];

/** How the counts answer a filter; undefined where they do not. */
export function countedPlanOf(filter: TaskFilter): CountedPlan | undefined {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (given.some(([member]) => !countedMembers.includes(member))) return undefined;
  if (filter.names !== undefined && filter.instanceIds !== undefined) return undefined;
  const dimension =
    filter.names !== undefined ? "name" : filter.instanceIds !== undefined ? "instance" : "service";
  const values = new Set(filter.names ?? filter.instanceIds ?? [""]);
  const ofServices = new Set(filter.services ?? services);
  const ofKinds = new Set(filter.kinds ?? taskKinds);
  if (values.size * ofServices.size * ofKinds.size > maxSeries) return undefined;
  const series = [...ofServices].flatMap((service) =>
    [...ofKinds].flatMap((kind) =>
      [...values].map((value) => ({ service, kind, dimension, value }) as const),
    ),
  );
  const from = filter.createdFromMs === undefined ? beginning : startOf(filter.createdFromMs);
  const to = filter.createdToMs === undefined ? theEnd : startOf(filter.createdToMs + 1);
  const isEmpty = filter.statuses?.length === 0 || comparePlaces(from, to) >= 0;
  return { filter, dimension, series: isEmpty ? [] : series, from, to };
}

/** How many were looked into, and one of them that has tasks; there is a row without one where none has. */
type PartRow = readonly [looked: number, service: Service | null, kind: TaskKind | null, part: string | null];

/**
 * How many names or instances are looked into at most, some ten microseconds each: where everybody's short questions wait
 * for it, and aside. To read all tasks takes a tenth of that for each of them, but there may be very many of each name.
 */
const fewNames = 500;
export const manyNames = 150_000;

/** Values: project; services, kinds and values of the series; the window; statuses; how many are looked into. */
const isWanted = `task.project_id = $1 AND (task.created_at_ms, task.id) >= ($5, $6)
  AND (task.created_at_ms, task.id) < ($7, $8) AND ($9::text[] IS NULL OR task.status = ANY ($9))`;
const givenSeries = "unnest($2::text[], $3::text[], $4::text[]) AS series (service, kind, value)";

/** What tells the series of a plan's tasks apart, beside their own dimension. */
type Part = Exclude<Dimension, "service">;

/** The names, or instances, in which there may be tasks. Of a service: after each one, the next is looked up. */
function possibleSql(dimension: Dimension, part: Part): string {
  const column = valueColumns[part];
  if (dimension === part) return `SELECT service, kind, value AS part FROM ${givenSeries}`;
  if (dimension !== "service") {
    return `SELECT DISTINCT task.service, task.kind, task.${column} AS part FROM ${givenSeries}
           JOIN task ON ${isOfSeries("task", "series", dimension)} WHERE ${isWanted}`;
  }
  return `(
             SELECT series.service, series.kind, first.${column} AS part FROM ${givenSeries} CROSS JOIN LATERAL (
               SELECT task.${column} FROM task
               WHERE task.project_id = $1 AND task.service = series.service AND task.kind = series.kind
               ORDER BY task.${column} LIMIT 1
             ) AS first
           )
           UNION ALL
           SELECT possible.service, possible.kind, next.${column} FROM possible CROSS JOIN LATERAL (
             SELECT task.${column} FROM task
             WHERE task.project_id = $1 AND task.service = possible.service AND task.kind = possible.kind
               AND task.${column} > possible.part
             ORDER BY task.${column} LIMIT 1
           ) AS next`;
}

/**
 * The names, or instances, with tasks in a window: each one's range of the index is looked into once, and none is looked
 * up beyond the last that is looked into. The limit of 1 keeps the database to that: of an EXISTS it makes a join, for
 * which it reads every task of the window.
 */
const partsOf = (part: Part) =>
  byDimension((dimension) =>
    statement<PartRow>(
      `WITH RECURSIVE possible AS (${possibleSql(dimension, part)}),
         looked AS (SELECT * FROM possible LIMIT $10::bigint)
       SELECT (SELECT count(*) FROM looked), found.* FROM (SELECT) AS one LEFT JOIN (
         SELECT looked.* FROM looked CROSS JOIN LATERAL (
           SELECT 1 FROM task WHERE ${isWanted} AND task.service = looked.service AND task.kind = looked.kind
             AND task.${valueColumns[part]} = looked.part
           LIMIT 1
         ) AS task
       ) AS found ON TRUE`,
    ),
  );
const seriesByPart = { name: partsOf("name"), instance: partsOf("instance") };

/** Which series, by their numbers from 1, have tasks in a window, whatever their status. */
const seriesInUse = byDimension((dimension) =>
  statement<[number: number]>(
    `SELECT series.number FROM unnest($2::text[], $3::text[], $4::text[])
       WITH ORDINALITY AS series (service, kind, value, number) CROSS JOIN LATERAL (
         SELECT 1 FROM task WHERE task.project_id = $1 AND ${isOfSeries("task", "series", dimension)}
           AND (task.created_at_ms, task.id) >= ($5, $6) AND (task.created_at_ms, task.id) < ($7, $8)
         LIMIT 1
       ) AS task`,
  ),
);

/** Answers what the count trees tell: totals, pages however deep, names and groups. */
export function createCountedLists(parts: { readonly counting: Counting; readonly trees: Trees }) {
  const { counting, trees } = parts;

  function count(query: Query, plan: CountedPlan, span: Span) {
    return counting.sumAt(query, sumOf(plan, span));
  }

  async function readTasks(
    query: Query,
    { filter }: CountedPlan,
    page: Span & { readonly order: TaskOrder; readonly offset: number; readonly limit: number },
  ): Promise<readonly Task[]> {
    const { statement: asked, values } = pageStatement(filter, page.order);
    return (await query<TaskRow>(asked, values(page))).map(taskOfRow);
  }

  /** The tasks of a span from an offset on: the blocks tell where about it is, and from there it is not far. */
  async function readDeep(
    query: Query,
    plan: CountedPlan,
    page: Span & { readonly order: TaskOrder; readonly offset: number; readonly limit: number },
  ): Promise<readonly Task[]> {
    const { order, offset, limit } = page;
    const { filter, series } = plan;
    const [{ sum: inSpan, pending }, { sum: before }] = await Promise.all([
      count(query, plan, page),
      count(query, plan, { from: beginning, to: page.from }),
    ]);
    if (offset >= inSpan) return [];
    const rank = before + (order === "newest-first" ? inSpan - 1 - offset : offset);
    const slots = slotsOf(filter.statuses);
    const { answers } = await trees.ask(query, filter.projectId, [
      (treeOf) => placeShortOf(series.map(treeOf), Math.max(0, rank - pending), slots),
    ]);
    // Where the blocks have changed meanwhile it may not be short of it: then all is passed over.
    const short = later(answers[0] ?? beginning, page.from);
    const { sum: passed } = await count(query, plan, { from: beginning, to: short });
    const [from, left] = passed <= rank ? [short, rank - passed] : [page.from, rank - before];
    if (order === "oldest-first") return readTasks(query, plan, { ...page, from, offset: left });
    const [last] = await readTasks(query, plan, {
      order: "oldest-first",
      from,
      to: page.to,
      offset: left,
      limit: 1,
    });
    if (last === undefined) return [];
    return readTasks(query, plan, { order, from: page.from, to: justAfter(last), offset: 0, limit });
  }

  async function readPage(query: Query, plan: CountedPlan, asked: TaskQuery): Promise<readonly Task[]> {
    const { order, after, offset, limit } = asked;
    const span = after === undefined ? plan : spanBeyond(plan, after, order);
    if (plan.series.length === 0 || comparePlaces(span.from, span.to) >= 0) return [];
    const page = { from: span.from, to: span.to, order, offset, limit };
    return offset <= smallOffset ? readTasks(query, plan, page) : readDeep(query, plan, page);
  }

  /** The series of a plan's tasks by name or instance; undefined where more than so many were to be looked into. */
  async function readParts(
    query: Query,
    plan: CountedPlan,
    part: Part,
    most: number,
  ): Promise<readonly SeriesKey[] | undefined> {
    const { filter, series, dimension } = plan;
    if (series.length === 0) return [];
    const statuses = filter.statuses === undefined ? null : [...filter.statuses];
    const rows = await query(seriesByPart[part][dimension], [...seriesAndSpan(plan), statuses, most + 1]);
    if ((rows[0]?.[0] ?? 0) > most) return undefined;
    return rows.flatMap(([, service, kind, value]) =>
      service === null || kind === null || value === null ? [] : { service, kind, value, dimension: part },
    );
  }

  /** The plan by names or instances; undefined where its series cannot be told apart so, or there are too many. */
  async function byPart(query: Query, plan: CountedPlan, part: Part): Promise<CountedPlan | undefined> {
    if (plan.dimension === part) return plan;
    if (plan.dimension !== "service") return undefined;
    const series = await readParts(query, plan, part, fewNames);
    return series && { ...plan, dimension: part, series };
  }

  /** The plan by what tells groups apart; undefined where it is quicker to look at the tasks. */
  async function byGroups(
    query: Query,
    plan: CountedPlan,
    { groupBy }: TaskCountQuery,
  ): Promise<CountedPlan | undefined> {
    if (!groupBy.includes("instanceId")) {
      return groupBy.includes("name") ? byPart(query, plan, "name") : plan;
    }
    return groupBy.includes("name") ? undefined : byPart(query, plan, "instance");
  }

  /** The series of a plan that have tasks: those that have none need not be told of for each bucket. */
  async function seriesWithTasks(query: Query, plan: CountedPlan): Promise<readonly SeriesKey[]> {
    const rows = await query(seriesInUse[plan.dimension], seriesAndSpan(plan));
    return rows.flatMap(([number]) => plan.series[number - 1] ?? []);
  }

  /** The buckets of a plan's tasks, one next to the other. */
  async function bucketsOf(query: Query, plan: CountedPlan, bucketMs: number): Promise<readonly Bucket[]> {
    const page = { from: plan.from, to: plan.to, offset: 0, limit: 1 };
    const [[first], [last]] = await Promise.all([
      readTasks(query, plan, { ...page, order: "oldest-first" }),
      readTasks(query, plan, { ...page, order: "newest-first" }),
    ]);
    if (first === undefined || last === undefined) return [];
    const buckets: Bucket[] = [];
    for (
      let startMs = bucketOf(first.createdAtMs, bucketMs);
      startMs <= last.createdAtMs && buckets.length < maxTallies;
      startMs += bucketMs
    ) {
      buckets.push({
        startMs,
        from: later(plan.from, startOf(startMs)),
        to: earlier(plan.to, startOf(startMs + bucketMs)),
      });
    }
    return buckets;
  }

  return {
    /**
     * Answers a page near the list's beginning with one statement, where the trees that are held tell its total;
     * undefined where they do not.
     */
    async listAtOnce(query: Query, plan: CountedPlan, asked: TaskQuery): Promise<TaskPage | undefined> {
      const { order, after, offset, limit, withNames } = asked;
      if (withNames || offset > smallOffset) return undefined;
      const span = after === undefined ? plan : spanBeyond(plan, after, order);
      const page = pageStatement(plan.filter, order);
      const answer = await counting.sumBeside(query, sumOf(plan, plan), {
        statement: page.statement,
        values: page.values({ from: span.from, to: span.to, offset, limit }),
        order: orderSql("page", order),
      });
      if (answer === undefined) return undefined;
      // Without a task there is one row, of nothing.
      const rows = answer.rows.filter(([projectId]) => projectId !== null) as unknown as readonly TaskRow[];
      return { tasks: rows.map(taskOfRow), total: answer.sum, names: [] };
    },

    /** Answers a page in the snapshot of `query`; undefined where more names than that were to be looked into. */
    async list(
      query: Query,
      plan: CountedPlan,
      asked: TaskQuery,
      { mostNames = fewNames }: { readonly mostNames?: number } = {},
    ): Promise<TaskPage | undefined> {
      const [{ sum: total }, tasks, named] = await Promise.all([
        count(query, plan, plan),
        readPage(query, plan, asked),
        asked.withNames ? readParts(query, plan, "name", mostNames) : [],
      ]);
      if (named === undefined) return undefined;
      const distinctNames = new Set(named.map(({ value }) => value));
      return { tasks, total, names: [...distinctNames].sort(compareBytewise) };
    },

    /** Answers groups; undefined where it is quicker to look at the tasks. */
    async countGroups(
      query: Query,
      plan: CountedPlan,
      asked: TaskCountQuery,
    ): Promise<TaskCounts | undefined> {
      const { groupBy, bucketMs } = asked;
      if (groupBy.includes("instanceId") && plan.filter.statuses !== undefined) {
        // There are mostly many instances, and few tasks of a status are soon looked at.
        const { sum } = await count(query, plan, plan);
        if (sum <= fewTasks) return countFew(query, asked);
      }
      const apart = await byGroups(query, plan, asked);
      if (apart === undefined) return undefined;
      const [buckets, series] =
        bucketMs === undefined
          ? [[{ startMs: 0, from: plan.from, to: plan.to }], apart.series]
          : await Promise.all([bucketsOf(query, plan, bucketMs), seriesWithTasks(query, apart)]);
      if (buckets.length * series.length > maxTallies) return undefined;
      const groups = groupsOf(asked);
      const [first] = buckets;
      if (first === undefined) return groups.counts();
      // Each bucket begins where the one before it ends.
      const places = [first.from, ...buckets.map(({ to }) => to)];
      const ends = series.flatMap((each) => places.map((place): End => ({ series: each, place, sign: 1 })));
      const { tallies } = await counting.talliesAt(query, plan.filter.projectId, ends);
      const statuses = new Set(plan.filter.statuses ?? taskStatuses);
      for (const [row, { service, value }] of series.entries()) {
        for (const [column, { startMs }] of buckets.entries()) {
          const end = row * places.length + column;
          for (const status of statuses) {
            const slot = slotOf(status);
            const sum = (tallies[end + 1]?.[slot] ?? 0) - (tallies[end]?.[slot] ?? 0);
            // What the series has no say in is not asked for.
            groups.add({ status, service, name: value, instanceId: value, createdAtMs: startMs }, sum);
          }
        }
      }
      return groups.counts();
    },
  };
}

/** What is asked of the counts to know how many tasks a plan has in a span. */
function sumOf({ filter, series }: CountedPlan, { from, to }: Span): SumQuery {
  const ends = series.flatMap((each): readonly End[] => [
    { series: each, place: to, sign: 1 },
    ...(from === beginning ? [] : [{ series: each, place: from, sign: -1 } as const]),
  ]);
  return { projectId: filter.projectId, ends, statuses: filter.statuses };
}

/** A plan's project, series and span, as the first values of a statement. */
function seriesAndSpan({ filter, series, from, to }: CountedPlan): readonly Value[] {
  return [
    filter.projectId,
    series.map(({ service }) => service),
    series.map(({ kind }) => kind),
    series.map(({ value }) => value),
    from.createdAtMs,
    from.id,
    to.createdAtMs,
    to.id,
  ];
}
