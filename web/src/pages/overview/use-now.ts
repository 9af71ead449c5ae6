import type { UseQueryResult } from "@tanstack/preact-query";
import type { TaskState } from "../../../../src/task/lifecycle.ts";
import { statsApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams, emptyFilter, type TaskFilter } from "../../view/task-filter.ts";
import { allTime } from "../../view/time-range.ts";

/**
 * The time is only asked for to know where ranges and buckets begin, and none of these is finer than this, in
 * milliseconds: what shows no time is drawn anew no more often.
 */
export const overviewStepMs = 15_000;

/** Counts as the API answers them. */
export interface Counts<Group> {
  readonly groups: readonly (Group & { readonly count: number })[];
  readonly total: number;
}

/** What is under way at this moment, whenever it was created. */
export function useNow(filter: TaskFilter): UseQueryResult<Counts<{ readonly state: TaskState }>, Error> {
  const { project } = useReader();
  const params = apiParams(liveFilter(filter), { fromMs: undefined, toMs: undefined });
  params.set("group_by", "state");
  return usePolled(statsApi(project.id, params));
}

/** The tasks that have not ended, of the services that are looked at. */
export function liveFilter({ service }: TaskFilter): TaskFilter {
  return { ...emptyFilter, service, state: ["pending", "running"], range: allTime };
}

/** The filter of an overview with what its figures add to it; the list that a figure leads to has the same. */
export function within({ service, range }: TaskFilter, more: Partial<TaskFilter>): TaskFilter {
  return { ...emptyFilter, service, range, ...more };
}
