import { tallyBefore } from "../../counts/count-tree.ts";
import { comparePlaces, earlier, later, startOf } from "../../counts/place.ts";
import type { Span } from "../../counts/span.ts";
import { slotOf, type Tally } from "../../counts/tally.ts";
import { TaskCenterError } from "../../task/error.ts";
import { type Service, statusMeanings, type TaskStatus, taskStatuses } from "../../task/lifecycle.ts";
import {
  compareBytewise,
  type Place,
  type TaskCountQuery,
  type TaskCounts,
  type TaskGroup,
} from "../../task/query.ts";
import type { CountedPlan } from "./list-plan.ts";

/** How many groups an answer has at most. */
const maxGroups = 10_000;

/** What tells two tasks' groups apart. */
interface GroupedFacts {
  readonly status: TaskStatus;
  readonly service: Service;
  readonly name: string;
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

type Groups = ReturnType<typeof groupsOf>;

/**
 * Sorts the tasks of a plan, as its count trees tell: bucket by bucket, those without tasks passed over. Each of the
 * plan's subjects must be one group's alone; where names tell groups apart, its ranges must be those of names.
 */
export function* countGroups(
  plan: CountedPlan,
  groups: Groups,
  bucketMs: number | undefined,
): Generator<void> {
  const statuses =
    plan.slots === undefined
      ? taskStatuses
      : taskStatuses.filter((status) => plan.slots?.includes(slotOf(status)));
  for (const [index, tree] of plan.trees.entries()) {
    const { service = "ddm", value: name = "" } = plan.subjects[index] ?? {};
    let at = plan.from;
    let before: { readonly place: Place; readonly tally: Tally } | undefined;
    while (comparePlaces(at, plan.to) < 0) {
      const first = tree.source.readFirst(at);
      if (first === undefined || comparePlaces(first, plan.to) >= 0) break;
      const { createdAtMs } = first;
      const { start, end } =
        bucketMs === undefined ? { start: plan.from, end: plan.to } : partOf(plan, createdAtMs, bucketMs);
      const lower: Tally =
        before !== undefined && comparePlaces(before.place, start) === 0
          ? before.tally
          : tallyBefore(tree, start);
      const upper = tallyBefore(tree, end);
      for (const status of statuses) {
        const slot = slotOf(status);
        groups.add({ status, service, name, createdAtMs }, (upper[slot] ?? 0) - (lower[slot] ?? 0));
      }
      before = { place: end, tally: upper };
      at = end;
      yield;
    }
  }
}

/** The part of a span that lies in the bucket of a moment. */
function partOf(
  { from, to }: Span,
  timeMs: number,
  bucketMs: number,
): { readonly start: Place; readonly end: Place } {
  const startMs = bucketOf(timeMs, bucketMs);
  return { start: later(from, startOf(startMs)), end: earlier(to, startOf(startMs + bucketMs)) };
}

function bucketOf(timeMs: number, bucketMs: number): number {
  return Math.floor(timeMs / bucketMs) * bucketMs;
}
