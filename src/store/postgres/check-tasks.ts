import { isLive } from "./conditions.ts";
import { type Query, statement } from "./session.ts";

/** A question for tasks that are not as they must be, and what is said of them; of each project with any, their number. */
interface TaskCheck {
  readonly statement: ReturnType<typeof statement<[projectId: string, count: number]>>;
  readonly fault: string;
}

const checks: readonly TaskCheck[] = [
  {
    statement: statement(
      `SELECT task.project_id, count(*) FROM task
       JOIN task_history AS line ON line.project_id = task.project_id AND line.task_id = task.id
       WHERE line.revision > task.revision GROUP BY task.project_id ORDER BY task.project_id`,
    ),
    fault: "lines of history are of revisions that their tasks have not reached",
  },
  {
    statement: statement(
      `SELECT task.project_id, count(*) FROM task
       JOIN task_history AS line ON line.project_id = task.project_id AND line.task_id = task.id
       WHERE line.revision = 1 AND task.first_status IS NOT NULL GROUP BY task.project_id ORDER BY task.project_id`,
    ),
    fault: "tasks have the first line of their history twice",
  },
  {
    statement: statement(
      `SELECT project_id, count(*) FROM task
       WHERE fails_at_ms IS NOT NULL AND (
         fails_at_ms IS DISTINCT FROM heard_at_ms + lease_seconds::bigint * 1000 OR on_stale <> 'fail'
         OR NOT (${isLive})
       )
       GROUP BY project_id ORDER BY project_id`,
    ),
    fault: "tasks would fail for silence at another time than their leases say",
  },
  {
    statement: statement(
      `SELECT deleted_project.id, there.count FROM deleted_project CROSS JOIN LATERAL (
         SELECT count(*) FROM task WHERE project_id = deleted_project.id
       ) AS there WHERE there.count > 0 ORDER BY deleted_project.id`,
    ),
    fault: "tasks are in it, and it was deleted",
  },
];

/**
 * Tells in words what contradicts itself in tasks and their histories. That a line of history belongs to a task is the
 * database's own to hold, and that it does so is a part of the schema.
 */
export async function* wrongTasks(query: Query): AsyncGenerator<string> {
  for (const { statement: asked, fault } of checks) {
    for (const [projectId, count] of await query(asked)) yield `project ${projectId}: ${count} ${fault}`;
  }
}
