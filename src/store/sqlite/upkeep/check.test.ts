import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { creationOf, taskFactory } from "../../../../test/factories.ts";
import { addTasks, change, flipByte, idsOf, makeFolder, taskIdsIn } from "../../../../test/store-files.ts";
import type { CheckEvent } from "../../checks.ts";
import { migrate, readMigrations } from "../migrations.ts";
import { openSqliteStore } from "../store.ts";
import { type Check, checkStore, checks } from "./check.ts";
import { recountStore } from "./rebuild.ts";

const { projectId } = taskFactory.running();

/** A store in which each of two instances has tasks of two names. */
async function makeStore(t: TestContext, tasks = idsOf(20)): Promise<string> {
  const path = join(makeFolder(t), "store.db");
  await addTasks(path, tasks);
  return path;
}

/** What a check finds, by what is checked. */
function check(storePath: string): Readonly<Partial<Record<Check, readonly string[]>>> {
  const events: CheckEvent[] = [];
  checkStore({ storePath }, (event) => events.push(event));
  return Object.fromEntries(
    events.flatMap((event) => (event.kind === "result" ? [[event.result.check, event.result.findings]] : [])),
  );
}

const allWell = Object.fromEntries(checks.map((name) => [name, []]));

test("a store without tasks and one with tasks are well, and are not changed", async (t) => {
  for (const path of [await makeStore(t, []), await makeStore(t)]) {
    const before = readFileSync(path);
    assert.deepEqual(check(path), allWell);
    assert.deepEqual(readFileSync(path), before);
  }
});

test("a store is checked as it was when the check began, whatever its server writes meanwhile", async (t) => {
  const storePath = await makeStore(t);
  const { tasks, close } = await openSqliteStore({ path: storePath, clock: () => 0 });
  t.after(close);
  const writes: Promise<unknown>[] = [];
  const seen: Check[] = [];
  checkStore({ storePath }, (event) => {
    if (event.kind === "progress") return seen.push(event.check);
    assert.deepEqual(event.result.findings, []);
    return writes.push(
      tasks.createTask(creationOf(taskFactory.running({ id: `new-${event.result.check}` }))),
    );
  });
  assert.deepEqual([...new Set(seen)], checks);
  await Promise.all(writes);
  assert.deepEqual(check(storePath), allWell);
});

test("a byte that is flipped at the head of any page is found", async (t) => {
  const path = await makeStore(t);
  // What lies in a page that is not used is nobody's.
  change(path, "VACUUM");
  const whole = readFileSync(path);
  const pageSize = whole.readUInt16BE(16);
  for (let at = 0; at < whole.length; at += pageSize) {
    writeFileSync(path, whole);
    flipByte(path, at);
    if (at === 0) assert.throws(() => check(path), { message: "The store is no SQLite database." });
    else assert.notDeepEqual(tryCheck(path), allWell, `page ${at / pageSize + 1}`);
  }
});

function tryCheck(path: string) {
  try {
    return check(path);
  } catch (error) {
    return error;
  }
}

test("a file that was cut off anywhere is found", async (t) => {
  const path = await makeStore(t);
  const whole = readFileSync(path);
  for (const length of [1, 99, 100, 4096, whole.length / 2, whole.length - 4096, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, length));
    assert.notDeepEqual(tryCheck(path), allWell, `${length} bytes`);
  }
});

test("an index that does not know a row, or a row that does not know its index, is found", async (t) => {
  const path = await makeStore(t);
  const database = new DatabaseSync(path, { defensive: false });
  database.exec(
    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, 'name_series', 'instance_series') WHERE name = 'task_by_name'",
  );
  database.close();
  assert.match(check(path).pages?.[0] ?? "", /task_by_name/);
});

test("a file of another program, or of a newer one, is named, and its tables are not read", async (t) => {
  const path = await makeStore(t);
  change(path, "INSERT INTO migration VALUES (999, '0999_later', '', 0)");
  assert.deepEqual(check(path), {
    pages: [],
    schema: ["the file was written by a newer program, which made migration 0999_later"],
  });
  const other = join(makeFolder(t), "other.db");
  change(other, "CREATE TABLE theirs (a)");
  assert.deepEqual(check(other), { pages: [], schema: ["the file is a database of another program"] });
});

test("each table, index and trigger that is missing, other or more is named, and nothing is asked of them", async (t) => {
  const path = await makeStore(t);
  change(
    path,
    `DROP INDEX task_by_name; DROP TABLE count_node; ALTER TABLE token ADD COLUMN more TEXT;
     CREATE TRIGGER keep BEFORE DELETE ON token BEGIN SELECT RAISE(IGNORE); END`,
  );
  assert.deepEqual(check(path), {
    pages: [],
    schema: [
      "the file lacks table count_node",
      "the file lacks index task_by_name",
      "the file has another table token than this program makes",
      "the file has trigger keep, which this program does not make",
    ],
  });
});

test("a store of any older schema is well, and stays what it is", (t) => {
  for (const [index] of readMigrations().entries()) {
    const path = join(makeFolder(t), "older.db");
    const database = new DatabaseSync(path);
    migrate(database, readMigrations().slice(0, index + 1), () => 0);
    database.close();
    const before = readFileSync(path);
    assert.deepEqual(check(path), allWell);
    assert.deepEqual(readFileSync(path), before);
  }
});

test("history without its task, and history that is ahead of it, are found", async (t) => {
  const path = await makeStore(t);
  const line = (id: string) =>
    `INSERT INTO task_history VALUES ('${projectId}', '${id}', 7, 0, 0, 'producer', '', '{}');`;
  change(path, `PRAGMA foreign_keys = OFF; ${line("task-001")} ${line("nobody")}`);
  assert.deepEqual(check(path).references, [
    "1 rows of task_history belong to rows of task that are not there",
    `project ${projectId}: 1 lines of history are of revisions that their tasks have not reached`,
  ]);
});

const ofService = `project ${projectId}, rds instant`;

/** Changes that no store makes, and what is found then. */
const countFaults: readonly (readonly [name: string, sql: string, findings: RegExp])[] = [
  [
    "a count that is one too high",
    "UPDATE count_node SET running = running + 1 WHERE series_id = 1",
    new RegExp(
      `^${ofService}: the block from the beginning counts 21 tasks that are Running, and there are 20$`,
    ),
  ],
  [
    "a task that was not counted",
    "UPDATE task SET status = 'Failed' WHERE id = 'task-003'",
    new RegExp(
      `^${ofService}, name RestartMysqlInstance: .* counts 0 tasks that are Failed, and there are 1$`,
      "m",
    ),
  ],
  ["a tree that is gone", "DELETE FROM count_node WHERE series_id = 2", /: there are tasks, and no nodes$/],
  [
    "a level that is gone",
    "UPDATE count_node SET level = 2 WHERE series_id = 2",
    /: there are nodes above level 0, and none of it$/,
  ],
  [
    "a tree without a series",
    "INSERT INTO count_node SELECT 99 AS series_id, level, start_ms, start_id, initing, unauthorized, pending, running, expanding, to_be_switched, switching, to_be_cleaned, canceling, rollbacking, completed, cancel_success, rollback_success, failed, canceled FROM count_node WHERE series_id = 1",
    /^series 99, which is not there: there are counts of it$/,
  ],
  [
    "a series without tasks",
    `INSERT INTO series VALUES (99, '${projectId}', 'rds', 'instant', 'name', 'Nothing')`,
    new RegExp(`^${ofService}, name Nothing: there is no task of it$`),
  ],
  [
    "a task in a series that is not its own",
    "UPDATE task SET name = 'Renamed' WHERE id = 'task-004'",
    new RegExp(`^project ${projectId}: 1 tasks stand in series that are not theirs$`),
  ],
];

for (const [name, sql, findings] of countFaults) {
  test(`${name} is found`, async (t) => {
    const path = await makeStore(t);
    change(path, sql);
    const found = check(path);
    assert.match((found.counts ?? []).join("\n"), findings);
    assert.deepEqual({ ...found, counts: [] }, allWell);
  });
}

test("of thousands of faults the first are named, and that there are more", async (t) => {
  const path = await makeStore(t);
  const { tasks, close } = await openSqliteStore({ path, clock: () => 0 });
  for (let index = 0; index < 30; index += 1) {
    const instance = { id: `instance-${index}`, name: "", status: "" };
    await tasks.createTask(creationOf(taskFactory.running({ id: `other-${index}`, instance })));
  }
  await close();
  change(path, "UPDATE count_node SET failed = 5");
  const { counts = [] } = check(path);
  assert.equal(counts.length, 21);
  assert.equal(counts.at(-1), "there is more");
});

test("counts are made anew from the tasks, and are right then", async (t) => {
  const storePath = await makeStore(t, idsOf(900));
  change(
    storePath,
    "UPDATE count_node SET running = running + 1; DELETE FROM count_node WHERE series_id = 3",
  );
  assert.ok((check(storePath).counts ?? []).length > 0);
  assert.equal(recountStore({ storePath }), 3);
  assert.deepEqual(check(storePath), allWell);
  assert.deepEqual(await taskIdsIn(storePath), idsOf(900));
});

test("a store that a server has open is not counted anew", async (t) => {
  const storePath = await makeStore(t);
  const { close } = await openSqliteStore({ path: storePath, clock: () => 0 });
  assert.throws(() => recountStore({ storePath }), {
    message: "A server has the store open; stop it first.",
  });
  await close();
  assert.ok(existsSync(storePath));
});
