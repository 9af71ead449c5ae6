import type { Service } from "../../task/lifecycle.ts";
import { statement } from "./session.ts";

type SuccessRow = readonly [
  service: Service,
  name: string,
  instanceId: string,
  endedAtMs: number,
  taskId: string,
];

/** Reads the last success of the first service, name and instance for which a condition holds. */
function nextSql(condition: string): string {
  return `SELECT task.service, task.name, task.instance_id, task.ended_at_ms, task.id FROM task
    WHERE task.project_id = $1 AND task.status = 'Completed' AND ${condition}
    ORDER BY task.service, task.name, task.instance_id, task.ended_at_ms DESC, task.id DESC LIMIT 1`;
}

/**
 * When what last succeeded, in order. Values: project; how many are read. In its index the last success of each name on
 * each instance comes first, so each is one look: from there to the next one, however many tasks lie between them.
 */
export const readLastSuccesses = statement<SuccessRow>(
  `WITH RECURSIVE last AS (
     (${nextSql("TRUE")})
     UNION ALL
     SELECT next.* FROM last CROSS JOIN LATERAL (
       ${nextSql("(task.service, task.name, task.instance_id) > (last.service, last.name, last.instance_id)")}
     ) AS next
   )
   SELECT * FROM last LIMIT $2::bigint`,
);
