import { tallyBefore } from "../../counts/count-tree.ts";
import { comparePlaces, earlier, later, startOf } from "../../counts/place.ts";
import type { Span } from "../../counts/span.ts";
import { slotOf, type Tally } from "../../counts/tally.ts";
import { taskStatuses } from "../../task/lifecycle.ts";
import type { Place } from "../../task/query.ts";
import { bucketOf, type Groups } from "../task-groups.ts";
import type { CountedPlan } from "./list-plan.ts";

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
