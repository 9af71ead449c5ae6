import { TaskCenterError } from "../task/error.ts";
import { type Service, statusMeanings, type TaskStatus } from "../task/lifecycle.ts";
import { compareBytewise, type TaskCountQuery, type TaskCounts, type TaskGroup } from "../task/query.ts";

/** How many groups an answer has at most. */
export const maxGroups = 10_000;

/** What tells two tasks' groups apart. */
interface GroupedFacts {
  readonly status: TaskStatus;
  readonly service: Service;
  readonly name: string;
  readonly instanceId: string;
  readonly createdAtMs: number;
}

/** Sorts tasks into the groups of a question. */
export function groupsOf({ groupBy, bucketMs }: Pick<TaskCountQuery, "groupBy" | "bucketMs">) {
  const groups = new Map<string, TaskGroup>();
  let total = 0;
  return {
    /** Counts tasks with the same facts. @throws TaskCenterError `query-too-broad` where there are too many groups. */
    add(facts: GroupedFacts, count: number): void {
      if (count === 0) return;
      total += count;
      const state = statusMeanings[facts.status].state;
      const members = {
        ...(bucketMs === undefined ? {} : { bucketMs: bucketOf(facts.createdAtMs, bucketMs) }),
        ...Object.fromEntries(groupBy.map((by) => [by, by === "state" ? state : facts[by]])),
      };
      const key = JSON.stringify(members);
      groups.set(key, { ...members, count: (groups.get(key)?.count ?? 0) + count });
      if (groups.size > maxGroups) {
        throw new TaskCenterError("query-too-broad", `The tasks make more than ${maxGroups} groups.`);
      }
    },

    counts(): TaskCounts {
      const sorted = [...groups.values()].sort(
        (a, b) =>
          (a.bucketMs ?? 0) - (b.bucketMs ?? 0) ||
          groupBy.reduce((order, by) => order || compareBytewise(a[by] ?? "", b[by] ?? ""), 0),
      );
      return { groups: sorted, total };
    },
  };
}

export type Groups = ReturnType<typeof groupsOf>;

/** When the bucket of a moment begins. */
export function bucketOf(timeMs: number, bucketMs: number): number {
  return Math.floor(timeMs / bucketMs) * bucketMs;
}
