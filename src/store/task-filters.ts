import { services, statusMeanings, taskKinds, taskStatuses } from "../task/lifecycle.ts";
import type { TaskFilter } from "../task/query.ts";
import type { TaskColumn } from "./task-rows.ts";

/** A filter's lists, each with the column whose values it lists. */
export const listedColumns = {
  services: "service",
  kinds: "kind",
  statuses: "status",
  names: "name",
  ids: "id",
  instanceIds: "instance_id",
  instanceNames: "instance_name",
  databaseNames: "database_name",
  orderIds: "order_id",
  parentIds: "parent_id",
} as const satisfies Partial<Record<keyof TaskFilter, TaskColumn>>;

/** A filter's member that lists values of one column. */
export type ListName = keyof typeof listedColumns;
export const listNames = Object.keys(listedColumns) as readonly ListName[];

/** The columns of `searchedTexts`. */
export const searchedColumns = [
  "id",
  "name",
  "instance_id",
  "instance_name",
  "database_name",
  "fail_reason",
] as const satisfies readonly TaskColumn[];

/** The statuses of tasks that may be stale. */
export const liveStatuses = taskStatuses.filter((status) => !statusMeanings[status].ended);

/** The filter with the statuses that it implies: stale tasks have not ended, and every index tells those from all others. */
export function withMeantStatuses(filter: TaskFilter): TaskFilter {
  if (filter.stale?.wanted !== true) return filter;
  return { ...filter, statuses: liveStatuses.filter((status) => filter.statuses?.includes(status) ?? true) };
}

/** Every service that a filter may mean, with every kind. */
export function combinationsOf({ projectId, ...filter }: TaskFilter) {
  return distinct(filter.services ?? services).flatMap((service) =>
    distinct(filter.kinds ?? taskKinds).map((kind) => ({ projectId, service, kind })),
  );
}

/** Each value once, in the order in which it came first. */
export function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
