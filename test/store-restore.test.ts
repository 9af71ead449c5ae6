import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { restoreStore } from "../src/store/sqlite/upkeep/index.ts";
import { runProgram } from "./run-program.ts";
import { callServer, logIn, projectId, startServerProcess } from "./start-server.ts";
import { addTasks, filesIn, makeFolder, taskIdsIn, unwatched } from "./store-files.ts";

/** A store with one task, and a backup with another. */
async function makeStoreAndBackup(t: TestContext) {
  const directory = makeFolder(t);
  const storePath = join(directory, "taskcenter.db");
  const filePath = join(makeFolder(t), "backup.db");
  await addTasks(storePath, ["old"]);
  await addTasks(filePath, ["new"]);
  return { directory, storePath, filePath };
}

/** Ends the program with SIGKILL just before it calls the file system for the nth time, where it changes anything. */
function killedAt(nth: number): string {
  return `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    let left = ${nth};
    for (const name of ["openSync", "linkSync", "rmSync", "renameSync", "statSync"]) {
      const original = fs[name];
      fs[name] = (path, ...rest) => {
        if (String(path).includes("taskcenter.db") && left-- === 0) process.kill(process.pid, "SIGKILL");
        return original(path, ...rest);
      };
    }
    syncBuiltinESMExports();`;
}

test("a restore that is killed anywhere leaves the old store or the new one, and the next one succeeds", async (t) => {
  const { directory, storePath, filePath } = await makeStoreAndBackup(t);
  const untouched = join(makeFolder(t), "untouched.db");
  cpSync(storePath, untouched);
  const args = ["store", "restore", filePath, "--replace", "--data", directory];
  const found: string[] = [];
  for (let nth = 0; ; nth += 1) {
    for (const name of filesIn(directory)) rmSync(join(directory, name));
    cpSync(untouched, storePath);
    const { signal, code, stderr } = await runProgram(directory, args, { preload: killedAt(nth) });
    if (signal !== "SIGKILL") {
      assert.deepEqual([code, stderr], [0, ""]);
      break;
    }
    found.push(...(await taskIdsIn(storePath)));
    await restoreStore({ filePath, storePath, replace: true, nowMs: nth, watch: unwatched });
    assert.deepEqual(await taskIdsIn(storePath), ["new"]);
    assert.ok(!filesIn(directory).includes("taskcenter.db.restoring"));
  }
  assert.match(found.join(" "), /^(old ){4,}new( new)*$/);
});

test("a restore for which there is no room leaves the store as it was, and nothing else", async (t) => {
  const { directory, storePath, filePath } = await makeStoreAndBackup(t);
  const before = filesIn(directory);
  const args = ["store", "restore", filePath, "--replace", "--data", directory];
  const { code, stderr } = await runProgram(directory, args, { maxFileKiB: 64 });
  assert.deepEqual([code, stderr], [1, "taskcenter: The store cannot be read or written.\n"]);
  assert.deepEqual(filesIn(directory), before);
  assert.deepEqual(await taskIdsIn(storePath), ["old"]);
});

test("a restored server has the backup's tasks and users, and knows no token of before", async (t) => {
  const directory = makeFolder(t);
  const filePath = join(directory, "backup.db");
  const first = await startServerProcess({ directory });
  t.after(() => first.stop("SIGKILL"));
  const token = await logIn(first.url);
  const list = `/v1/${projectId}/tasks`;
  const body = { id: "kept", service: "rds", name: "BackupInstance", instance: { id: "in01" } };
  assert.equal((await callServer(first.url + list, { token, body })).status, 201);
  assert.equal((await runProgram(directory, ["store", "backup", filePath, "--data", "."])).code, 0);
  assert.equal((await callServer(first.url + list, { token, body: { ...body, id: "late" } })).status, 201);

  const args = ["store", "restore", filePath, "--replace", "--data", "."];
  const refused = await runProgram(directory, args);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^taskcenter: A server has the store open; stop it first\.\n$/);
  await first.stop();
  const { code, stdout, stderr } = await runProgram(directory, args);
  assert.deepEqual([code, stderr], [0, ""]);
  const lines = [
    /^restored to taskcenter\.db: 1 task, \d+ KiB, in \d+\.\d s$/,
    /^left out: 1 token and 0 temporary access keys$/,
    /^the store before it: taskcenter\.db\.replaced-[\dTZ.-]+$/,
  ];
  for (const [index, line] of stdout.trimEnd().split("\n").entries())
    assert.match(line, lines[index] ?? /$^/);

  const second = await startServerProcess({ directory });
  t.after(() => second.stop("SIGKILL"));
  assert.equal((await callServer(second.url + list, { token })).status, 401);
  const { json } = await callServer(second.url + list, { token: await logIn(second.url) });
  assert.deepEqual([json.total, json.tasks[0].id], [1, "kept"]);
});
