import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test, { type TestContext } from "node:test";
import { openTestDatabase, postgresServers } from "../../../test/postgres.ts";
import { stepOfFile } from "../migration-steps.ts";
import { type Migration, migrate, readMigrations, withCompatibility } from "./migrations.ts";
import { openSession, type Session, statement } from "./session.ts";

const first: Migration = {
  number: 1,
  name: "0001_first",
  sql: "CREATE TABLE first (a text)",
  compatibleFrom: 1,
};
/** Several statements, and a comment, as in a file. */
const second: Migration = {
  number: 2,
  name: "0002_second",
  sql: "-- Two of them.\nCREATE TABLE second (a text);\nINSERT INTO second VALUES ('it''s');\n",
  compatibleFrom: 2,
};

const readTables = statement<[name: string]>(
  "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
);
const readMade = statement<
  [number: number, name: string, sha256: string, compatibleFrom: number, appliedAtMs: number]
>("SELECT number, name, sha256, compatible_from, applied_at_ms FROM migration ORDER BY number");

/** Opens a session on a database, as a server does before anything else. */
function openOn(t: TestContext, url: string): Session {
  const session = openSession({ url, connections: 1, onTrouble: () => {} });
  t.after(() => session.close());
  return session;
}

async function openEmpty(t: TestContext): Promise<Session> {
  const { url } = await openTestDatabase(t);
  return openOn(t, url);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function tablesOf(session: Session): Promise<readonly string[]> {
  return (await session.query(readTables)).map(([name]) => name);
}

test("the program's migrations are numbered from 1 without a gap, as their files are named", () => {
  const migrations = readMigrations();
  assert.ok(migrations.length > 0);
  for (const [index, { number, name }] of migrations.entries()) {
    assert.equal(number, index + 1);
    assert.match(name, new RegExp(`^${String(number).padStart(4, "0")}_[a-z-]+$`));
  }
});

test("a migration says with whom it is compatible, or is none", () => {
  const sql = "-- Compatible from step 3.\nSELECT 1;\n";
  assert.deepEqual(withCompatibility(stepOfFile("0012_later.sql", sql)), {
    number: 12,
    name: "0012_later",
    sql,
    compatibleFrom: 3,
  });
  assert.throws(() => withCompatibility(stepOfFile("0012_later.sql", "SELECT 1;\n")), /0012_later/);
});

test("migrations are made in order, each once, and are remembered with their hash and time", async (t) => {
  const session = await openEmpty(t);
  await migrate(session, [first], () => 5);
  await migrate(session, [first, second], () => 6);
  await migrate(session, [first, second], () => 7);
  assert.deepEqual(await tablesOf(session), ["first", "migration", "second"]);
  assert.deepEqual(await session.query(readMade), [
    [1, first.name, sha256(first.sql), 1, 5],
    [2, second.name, sha256(second.sql), 2, 6],
  ]);
  assert.deepEqual(await session.query(statement<[a: string]>("SELECT a FROM second")), [["it's"]]);
});

test("a migration that fails leaves nothing behind, and those before it stand", async (t) => {
  const session = await openEmpty(t);
  const broken: Migration = { ...second, sql: `${second.sql}; CREATE TABLE first (a text)` };
  await assert.rejects(
    migrate(session, [first, broken], () => 0),
    { code: "store-unavailable", message: "The store is unavailable: its database failed." },
  );
  assert.deepEqual(await tablesOf(session), ["first", "migration"]);
  await migrate(session, [first, second], () => 0);
  assert.deepEqual(await tablesOf(session), ["first", "migration", "second"]);
});

for (const { name, version } of postgresServers) {
  test(`eight servers that open one empty database of ${name} at once make each step once`, async (t) => {
    const { url } = await openTestDatabase(t, version);
    const sessions = Array.from({ length: 8 }, () => openOn(t, url));
    const slow: Migration = { ...second, sql: `${second.sql}SELECT pg_sleep(0.1);` };
    await Promise.all(sessions.map((session, index) => migrate(session, [first, slow], () => index)));
    for (const session of sessions) {
      const made = await session.query(readMade);
      assert.deepEqual(
        made.map(([number]) => number),
        [1, 2],
      );
    }
  });

  test(`eight servers make the program's own schema in ${name} at once`, async (t) => {
    const { url } = await openTestDatabase(t, version);
    const migrations = readMigrations();
    const sessions = Array.from({ length: 8 }, () => openOn(t, url));
    await Promise.all(sessions.map((session) => migrate(session, migrations, () => 0)));
    const made = await Promise.all(sessions.map((session) => session.query(readMade)));
    for (const steps of made) assert.equal(steps.length, migrations.length);
  });
}

test("a store whose steps are not the first ones of the program is refused as it is", async (t) => {
  const session = await openEmpty(t);
  await migrate(session, [first, second], () => 0);
  const newer = "its database was written by a newer program, which made migration";
  const other = "that is not the one which this program would have made";
  const refusals: readonly (readonly [migrations: readonly Migration[], reason: string])[] = [
    [[first], `${newer} 0002_second`],
    [[first, { ...second, sql: `${second.sql} ` }], `its database has a migration 0002_second ${other}`],
    [[{ ...first, name: "0001_renamed" }, second], `its database has a migration 0001_first ${other}`],
    [[second, first], `its database has a migration 0001_first ${other}`],
  ];
  for (const [migrations, reason] of refusals) {
    await assert.rejects(
      migrate(session, migrations, () => 0),
      { code: "store-unavailable", message: `The store is unavailable: ${reason}.` },
    );
  }
  assert.deepEqual(await tablesOf(session), ["first", "migration", "second"]);
});

test("a store of a newer program is served on where its steps say so, and is not changed", async (t) => {
  const session = await openEmpty(t);
  await migrate(session, [first, { ...second, compatibleFrom: 1 }], () => 0);
  await migrate(session, [first], () => 1);
  const made = await session.query(readMade);
  assert.deepEqual(
    made.map(([number, , , , appliedAtMs]) => [number, appliedAtMs]),
    [
      [1, 0],
      [2, 0],
    ],
  );
});

test("a database of another program is refused as it is", async (t) => {
  const session = await openEmpty(t);
  await session.query(statement("CREATE TABLE theirs (a text)"));
  await assert.rejects(
    migrate(session, [first], () => 0),
    {
      code: "store-unavailable",
      message: "The store is unavailable: its database belongs to another program.",
    },
  );
  assert.deepEqual(await tablesOf(session), ["theirs"]);
});
