import type { DatabaseSync } from "node:sqlite";
import { type Span, spanBeyond } from "../../counts/span.ts";
import { statusMeanings, taskStatuses } from "../../task/lifecycle.ts";
import type { Place, TaskCountQuery, TaskCounts, TaskOrder } from "../../task/query.ts";
import type { Task, TaskKey } from "../../task/task.ts";
import { placeOf, stepOf } from "../stream-step.ts";
import { groupsOf } from "../task-groups.ts";
import type { Counting } from "./counting.ts";
import { prepareLastSuccesses } from "./last-successes.ts";
import { isCounted, type ListPlan, planOf } from "./list-plan.ts";
import type { Answers, AnswerTo, EndedStep, Question, StreamStep } from "./questions.ts";
import { countGroups, dimensionsOf } from "./task-groups.ts";
import { type Patience, prepareTaskLists } from "./task-lists.ts";

const endedStatuses = taskStatuses.filter((status) => statusMeanings[status].ended);

/** Answers questions about the tasks of an open database; undefined to one that is more work than there is patience. */
export function prepareTaskReading(parts: {
  readonly database: DatabaseSync;
  readonly counting: Counting;
  readonly readTask: (key: TaskKey) => Task | undefined;
  readonly patience: Patience;
}) {
  const { counting, readTask, patience } = parts;
  const lists = prepareTaskLists(parts);
  const listLastSuccesses = prepareLastSuccesses(parts);

  /** The places of the next tasks that match, and where to go on. */
  function findNext(
    plan: ListPlan,
    {
      after,
      order,
      limit,
    }: { readonly after: Place | undefined; readonly order: TaskOrder; readonly limit: number },
  ): { readonly found: readonly Place[]; readonly next: Place | undefined } {
    const found: Place[] = [];
    const span: Span = after === undefined ? plan : spanBeyond(plan, after, order);
    for (const chunk of lists.search(plan, span, order, limit + 1)) {
      found.push(...chunk.found);
      if (found.length > limit) return { found: found.slice(0, limit), next: found[limit - 1] };
      if (chunk.seenTo === undefined) break;
      if (patience.isSpent()) return { found, next: chunk.seenTo };
    }
    return { found, next: undefined };
  }

  function stream({ filter, order, after, limit }: StreamStep): Answers["stream"] {
    const plan = planOf(filter, counting);
    if (isCounted(plan)) {
      const tasks = lists.readPage(plan, { order, after, offset: 0, limit });
      return stepOf(tasks, tasks.length === limit ? placeOf(tasks.at(-1)) : undefined);
    }
    const { found, next } = findNext(plan, { after, order, limit });
    const { projectId } = filter;
    return stepOf(
      found.flatMap(({ id }) => readTask({ projectId, id }) ?? []),
      next,
    );
  }

  function findEnded({ projectId, endedBeforeMs, from, limit }: EndedStep): Answers["ended"] {
    // Whatever ended by then was created by then.
    const plan = planOf({ projectId, statuses: endedStatuses, createdToMs: endedBeforeMs }, counting);
    const rest = [{ sql: "task.ended_at_ms < ?", values: [endedBeforeMs] }];
    const { found, next } = findNext({ ...plan, rest }, { after: from, order: "oldest-first", limit });
    return { ids: found.map(({ id }) => id), next };
  }

  function count(query: TaskCountQuery): TaskCounts | undefined {
    const { filter, bucketMs } = query;
    const groups = groupsOf(query);
    const plan = planOf(filter, counting);
    const series = isCounted(plan) ? lists.seriesToldApart(plan, filter, dimensionsOf(query)) : undefined;
    if (isCounted(plan) && series !== undefined) {
      let steps = 0;
      for (const _ of countGroups(plan, series, groups, bucketMs)) {
        steps += 1;
        if (steps > patience.series) return undefined;
        patience.goOn();
      }
      return groups.counts();
    }
    if (!lists.isLittle(plan)) return undefined;
    for (const found of lists.searchAll(plan, "oldest-first")) groups.add(found, 1);
    return groups.counts();
  }

  const answers: { readonly [Asks in Question["asks"]]: (query: never) => Answers[Asks] | undefined } = {
    list: lists.list,
    count,
    stream,
    ended: findEnded,
    successes: listLastSuccesses,
  };

  return {
    answer<Q extends Question>(question: Q): AnswerTo<Q> | undefined {
      const answer = answers[question.asks] as (query: Q["query"]) => AnswerTo<Q> | undefined;
      return answer(question.query);
    },
  };
}

export type TaskReading = ReturnType<typeof prepareTaskReading>;
