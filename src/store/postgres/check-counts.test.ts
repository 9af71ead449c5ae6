import assert from "node:assert/strict";
import test from "node:test";
import {
  appendCreations,
  findingsIn,
  insertMany,
  openCountedTasks,
  sizesIn,
} from "../../../test/counted-tasks.ts";
import { taskFactory } from "../../../test/factories.ts";
import { postgresServers } from "../../../test/postgres.ts";
import { smallLimits } from "../../../test/series-in-memory.ts";
import type { Task } from "../../task/task.ts";
import { foldChanges } from "./fold.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { statement } from "./session.ts";
import { checkStore, recountStore } from "./upkeep.ts";

const { projectId } = taskFactory.running();
const ofService = `project ${projectId}, rds instant`;

/** Tasks of two names on three instances, a millisecond apart, half of them ended. */
function tasksOf(count: number): readonly Task[] {
  return Array.from({ length: count }, (_, index) => {
    const facts = {
      id: `task-${index}`,
      name: index % 2 === 0 ? "Backup" : "Größe ändern",
      instance: { id: `instance-${index % 3}`, name: "", status: "" },
      createdAtMs: index,
    };
    return index % 4 < 2 ? taskFactory.running(facts) : taskFactory.completed(facts);
  });
}

async function open(...given: Parameters<typeof openCountedTasks>) {
  const counted = await openCountedTasks(...given);
  const { session, url } = counted;
  await counted.create(tasksOf(30));
  await foldChanges(session, projectId, smallLimits);
  return {
    ...counted,
    findings: () => findingsIn(session, smallLimits),
    run: (sql: string) => session.query(statement(sql)),
    /** What `store check` finds. */
    async check(): Promise<Readonly<Record<string, readonly string[]>>> {
      const found: [string, readonly string[]][] = [];
      await checkStore({ url }, (event) => {
        if (event.kind === "result") found.push([event.result.check, event.result.findings]);
      });
      return Object.fromEntries(found);
    },
  };
}

test("counts are right with changes that wait for their fold, and the check folds none of them", async (t) => {
  const { session, create, setStatus, remove, findings } = await open(t);
  assert.deepEqual(await findings(), []);
  await create([
    taskFactory.running({ id: "late", createdAtMs: 3 }),
    taskFactory.running({ id: "new", name: "New", createdAtMs: 99 }),
    taskFactory.running({ id: "fleeting", name: "Fleeting", createdAtMs: 99 }),
  ]);
  await setStatus({ projectId, id: "task-1" }, "Failed");
  await remove({ projectId, id: "task-2" });
  await remove({ projectId, id: "fleeting" });
  const before = await sizesIn(session.query);
  assert.equal(before.changes, 6);
  assert.deepEqual(await findings(), []);
  assert.deepEqual(await sizesIn(session.query), before);
});

test("the counts of many batches of series and tasks are read whole", async (t) => {
  const { session } = await openCountedTasks(t);
  // More nodes, tasks and series than are read at once, in every dimension.
  const differ = "'id', 'task-' || number, 'name', 'Name' || number % 6000, 'created_at_ms', number / 3";
  await session.transaction(async (query) => {
    await insertMany(query, { count: 12_000, differ });
    await appendCreations(query, projectId);
  });
  assert.equal(await foldChanges(session, projectId, smallLimits), 12_000);
  assert.deepEqual(await findingsIn(session, smallLimits), []);
  await session.query(statement("UPDATE task SET status = 'Failed' WHERE id IN ('task-5999', 'task-11000')"));
  const findings = await findingsIn(session, smallLimits);
  // A block and the nodes above it, each with one number too high and one too low.
  assert.ok(
    findings.some((text) => /rds instant, name Name5000: .* are Failed, and there are 1$/.test(text)),
  );
  assert.ok(
    findings.some((text) => /rds instant, name Name5999: .* are Failed, and there are 1$/.test(text)),
  );
  assert.equal(await rebuildCounts(session, { limits: smallLimits }), 6002);
  assert.deepEqual(await findingsIn(session, smallLimits), []);
});

/** Changes that no store makes, and what is found then. */
const countFaults: readonly (readonly [name: string, sql: string, findings: RegExp])[] = [
  [
    "a number that is too high in one node",
    "UPDATE count_node SET tally[4] = tally[4] + 1 WHERE dimension = 'service' AND level = 1 AND start_ms < 0",
    new RegExp(`^${ofService}: the node of level 1 from the beginning counts .* are Running, and there are`),
  ],
  [
    "a task that was not counted",
    "UPDATE task SET status = 'Failed' WHERE id = 'task-1'",
    new RegExp(`^${ofService}, name Größe ändern: .* counts 0 tasks that are Failed, and there are 1$`, "m"),
  ],
  [
    "a tree that is gone",
    "DELETE FROM count_node WHERE value = 'instance-1'",
    new RegExp(`^${ofService}, instance instance-1: there are tasks, and no nodes$`),
  ],
  [
    "trees before, between and after all others that have no tasks",
    `INSERT INTO count_node SELECT project_id, service, kind, dimension, added.value, 0, start_ms, start_id, tally
     FROM (VALUES ('A'), ('Between'), ('ZZ')) AS added (value), count_node
     WHERE dimension = 'name' AND count_node.value = 'Backup' AND start_ms < 0 AND level = 0`,
    /name A: there are nodes, and no tasks\n(.*\n)+.*name Between: there are.*\n(.*\n)+.*name ZZ: there are/,
  ],
  [
    "a change that nobody made, of a series that is not there",
    `INSERT INTO count_change (project_id, service, kind, name, instance_id, created_at_ms, task_id, from_status)
     VALUES ('${projectId}', 'ddm', 'instant', 'Nothing', 'instance-0', 0, 'nobody', 'Running')`,
    /ddm instant, name Nothing: there are tasks, and no nodes|ddm instant: /,
  ],
  [
    "counts of a project without tasks",
    "INSERT INTO count_node SELECT 'other', service, kind, dimension, value, level, start_ms, start_id, tally FROM count_node",
    /^project other, rds instant: there are nodes, and no tasks$/m,
  ],
];

for (const [name, sql, findings] of countFaults) {
  test(`${name}: found, and not there any more when all is counted anew`, async (t) => {
    const { session, run, findings: find } = await open(t);
    await run(sql);
    assert.match((await find()).join("\n"), findings);
    await rebuildCounts(session, { limits: smallLimits });
    assert.deepEqual(await find(), []);
  });
}

for (const { name, version } of postgresServers) {
  test(`on ${name}, each table, index, constraint and trigger that is missing, other or more is named, and nothing is asked of them`, async (t) => {
    const { run, check } = await open(t, version);
    assert.deepEqual(await check(), { schema: [], tasks: [], counts: [] });
    await run("CREATE VIEW ours AS SELECT 1");
    await run("CREATE TABLE also_ours (a integer)");
    await run("ALTER TABLE task SET (fillfactor = 90)");
    assert.deepEqual((await check()).schema, []);
    await run("DROP INDEX task_by_name");
    await run("DROP TABLE count_version");
    await run("ALTER TABLE token ADD COLUMN more text");
    await run("ALTER TABLE task_history DISABLE TRIGGER ALL");
    await run("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    await run("CREATE TRIGGER keep BEFORE DELETE ON token FOR EACH ROW EXECUTE FUNCTION keep()");
    assert.deepEqual(await check(), {
      schema: [
        "the database lacks constraint count_version_pkey",
        "the database lacks index count_version_pkey",
        "the database lacks index task_by_name",
        "the database lacks table count_version",
        "the database has another table task_history than this program makes",
        "the database has another table token than this program makes",
        "the database has trigger keep, which this program does not make",
      ],
    });
  });
}

test("a database of another program, or of a newer one, is named, and not counted anew", async (t) => {
  const { url, run, check } = await open(t);
  await run("INSERT INTO migration VALUES (999, '0999_later', '', 999, 0)");
  const reason = "was written by a newer program, which made migration 0999_later";
  assert.deepEqual(await check(), { schema: [`the database ${reason}`] });
  await assert.rejects(
    recountStore({ url }, () => {}),
    { message: `The store is unavailable: its database ${reason}.` },
  );
});

test("tasks and histories that contradict themselves are found", async (t) => {
  const { run, check, create } = await open(t);
  await create([taskFactory.running({ id: "leased", onStale: "fail", leaseSeconds: 60 })]);
  assert.deepEqual((await check()).tasks, []);
  const line = (id: string, revision: number) =>
    run(`INSERT INTO task_history VALUES ('${projectId}', '${id}', ${revision}, 0, 0, 'producer', '', '{}')`);
  await line("task-1", 7);
  await run("UPDATE task SET first_status = 'Running' WHERE id = 'task-3'");
  await run("DELETE FROM task_history WHERE task_id = 'task-3'");
  await line("task-3", 1);
  await run("UPDATE task SET fails_at_ms = fails_at_ms + 1 WHERE id = 'leased'");
  await run(`INSERT INTO deleted_project VALUES ('${projectId}'), ('other')`);
  assert.deepEqual((await check()).tasks, [
    `project ${projectId}: 1 lines of history are of revisions that their tasks have not reached`,
    `project ${projectId}: 1 tasks have the first line of their history twice`,
    `project ${projectId}: 1 tasks would fail for silence at another time than their leases say`,
    `project ${projectId}: 31 tasks are in it, and it was deleted`,
  ]);
});

test("of thousands of faults the first are named, and that there are more", async (t) => {
  const { run, check } = await open(t);
  await run("UPDATE count_node SET tally = array_fill(7, ARRAY[15])");
  const { counts = [] } = await check();
  assert.equal(counts.length, 21);
  assert.equal(counts.at(-1), "there is more");
});

test("what is created while all is counted anew is neither lost nor counted twice", async (t) => {
  const { url, session, create } = await open(t);
  let isDone = false;
  let rounds = 0;
  const creating = (async () => {
    for (; !isDone; rounds += 1) {
      await create([1, 2, 3].map((number) => taskFactory.running({ id: `more-${rounds}-${number}` })));
      if (rounds % 2 === 0) await foldChanges(session, projectId);
    }
  })();
  for (let times = 0; times < 10; times += 1) {
    await recountStore({ url }, () => {});
    assert.deepEqual(await findingsIn(session), []);
  }
  isDone = true;
  await creating;
  assert.ok(rounds > 1);
  assert.deepEqual(await findingsIn(session), []);
  await session.query(statement("ANALYZE task"));
  const told: number[] = [];
  // A service's, three names', and three instances'.
  assert.equal(await recountStore({ url }, (percent) => told.push(percent)), 7);
  assert.equal(told.at(-1), 100);
});
