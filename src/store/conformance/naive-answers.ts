import { statusMeanings } from "../../task/lifecycle.ts";
import {
  compareBytewise,
  compareNewestFirst,
  type LastSuccesses,
  type LastSuccessQuery,
  matchesFilter,
  type TaskCountQuery,
  type TaskCounts,
  type TaskFilter,
  type TaskGroup,
  type TaskOrder,
  type TaskPage,
  type TaskQuery,
  type TaskStreamQuery,
} from "../../task/query.ts";
import type { Task } from "../../task/task.ts";

/** What every store must answer, in its simplest form: by a look at all tasks there are. */

export function naivePage(tasks: readonly Task[], query: TaskQuery): TaskPage {
  const { filter, order, after, offset, limit, withNames } = query;
  const matching = matchingIn(tasks, filter, order);
  const following =
    after === undefined ? matching : matching.filter((task) => inOrder(order)(after, task) < 0);
  return {
    tasks: following.slice(offset, offset + limit),
    total: matching.length,
    names: withNames ? [...new Set(matching.map(({ name }) => name))].sort(compareBytewise) : [],
  };
}

export function naiveStream(
  tasks: readonly Task[],
  { filter, order, limit }: TaskStreamQuery,
): readonly Task[] {
  return matchingIn(tasks, filter, order).slice(0, limit);
}

export function naiveCounts(tasks: readonly Task[], query: TaskCountQuery): TaskCounts {
  const matching = matchingIn(tasks, query.filter, "oldest-first");
  const groups = Map.groupBy(matching, (task) => JSON.stringify(groupOf(task, query)));
  return {
    groups: [...groups.values()]
      .map((members) => ({ ...groupOf(members[0] as Task, query), count: members.length }))
      .sort(
        (a, b) =>
          (a.bucketMs ?? 0) - (b.bucketMs ?? 0) ||
          query.groupBy.reduce((found, by) => found || compareBytewise(a[by] ?? "", b[by] ?? ""), 0),
      ),
    total: matching.length,
  };
}

export function naiveLastSuccesses(
  tasks: readonly Task[],
  { projectId, limit }: LastSuccessQuery,
): LastSuccesses {
  const succeeded = matchingIn(tasks, { projectId }, "oldest-first")
    .filter(({ status }) => statusMeanings[status].state === "succeeded")
    .map(({ service, name, instance, endedAtMs, id }) => ({
      service,
      name,
      instanceId: instance.id,
      endedAtMs: endedAtMs ?? 0,
      taskId: id,
    }))
    .sort((a, b) => b.endedAtMs - a.endedAtMs || compareBytewise(b.taskId, a.taskId));
  const groups = Map.groupBy(succeeded, ({ service, name, instanceId }) =>
    JSON.stringify([service, name, instanceId]),
  );
  const all = [...groups.values()]
    .flatMap(([last]) => last ?? [])
    .sort(
      (a, b) =>
        compareBytewise(a.service, b.service) ||
        compareBytewise(a.name, b.name) ||
        compareBytewise(a.instanceId, b.instanceId),
    );
  return { successes: all.slice(0, limit), more: all.length > limit };
}

/** The ids of the tasks that ended before a moment, oldest creation first. */
export function naiveEnded(
  tasks: readonly Task[],
  { projectId, endedBeforeMs }: { readonly projectId: string; readonly endedBeforeMs: number },
): readonly string[] {
  return matchingIn(tasks, { projectId }, "oldest-first")
    .filter(({ endedAtMs }) => endedAtMs !== null && endedAtMs < endedBeforeMs)
    .map(({ id }) => id);
}

function matchingIn(tasks: readonly Task[], filter: TaskFilter, order: TaskOrder): readonly Task[] {
  return tasks.filter((task) => matchesFilter(task, filter)).sort(inOrder(order));
}

function inOrder(order: TaskOrder): typeof compareNewestFirst {
  return order === "newest-first" ? compareNewestFirst : (a, b) => compareNewestFirst(b, a);
}

/** What a task has in common with the others of its group. */
function groupOf(task: Task, { groupBy, bucketMs }: TaskCountQuery): Omit<TaskGroup, "count"> {
  const properties = { ...task, instanceId: task.instance.id, state: statusMeanings[task.status].state };
  return {
    ...(bucketMs === undefined ? {} : { bucketMs: Math.floor(task.createdAtMs / bucketMs) * bucketMs }),
    ...Object.fromEntries(groupBy.map((by) => [by, properties[by]])),
  };
}
