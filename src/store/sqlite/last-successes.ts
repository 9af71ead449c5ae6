import type { DatabaseSync } from "node:sqlite";
import { services, taskKinds } from "../../task/lifecycle.ts";
import {
  compareBytewise,
  type LastSuccess,
  type LastSuccesses,
  type LastSuccessQuery,
} from "../../task/query.ts";
import type { Counting } from "./counting.ts";
import type { SeriesId } from "./series.ts";
import { prepare } from "./statements.ts";
import type { Patience } from "./task-lists.ts";

type SuccessRow = readonly [name: string, instanceId: string, endedAtMs: number, id: string];

const servicesInOrder = services.toSorted(compareBytewise);

/**
 * Answers when what last succeeded. In its index the last success of each name on each instance comes first, so each is
 * one look: from there to the next one, however many tasks lie between them.
 */
export function prepareLastSuccesses(parts: {
  readonly database: DatabaseSync;
  readonly counting: Counting;
  readonly patience: Patience;
}) {
  const { database, counting, patience } = parts;
  const readFirst = prepare<SuccessRow>(database, nextSql("TRUE"));
  const readNextInstance = prepare<SuccessRow>(database, nextSql("name = ? AND instance_id > ?"));
  const readNextName = prepare<SuccessRow>(database, nextSql("name > ?"));

  /** The last successes of a service and kind, by name and instance id. */
  function* successesOf(series: SeriesId): Generator<SuccessRow> {
    let row = readFirst.get(series);
    while (row !== undefined) {
      yield row;
      patience.goOn();
      const [name, instanceId]: SuccessRow = row;
      row = readNextInstance.get(series, name, instanceId) ?? readNextName.get(series, name);
    }
  }

  return function listLastSuccesses({ projectId, limit }: LastSuccessQuery): LastSuccesses {
    const successes: LastSuccess[] = [];
    for (const service of servicesInOrder) {
      // One more than are wanted says that there are others.
      const enough = limit + 1 - successes.length;
      const rows = taskKinds
        .map((kind) =>
          counting.series.findSeries({ projectId, service, kind, dimension: "service", value: "" }),
        )
        .map((series) => (series === undefined ? [] : successesOf(series).take(enough).toArray()))
        .reduce(merge);
      for (const [name, instanceId, endedAtMs, taskId] of rows.slice(0, enough)) {
        successes.push({ service, name, instanceId, endedAtMs, taskId });
      }
    }
    return { successes: successes.slice(0, limit), more: successes.length > limit };
  };
}

/**
 * Reads the last success of the first name and instance for which a condition holds. The condition is never one on both
 * at once, `(name, instance_id) > (?, ?)`: there the engine seeks what is equal too, and passes over it task by task.
 */
function nextSql(condition: string): string {
  return `SELECT name, instance_id, ended_at_ms, id FROM task INDEXED BY task_by_success
    WHERE service_series = ? AND status = 'Completed' AND ${condition}
    ORDER BY name, instance_id, ended_at_ms DESC, id DESC LIMIT 1`;
}

/** The rows of two kinds in one order: of a name and instance that both have, only the later success. */
function merge(ones: readonly SuccessRow[], others: readonly SuccessRow[]): SuccessRow[] {
  const merged: SuccessRow[] = [];
  let next = 0;
  for (const one of ones) {
    let later = one;
    for (let other = others[next]; other !== undefined; other = others[next]) {
      const order = compareBytewise(other[0], one[0]) || compareBytewise(other[1], one[1]);
      if (order > 0) break;
      if (order < 0) merged.push(other);
      else if ((other[2] - one[2] || compareBytewise(other[3], one[3])) > 0) later = other;
      next += 1;
    }
    merged.push(later);
  }
  return [...merged, ...others.slice(next)];
}
