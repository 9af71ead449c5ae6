import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { Client } from "pg";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { openMigratedDatabase } from "../../../test/postgres.ts";
import { type LoggedStatement, startLoggedPostgres } from "../../../test/statement-log.ts";
import type { TaskFilter } from "../../task/query.ts";
import { applyReport } from "../../task/report.ts";
import { checkChanges } from "../conformance/changes.ts";
import { checkCreations } from "../conformance/creations.ts";
import { checkLastSuccesses } from "../conformance/last-successes.ts";
import { checkLists } from "../conformance/lists.ts";
import { checkAgainstModel } from "../conformance/model.ts";
import { checkRetention } from "../conformance/retention.ts";
import { createFirstAndOrigin, project, sampleProject } from "../conformance/samples.ts";
import type { Check, Subject } from "../conformance/subject.ts";
import type { SharedStore } from "../store.ts";
import { checkCounts } from "./check-counts.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { openSession } from "./session.ts";
import { openPostgresStore } from "./store.ts";

/**
 * That the store distributes by project: every table of tasks is keyed by it, every statement names one, and no
 * transaction touches two. docs/operations/distribute.md builds on that.
 */

/** The tables that are distributed by project. */
const tablesOfTasks: readonly string[] = [
  "count_change",
  "count_node",
  "count_version",
  "remembered_creation",
  "task",
  "task_history",
];

/** The tables that are small, and the same for all: every node would have a copy. */
const tablesForAll: readonly string[] = [
  "access_key",
  "deleted_project",
  "domain",
  "domain_role",
  "migration",
  "project",
  "project_role",
  "setting",
  "token",
  "user_account",
];

/** The statements that are about all projects, by how they begin: upkeep, which nobody's request waits for. */
const upkeep: readonly string[] = ["WITH RECURSIVE known AS (\n     (SELECT project_id FROM task"];

async function openClient(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  // The database goes before it.
  client.on("error", () => {});
  await client.connect();
  t.after(() => client.end());
  return client;
}

/** Reads the catalog: each row is an array. */
async function readCatalog(t: TestContext, url: string) {
  const client = await openClient(t, url);
  return async (text: string): Promise<readonly (readonly unknown[])[]> =>
    (await client.query({ text, rowMode: "array" })).rows;
}

test("every table is either one of tasks, which has a project in every row, or one that is the same for all", async (t) => {
  const ask = await readCatalog(t, (await openMigratedDatabase(t)).url);
  const tables = await ask(
    `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'c', 't')
     ORDER BY relname`,
  );
  assert.deepEqual(tables.flat(), [...tablesOfTasks, ...tablesForAll].sort());
  const columns = await ask(
    `SELECT attrelid::regclass::text, format_type(atttypid, atttypmod), collname, attnotnull
     FROM pg_attribute JOIN pg_collation ON pg_collation.oid = attcollation
     WHERE attname = 'project_id' AND attrelid IN (SELECT unnest(ARRAY['${tablesOfTasks.join("', '")}'])::regclass)
     ORDER BY 1`,
  );
  assert.deepEqual(
    columns,
    tablesOfTasks.map((table) => [table, "text", "C", true]),
  );
});

test("every primary key and unique index of the tables of tasks begins with the project", async (t) => {
  const ask = await readCatalog(t, (await openMigratedDatabase(t)).url);
  const unique = await ask(
    `SELECT indrelid::regclass::text, indexrelid::regclass::text, indisprimary, attname
     FROM pg_index LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
     WHERE indrelid::regclass::text = ANY (ARRAY['${tablesOfTasks.join("', '")}'])
       AND (indisunique OR indisexclusion)`,
  );
  assert.deepEqual(
    unique.filter(([, , , column]) => column !== "project_id"),
    [],
  );
  const withKey = unique.filter(([, , isPrimary]) => isPrimary).map(([table]) => table);
  assert.deepEqual(withKey.sort(), tablesOfTasks);
});

test("a reference from or to a table of tasks has the project on both sides", async (t) => {
  const ask = await readCatalog(t, (await openMigratedDatabase(t)).url);
  const references = await ask(
    `SELECT conrelid::regclass::text, confrelid::regclass::text, (
       SELECT array_agg(own.attname || ' = ' || other.attname)
       FROM unnest(conkey, confkey) AS pair (own, other)
       JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = pair.own
       JOIN pg_attribute AS other ON other.attrelid = confrelid AND other.attnum = pair.other
     )::text[] FROM pg_constraint WHERE contype = 'f'`,
  );
  const ofTasks = references.filter(([from, to]) =>
    [from, to].some((table) => tablesOfTasks.includes(table as string)),
  );
  assert.ok(ofTasks.length > 0);
  for (const [from, to, pairs] of ofTasks) {
    for (const table of [from, to]) assert.ok(tablesOfTasks.includes(table as string), `${from} to ${to}`);
    assert.ok((pairs as string[]).includes("project_id = project_id"), `${from} to ${to}`);
  }
});

test("nothing depends on a global sequence, on a trigger or on notifications", async (t) => {
  const ask = await readCatalog(t, (await openMigratedDatabase(t)).url);
  assert.deepEqual(await ask("SELECT relname FROM pg_class WHERE relkind = 'S'"), []);
  assert.deepEqual(
    await ask(
      `SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
       WHERE attidentity <> '' AND relnamespace = 'public'::regnamespace`,
    ),
    [],
  );
  assert.deepEqual(await ask("SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal"), []);
  assert.deepEqual(
    await ask(`SELECT relname FROM pg_class WHERE relhasrules AND relnamespace = 'public'::regnamespace`),
    [],
  );
  const words = /\b(LISTEN|NOTIFY|UNLISTEN)\b|pg_notify|nextval|currval|\bon\("notification"/;
  const folder = import.meta.dirname;
  const sources = globSync("**/*.{ts,sql}", { cwd: folder }).filter((file) => !file.endsWith(".test.ts"));
  assert.ok(sources.length > 30);
  assert.deepEqual(
    sources.filter((file) => words.test(readFileSync(join(folder, file), "utf8"))),
    [],
  );
});

/** A node of a plan, as the database explains it. */
interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Operation?: string;
  readonly Output?: readonly string[];
  readonly Plans?: readonly PlanNode[];
  readonly "Index Cond"?: string;
  readonly "Recheck Cond"?: string;
  readonly Filter?: string;
}

/**
 * Which tables of tasks a statement touches, and where it does so without saying that the project is its first value:
 * by the plan that the database makes of it, so that nothing hides in a subquery, an alias or a join.
 */
async function explain(
  client: Client,
  text: string,
): Promise<{ readonly tables: ReadonlySet<string>; readonly faults: readonly string[] }> {
  const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN, VERBOSE, COSTS OFF, FORMAT JSON) ${text}`);
  const tables = new Set<string>();
  const faults: string[] = [];
  const visit = (node: PlanNode): void => {
    const { "Relation Name": table, Operation: operation, Plans: plans = [] } = node;
    plans.forEach(visit);
    if (table === undefined || !tablesOfTasks.includes(table)) return;
    tables.add(table);
    const conditions = [node["Index Cond"], node["Recheck Cond"], node.Filter].join(" ");
    if (operation === "Insert") {
      // The project is the first column of each of these tables.
      const [first] = plans[0]?.Output ?? [];
      if (first !== "$1" && first !== "($1)") faults.push(`inserts ${first} as the project of ${table}`);
    } else if (operation === undefined && !/\bproject_id = (\$1|\(\$1\)::text)\)/.test(conditions)) {
      faults.push(`reads ${table} of any project`);
    }
  };
  visit(rows[0]["QUERY PLAN"][0].Plan);
  return { tables, faults };
}

/** What is wrong with logged statements, each thing once; also how many of them touched tables of tasks. */
async function judge(
  client: Client,
  logged: readonly LoggedStatement[],
): Promise<{ readonly faults: readonly string[]; readonly ofTasks: number; readonly ofUpkeep: number }> {
  const faults = new Set<string>();
  const plans = new Map<string, Awaited<ReturnType<typeof explain>>>();
  const projects = new Map<string, string>();
  let ofTasks = 0;
  let ofUpkeep = 0;
  for (const { transaction, text, firstValue } of logged) {
    if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|VALUES)\b/i.test(text)) {
      if (!/^(BEGIN|COMMIT|ROLLBACK|ALTER ROLE CURRENT_USER)\b/.test(text))
        faults.add(`is none that is expected: ${text}`);
      continue;
    }
    if (upkeep.some((beginning) => text.startsWith(beginning))) {
      ofUpkeep += 1;
      continue;
    }
    const plan = plans.get(text) ?? (await explain(client, text));
    plans.set(text, plan);
    for (const fault of plan.faults) faults.add(`${fault}: ${text}`);
    if (plan.tables.size === 0) continue;
    ofTasks += 1;
    const project = projects.get(transaction) ?? firstValue;
    if (firstValue === undefined || project === undefined) faults.add(`has no value: ${text}`);
    else if (project !== firstValue) faults.add(`is of another project than its transaction: ${text}`);
    else projects.set(transaction, project);
  }
  return { faults: [...faults], ofTasks, ofUpkeep };
}

test("a statement that does not name its project is found, wherever it hides", async (t) => {
  const { url } = await openMigratedDatabase(t);
  const client = await openClient(t, url);
  const faultsOf = async (text: string) => (await explain(client, text)).faults;
  assert.deepEqual(await faultsOf("SELECT id FROM task WHERE project_id = $1 AND id = $2"), []);
  assert.deepEqual(
    await faultsOf("SELECT id FROM task JOIN task_history AS line USING (project_id) WHERE project_id = $1"),
    [],
  );
  const broken: readonly (readonly [text: string, fault: string])[] = [
    ["SELECT id FROM task WHERE id = $1", "reads task of any project"],
    ["SELECT id FROM task WHERE project_id = $2 AND id = $1", "reads task of any project"],
    ["SELECT id FROM task WHERE project_id = ANY ($1)", "reads task of any project"],
    ["SELECT 1 WHERE EXISTS (SELECT FROM count_change)", "reads count_change of any project"],
    [
      "SELECT id FROM task JOIN task_history AS line ON line.task_id = task.id WHERE task.project_id = $1",
      "reads task_history of any project",
    ],
    ["UPDATE task SET name = '' WHERE id = $1", "reads task of any project"],
    ["DELETE FROM count_node WHERE project_id <> $1", "reads count_node of any project"],
    [
      "INSERT INTO count_version (project_id, version) VALUES ($2, $1)",
      "inserts $2 as the project of count_version",
    ],
    [
      "INSERT INTO count_version SELECT id, 1 FROM project WHERE id = $1",
      "inserts project.id as the project of count_version",
    ],
  ];
  for (const [text, fault] of broken) assert.deepEqual([text, await faultsOf(text)], [text, [fault]]);
  const read = { database: "", transaction: "1/1", text: "SELECT id FROM task WHERE project_id = $1" };
  const { faults } = await judge(client, [
    { ...read, firstValue: "'a'" },
    { ...read, firstValue: "'b'" },
    { ...read, firstValue: undefined, transaction: "1/2" },
  ]);
  assert.deepEqual(
    faults.map((fault) => fault.split(":")[0]),
    ["is of another project than its transaction", "has no value"],
  );
});

/** A store whose server writes down what it asks. */
async function openLogged(t: TestContext) {
  const { url, readStatements } = await startLoggedPostgres(t);
  const client = await openClient(t, url);
  const tables = [...tablesOfTasks, ...tablesForAll].filter((table) => table !== "migration");
  let isEmpty = true;
  return {
    url,
    /** Opens the store, which has nothing in it. */
    async openEmpty(clock: () => number): Promise<SharedStore> {
      const onTrouble = (error: unknown): never => {
        throw error;
      };
      if (!isEmpty) await client.query(`TRUNCATE ${tables.join(", ")}`);
      else {
        // The schema is made by statements that are not judged.
        const session = openSession({ url, connections: 1, onTrouble });
        await migrate(session, readMigrations(), clock);
        await session.close();
        await readStatements();
      }
      isEmpty = false;
      return openPostgresStore({ url, clock, onTrouble });
    },
    judgeAll: async () => judge(client, await readStatements()),
  };
}

/** Hundreds of checks, each on an empty store: on a machine that does much else they take longer than others may. */
const contract = { timeout: 300_000 };

test(
  "every statement behind the store's contract names its project, and no transaction touches two",
  contract,
  async (t) => {
    const { openEmpty, judgeAll } = await openLogged(t);
    const bodies: ((subject: Subject) => Promise<void>)[] = [];
    const check: Check = (_sentence, body) => bodies.push(body);
    checkCreations(check);
    checkChanges(check);
    checkLists(check);
    checkLastSuccesses(check);
    checkRetention(check);
    checkAgainstModel(check);
    for (const body of bodies) {
      let nowMs = factoryCreatedAtMs;
      const store = await openEmpty(() => nowMs);
      const { tasks, identity } = store;
      const setClock = (laterMs: number): void => {
        nowMs = laterMs;
      };
      await body({ store, tasks, identity, startMs: nowMs, setClock });
      await store.close();
    }
    const { faults, ofTasks } = await judgeAll();
    assert.deepEqual(faults, []);
    assert.ok(ofTasks > 5000, `only ${ofTasks} statements were judged`);
  },
);

const projects = ["a", "b", "c"];
/** More than are passed over one by one, and more than are folded at once. */
const tasksPerProject = 700;

function taskOf(projectId: string, number: number) {
  const facts = {
    projectId,
    id: `task-${number}`,
    createdAtMs: factoryCreatedAtMs + number,
    name: `Name${number % 5}`,
    labels: { number: `${number}` },
    orderId: number % 10 === 0 ? `order-${number}` : "",
    parentId: number % 10 === 1 ? `task-${number - 1}` : null,
  };
  if (number % 3 === 0) return taskFactory.completed(facts);
  return taskFactory.running({ ...facts, leaseSeconds: 60, onStale: "fail" });
}

async function askEverything({ tasks }: SharedStore, projectId: string): Promise<void> {
  const filters: readonly Partial<TaskFilter>[] = [
    {},
    { names: ["Name1", "Name2"], createdFromMs: factoryCreatedAtMs + 5 },
    { instanceIds: ["instance-1"], statuses: ["Running"] },
    { statuses: ["Failed"] },
    { orderIds: ["order-10"] },
    { parentIds: ["task-10", "task-20"] },
    { labels: { number: ["7"] } },
    { texts: ["name3"], services: ["rds"] },
    { stale: { wanted: true, atMs: factoryCreatedAtMs + 100_000 } },
    { ids: ["task-1", "task-2"] },
  ];
  for (const order of ["newest-first", "oldest-first"] as const) {
    for (const some of filters) {
      const filter = { projectId, ...some };
      for (const offset of [0, 600]) {
        await tasks.listTasks({ filter, order, offset, limit: 10, withNames: offset > 0 });
      }
      for await (const _part of tasks.streamTasks({ filter, order, limit: 300 }));
      await tasks.countTasks({ filter, groupBy: ["status", "name", "service"], bucketMs: 60_000 });
      await tasks.countTasks({ filter, groupBy: ["instanceId"], bucketMs: undefined });
    }
  }
  assert.ok((await tasks.listLastSuccesses({ projectId, limit: 10 })).successes.length > 0);
  const { ids } = await tasks.findEndedTasks({
    projectId,
    endedBeforeMs: factoryCreatedAtMs + 10_000_000,
    from: undefined,
    limit: 10,
  });
  assert.equal(ids.length, 10);
  await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs: factoryCreatedAtMs + 10_000_000 });
  await tasks.listOverdueTasks({ projectId, nowMs: factoryCreatedAtMs + 10_000_000, limit: 10 });
  await tasks.listHistory({ projectId, id: "task-1", afterRevision: 0, limit: 10 });
  await tasks.deleteTask({ projectId, id: "task-1" });
}

test("what projects ask at the same time is kept apart, also where it is done in groups, and by upkeep", async (t) => {
  const { url, openEmpty, judgeAll } = await openLogged(t);
  const nowMs = factoryCreatedAtMs + 1_000_000;
  const store = await openEmpty(() => nowMs);
  const numbers = Array.from({ length: tasksPerProject }, (_, number) => number);
  const everywhere = numbers.flatMap((number) => projects.map((projectId) => ({ projectId, number })));
  await Promise.all(
    everywhere.map(({ projectId, number }) =>
      store.tasks.createTask(
        creationOf(taskOf(projectId, number), number % 2 === 0 ? { idempotencyKey: `key-${number}` } : {}),
      ),
    ),
  );
  await Promise.all(
    everywhere
      .filter(({ number }) => number % 3 === 1)
      .map(({ projectId, number }) =>
        store.tasks.changeTask({ projectId, id: `task-${number}` }, (current) =>
          applyReport(current, { status: "Completed" }, { by: "producer", nowMs }),
        ),
      ),
  );
  await Promise.all(projects.map((projectId) => askEverything(store, projectId)));
  await createFirstAndOrigin(store.identity);
  await store.identity.createProject(sampleProject("brief"));
  await store.identity.updateProject(project.id, { enabled: false });
  assert.equal(await store.identity.deleteProject(sampleProject("brief").id), true);
  for (const projectId of await store.identity.listDeletedProjectIds()) {
    await store.identity.forgetCreations({ projectId, after: "", limit: 10 });
  }
  const session = openSession({ url, connections: 2, onTrouble: () => {} });
  assert.ok((await rebuildCounts(session)) > 0);
  for await (const fault of checkCounts(session)) assert.fail(fault);
  await session.close();
  await store.close();
  const { faults, ofTasks, ofUpkeep } = await judgeAll();
  assert.deepEqual(faults, []);
  assert.ok(ofTasks > 500, `only ${ofTasks} statements were judged`);
  assert.equal(ofUpkeep, 2);
});
