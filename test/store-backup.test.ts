import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import { runProgram } from "./run-program.ts";
import { callServer, logIn, projectId, startServerProcess } from "./start-server.ts";
import { addTasks, change, damageTable, filesIn, idsOf, makeFolder, taskIdsIn } from "./store-files.ts";

/** A write as the model knows it: numbers tell what came before what. */
interface Write {
  readonly id: string;
  readonly revision: number;
  readonly sentAt: number;
  /** Undefined while it is not acknowledged. */
  acknowledgedAt: number | undefined;
}

/** Writers that create tasks and report on them, until they are told to stop. */
function startWriters(url: string, token: string, count: number) {
  const writes: Write[] = [];
  let moment = 0;
  let isStopped = false;
  async function write(
    facts: Pick<Write, "id" | "revision">,
    call: () => Promise<{ readonly status: number }>,
  ) {
    const entry: Write = { ...facts, sentAt: ++moment, acknowledgedAt: undefined };
    writes.push(entry);
    const { status } = await call();
    assert.ok(status < 300, String(status));
    entry.acknowledgedAt = ++moment;
  }
  const tasks = `${url}/v1/${projectId}/tasks`;
  const ended = Promise.all(
    Array.from({ length: count }, async (_, writer) => {
      for (let number = 0; !isStopped; number += 1) {
        const id = `w${writer}-${number}`;
        const body = { id, service: "ddm", name: "CreateInstance", instance: { id: "in01" } };
        await write({ id, revision: 1 }, () => callServer(tasks, { token, body }));
        const report = { token, method: "PATCH", body: { progress: 50 } };
        await write({ id, revision: 2 }, () => callServer(`${tasks}/${id}`, report));
      }
    }),
  );
  return {
    writes,
    now: () => ++moment,
    async stop() {
      isStopped = true;
      await ended;
    },
  };
}

/** The last revision of each task in a store's file. */
async function revisionsIn(path: string): Promise<ReadonlyMap<string, number>> {
  const { tasks, close } = await openSqliteStore({ path, clock: () => 0 });
  const filter = { projectId };
  const options = { offset: 0, limit: 1_000_000, withNames: false } as const;
  const page = await tasks.listTasks({ filter, order: "newest-first", ...options });
  await close();
  return new Map(page.tasks.map(({ id, revision }) => [id, revision]));
}

test("under load a backup is exactly what was acknowledged up to one moment, and a check finds nothing", async (t) => {
  const directory = makeFolder(t);
  const server = await startServerProcess({ directory });
  t.after(() => server.stop("SIGKILL"));
  const writers = startWriters(server.url, await logIn(server.url), 8);
  while (writers.writes.length < 500) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let round = 0; round < 2; round += 1) {
    const filePath = join(directory, `backup-${round}.db`);
    const begunAt = writers.now();
    const [backup, check] = await Promise.all([
      runProgram(directory, ["store", "backup", filePath, "--data", directory]),
      runProgram(directory, ["store", "check", "--data", directory]),
    ]);
    const endedAt = writers.now();
    assert.deepEqual([backup.code, backup.stderr, check.code, check.stderr], [0, "", 0, ""]);
    assert.match(backup.stdout, /^backed up to .*backup-\d\.db: \d+ tasks, [\d.]+ [KM]iB, in \d+\.\d s\n$/);
    assert.match(check.stdout, /^pages +ok\nschema +ok\nreferences +ok\ncounts +ok\n$/);

    const revisions = await revisionsIn(filePath);
    const isThere = ({ id, revision }: Write) => (revisions.get(id) ?? 0) >= revision;
    const there = writers.writes.filter(isThere);
    const missing = writers.writes.filter((write) => !isThere(write));
    assert.equal(
      there.length,
      [...revisions.values()].reduce((sum, revision) => sum + revision, 0),
    );
    // A moment: what was acknowledged before anything that is there was sent, is there as well.
    const last = Math.max(begunAt, ...there.map(({ sentAt }) => sentAt));
    assert.ok(last < endedAt);
    assert.deepEqual(
      missing.filter(({ acknowledgedAt = Number.POSITIVE_INFINITY }) => acknowledgedAt < last),
      [],
    );
  }
  await writers.stop();
});

/** Runs `backup` of a store of 500 tasks into a folder of its own. */
async function backUp(t: TestContext, options: Parameters<typeof runProgram>[2]) {
  const directory = makeFolder(t);
  const target = makeFolder(t);
  await addTasks(join(directory, "taskcenter.db"), idsOf(500));
  const args = ["store", "backup", join(target, "backup.db"), "--data", directory];
  return { target, ...(await runProgram(directory, args, options)) };
}

/** A module under which the engine is asked something that takes for ever, and a signal comes then. */
function interruptedInThread(signal: NodeJS.Signals): string {
  return `
    import { isMainThread } from "node:worker_threads";
    if (!isMainThread) {
      process.kill(process.pid, "${signal}");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }`;
}

/** A module under which a signal comes when the copy is begun. */
function interruptedInCopy(signal: NodeJS.Signals): string {
  return `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { openSync } = fs;
    fs.openSync = (path, ...rest) => {
      if (String(path).includes(".partial-")) process.kill(process.pid, "${signal}");
      return openSync(path, ...rest);
    };
    syncBuiltinESMExports();`;
}

test("a backup that is interrupted ends by the signal, says nothing, and leaves nothing behind", async (t) => {
  for (const preload of [interruptedInCopy("SIGINT"), interruptedInThread("SIGINT")]) {
    const { target, ...end } = await backUp(t, { preload });
    assert.deepEqual(end, { code: null, signal: "SIGINT", stdout: "", stderr: "" });
    assert.deepEqual(filesIn(target), []);
  }
  assert.equal((await backUp(t, { preload: interruptedInCopy("SIGTERM") })).signal, "SIGTERM");
});

test("a check that is interrupted ends at once, whatever the engine is doing", async (t) => {
  const directory = makeFolder(t);
  await addTasks(join(directory, "taskcenter.db"), ["task-1"]);
  const preload = interruptedInThread("SIGINT");
  const end = await runProgram(directory, ["store", "check", "--data", "."], { preload });
  assert.deepEqual(end, { code: null, signal: "SIGINT", stdout: "", stderr: "" });
});

test("a backup for which there is no room says so, and leaves nothing behind", async (t) => {
  const { target, code, stdout, stderr } = await backUp(t, { maxFileKiB: 200 });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.equal(stderr, "taskcenter: The backup cannot be read or written.\n");
  assert.deepEqual(filesIn(target), []);
});

test("a backup never takes the place of the encryption key of the server whose data folder is given", async (t) => {
  const directory = makeFolder(t);
  await addTasks(join(directory, "tasks.db"), ["task-1"]);
  mkdirSync(join(directory, "data"));
  writeFileSync(join(directory, "data/encryption.key"), "precious");
  const places = ["--data", "data", "--store", "sqlite:tasks.db"];
  const args = ["store", "backup", "--force", "data/encryption.key", ...places];
  const { code, stderr } = await runProgram(directory, args);
  const reason = "The backup would take the place of what the server keeps beside the store";
  assert.deepEqual([code, stderr], [1, `taskcenter: ${reason}.\n`]);
  assert.equal(readFileSync(join(directory, "data/encryption.key"), "utf8"), "precious");
});

test("a check that finds something says what and what to do, as text and as JSON, and ends with 1", async (t) => {
  const directory = makeFolder(t);
  const path = join(directory, "taskcenter.db");
  await addTasks(path, ["task-1"]);
  const args = ["store", "check", "--data", "."];
  change(path, "UPDATE count_node SET failed = 1 WHERE series_id = 1");
  const finding = "the block from the beginning counts 1 tasks that are Failed, and there are 0";
  const { code, stdout, stderr } = await runProgram(directory, args);
  assert.equal(code, 1);
  assert.match(
    stdout,
    new RegExp(`^pages +ok\nschema +ok\nreferences +ok\ncounts +project .*: ${finding}\n$`),
  );
  assert.match(
    stderr,
    /^taskcenter: the counts are wrong, the tasks are not: .* taskcenter store rebuild-counts\n$/,
  );
  const asJson = await runProgram(directory, [...args, "-o", "json"]);
  assert.equal(asJson.code, 1);
  const results = JSON.parse(asJson.stdout);
  assert.deepEqual(
    results.map((result: { check: string; findings: readonly string[] }) => [
      result.check,
      result.findings.length,
    ]),
    [
      ["pages", 0],
      ["schema", 0],
      ["references", 0],
      ["counts", 1],
    ],
  );

  const rebuilt = await runProgram(directory, ["store", "rebuild-counts", "--data", "."]);
  assert.deepEqual([rebuilt.code, rebuilt.stderr], [0, ""]);
  assert.match(rebuilt.stdout, /^counted anew: 3 series, in \d\.\d s\n$/);
  assert.equal((await runProgram(directory, args)).code, 0);

  damageTable(path, "task");
  const damaged = await runProgram(directory, args);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stdout, /^pages +Tree \d+ page \d+/);
  assert.match(damaged.stderr, /^taskcenter: the store is damaged: .* taskcenter store restore --replace\n$/);
});

test("counting anew that is killed leaves the counts as they were", async (t) => {
  const directory = makeFolder(t);
  const path = join(directory, "taskcenter.db");
  await addTasks(path, ["task-1"]);
  change(path, "UPDATE count_node SET failed = 1 WHERE series_id = 1");
  // Killed after the first tree is written: each node's row is bound by one call.
  const preload = `
    import { StatementSync } from "node:sqlite";
    const { run } = StatementSync.prototype;
    StatementSync.prototype.run = function (...values) {
      if (values.length === 19 && values[0] === 2) process.kill(process.pid, "SIGKILL");
      return run.apply(this, values);
    };`;
  const args = ["store", "rebuild-counts", "--data", "."];
  assert.equal((await runProgram(directory, args, { preload })).signal, "SIGKILL");
  const { stdout } = await runProgram(directory, ["store", "check", "--data", "."]);
  assert.match(stdout, /^counts +project .* counts 1 tasks that are Failed, and there are 0\n$/m);
  assert.equal((await runProgram(directory, args)).code, 0);
});

test("a store that is not there is wrong usage, and is not made", async (t) => {
  const directory = makeFolder(t);
  for (const command of [["backup", "x.db"], ["check"], ["rebuild-counts"]]) {
    const { code, stderr } = await runProgram(directory, ["store", ...command, "--data", directory]);
    assert.equal(code, 2);
    assert.match(stderr, /^taskcenter: there is no store at .*taskcenter\.db; say with --data or --store/);
  }
  assert.deepEqual(filesIn(directory), []);
});

test("the store is found as serve finds it: by flag, environment, and settings file", async (t) => {
  const directory = makeFolder(t);
  await addTasks(join(directory, "tasks.db"), ["task-1"]);
  writeFileSync(join(directory, "taskcenter.yaml"), "store: sqlite:tasks.db\n");
  writeFileSync(join(directory, "other.yaml"), "store: sqlite:nowhere.db\n");
  const check = async (args: readonly string[], env: Record<string, string> = {}) =>
    (await runProgram(directory, ["store", "check", ...args], { env })).code;
  assert.equal(await check([]), 0);
  assert.equal(await check(["--config", "other.yaml"]), 2);
  assert.equal(await check(["--config", "other.yaml"], { TASKCENTER_STORE: "sqlite:tasks.db" }), 0);
  assert.equal(await check(["--store", "sqlite:tasks.db"], { TASKCENTER_STORE: "sqlite:nowhere.db" }), 0);
  assert.deepEqual(await taskIdsIn(join(directory, "tasks.db")), ["task-1"]);
});
