import assert from "node:assert/strict";
import test from "node:test";
import { foldChanges } from "../src/store/postgres/fold.ts";
import { statement } from "../src/store/postgres/session.ts";
import { openCountedTasks } from "./counted-tasks.ts";
import { taskFactory } from "./factories.ts";
import { openTestDatabase } from "./postgres.ts";
import { runProgram } from "./run-program.ts";
import { makeFolder } from "./store-files.ts";

const { projectId } = taskFactory.running();

test("a store in PostgreSQL is checked, and counted anew, in the words of one in a file", async (t) => {
  const folder = makeFolder(t);
  const { url, session, create } = await openCountedTasks(t);
  await create(["task-1", "task-2"].map((id) => taskFactory.running({ id })));
  const args = ["store", "check", "--store", url];
  const sound = await runProgram(folder, args);
  assert.deepEqual([sound.code, sound.stderr], [0, ""]);
  assert.equal(sound.stdout, "schema      ok\ntasks       ok\ncounts      ok\n");

  await foldChanges(session, projectId);
  await session.query(statement("UPDATE count_node SET tally[14] = 9 WHERE dimension = 'name'"));
  const wrong = await runProgram(folder, [...args, "-o", "json"]);
  assert.equal(wrong.code, 1);
  assert.equal(
    wrong.stderr,
    "taskcenter: the counts are wrong, the tasks are not: run taskcenter store rebuild-counts\n",
  );
  assert.deepEqual(JSON.parse(wrong.stdout), [
    { check: "schema", findings: [] },
    { check: "tasks", findings: [] },
    {
      check: "counts",
      findings: [
        `project ${projectId}, rds instant, name RestartMysqlInstance: the block from the beginning counts 9 tasks that are Failed, and there are 0`,
      ],
    },
  ]);

  const rebuilt = await runProgram(folder, ["store", "rebuild-counts"], { env: { TASKCENTER_STORE: url } });
  assert.deepEqual([rebuilt.code, rebuilt.stderr], [0, ""]);
  assert.match(rebuilt.stdout, /^counted anew: 3 series, in \d\.\d s\n$/);
  assert.equal((await runProgram(folder, args)).code, 0);

  await session.query(statement("DROP INDEX task_by_order"));
  const lacking = await runProgram(folder, args);
  assert.equal(lacking.code, 1);
  assert.equal(lacking.stdout, "schema      the database lacks index task_by_order\n");
  assert.match(lacking.stderr, /^taskcenter: the store is damaged: [^\n]*PostgreSQL's own tools\n$/);
});

test("a database without a store, and one that is not there, are said to be so, and stay as they are", async (t) => {
  const folder = makeFolder(t);
  const { url } = await openTestDatabase(t);
  const empty = await runProgram(folder, ["store", "check", "--store", url]);
  assert.deepEqual([empty.code, empty.stdout], [1, "schema      the database is empty\n"]);
  const args = ["store", "rebuild-counts", "--store", url];
  const counting = await runProgram(folder, args);
  assert.equal(counting.code, 1);
  assert.equal(counting.stderr, "taskcenter: The store is unavailable: its database is empty.\n");
  const nowhere = await runProgram(folder, [
    "store",
    "check",
    "--store",
    "postgres://u:hunter2@127.0.0.1:1/db",
  ]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /^taskcenter: The store is unavailable: [^\n]*\n$/);
  assert.ok(!nowhere.stderr.includes("hunter2"));
});
