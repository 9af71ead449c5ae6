import type { SQLInputValue } from "node:sqlite";
import { services, taskKinds } from "../../task/lifecycle.ts";
import type { TaskFilter } from "../../task/query.ts";
import type { TaskColumn } from "./task-rows.ts";

/** How many ranges of an index are merged at most. A filter with more of them looks at every task of its services. */
const maxRanges = 100;

/** A filter's lists, each with the column whose values it lists. Its other conditions are handled one by one. */
const listedColumns = {
  services: "service",
  kinds: "kind",
  statuses: "status",
  names: "name",
  instanceIds: "instance_id",
  instanceNames: "instance_name",
  orderIds: "order_id",
} as const satisfies Record<
  Exclude<keyof TaskFilter, "projectId" | "ids" | "createdFromMs" | "createdToMs">,
  TaskColumn
>;

type ListName = keyof typeof listedColumns;
const listNames = Object.keys(listedColumns) as ListName[];

/** A filter's lists where every task has a service and a kind. */
type Lists = { readonly [Name in ListName]?: readonly string[] | undefined };

/** One of the lists' indexes: project, the columns of these lists, creation time, id, status. */
interface ListIndex {
  readonly name: string;
  readonly lists: readonly ListName[];
  readonly partial?: PartialIndex;
}

/** What holds for every task in an index that leaves some out, and whether a filter means none of those. */
interface PartialIndex {
  readonly condition: string;
  readonly holdsFor: (lists: Lists) => boolean;
}

export const byService: ListIndex = { name: "task_by_service", lists: ["services", "kinds"] };
export const byName: ListIndex = { name: "task_by_name", lists: ["services", "kinds", "names"] };
const byInstance: ListIndex = { name: "task_by_instance", lists: ["services", "kinds", "instanceIds"] };
const byScheduledInstanceName: ListIndex = {
  name: "task_by_scheduled_instance_name",
  lists: ["services", "kinds", "instanceNames"],
  partial: {
    condition: "kind = 'scheduled'",
    holdsFor: ({ kinds = [] }) => kinds.every((kind) => kind === "scheduled"),
  },
};
const byOrder: ListIndex = {
  name: "task_by_order",
  lists: ["services", "kinds", "orderIds"],
  partial: { condition: "order_id <> ''", holdsFor: ({ orderIds = [] }) => !orderIds.includes("") },
};

/** The indexes that may serve a filter; one whose ranges are shorter comes before. The service's serves every filter. */
const specialIndexes = [byOrder, byInstance, byScheduledInstanceName, byName];

/** How a filter is answered: by ranges of one index, in the lists' order each, that have no task in common. */
export interface ListPlan {
  readonly index: ListIndex;
  /** What makes a range of the index: the window of creation times is the last of it. */
  readonly rangeCondition: string;
  /** What holds in every range, with a place for each of its values: what makes the range, and the filter's rest. */
  readonly condition: string;
  readonly ranges: readonly (readonly SQLInputValue[])[];
  /** Where a range's values hold its window: the first of two. Undefined where the filter has no window. */
  readonly windowAt: number | undefined;
}

/** Which ranges of which index hold a filter's tasks. None where a list without values leaves no task at all. */
export function planOf(filter: TaskFilter): ListPlan {
  const lists: Lists = {
    ...filter,
    services: filter.services ?? services,
    kinds: filter.kinds ?? taskKinds,
  };
  const index = specialIndexes.find((candidate) => isServedBy(candidate, lists)) ?? byService;
  const others = listNames.filter((name) => !index.lists.includes(name) && lists[name] !== undefined);
  const otherValues = [
    filter.createdFromMs ?? Number.MIN_SAFE_INTEGER,
    filter.createdToMs ?? Number.MAX_SAFE_INTEGER,
    ...others.map((name) => JSON.stringify(lists[name])),
  ];
  const rangeCondition = [
    "project_id = ?",
    ...index.lists.map((name) => `${listedColumns[name]} = ?`),
    ...(index.partial === undefined ? [] : [index.partial.condition]),
    "created_at_ms BETWEEN ? AND ?",
  ].join(" AND ");
  const otherConditions = others.map((name) => `${listedColumns[name]} IN (SELECT value FROM json_each(?))`);
  const hasWindow = filter.createdFromMs !== undefined || filter.createdToMs !== undefined;
  return {
    index,
    rangeCondition,
    condition: [rangeCondition, ...otherConditions].join(" AND "),
    windowAt: hasWindow ? 1 + index.lists.length : undefined,
    ranges: combinationsOf(index, lists).map((values) => [filter.projectId, ...values, ...otherValues]),
  };
}

function isServedBy(index: ListIndex, lists: Lists): boolean {
  const given = index.lists.map((name) => lists[name]);
  return (
    given.every((list) => list !== undefined) &&
    (index.partial?.holdsFor(lists) ?? true) &&
    given.reduce((ranges, list) => ranges * distinct(list ?? []).length, 1) <= maxRanges
  );
}

/** One value of each of an index's lists, in every combination. */
function combinationsOf(index: ListIndex, lists: Lists): readonly (readonly string[])[] {
  return index.lists.reduce<readonly (readonly string[])[]>(
    (combinations, name) =>
      combinations.flatMap((values) => distinct(lists[name] ?? []).map((value) => [...values, value])),
    [[]],
  );
}

/** The tail of every statement that reads one range. */
export function rangeOf({ index, condition }: ListPlan): string {
  return `FROM task INDEXED BY ${index.name} WHERE ${condition}`;
}

/** Each value once, in the order in which it came first. */
export function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
