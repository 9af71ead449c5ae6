import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { openSession, type Session, statement } from "../src/store/postgres/session.ts";
import { createTaskWriting, type TaskWriting } from "../src/store/postgres/task-writing.ts";
import type { TaskChange } from "../src/task/report.ts";
import type { Task } from "../src/task/task.ts";
import { factoryCreatedAtMs, taskFactory } from "./factories.ts";
import { openMigratedDatabase } from "./postgres.ts";

/** Several servers that write tasks on one PostgreSQL database. */

const { projectId } = taskFactory.running();

/** What several servers have open: a session of each, and the tasks over it. */
export interface Server {
  readonly session: Session;
  readonly tasks: TaskWriting;
  /** How many rows of count_change it said that it appended. */
  readonly appended: { rows: number };
}

/** Opens servers on one fresh database, whose sessions end with the test. */
export async function openServers(t: TestContext, count: number): Promise<readonly [Server, ...Server[]]> {
  const { url } = await openMigratedDatabase(t);
  const servers = Array.from({ length: count }, (): Server => {
    const session = openSession({ url, connections: 5, onTrouble: () => {} });
    const appended = { rows: 0 };
    const tasks = createTaskWriting({
      session,
      clock: () => factoryCreatedAtMs,
      onCountChanges: (_, rows) => {
        appended.rows += rows;
      },
    });
    return { session, tasks, appended };
  });
  t.after(() => Promise.all(servers.map(({ session }) => session.close())));
  const [first, ...others] = servers;
  assert.ok(first);
  return [first, ...others];
}

export function runningTasks(count: number): readonly Task[] {
  return Array.from({ length: count }, (_, index) => taskFactory.running({ id: `task-${index}` }));
}

/** What a report on its progress makes of a task. */
export function nextRevision(current: Task): TaskChange {
  const revision = current.revision + 1;
  const entry = {
    revision,
    atMs: revision,
    reportedAtMs: revision,
    by: "reporter",
    message: "",
    changes: { progress: { from: current.progressPercent, to: revision } },
  };
  return { task: { ...current, progressPercent: revision, revision }, entry };
}

const readCounts = statement<[place: string, count: number]>(
  `SELECT place, sum(count)::bigint FROM (
     SELECT concat_ws(' ', task_id, service, kind, name, instance_id, created_at_ms, to_status) AS place, 1 AS count
     FROM count_change WHERE project_id = $1 AND to_status IS NOT NULL
     UNION ALL
     SELECT concat_ws(' ', task_id, service, kind, name, instance_id, created_at_ms, from_status), -1
     FROM count_change WHERE project_id = $1 AND from_status IS NOT NULL
   ) AS change GROUP BY place HAVING sum(count) <> 0 ORDER BY place`,
);
const readPlaces = statement<[place: string, count: number]>(
  `SELECT concat_ws(' ', id, service, kind, name, instance_id, created_at_ms, status) AS place, 1::bigint
   FROM task WHERE project_id = $1 ORDER BY place`,
);
const readChanges = statement<[rows: number]>("SELECT count(*) FROM count_change WHERE project_id = $1");

/** Holds the appended changes to the tasks as they are. */
export async function assertCounted({ session }: Server): Promise<void> {
  assert.deepEqual(
    await session.query(readCounts, [projectId]),
    await session.query(readPlaces, [projectId]),
  );
}

/** How many rows of count_change there are. */
export async function changesIn({ session }: Server): Promise<number> {
  const [[rows] = [0]] = await session.query(readChanges, [projectId]);
  return rows;
}
