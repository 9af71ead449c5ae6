import type { TestContext } from "node:test";
import { storedLimits, type TreeLimits } from "../src/counts/count-tree.ts";
import { checkCounts } from "../src/store/postgres/check-counts.ts";
import { openSession, type Query, type Session, statement } from "../src/store/postgres/session.ts";
import { createTaskWriting } from "../src/store/postgres/task-writing.ts";
import { rowOfTask, taskColumns } from "../src/store/task-rows.ts";
import type { TaskStatus } from "../src/task/lifecycle.ts";
import type { Task, TaskKey } from "../src/task/task.ts";
import { creationOf, factoryCreatedAtMs, taskFactory } from "./factories.ts";
import { openMigratedDatabase } from "./postgres.ts";
import type { PostgresVersion } from "./postgres-cluster.ts";

/** A database whose counts a test looks at: tasks are written as a server writes them, and nobody folds by himself. */
export async function openCountedTasks(t: TestContext, version?: PostgresVersion) {
  const sessions: Session[] = [];
  // Before the database goes.
  t.after(() => Promise.all(sessions.map(({ close }) => close())));
  const { url } = await openMigratedDatabase(t, version);
  /** What a server of its own would have. */
  function openAnother(): Session {
    const session = openSession({ url, connections: 3, statementMs: 30_000, onTrouble: () => {} });
    sessions.push(session);
    return session;
  }
  const session = openAnother();
  const clock = () => factoryCreatedAtMs;
  const writing = createTaskWriting({ session, clock, onCountChanges: () => {} });
  return {
    url,
    session,
    openAnother,
    async create(tasks: readonly Task[]): Promise<void> {
      await Promise.all(tasks.map((task) => writing.createTask(creationOf(task))));
    },
    async setStatus(key: TaskKey, status: TaskStatus): Promise<void> {
      await writing.changeTask(key, (current) => ({
        task: { ...current, status, revision: current.revision + 1 },
        entry: undefined,
      }));
    },
    async remove({ projectId, id }: TaskKey): Promise<void> {
      await writing.deleteTask({ projectId, id });
    },
    deleteEnded: writing.deleteEndedTasks,
  };
}

export type CountedTasks = Awaited<ReturnType<typeof openCountedTasks>>;

/** What a check of the counts finds. */
export async function findingsIn(
  session: Session,
  limits: TreeLimits = storedLimits,
): Promise<readonly string[]> {
  const findings: string[] = [];
  for await (const finding of checkCounts(session, { limits })) findings.push(finding);
  return findings;
}

/** How many changes wait for their fold, and how many nodes the trees have. */
export async function sizesIn(query: Query): Promise<{ readonly changes: number; readonly nodes: number }> {
  const [[changes, nodes] = [0, 0]] = await query(
    statement<[changes: number, nodes: number]>(
      "SELECT (SELECT count(*) FROM count_change), (SELECT count(*) FROM count_node)",
    ),
  );
  return { changes, nodes };
}

/** Any number of tasks, made in the database itself. SQL says what differs, by their `number`, which begins at 1. */
export async function insertMany(
  query: Query,
  {
    count,
    differ,
    facts = {},
  }: { readonly count: number; readonly differ: string; readonly facts?: Partial<Task> },
): Promise<void> {
  const columns = rowOfTask(taskFactory.completed(facts)).map((value, index) => [taskColumns[index], value]);
  const row = { ...Object.fromEntries(columns), creation_digest: "", accepted_at_ms: 0 };
  await query(
    statement(
      `INSERT INTO task SELECT made.* FROM generate_series(1, ${count}) AS number
       CROSS JOIN LATERAL jsonb_populate_record(NULL::task, $1::jsonb || jsonb_build_object(${differ})) AS made`,
    ),
    [JSON.stringify(row)],
  );
}

/** Appends what the creation of every task of a project means to the counts. */
export async function appendCreations(query: Query, projectId: string): Promise<void> {
  await query(
    statement(
      `INSERT INTO count_change (project_id, service, kind, name, instance_id, created_at_ms, task_id, to_status)
       SELECT project_id, service, kind, name, instance_id, created_at_ms, id, status FROM task WHERE project_id = $1`,
    ),
    [projectId],
  );
}
