import { blocksWith } from "../../counts/count-tree.ts";
import { comparePlaces, later } from "../../counts/place.ts";
import type { Span } from "../../counts/span.ts";
import type { TaskOrder } from "../../task/query.ts";
import type { ListPlan } from "./list-plan.ts";

/**
 * The parts of a plan's window outside of which it has no task, in an order, with nothing in common. Where only some
 * statuses are meant, the count trees know where such tasks are: what still runs is soon found among the very many that
 * have ended.
 */
export function stretchesOf(plan: ListPlan, order: TaskOrder): readonly Span[] {
  const { trees, slots } = plan;
  if (trees === undefined || slots === undefined) return [plan];
  const blocks = trees
    .flatMap((tree) => [...blocksWith(tree, slots, plan, "oldest-first")])
    .sort((a, b) => comparePlaces(a.from, b.from));
  const stretches: Span[] = [];
  for (const { from, to } of blocks) {
    const last = stretches.at(-1);
    if (last === undefined || comparePlaces(from, last.to) > 0) stretches.push({ from, to });
    else stretches[stretches.length - 1] = { from: last.from, to: later(last.to, to) };
  }
  return order === "newest-first" ? stretches.reverse() : stretches;
}
