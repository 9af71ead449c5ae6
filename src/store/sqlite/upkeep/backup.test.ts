import assert from "node:assert/strict";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { creationOf, taskFactory } from "../../../../test/factories.ts";
import {
  addTasks,
  change,
  damageTable,
  filesIn,
  idsOf,
  makeFolder,
  taskIdsIn,
  unwatched,
} from "../../../../test/store-files.ts";
import { openSqliteStore } from "../store.ts";
import { backUpStore } from "./backup.ts";
import type { CopyWatch } from "./copy.ts";

/** A store, and where its backup is to be: in an empty folder. */
async function makeStore(t: TestContext, ids: readonly string[] = ["task-1", "task-2"]) {
  const folder = makeFolder(t);
  const target = join(folder, "backups");
  mkdirSync(target);
  const storePath = join(folder, "store.db");
  await addTasks(storePath, ids);
  return { folder, target, storePath, filePath: join(target, "backup.db") };
}

function backUp(
  paths: { readonly storePath: string; readonly filePath: string },
  { force = false, ...watch }: { readonly force?: boolean } & Partial<CopyWatch> = {},
) {
  const dataDirectory = dirname(paths.storePath);
  return backUpStore({ ...paths, dataDirectory, force, watch: { ...unwatched, ...watch } });
}

test("a backup is one private file that is a store with the same tasks", async (t) => {
  const { target, ...paths } = await makeStore(t);
  const { bytes, tasks } = await backUp(paths);
  assert.deepEqual(filesIn(target), ["backup.db"]);
  assert.equal(statSync(paths.filePath).size, bytes);
  assert.equal(statSync(paths.filePath).mode & 0o777, 0o600);
  assert.equal(tasks, 2);
  assert.deepEqual(await taskIdsIn(paths.filePath), ["task-1", "task-2"]);
});

test("a backup is of the moment of its beginning, whatever is written while it is made", async (t) => {
  const { target, ...paths } = await makeStore(t, idsOf(900));
  change(paths.storePath, "UPDATE task SET details = '{\"text\":\"' || hex(randomblob(8192)) || '\"}'");
  const percents: number[] = [];
  await backUp(paths, {
    tellProgress(percent) {
      percents.push(percent);
      change(paths.storePath, "DELETE FROM task WHERE rowid IN (SELECT rowid FROM task LIMIT 1)");
    },
  });
  assert.ok(percents.length > 1);
  assert.deepEqual(
    percents.toSorted((a, b) => a - b),
    percents,
    "it began again",
  );
  assert.deepEqual(await taskIdsIn(paths.filePath), idsOf(900));
});

test("what lies in the log alone is in the backup, and neither file of the store changes", async (t) => {
  const { storePath, filePath } = await makeStore(t);
  const { tasks, close } = await openSqliteStore({ path: storePath, clock: () => 0 });
  t.after(close);
  await tasks.createTask(creationOf(taskFactory.running({ id: "task-3" })));
  const files = () => [storePath, `${storePath}-wal`].map((path) => readFileSync(path));
  const before = files();
  await backUp({ storePath, filePath });
  assert.deepEqual(files(), before);
  assert.deepEqual(await taskIdsIn(filePath), ["task-1", "task-2", "task-3"]);
});

test("a file that is there is replaced only by force", async (t) => {
  const { target, ...paths } = await makeStore(t);
  writeFileSync(paths.filePath, "precious");
  await assert.rejects(backUp(paths), /is there already; with --force/);
  assert.equal(readFileSync(paths.filePath, "utf8"), "precious");
  await backUp(paths, { force: true });
  assert.deepEqual(filesIn(target), ["backup.db"]);
  assert.deepEqual(await taskIdsIn(paths.filePath), ["task-1", "task-2"]);
});

test("the store itself, and what belongs to it, is never replaced by its backup", async (t) => {
  const { folder, storePath } = await makeStore(t);
  symlinkSync(storePath, join(folder, "link.db"));
  const notThere = ["store.db-wal", "store.db-shm", "store.db-journal", "store.db.restoring"];
  for (const name of ["store.db", "store.db-lock", "link.db", ...notThere]) {
    for (const force of [false, true]) {
      await assert.rejects(
        backUp({ storePath, filePath: join(folder, name) }, { force }),
        /the store itself/,
      );
    }
  }
  assert.deepEqual(
    notThere.filter((name) => existsSync(join(folder, name))),
    [],
  );
  assert.deepEqual(await taskIdsIn(storePath), ["task-1", "task-2"]);
});

test("what a server keeps beside its store is never replaced by a backup, wherever the store is", async (t) => {
  const { target, storePath } = await makeStore(t);
  symlinkSync(target, `${target}-link`);
  for (const name of ["encryption.key", "clouds.yaml", "clouds.yaml.1"]) {
    const filePath = join(`${target}-link`, name);
    const backUpThere = () =>
      backUpStore({ storePath, dataDirectory: target, filePath, force: true, watch: unwatched });
    await assert.rejects(backUpThere(), /what the server keeps beside the store/);
    writeFileSync(filePath, "precious");
    await assert.rejects(backUpThere(), /what the server keeps beside the store/);
    assert.equal(readFileSync(filePath, "utf8"), "precious");
  }
});

test("a link, a folder or a device is never replaced, nor what it leads to", async (t) => {
  const { target, storePath } = await makeStore(t);
  const elsewhere = join(target, "elsewhere");
  writeFileSync(elsewhere, "precious");
  symlinkSync(elsewhere, join(target, "link"));
  symlinkSync(join(target, "nothing"), join(target, "dangling"));
  mkdirSync(join(target, "folder"));
  const server = createServer().listen(join(target, "socket"));
  t.after(() => server.close());
  await once(server, "listening");
  const before = filesIn(target);
  for (const name of ["link", "dangling", "folder", "socket"]) {
    const filePath = join(target, name);
    for (const force of [false, true]) {
      await assert.rejects(backUp({ storePath, filePath }, { force }), {
        message:
          "The backup would take the place of a link, a folder or a device; only a regular file is replaced.",
      });
    }
    assert.ok(!lstatSync(filePath).isFile());
  }
  assert.deepEqual(filesIn(target), before);
  assert.equal(readFileSync(elsewhere, "utf8"), "precious");
});

test("a link that comes while the backup is made is not replaced either", async (t) => {
  for (const force of [false, true]) {
    const { target, ...paths } = await makeStore(t);
    const tellChecking = () => symlinkSync("nothing", paths.filePath);
    await assert.rejects(backUp(paths, { force, tellChecking }), /the place of a link/);
    assert.deepEqual(filesIn(target), ["backup.db"]);
    assert.ok(lstatSync(paths.filePath).isSymbolicLink());
  }
});

test("a store that could not be restored makes no backup", async (t) => {
  const { target, ...paths } = await makeStore(t);
  change(paths.storePath, "CREATE INDEX theirs ON task (status)");
  await assert.rejects(backUp(paths), {
    message: "The store has index theirs, which this program does not make.",
  });
  assert.deepEqual(filesIn(target), []);
});

test("a file that comes while the backup is made is not replaced either", async (t) => {
  const { target, ...paths } = await makeStore(t);
  const tellChecking = () => writeFileSync(paths.filePath, "precious");
  await assert.rejects(backUp(paths, { tellChecking }), /is there already/);
  assert.deepEqual(filesIn(target), ["backup.db"]);
  assert.equal(readFileSync(paths.filePath, "utf8"), "precious");
});

test("a backup that is stopped leaves nothing behind, wherever it is", async (t) => {
  const { target, ...paths } = await makeStore(t);
  const stop = new AbortController();
  stop.abort(new Error("stopped"));
  await assert.rejects(backUp(paths, { signal: stop.signal }), /stopped/);
  assert.deepEqual(filesIn(target), []);
  const stopLater = new AbortController();
  const tellChecking = () => setImmediate(() => stopLater.abort(new Error("stopped")));
  await assert.rejects(backUp(paths, { signal: stopLater.signal, tellChecking }), /stopped/);
  assert.deepEqual(filesIn(target), []);
});

test("what is no store of this program is not backed up, and is told from it", async (t) => {
  const { folder, target, ...paths } = await makeStore(t);
  const storePath = join(folder, "other.db");
  const backUpOther = () => backUp({ storePath, filePath: paths.filePath });
  writeFileSync(storePath, "");
  await assert.rejects(backUpOther(), { message: "The store is an empty database." });
  change(storePath, "CREATE TABLE theirs (a)");
  await assert.rejects(backUpOther(), { message: "The store is a database of another program." });
  writeFileSync(storePath, "not even a database, but as long as the head of one. ".repeat(10));
  await assert.rejects(backUpOther(), { message: "The store is no SQLite database." });
  change(paths.storePath, "INSERT INTO migration VALUES (999, '0999_later', '', 0)");
  await assert.rejects(
    backUp(paths),
    /^TaskCenterError: The store was written by a newer program, .*0999_later\.$/,
  );
  assert.deepEqual(filesIn(target), []);
});

test("a damaged store makes no backup", async (t) => {
  const { target, ...paths } = await makeStore(t);
  damageTable(paths.storePath, "task");
  await assert.rejects(backUp(paths), /^TaskCenterError: The (store|copy) is damaged/);
  const whole = readFileSync(paths.storePath);
  writeFileSync(paths.storePath, whole.subarray(0, whole.length / 2));
  await assert.rejects(backUp(paths), { message: "The store is damaged." });
  assert.deepEqual(filesIn(target), []);
});

test("a folder that is not there, or cannot be written to, is named as the reason", async (t) => {
  const { folder, target, storePath } = await makeStore(t);
  const filePath = join(folder, "nowhere", "backup.db");
  await assert.rejects(backUp({ storePath, filePath }), {
    message: "The backup is in a folder that does not exist.",
  });
  // Root may write in every folder but the system's own.
  const readOnly = process.getuid?.() === 0 ? "/sys" : target;
  if (readOnly === target) chmodSync(target, 0o500);
  await assert.rejects(
    backUp({ storePath, filePath: join(readOnly, "backup.db") }),
    /^TaskCenterError: The backup (may not be read or written by this user|is on a disk that is read-only)\.$/,
  );
});
