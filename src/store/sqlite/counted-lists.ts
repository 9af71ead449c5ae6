import type { DatabaseSync } from "node:sqlite";
import { blocksWith, type CountTree, placeShortOf, rankBounds, rankOf } from "../../counts/count-tree.ts";
import { beginning, comparePlaces, earlier, justAfter, later, theEnd } from "../../counts/place.ts";
import { type Span, spanBeyond } from "../../counts/span.ts";
import type { Place, TaskOrder } from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import { type TaskRow, taskColumns, taskOfRow } from "../task-rows.ts";
import { type CountedPlan, type ListPlan, orderSql, placesSql, placesValues, rangeSql } from "./list-plan.ts";
import { limited, prepareOnce } from "./statements.ts";

/** How many of the lists' statements stay prepared: each filter of the services has one or two. */
const preparedStatements = 200;

/** Up to here, tasks are passed over faster one by one. */
const smallOffset = 128;

const columns = taskColumns.map((column) => `task.${column}`).join(", ");

/** Answers lists whose totals the count trees tell. No statement looks at more than some blocks of tasks. */
export function prepareCountedLists(database: DatabaseSync) {
  const prepared = prepareOnce(database, preparedStatements);

  /** The tasks of a plan's ranges, each within its span. */
  function readTasks(
    plan: ListPlan,
    spans: readonly Span[],
    order: TaskOrder,
    page: { readonly offset: number; readonly limit: number },
  ): readonly Task[] {
    if (plan.ranges.length === 0) return [];
    const sql =
      plan.ranges.length === 1
        ? `SELECT ${columns} ${rangeSql(plan)} ${orderSql(order, "task.")} ${limited} OFFSET ?`
        : `SELECT ${columns} FROM (${placesSql(plan, order)}) AS place
           CROSS JOIN task ON task.rowid = place.number ${orderSql(order, "place.")}`;
    return prepared<TaskRow>(sql)
      .all(...placesValues(plan, spans, page))
      .map(taskOfRow);
  }

  /** The place of the task that has so many others of the plan before it; there is one. */
  function placeAt(plan: CountedPlan, rank: number): Place {
    const { trees, slots } = plan;
    const short = placeShortOf(trees, rank, slots);
    const left = rank - ranksOf(trees, short, slots);
    const places = prepared<[number: number, createdAtMs: number, id: string]>(
      placesSql(plan, "oldest-first"),
    );
    const spans = trees.map(() => ({ from: short, to: theEnd }));
    const [, createdAtMs = 0, id = ""] =
      places.get(...placesValues(plan, spans, { limit: 1, offset: left })) ?? [];
    return { createdAtMs, id };
  }

  /** The first tasks of a span. Where only some statuses are meant, stretches without them are jumped over. */
  function readFirst(plan: CountedPlan, span: Span, order: TaskOrder, limit: number): readonly Task[] {
    if (plan.slots === undefined) {
      return readTasks(
        plan,
        plan.trees.map(() => span),
        order,
        { offset: 0, limit },
      );
    }
    const tasks: Task[] = [];
    let left = span;
    while (tasks.length < limit) {
      const wanted = limit - tasks.length;
      const runs = plan.trees.map((tree) => runOf(tree, plan.slots, left, { order, wanted }));
      const found = runs.filter((run) => run !== undefined);
      if (found.length === 0) break;
      // Within it nothing is unknown: every range is read as far as its run goes.
      const stretch =
        order === "newest-first"
          ? { from: found.map(({ from }) => from).reduce(later), to: left.to }
          : { from: left.from, to: found.map(({ to }) => to).reduce(earlier) };
      const spans = runs.map((run) =>
        run === undefined
          ? { from: stretch.to, to: stretch.from }
          : { from: later(run.from, stretch.from), to: earlier(run.to, stretch.to) },
      );
      tasks.push(...readTasks(plan, spans, order, { offset: 0, limit: wanted }));
      left =
        order === "newest-first" ? { from: left.from, to: stretch.from } : { from: stretch.to, to: left.to };
    }
    return tasks;
  }

  return {
    /** How many tasks a plan has within a span. */
    count,

    /** Whether a plan has any task at all. */
    hasAny,

    /** The tasks of a page. */
    readPage(
      plan: CountedPlan,
      page: {
        readonly order: TaskOrder;
        readonly after?: Place | undefined;
        readonly offset: number;
        readonly limit: number;
      },
    ): readonly Task[] {
      const { order, offset, limit } = page;
      const span = page.after === undefined ? plan : spanBeyond(plan, page.after, order);
      if (comparePlaces(span.from, span.to) >= 0) return [];
      if (offset === 0) return readFirst(plan, span, order, limit);
      if (offset <= smallOffset && plan.slots === undefined) {
        return readTasks(
          plan,
          plan.trees.map(() => span),
          order,
          { offset, limit },
        );
      }
      const total = count(plan, span);
      if (offset >= total) return [];
      const before = ranksOf(plan.trees, span.from, plan.slots);
      const start = placeAt(plan, order === "newest-first" ? before + total - 1 - offset : before + offset);
      const rest =
        order === "newest-first" ? { from: span.from, to: justAfter(start) } : { from: start, to: span.to };
      return readFirst(plan, rest, order, limit);
    },
  };
}

function count({ trees, slots }: CountedPlan, { from, to }: Span): number {
  if (comparePlaces(from, to) >= 0) return 0;
  return ranksOf(trees, to, slots) - ranksOf(trees, from, slots);
}

function ranksOf(trees: readonly CountTree[], place: Place, slots: readonly number[] | undefined): number {
  let sum = 0;
  for (const tree of trees) sum += place === beginning ? 0 : rankOf(tree, place, slots);
  return sum;
}

function hasAny({ trees, slots, from, to }: CountedPlan): boolean {
  return trees.some((tree) => {
    const atFrom = rankBounds(tree, from, slots);
    const atTo = rankBounds(tree, to, slots);
    if (atTo.least > atFrom.most) return true;
    if (slots === undefined) {
      const first = tree.source.readFirst(from);
      return first !== undefined && comparePlaces(first, to) < 0;
    }
    return atTo.most > atFrom.least && rankOf(tree, to, slots) > rankOf(tree, from, slots);
  });
}

/** The first blocks of a span, one next to the other, that have tasks of some slots: as many as may be needed. */
function runOf(
  tree: CountTree,
  slots: readonly number[] | undefined,
  span: Span,
  { order, wanted }: { readonly order: TaskOrder; readonly wanted: number },
): Span | undefined {
  let run: Span | undefined;
  let found = 0;
  for (const block of blocksWith(tree, slots, span, order)) {
    if (run === undefined) run = block;
    else if (order === "newest-first" && comparePlaces(block.to, run.from) === 0)
      run = { from: block.from, to: run.to };
    else if (order === "oldest-first" && comparePlaces(block.from, run.to) === 0)
      run = { from: run.from, to: block.to };
    else break;
    found += block.count;
    if (found >= wanted) break;
  }
  return run;
}
