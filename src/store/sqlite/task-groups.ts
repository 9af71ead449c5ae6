import { tallyBefore } from "../../counts/count-tree.ts";
import { comparePlaces, earlier, later, startOf } from "../../counts/place.ts";
import type { Span } from "../../counts/span.ts";
import { slotOf, type Tally } from "../../counts/tally.ts";
import { taskStatuses } from "../../task/lifecycle.ts";
import type { Place, TaskCountQuery } from "../../task/query.ts";
import { bucketOf, type Groups } from "../task-groups.ts";
import type { CountedPlan, ReadableSeries } from "./list-plan.ts";
import type { Dimension } from "./series.ts";

/** The dimensions that tell the groups of a question apart, beside that of every series. */
export function dimensionsOf({ groupBy }: Pick<TaskCountQuery, "groupBy">): readonly Dimension[] {
  return groupBy.flatMap((by): readonly Dimension[] => {
    if (by === "name") return ["name"];
    return by === "instanceId" ? ["instance"] : [];
  });
}

/**
 * Sorts the tasks of a plan, as the count trees of its series tell: bucket by bucket, those without tasks passed over.
 * Each series must be one group's alone: where names tell groups apart, they must be those of names, and so with
 * instances.
 */
export function* countGroups(
  { from, to, slots }: CountedPlan,
  series: readonly ReadableSeries[],
  groups: Groups,
  bucketMs: number | undefined,
): Generator<void> {
  const statuses =
    slots === undefined ? taskStatuses : taskStatuses.filter((status) => slots.includes(slotOf(status)));
  for (const { subject, readTree } of series) {
    const { service, value } = subject;
    const tree = readTree();
    let at = from;
    let before: { readonly place: Place; readonly tally: Tally } | undefined;
    while (comparePlaces(at, to) < 0) {
      const first = tree.source.readFirst(at);
      yield;
      if (first === undefined || comparePlaces(first, to) >= 0) break;
      const { createdAtMs } = first;
      const { start, end } =
        bucketMs === undefined ? { start: from, end: to } : partOf({ from, to }, createdAtMs, bucketMs);
      const lower: Tally =
        before !== undefined && comparePlaces(before.place, start) === 0
          ? before.tally
          : tallyBefore(tree, start);
      const upper = tallyBefore(tree, end);
      for (const status of statuses) {
        const slot = slotOf(status);
        // What the series has no say in is not asked for.
        const facts = { status, service, name: value, instanceId: value, createdAtMs };
        groups.add(facts, (upper[slot] ?? 0) - (lower[slot] ?? 0));
      }
      before = { place: end, tally: upper };
      at = end;
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
