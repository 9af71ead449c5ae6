import type { DatabaseSync } from "node:sqlite";
import { type Span, spanBeyond } from "../../counts/span.ts";
import type { Service, TaskStatus } from "../../task/lifecycle.ts";
import type { Place, TaskOrder } from "../../task/query.ts";
import { type ListPlan, placesSql, placesValues } from "./list-plan.ts";
import { prepareOnce } from "./statements.ts";

/** How many tasks are looked at in one go at most: some milliseconds. */
const largestChunk = 2000;

const preparedStatements = 50;

/** A task that was found: its place, and what tells groups apart. */
export interface Found extends Place {
  readonly name: string;
  readonly instanceId: string;
  readonly service: Service;
  readonly status: TaskStatus;
}

/** What was found in some tasks that were looked at. */
export interface Chunk {
  readonly found: readonly Found[];
  /** The last of the tasks that were looked at; undefined where they were the plan's last. */
  readonly seenTo: Place | undefined;
}

/** Looks at the tasks of a plan one by one, for what only their rows tell. */
export function prepareSearch(database: DatabaseSync) {
  const prepared = prepareOnce(database, preparedStatements);

  return {
    /** Looks at all tasks of a span, in order, some at a time: at first as many as may be enough, then more and more. */
    *search(plan: ListPlan, span: Span, order: TaskOrder, enough = largestChunk): Generator<Chunk> {
      if (plan.ranges.length === 0) return;
      const places = placesSql(plan, order);
      const conditions = plan.rest.map(({ sql }) => sql).join(" AND ") || "TRUE";
      const find = prepared<[number, string, string, string, Service, TaskStatus]>(
        `SELECT task.created_at_ms, task.id, task.name, task.instance_id, task.service, task.status
         FROM (${places}) AS place CROSS JOIN task ON task.rowid = place.number WHERE ${conditions}`,
      );
      const last = prepared<[number: number, createdAtMs: number, id: string]>(places);
      const conditionValues = plan.rest.flatMap(({ values }) => values);
      let limit = Math.min(enough, largestChunk);
      let left: Span | undefined = span;
      while (left !== undefined) {
        const spans: readonly Span[] = Array(plan.ranges.length).fill(left);
        const rows = find.all(...placesValues(plan, spans, { limit, offset: 0 }), ...conditionValues);
        const end = last.get(...placesValues(plan, spans, { limit: 1, offset: limit - 1 }));
        const seenTo: Place | undefined = end && { createdAtMs: end[1], id: end[2] };
        yield {
          found: rows.map(([createdAtMs, id, name, instanceId, service, status]) => ({
            createdAtMs,
            id,
            name,
            instanceId,
            service,
            status,
          })),
          seenTo,
        };
        left = seenTo && spanBeyond(left, seenTo, order);
        limit = Math.min(2 * limit, largestChunk);
      }
    },

    /** How many tasks a plan would have to look at, but no more than `enough`. */
    countUpTo(plan: ListPlan, span: Span, enough: number): number {
      if (plan.ranges.length === 0) return 0;
      const statement = prepared<[count: number]>(
        `SELECT count(*) FROM (${placesSql(plan, "oldest-first")})`,
      );
      const spans: readonly Span[] = Array(plan.ranges.length).fill(span);
      return statement.get(...placesValues(plan, spans, { limit: enough, offset: 0 }))?.[0] ?? 0;
    },
  };
}
