import type { SQLInputValue } from "node:sqlite";
import type { CountTree } from "../../counts/count-tree.ts";
import { beginning, startOf, theEnd } from "../../counts/place.ts";
import type { Span } from "../../counts/span.ts";
import { slotsOf } from "../../counts/tally.ts";
import type { Service, TaskKind } from "../../task/lifecycle.ts";
import type { Place, TaskFilter, TaskOrder } from "../../task/query.ts";
import { combinationsOf, distinct, type ListName, listNames, withMeantStatuses } from "../task-filters.ts";
import { anyOf, type Condition, conditionsOf } from "./conditions.ts";
import type { Counting } from "./counting.ts";
import { byDimension, type Dimension, type SeriesId } from "./series.ts";
import { limited } from "./statements.ts";

/** How many ranges of an index are merged at most. A filter with more of them looks at every task of its services. */
const maxRanges = 100;

/** An index of the lists: some columns with one value each make a range of it, in the lists' order. */
interface ListIndex {
  readonly name: string;
  readonly columns: readonly string[];
  /** The filter's lists that the columns stand for. */
  readonly lists: readonly ListName[];
  /** Of an index that leaves tasks out: what holds for those in it. */
  readonly partial?: string;
}

const ofEveryRange = ["services", "kinds"] as const satisfies readonly ListName[];

/** The list that a dimension stands for, beside those of every range. */
const listsOfDimension = {
  service: [],
  name: ["names"],
  instance: ["instanceIds"],
} as const satisfies Record<Dimension, readonly ListName[]>;

/** The indexes whose ranges are series: how many tasks they have is known. */
const seriesIndexes = byDimension<ListIndex>(({ dimension, index, column }) => ({
  name: index,
  columns: [column],
  lists: [...ofEveryRange, ...listsOfDimension[dimension]],
}));

/** The indexes whose ranges are parts of a service's series. They have few tasks, which are looked at one by one. */
const byOrder = {
  name: "task_by_order",
  columns: ["service_series", "order_id"],
  lists: [...ofEveryRange, "orderIds"],
  partial: "order_id <> ''",
} as const satisfies ListIndex;
const byScheduledInstanceName = {
  name: "task_by_scheduled_instance_name",
  columns: ["service_series", "instance_name"],
  lists: [...ofEveryRange, "instanceNames"],
  partial: "kind = 'scheduled'",
} as const satisfies ListIndex;

/** Its ranges lie across all services: a child may be of another one than its parent. */
const byParent = {
  name: "task_by_parent",
  columns: ["project_id", "parent_id"],
  lists: ["parentIds"],
  partial: "parent_id IS NOT NULL",
} as const satisfies ListIndex;

/** How a filter is answered: by ranges of one index that have no task in common, and what only the rows tell. */
export interface ListPlan {
  readonly index: ListIndex;
  /** Of each range, the values of the index's columns. None where no task can match. */
  readonly ranges: readonly (readonly SQLInputValue[])[];
  /** Of each range that is a series, what its tasks have in common; none where ranges are no series. */
  readonly subjects: readonly RangeSubject[];
  /** The count trees of the ranges, where they are series. */
  readonly trees: readonly CountTree[] | undefined;
  /** The series of the ranges' dimension, where they are series. */
  readonly dimension: Dimension | undefined;
  /** The slots of the statuses that are meant; undefined for all. */
  readonly slots: readonly number[] | undefined;
  /** The status condition, which every index answers. */
  readonly status: readonly Condition[];
  /** The window of creation times: its end is outside. */
  readonly from: Place;
  readonly to: Place;
  /** What the filter says beside that: whether a task matches is seen when its row is read. */
  readonly rest: readonly Condition[];
}

/** What the tasks of a series have in common; the value is the name or the instance's id, by its dimension. */
export interface RangeSubject {
  readonly service: Service;
  readonly kind: TaskKind;
  readonly value: string;
}

/** A series whose tree is read when it is asked for: there may be so many that not all of them go into memory. */
export interface ReadableSeries {
  readonly subject: RangeSubject;
  readonly readTree: () => CountTree;
}

/** A series that a filter means, and what its tasks have in common. */
interface FoundSeries {
  readonly id: SeriesId;
  readonly subject: RangeSubject;
}

/** A plan whose ranges are series, and whose tasks all match: it is answered from the counts. */
export type CountedPlan = ListPlan & { readonly trees: readonly CountTree[] };

/** The series of a plan, which are few. */
export function seriesIn({ trees, subjects }: CountedPlan): readonly ReadableSeries[] {
  return trees.flatMap((tree, index) => {
    const subject = subjects[index];
    return subject === undefined ? [] : { subject, readTree: () => tree };
  });
}

export function isCounted(plan: ListPlan): plan is CountedPlan {
  return plan.trees !== undefined && plan.rest.length === 0;
}

/** Which ranges of which index hold a filter's tasks. */
export function planOf(asked: TaskFilter, { series, treeOf }: Counting): ListPlan {
  const filter = withMeantStatuses(asked);
  // A list without values leaves no task at all.
  const isEmpty = listNames.some((name) => filter[name]?.length === 0);
  const combinations = isEmpty ? [] : combinationsOf(filter);
  const { statuses } = filter;
  const common = {
    slots: slotsOf(statuses),
    status: statuses === undefined ? [] : [anyOf("task.status", statuses)],
    from: filter.createdFromMs === undefined ? beginning : startOf(filter.createdFromMs),
    to: filter.createdToMs === undefined ? theEnd : startOf(filter.createdToMs + 1),
  };
  const restBeside = ({ lists }: ListIndex) => conditionsOf(filter, { except: [...lists, "statuses"] });

  /** The series of a dimension that are there, of these values. */
  function findSeries(dimension: Dimension, values: readonly string[]) {
    return combinations.flatMap((combination) =>
      values.flatMap((value): readonly FoundSeries[] => {
        const id = series.findSeries({ ...combination, dimension, value });
        return id === undefined ? [] : [{ id, subject: { ...combination, value } }];
      }),
    );
  }

  function bySeries(dimension: Dimension, values: readonly string[]): ListPlan {
    const found = findSeries(dimension, values);
    const index = seriesIndexes[dimension];
    return {
      index,
      dimension,
      ranges: found.map(({ id }) => [id]),
      subjects: found.map(({ subject }) => subject),
      trees: found.map(({ id }) => treeOf(dimension, id)),
      rest: restBeside(index),
      ...common,
    };
  }

  /** By ranges in which few tasks are. */
  function byFew(index: ListIndex, ranges: readonly (readonly SQLInputValue[])[]): ListPlan {
    return {
      index,
      dimension: undefined,
      ranges,
      subjects: [],
      trees: undefined,
      rest: restBeside(index),
      ...common,
    };
  }

  function byPart(index: ListIndex, values: readonly string[]): ListPlan {
    const parts = findSeries("service", [""]);
    return byFew(
      index,
      parts.flatMap(({ id }) => values.map((value) => [id, value])),
    );
  }

  const few = (
    values: readonly string[] | undefined,
    rangesOfEach = combinations.length,
  ): readonly string[] | undefined =>
    values !== undefined && rangesOfEach * distinct(values).length <= maxRanges
      ? distinct(values)
      : undefined;
  const parentIds = isEmpty ? [] : few(filter.parentIds, 1);
  if (filter.parentIds !== undefined && parentIds !== undefined) {
    return byFew(
      byParent,
      parentIds.map((parentId) => [filter.projectId, parentId]),
    );
  }
  const orderIds = few(filter.orderIds);
  if (orderIds !== undefined && !orderIds.includes("")) return byPart(byOrder, orderIds);
  const candidates: ListPlan[] = [];
  const instanceIds = few(filter.instanceIds);
  if (instanceIds !== undefined) candidates.push(bySeries("instance", instanceIds));
  const names = few(filter.names);
  if (names !== undefined) candidates.push(bySeries("name", names));
  const instanceNames = few(filter.instanceNames);
  if (candidates.length === 0 && instanceNames !== undefined) {
    if (combinations.every(({ kind }) => kind === "scheduled"))
      return byPart(byScheduledInstanceName, instanceNames);
  }
  if (candidates.length === 0) return bySeries("service", [""]);
  // The one with fewer tasks: the others' conditions must be looked for among them.
  return candidates.reduce((best, next) => (sizeOf(next) < sizeOf(best) ? next : best));
}

function sizeOf({ trees = [] }: ListPlan): number {
  return trees.reduce((total, { root }) => total + (root?.total ?? 0), 0);
}

/** The tail of a statement that reads one range within a span, and its values; `rest` left out. */
export function rangeSql({ index, status }: ListPlan): string {
  const { name, columns, partial } = index;
  const conditions = [
    ...columns.map((column) => `task.${column} = ?`),
    ...(partial === undefined ? [] : [partial]),
    "(task.created_at_ms, task.id) >= (?, ?) AND (task.created_at_ms, task.id) < (?, ?)",
    ...status.map(({ sql }) => sql),
  ];
  return `FROM task INDEXED BY ${name} WHERE ${conditions.join(" AND ")}`;
}

export function rangeValues(
  { status }: ListPlan,
  range: readonly SQLInputValue[],
  { from, to }: Span,
): readonly SQLInputValue[] {
  return [
    ...range,
    from.createdAtMs,
    from.id,
    to.createdAtMs,
    to.id,
    ...status.flatMap(({ values }) => values),
  ];
}

/** A SELECT of the places of all ranges, merged in the lists' order; its last two values are limit and offset. */
export function placesSql(plan: ListPlan, order: TaskOrder): string {
  const places = `SELECT task.rowid AS number, task.created_at_ms, task.id ${rangeSql(plan)}`;
  return `${plan.ranges.map(() => places).join(" UNION ALL ")} ${orderSql(order)} ${limited} OFFSET ?`;
}

/** The values of `placesSql`, with a span for each range. */
export function placesValues(
  plan: ListPlan,
  spans: readonly Span[],
  { limit, offset }: { readonly limit: number; readonly offset: number },
): readonly SQLInputValue[] {
  const ranges = plan.ranges.flatMap((range, index) => rangeValues(plan, range, spans[index] ?? plan));
  return [...ranges, limit, offset];
}

export function orderSql(order: TaskOrder, table = ""): string {
  const direction = order === "newest-first" ? "DESC" : "ASC";
  return `ORDER BY ${table}created_at_ms ${direction}, ${table}id ${direction}`;
}
