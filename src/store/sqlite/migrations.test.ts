import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import type { Migration } from "../migration-steps.ts";
import { migrate, readMigrations } from "./migrations.ts";

const first: Migration = { number: 1, name: "0001_first", sql: "CREATE TABLE first (a TEXT) STRICT" };
const second: Migration = { number: 2, name: "0002_second", sql: "CREATE TABLE second (a TEXT) STRICT" };

function openEmpty(): DatabaseSync {
  return new DatabaseSync(":memory:");
}

function tablesOf(database: DatabaseSync): readonly unknown[] {
  return database
    .prepare("SELECT name FROM sqlite_schema ORDER BY rowid")
    .all()
    .map(({ name }) => name);
}

test("the program's migrations are numbered from 1 without a gap, as their files are named", () => {
  const migrations = readMigrations();
  assert.ok(migrations.length > 0);
  for (const [index, { number, name }] of migrations.entries()) {
    assert.equal(number, index + 1);
    assert.match(name, new RegExp(`^${String(number).padStart(4, "0")}_[a-z-]+$`));
  }
});

test("migrations are made in order, each once, and are remembered with their hash and time", () => {
  using database = openEmpty();
  migrate(database, [first], () => 5);
  migrate(database, [first, second], () => 6);
  migrate(database, [first, second], () => 7);
  assert.deepEqual(tablesOf(database), ["migration", "first", "second"]);
  const rows = database.prepare("SELECT * FROM migration ORDER BY number").all();
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      {
        number: 1,
        name: "0001_first",
        sha256: "629d2773f2c38885b2198344b80fbf772674157f99c11f9ee55e0cbcc9fcb69f",
        applied_at_ms: 5,
      },
      {
        number: 2,
        name: "0002_second",
        sha256: "b483e478ca7adf8663ff3ab5f021dafc34cba9812ddf61303d3de91f76343163",
        applied_at_ms: 6,
      },
    ],
  );
});

test("a migration that fails leaves nothing behind, and those before it stand", () => {
  using database = openEmpty();
  const broken: Migration = { ...second, sql: `${second.sql}; CREATE TABLE first (a TEXT) STRICT` };
  assert.throws(() => migrate(database, [first, broken], () => 0), /already exists/);
  assert.deepEqual(tablesOf(database), ["migration", "first"]);
  migrate(database, [first, second], () => 0);
  assert.deepEqual(tablesOf(database), ["migration", "first", "second"]);
});

test("a store whose steps are not the first ones of the program is refused as it is", () => {
  using database = openEmpty();
  migrate(database, [first, second], () => 0);
  const others: readonly (readonly Migration[])[] = [
    [],
    [first],
    [first, { ...second, sql: `${second.sql} ` }],
    [{ ...first, name: "0001_renamed" }, second],
    [second, first],
  ];
  for (const migrations of others) {
    assert.throws(() => migrate(database, migrations, () => 0), { code: "store-unavailable" });
  }
  assert.deepEqual(tablesOf(database), ["migration", "first", "second"]);
});

test("a database of another program is refused as it is", () => {
  using database = openEmpty();
  database.exec("CREATE TABLE theirs (a)");
  assert.throws(() => migrate(database, [first], () => 0), {
    message: "The store is unavailable: its file is a database of another program.",
  });
  assert.deepEqual(tablesOf(database), ["theirs"]);
});
