import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import {
  addTasks,
  change,
  damageTable,
  filesIn,
  makeFolder,
  taskIdsIn,
  unwatched,
} from "../../../../test/store-files.ts";
import { migrate, readMigrations } from "../migrations.ts";
import { openSqliteStore } from "../store.ts";
import type { CopyWatch } from "./copy.ts";
import { restoreStore } from "./restore.ts";

const nowMs = Date.UTC(2026, 2, 1, 12);
const replacedName = "store.db.replaced-2026-03-01T12-00-00.000Z";

/** A store with one task, and a backup with another: a store file that nobody serves is as good as one. */
async function makeStoreAndBackup(t: TestContext) {
  const folder = makeFolder(t);
  const data = join(folder, "data");
  mkdirSync(data);
  const storePath = join(data, "store.db");
  const filePath = join(folder, "backup.db");
  await addTasks(storePath, ["old"]);
  await addTasks(filePath, ["new"]);
  return { data, storePath, filePath };
}

function restore(
  paths: { readonly storePath: string; readonly filePath: string },
  { replace = false, ...watch }: { readonly replace?: boolean } & Partial<CopyWatch> = {},
) {
  return restoreStore({ ...paths, replace, nowMs, watch: { ...unwatched, ...watch } });
}

test("a backup becomes the store where there is none, and its folder is made, the owner's alone", async (t) => {
  const { data, filePath } = await makeStoreAndBackup(t);
  const storePath = join(data, "new", "store.db");
  const before = readFileSync(filePath);
  const { tasks, bytes, replacedPath } = await restore({ storePath, filePath });
  assert.deepEqual([tasks, bytes, replacedPath], [1, statSync(storePath).size, undefined]);
  assert.equal(statSync(join(data, "new")).mode & 0o777, 0o700);
  assert.equal(statSync(storePath).mode & 0o777, 0o600);
  assert.deepEqual(await taskIdsIn(storePath), ["new"]);
  assert.deepEqual(readFileSync(filePath), before);
});

test("a store that is there is replaced only where that is asked for, and is kept as a store", async (t) => {
  const { data, ...paths } = await makeStoreAndBackup(t);
  const before = filesIn(data);
  await assert.rejects(restore(paths), /There is a store already; with --replace/);
  assert.deepEqual(filesIn(data), before);
  const { replacedPath } = await restore(paths, { replace: true });
  assert.equal(replacedPath, join(data, replacedName));
  assert.deepEqual(filesIn(data), ["store.db", "store.db-lock", replacedName]);
  assert.deepEqual(await taskIdsIn(paths.storePath), ["new"]);
  assert.deepEqual(await taskIdsIn(replacedPath), ["old"]);
});

test("what lies in the log of a killed server's store is kept in its file, and never reaches the new one", async (t) => {
  const { data, storePath, filePath } = await makeStoreAndBackup(t);
  const server = new DatabaseSync(storePath);
  server.exec("PRAGMA wal_autocheckpoint = 0; DELETE FROM task");
  const killed = join(data, "killed.db");
  for (const ending of ["", "-wal"]) cpSync(storePath + ending, killed + ending);
  server.close();
  assert.ok(statSync(`${killed}-wal`).size > 0);
  const { replacedPath = "" } = await restore({ storePath: killed, filePath }, { replace: true });
  assert.deepEqual(await taskIdsIn(killed), ["new"]);
  assert.equal(existsSync(`${replacedPath}-wal`), false);
  assert.deepEqual(await taskIdsIn(replacedPath), []);
});

test("a log without its store is put aside, and never reaches the new one", async (t) => {
  const { data, storePath, filePath } = await makeStoreAndBackup(t);
  const lost = join(data, "lost.db");
  const server = new DatabaseSync(storePath);
  server.exec("DELETE FROM task");
  cpSync(`${storePath}-wal`, `${lost}-wal`);
  server.close();
  await restore({ storePath: lost, filePath });
  assert.deepEqual(await taskIdsIn(lost), ["new"]);
  assert.ok(existsSync(join(data, replacedName.replace("store", "lost").concat("-wal"))));
});

test("a store that is too damaged to be opened is replaced, and kept as it is", async (t) => {
  const { data, ...paths } = await makeStoreAndBackup(t);
  writeFileSync(paths.storePath, "no database, but as long as the head of one. ".repeat(100));
  const { replacedPath = "" } = await restore(paths, { replace: true });
  assert.deepEqual(await taskIdsIn(paths.storePath), ["new"]);
  assert.match(readFileSync(replacedPath, "utf8"), /^no database/);
  assert.deepEqual(filesIn(data), ["store.db", "store.db-lock", replacedName]);
});

test("a store that a server has open is not replaced, nor one that somebody reads", async (t) => {
  const { data, ...paths } = await makeStoreAndBackup(t);
  const server = await openSqliteStore({ path: paths.storePath, clock: () => 0 });
  await assert.rejects(
    restore(paths, { replace: true }),
    /^TaskCenterError: A server has the store open; stop it first\.$/,
  );
  await server.close();
  const reader = new DatabaseSync(paths.storePath, { readOnly: true });
  reader.exec("BEGIN; SELECT * FROM task");
  await assert.rejects(restore(paths, { replace: true }), {
    message: "The store is in use by another process.",
  });
  reader.close();
  assert.ok(!filesIn(data).includes("store.db.restoring"));
  assert.deepEqual(await taskIdsIn(paths.storePath), ["old"]);
});

test("tokens and temporary keys are left out, and the keys that stay are restored", async (t) => {
  const { storePath, filePath } = await makeStoreAndBackup(t);
  change(
    filePath,
    `INSERT INTO domain VALUES ('default', 'Default');
     INSERT INTO user_account (id, domain_id, name, enabled, password_hash) VALUES ('u', 'default', 'ann', 1, '');
     INSERT INTO token (hash, user_id, domain_id, methods, issued_at_ms, expires_at_ms)
     VALUES ('h1', 'u', 'default', '[]', 0, 9), ('h2', 'u', 'default', '[]', 0, 9);
     INSERT INTO access_key (access, user_id, sealed_secret, description, created_at_ms) VALUES ('stays', 'u', '', '', 0);
     INSERT INTO access_key VALUES ('ends', 'u', '', '', 0, 'hash', 9, NULL, 'default', 'h1')`,
  );
  const { droppedTokens, droppedTemporaryKeys } = await restore({ storePath, filePath }, { replace: true });
  assert.deepEqual([droppedTokens, droppedTemporaryKeys], [2, 1]);
  using restored = new DatabaseSync(storePath);
  const all = (sql: string) =>
    restored
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  assert.deepEqual(all("SELECT hash FROM token"), []);
  assert.deepEqual(all("SELECT access FROM access_key"), ["stays"]);
});

test("a backup of any older schema is restored, and brought up to date by the next start", async (t) => {
  const { storePath, filePath } = await makeStoreAndBackup(t);
  for (const [index] of readMigrations().entries()) {
    const older = `${filePath}-${index}`;
    const database = new DatabaseSync(older);
    migrate(database, readMigrations().slice(0, index + 1), () => 0);
    database.close();
    await restoreStore({ storePath, filePath: older, replace: true, nowMs: nowMs + index, watch: unwatched });
    assert.deepEqual(await taskIdsIn(storePath), []);
  }
});

/** Changes a row while one of its indexes is made to know none, and leaves the schema as it was. */
function changeBehindIndex(path: string): void {
  const define = (sql: string) =>
    change(
      path,
      `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = ${sql} WHERE name = 'task_by_name'`,
    );
  define("sql || ' WHERE FALSE'");
  change(path, "UPDATE task SET created_at_ms = created_at_ms + 1");
  define("replace(sql, ' WHERE FALSE', '')");
}

test("a file that is no whole store is refused by name, and the store stays", async (t) => {
  const { data, storePath, filePath } = await makeStoreAndBackup(t);
  const files = filesIn(data);
  const whole = readFileSync(filePath);
  const damages: readonly (readonly [make: () => void, message: RegExp])[] = [
    [() => writeFileSync(filePath, ""), /The backup is an empty database\.$/],
    [() => writeFileSync(filePath, whole.subarray(0, 100)), /The backup is (damaged|no SQLite database)\.$/],
    [() => writeFileSync(filePath, whole.subarray(0, -4096)), /The backup is damaged\.$/],
    [() => writeFileSync(filePath, "x".repeat(8192)), /The backup is no SQLite database\.$/],
    [() => damageTable(filePath, "task"), /(backup|copy) is damaged/],
    // The quick way would not notice: a row that its index does not know.
    [() => changeBehindIndex(filePath), /The backup is damaged: row 1 missing from index task_by_name/],
    [
      () => change(filePath, "UPDATE migration SET sha256 = 'x' WHERE number = 2"),
      /has a migration 0002_identity/,
    ],
    [() => change(filePath, "INSERT INTO migration VALUES (999, '0999_later', '', 0)"), /by a newer program/],
    [() => change(filePath, "DROP TABLE migration"), /The backup is a database of another program\.$/],
  ];
  for (const [make, message] of damages) {
    writeFileSync(filePath, whole);
    make();
    await assert.rejects(restore({ storePath, filePath }, { replace: true }), message);
    assert.deepEqual(filesIn(data), files);
  }
  assert.deepEqual(await taskIdsIn(storePath), ["old"]);
});

test("a backup whose tables, indexes or triggers are not just this program's is refused, and the store stays", async (t) => {
  const { data, storePath, filePath } = await makeStoreAndBackup(t);
  const files = filesIn(data);
  const whole = readFileSync(filePath);
  const changes: readonly (readonly [sql: string, reason: string])[] = [
    ["DROP TABLE remembered_creation", "lacks table remembered_creation"],
    ["DROP INDEX task_by_name", "lacks index task_by_name"],
    ["ALTER TABLE task RENAME TO task0; CREATE VIEW task AS SELECT * FROM task0", "lacks table task"],
    [
      "CREATE TRIGGER keep BEFORE DELETE ON token BEGIN SELECT RAISE(IGNORE); END",
      "has trigger keep, which this program does not make",
    ],
    ["ALTER TABLE token ADD COLUMN more TEXT", "has another table token than this program makes"],
    [
      "DROP INDEX token_by_user; CREATE INDEX token_by_user ON access_key (user_id)",
      "has another index token_by_user than this program makes",
    ],
    [
      "DROP TABLE migration; CREATE VIEW migration AS SELECT 1",
      "has other tables or indexes than this program makes",
    ],
  ];
  for (const [sql, reason] of changes) {
    writeFileSync(filePath, whole);
    change(filePath, sql);
    await assert.rejects(restore({ storePath, filePath }, { replace: true }), {
      message: `The backup ${reason}.`,
    });
    assert.deepEqual(filesIn(data), files);
  }
  assert.deepEqual(await taskIdsIn(storePath), ["old"]);
});

test("what the engine itself keeps of its statistics and numbers is no reason to refuse a backup", async (t) => {
  const { storePath, filePath } = await makeStoreAndBackup(t);
  change(filePath, "ANALYZE; CREATE TABLE theirs (n INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE theirs");
  // Made by an ANALYZE of engines that were built for it.
  change(filePath, "PRAGMA writable_schema = 1; CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)");
  await restore({ storePath, filePath }, { replace: true });
  assert.deepEqual(await taskIdsIn(storePath), ["new"]);
});

test("a backup that is not there, or is the store itself, is refused", async (t) => {
  const { storePath, filePath } = await makeStoreAndBackup(t);
  await assert.rejects(restore({ storePath, filePath: `${filePath}x` }), {
    message: "The backup is not there.",
  });
  await assert.rejects(restore({ storePath, filePath: storePath }, { replace: true }), {
    message: "The backup is the store itself, or belongs to it.",
  });
  const left = `${storePath}.restoring`;
  cpSync(filePath, left);
  await assert.rejects(restore({ storePath, filePath: left }, { replace: true }), /or belongs to it/);
  assert.deepEqual(await taskIdsIn(left), ["new"]);
});

test("a restore that is stopped leaves the store as it was, wherever it is", async (t) => {
  const { data, ...paths } = await makeStoreAndBackup(t);
  const before = filesIn(data);
  const stop = new AbortController();
  const tellChecking = () => setImmediate(() => stop.abort(new Error("stopped")));
  await assert.rejects(restore(paths, { replace: true, signal: stop.signal, tellChecking }), /stopped/);
  assert.deepEqual(filesIn(data), before);
  assert.deepEqual(await taskIdsIn(paths.storePath), ["old"]);
});
