import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { insertMany } from "../../../test/counted-tasks.ts";
import { explaining, nodesIn, type PlanNode } from "../../../test/explained.ts";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { openMigratedDatabase, postgresServers } from "../../../test/postgres.ts";
import { theEnd } from "../../counts/place.ts";
import type { TaskFilter, TaskQuery } from "../../task/query.ts";
import { domain, first, inDomain, sampleKey, sampleTerms, sampleToken } from "../conformance/samples.ts";
import type { IdentityStore, TaskStore } from "../store.ts";
import { foldChanges } from "./fold.ts";
import { createIdentityStore } from "./identity.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { openSession, type Session, statement } from "./session.ts";
import { createTaskStore } from "./tasks.ts";

const projectId = "large";
/** Of each project, how many tasks it has. */
const projects = { large: 18_000, middling: 3000, small: 200 } as const;

const differ = `
  'id', 'task-' || number,
  'service', CASE WHEN number % 6 = 0 THEN 'ddm' WHEN number % 6 = 1 THEN 'geminidb' ELSE 'rds' END,
  'kind', CASE WHEN number % 40 = 3 THEN 'scheduled' ELSE 'instant' END,
  'status', CASE WHEN number % 100 = 4 THEN 'Failed' WHEN number % 1000 = 8 THEN 'Canceled' ELSE 'Completed' END,
  'name', 'Name' || number % 7,
  'instance_id', 'instance-' || number % 100,
  'instance_name', 'orders-' || number % 100,
  'order_id', CASE WHEN number % 100 = 0 THEN 'order-' || number ELSE '' END,
  'parent_id', CASE WHEN number % 50 = 0 THEN 'task-' || number / 1000 END,
  'ended_at_ms', number / 3 + 5,
  'created_at_ms', number / 3,
  'fails_at_ms', CASE WHEN number % 200 = 1 THEN number END`;

/** What else fills the database, so that no table is so small that reading all of it is the quickest. */
const fill = [
  `INSERT INTO domain SELECT 'domain-' || number, 'Domain ' || number FROM generate_series(1, 500) AS number`,
  `INSERT INTO task_history SELECT project_id, id, line, 0, 0, 'producer', '', '{}'
   FROM task, generate_series(2, 4) AS line WHERE right(id, 1) = '7'`,
  `INSERT INTO remembered_creation SELECT 'large', 'key-' || number, number, 'task-' || number, '', 0, 'producer'
   FROM generate_series(1, 5000) AS number`,
  `INSERT INTO remembered_creation SELECT 'deleted-7', 'key-' || number, number, 'task-' || number, '', 0, 'producer'
   FROM generate_series(1, 5000) AS number`,
  `INSERT INTO project SELECT 'project-' || number, '${domain.id}', 'Project ' || number, '', TRUE
   FROM generate_series(1, 500) AS number`,
  `INSERT INTO user_account SELECT 'user-' || number, '${domain.id}', 'User ' || number, '', '', TRUE, ''
   FROM generate_series(1, 500) AS number`,
  `INSERT INTO project_role SELECT 'user-' || number % 500 + 1, 'project-' || number / 10 + 1, 'reader'
   FROM generate_series(0, 4999) AS number`,
  `INSERT INTO domain_role SELECT 'user-' || number, '${domain.id}', 'reader' FROM generate_series(1, 500) AS number`,
  `INSERT INTO token SELECT 'hash-' || number, 'user-' || number % 500 + 1, CASE WHEN number % 9 > 0 THEN 'project-' || number % 499 + 1 END,
     CASE WHEN number % 9 = 0 THEN 'domain-' || number % 499 + 1 END, FALSE, '["password"]', 0, ${factoryCreatedAtMs} + number FROM generate_series(1, 6000) AS number`,
  `INSERT INTO access_key SELECT 'access-' || number, 'user-' || number % 500 + 1, 'sealed', '', number
   FROM generate_series(1, 1500) AS number`,
  `INSERT INTO access_key SELECT 'temporary-' || number, 'user-' || number % 500 + 1, 'sealed', '', number, 'hash',
     ${factoryCreatedAtMs} + number, 'project-' || number % 499 + 1, NULL, 'hash-' || number
   FROM generate_series(1, 4000) AS number`,
  `INSERT INTO deleted_project SELECT 'deleted-' || number FROM generate_series(1, 500) AS number`,
  `INSERT INTO count_version SELECT 'project-' || number, 7 FROM generate_series(1, 500) AS number`,
  `INSERT INTO count_node SELECT 'project-' || number, service, kind, dimension, value, level, start_ms, start_id, tally
   FROM count_node, generate_series(1, 5) AS number WHERE project_id = 'large'`,
  `INSERT INTO count_change (project_id, service, kind, name, instance_id, created_at_ms, task_id, to_status)
   SELECT 'project-' || number % 500, 'rds', 'instant', 'Name', 'instance', number, number::text, 'Running'
   FROM generate_series(1, 4000) AS number`,
  // What the trees do not know: the tasks are newer than all others.
  ...["large", "middling"].map(
    (project) => `WITH added AS (
       INSERT INTO task SELECT (jsonb_populate_record(task, jsonb_build_object('id', 'late-' || id, 'created_at_ms', 9000))).*
       FROM task WHERE project_id = '${project}' AND right(id, 2) = '33' RETURNING *
     )
     INSERT INTO count_change (project_id, service, kind, name, instance_id, created_at_ms, task_id, to_status)
     SELECT project_id, service, kind, name, instance_id, created_at_ms, id, status FROM added`,
  ),
];

async function open(t: TestContext, version: (typeof postgresServers)[number]["version"]) {
  const { url } = await openMigratedDatabase(t, version);
  const session = openSession({ url, connections: 3, statementMs: 60_000, onTrouble: () => {} });
  t.after(() => session.close());
  for (const [project, count] of Object.entries(projects)) {
    await insertMany(session.query, { count, differ, facts: { projectId: project } });
  }
  await rebuildCounts(session);
  await createIdentityStore(session, () => 0).createFirstIdentity(first);
  for (const sql of fill) await session.query(statement(sql));
  await session.query(statement("ANALYZE"));
  const explained = explaining(session);
  const clock = () => factoryCreatedAtMs;
  const { store, close } = createTaskStore({
    session: explained.session,
    long: explained.session,
    folds: explained.session,
    clock,
    onTrouble: (error) => {
      throw error;
    },
  });
  // Nobody folds meanwhile.
  await close();
  const asked: Asked = {
    tasks: store,
    identity: createIdentityStore(explained.session, clock),
    session: explained.session,
    list: (filter, query = {}) =>
      store.listTasks({
        order: "newest-first",
        offset: 0,
        limit: 10,
        withNames: false,
        ...query,
        filter: { projectId, ...filter },
      }),
  };
  return { asked, take: explained.take, session };
}

const readInvisible = statement<[pages: number]>(
  "SELECT relpages - relallvisible FROM pg_class WHERE oid = 'task'::regclass",
);

/** Cleans up, until an index alone tells which of the tasks are there: somebody may still see what was there before. */
async function cleanUp({ query }: Session): Promise<void> {
  for (;;) {
    await query(statement("VACUUM (ANALYZE)"));
    const [[pages] = [0]] = await query(readInvisible);
    if (pages === 0) return;
    await wait(50);
  }
}

interface Asked {
  readonly tasks: TaskStore;
  readonly identity: IdentityStore;
  readonly session: Session;
  list(filter: Partial<TaskFilter>, query?: Partial<TaskQuery>): Promise<unknown>;
}

const rds = { services: ["rds"], kinds: ["instant"] } as const;
const window = { createdFromMs: 1500, createdToMs: 4500 };
const halfway = { createdAtMs: 3000, id: "task-9001" };
const key = { projectId, id: "task-777" };

interface Question {
  readonly ask: (asked: Asked) => Promise<unknown>;
  /** The indexes that its statements look into: all of those on tasks, and the ones made for it on other tables. */
  readonly uses: readonly string[];
  /** How many pages its statements may touch: some twice of what they do. */
  readonly pages: number;
  /** How many rows may be sorted, where it is more than the rows of a page, those of each range of an index. */
  readonly sorted?: number;
}

/** The questions that servers are asked all day long, and how the database may answer them. */
const hotQuestions = {
  "one task": { ask: ({ tasks }) => tasks.getTask(key), uses: ["task_pkey"], pages: 6 },
  "a task's history": {
    ask: ({ tasks }) => tasks.listHistory({ ...key, afterRevision: 0, limit: 10 }),
    uses: ["task_pkey"],
    pages: 16,
  },
  "a new task": {
    ask: ({ tasks }) => tasks.createTask(creationOf(taskFactory.running({ projectId, id: "new" }))),
    uses: [],
    pages: 50,
  },
  "a new task with a key": {
    ask: ({ tasks }) =>
      tasks.createTask(
        creationOf(taskFactory.running({ projectId, id: "keyed" }), { idempotencyKey: "new key" }),
      ),
    uses: ["remembered_creation_by_use"],
    pages: 120,
  },
  "a report": {
    ask: ({ tasks }) =>
      tasks.changeTask({ projectId, id: "task-778" }, (task) => ({
        task: { ...task, status: "Failed", revision: task.revision + 1 },
        entry: { revision: 2, atMs: 0, reportedAtMs: 0, by: "producer", message: "", changes: {} },
      })),
    uses: ["task_pkey"],
    pages: 60,
  },
  "a task's deletion": {
    ask: ({ tasks }) => tasks.deleteTask({ projectId, id: "task-9997" }),
    uses: ["task_pkey"],
    pages: 40,
  },
  "a step that forgets the keys of a deleted project": {
    ask: ({ identity }) => identity.forgetCreations({ projectId: "deleted-7", after: "key-2", limit: 10 }),
    uses: ["remembered_creation_pkey"],
    pages: 60,
  },
  "the deletion of what has ended": {
    ask: ({ tasks }) =>
      tasks.deleteEndedTasks({ projectId, ids: ["task-7", "task-17"], endedBeforeMs: theEnd.createdAtMs }),
    uses: ["task_pkey"],
    pages: 45,
  },
  "the tasks that silence makes fail": {
    ask: ({ tasks }) => tasks.listOverdueTasks({ projectId, nowMs: 9000, limit: 10 }),
    uses: ["task_by_failure_time"],
    pages: 10,
  },
  "a look for what has ended": {
    ask: ({ tasks }) => tasks.findEndedTasks({ projectId, endedBeforeMs: 10, from: undefined, limit: 100 }),
    uses: ["task_by_service", "task_pkey"],
    pages: 270,
  },
  "a service's list": {
    ask: ({ list }) => list({ ...rds, ...window }),
    uses: ["task_by_service"],
    pages: 120,
    sorted: 130,
  },
  "a service's list, whose total the trees in memory tell": {
    ask: ({ list }) => list({ ...rds, ...window }),
    uses: ["task_by_service"],
    pages: 50,
  },
  "a service's list, some pages on": {
    ask: ({ list }) => list(rds, { offset: 100 }),
    uses: ["task_by_service"],
    pages: 100,
  },
  "a service's list, deep": {
    ask: ({ list }) => list(rds, { offset: 7000 }),
    uses: ["task_by_service"],
    pages: 170,
    sorted: 300,
  },
  "a service's list after a place": {
    ask: ({ list }) => list(rds, { after: halfway }),
    uses: ["task_by_service"],
    pages: 100,
  },
  "a service's list of some statuses": {
    ask: ({ list }) => list({ ...rds, statuses: ["Failed", "Canceled"] }),
    uses: ["task_by_service", "task_by_status", "task_pkey"],
    pages: 150,
  },
  "a service's list with its distinct names": {
    ask: ({ list }) => list(rds, { withNames: true }),
    uses: ["task_by_name", "task_by_service"],
    pages: 200,
  },
  "a service's list of one name": {
    ask: ({ list }) => list({ ...rds, names: ["Name1"] }),
    uses: ["task_by_name"],
    pages: 60,
  },
  "a list of several names in all services, deep": {
    ask: ({ list }) => list({ names: ["Name1", "Name2"] }, { offset: 3000 }),
    uses: ["task_by_name", "task_pkey"],
    pages: 1000,
    sorted: 12 * 300,
  },
  "an instance's list": {
    ask: ({ list }) => list({ ...rds, instanceIds: ["instance-2"] }),
    uses: ["task_by_instance"],
    pages: 70,
  },
  "an order's list": {
    ask: ({ list }) => list({ orderIds: ["order-6000"], ...window }),
    uses: ["task_by_order", "task_pkey"],
    pages: 20,
  },
  "a task's children": {
    ask: ({ list }) => list({ parentIds: ["task-6"] }),
    uses: ["task_by_parent", "task_pkey"],
    pages: 100,
  },
  "the children of several tasks in a window, with their names": {
    ask: ({ list }) => list({ parentIds: ["task-6", "task-7"], ...window }, { withNames: true }),
    uses: ["task_by_parent", "task_pkey"],
    pages: 100,
  },
  "the first step of a stream of children": {
    ask: async ({ tasks }) => {
      const filter = { projectId, parentIds: ["task-6", "task-7"] };
      const stream = tasks.streamTasks({ filter, order: "oldest-first", limit: 10 });
      for await (const step of stream) assert.ok(step.length > 0);
    },
    uses: ["task_by_parent", "task_pkey"],
    pages: 60,
  },
  "the last successes": {
    ask: ({ tasks }) => tasks.listLastSuccesses({ projectId, limit: 100 }),
    uses: ["task_by_success"],
    pages: 450,
  },
  "the counts of a window's failures by instance": {
    ask: ({ tasks }) =>
      tasks.countTasks({
        filter: { projectId, statuses: ["Failed"], ...window },
        groupBy: ["instanceId"],
        bucketMs: undefined,
      }),
    uses: ["task_by_service", "task_by_status"],
    pages: 1000,
  },
  "a list of the scheduled tasks on instances of a name": {
    ask: ({ list }) =>
      list({ services: ["rds"], kinds: ["scheduled"], instanceNames: ["orders-3"], ...window }),
    uses: ["task_by_scheduled_instance_name", "task_pkey"],
    pages: 80,
  },
  "a project's list over all services": {
    ask: ({ list }) => list({}),
    uses: ["task_by_service", "task_pkey"],
    pages: 200,
  },
  "a project's list over all services, deep": {
    ask: ({ list }) => list({}, { offset: 15_000 }),
    uses: ["task_by_service", "task_pkey"],
    pages: 500,
    sorted: 6 * 6 * 256,
  },
  "named tasks": {
    ask: ({ list }) => list({ ids: ["task-1", "task-2", "nowhere"] }),
    uses: ["task_pkey"],
    pages: 30,
  },
  "the counts of a window by service and status": {
    ask: ({ tasks }) =>
      tasks.countTasks({
        filter: { projectId, ...window },
        groupBy: ["service", "status"],
        bucketMs: undefined,
      }),
    uses: ["task_by_service"],
    pages: 150,
  },
  "the counts of a window by name and time": {
    ask: ({ tasks }) =>
      tasks.countTasks({ filter: { projectId, ...rds, ...window }, groupBy: ["name"], bucketMs: 1000 }),
    uses: ["task_by_name", "task_by_service"],
    pages: 1200,
    sorted: 7 * 2 * 4 * 256,
  },
  "the first step of a stream": {
    ask: async ({ tasks }) => {
      const stream = tasks.streamTasks({ filter: { projectId }, order: "oldest-first", limit: 100 });
      for await (const step of stream) assert.ok(step.length > 0);
    },
    uses: ["task_by_service", "task_pkey"],
    pages: 700,
    sorted: 600,
  },
  "a fold": { ask: ({ session }) => foldChanges(session, "middling"), uses: [], pages: 600 },
  "a token": {
    ask: ({ identity }) => identity.findToken("hash-7"),
    uses: [],
    pages: 50,
  },
  "a standing": {
    ask: ({ identity }) => identity.findStanding("user-7", inDomain),
    uses: [],
    pages: 40,
  },
  "an access key": { ask: ({ identity }) => identity.findAccessKey("access-7"), uses: [], pages: 6 },
  "a user's access keys": {
    ask: ({ identity }) => identity.listAccessKeys("user-7"),
    uses: ["access_key_by_user"],
    pages: 12,
  },
  "a new token": {
    ask: ({ identity }) => identity.createToken(sampleToken({ hash: "new" })),
    uses: ["token_by_expiry"],
    pages: 50,
  },
  "a new temporary key": {
    ask: ({ identity }) =>
      identity.createAccessKey(sampleKey({ access: "new", temporary: sampleTerms({ madeWith: "hash-9" }) })),
    uses: ["access_key_by_expiry"],
    pages: 60,
  },
  "a token's end": {
    ask: ({ identity }) => identity.revokeToken("hash-8"),
    uses: ["access_key_by_origin"],
    pages: 20,
  },
  "a password's change": {
    ask: ({ identity }) => identity.updateUser("user-8", { passwordHash: "other" }),
    uses: ["access_key_by_user", "token_by_user"],
    pages: 170,
  },
  "a project that is disabled": {
    ask: ({ identity }) => identity.updateProject("project-8", { enabled: false }),
    uses: ["access_key_by_project", "token_by_project"],
    pages: 140,
  },
  "a role that is taken away": {
    ask: ({ identity }) => identity.revokeRole({ userId: "user-9", scope: inDomain, role: "reader" }),
    uses: ["access_key_by_user", "domain_role_by_domain", "token_by_user"],
    pages: 70,
  },
} as const satisfies Readonly<Record<string, Question>>;

/** How many rows are sorted of a page, and of each range from which it is merged. */
const mostSorted = 100;

for (const [index, { name, version }] of postgresServers.entries()) {
  // The plans must be the same before the first clean-up; how many pages they touch is told after it.
  const isClean = index === postgresServers.length - 1;
  const state = isClean ? "" : ", before any clean-up";
  test(`on ${name}${state}, hot questions are answered by the index that is meant, and by no more of it than they need`, async (t) => {
    const { asked, take, session } = await open(t, version);
    if (isClean) await cleanUp(session);
    const used = new Set<string>();
    for (const [question, { ask, uses, pages, sorted = mostSorted }] of Object.entries<Question>(
      hotQuestions,
    )) {
      await t.test(question, async () => {
        await ask(asked);
        const statements = take();
        const nodes = statements.flatMap(({ plan }) => nodesIn(plan));
        const told = () => JSON.stringify(statements);
        const indexes = new Set(nodes.flatMap((node) => node["Index Name"] ?? []));
        for (const index of indexes) used.add(index);
        assert.deepEqual(
          nodes.filter((node) => node["Node Type"] === "Seq Scan").map((node) => node["Relation Name"]),
          [],
          told(),
        );
        assert.deepEqual([...indexes].filter(isOfTasks).sort(), uses.filter(isOfTasks).toSorted(), told());
        assert.deepEqual(
          uses.filter((index) => !indexes.has(index)),
          [],
          told(),
        );
        const sorts = nodes.filter((node) => node["Node Type"].includes("Sort")).map(rowsInto);
        assert.ok(Math.max(0, ...sorts) <= sorted, `${sorts.join(", ")} rows sorted\n${told()}`);
        const touched = statements.reduce((sum, { plan }) => sum + pagesOf(plan), 0);
        assert.ok(statements.length > 0 && (touched <= pages || !isClean), `${touched} pages\n${told()}`);
      });
    }

    await t.test("every index is needed by a hot question, or finds what goes with something", async () => {
      const needless = (await session.query(readOtherIndexes)).filter(([index]) => !used.has(index));
      assert.deepEqual(needless, []);
    });
  });
}

function isOfTasks(index: string): boolean {
  return index === "task_pkey" || index.startsWith("task_by_");
}

function rowsInto({ Plans: inputs = [] }: PlanNode): number {
  return Math.max(0, ...inputs.map((input) => input["Actual Rows"] * input["Actual Loops"]));
}

function pagesOf(plan: PlanNode): number {
  return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
}

/** Indexes that hold no constraint, and begin with no column whose rows go with those that it refers to. */
const readOtherIndexes = statement<[index: string]>(
  `SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class AS class ON class.oid = indrelid
   WHERE relnamespace = current_schema()::regnamespace
     AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
     AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = indrelid AND contype = 'f' AND conkey[1] = indkey[0])`,
);
