import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import test, { type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { makeNewerProgram } from "../../../test/newer-program.ts";
import { openMigratedDatabase, openTestDatabase, postgresServers } from "../../../test/postgres.ts";
import { answersOf, sampleNowMs } from "../../../test/schemas/sample-store.ts";
import { applyReport } from "../../task/report.ts";
import type { SharedStore, TaskStore } from "../store.ts";
import { checkCounts } from "./check-counts.ts";
import { readMigrations } from "./migrations.ts";
import { faultsOfSchema } from "./schema.ts";
import { openSession, type Session, statement } from "./session.ts";
import { openPostgresStore } from "./store.ts";

/**
 * The steps that were released, with the SHA-256 of their files: a database that has made one never makes it again, and
 * is refused by a program with another one. Whoever wants another schema adds a step. A step that no release has brought
 * yet may still change: then its dump is made anew, too (test/schemas/dump-postgres.ts).
 */
const released: Readonly<Record<string, string>> = {
  "0001_everything": "fca280421c764341ac92b0e833cb48c2fbd19878baccac1ec114aebb328e46f7",
  "0002_children-and-successes": "6f6a861463c95e86a91ed24e0fc3446afb7c870b04aa4c0119eb6b4c1111f103",
};

/** A number that no step of this program has yet. */
const next = readMigrations().length + 1;
const nextName = `${String(next).padStart(4, "0")}_pretended`;
const afterNextName = `${String(next + 1).padStart(4, "0")}_pretended`;

/** A step that only adds, as the first of two: this version's servers know nothing of it, and need not. */
const addition = {
  [`${nextName}.sql`]: `-- Compatible from step ${next - 1}.
ALTER TABLE task ADD COLUMN colour text COLLATE "C" DEFAULT 'none';
ALTER TABLE count_change ADD COLUMN colour text COLLATE "C";
CREATE INDEX task_by_colour ON task (project_id, colour, created_at_ms, id) WHERE colour <> 'none';
CREATE TABLE palette (
  project_id text COLLATE "C" NOT NULL,
  colour text COLLATE "C" NOT NULL,
  PRIMARY KEY (project_id, colour)
);
`,
};
/** The second of the two: it takes away what this version's servers still need. */
const contraction = {
  ...addition,
  [`${afterNextName}.sql`]: `-- Compatible from step ${next}.\nALTER TABLE task DROP COLUMN on_stale;\n`,
};

const { projectId } = taskFactory.running();
const key = (id: string) => ({ projectId, id });
const clock = () => factoryCreatedAtMs;

function openIn(t: TestContext, url: string, open = openPostgresStore): Promise<SharedStore> {
  return open({
    url,
    clock,
    onTrouble: (error) => t.diagnostic(`trouble with the store: ${error}`),
  });
}

function openSessionIn(t: TestContext, url: string): Session {
  const session = openSession({ url, connections: 2, onTrouble: () => {} });
  t.after(() => session.close());
  return session;
}

async function create(tasks: TaskStore, id: string): Promise<void> {
  const { foundBy } = await tasks.createTask(creationOf(taskFactory.running({ id })));
  assert.equal(foundBy, "new");
}

function complete(tasks: TaskStore, id: string) {
  return tasks.changeTask(key(id), (current) =>
    applyReport(current, { status: "Completed" }, { by: "producer", nowMs: clock() }),
  );
}

async function totalsOf({ tasks }: SharedStore): Promise<readonly number[]> {
  const statuses = [undefined, ["Running"], ["Completed"]] as const;
  const pages = statuses.map((wanted) =>
    tasks.listTasks({
      filter: { projectId, statuses: wanted },
      order: "newest-first",
      offset: 0,
      limit: 5,
      withNames: true,
    }),
  );
  return (await Promise.all(pages)).map(({ total }) => total);
}

/** What is wrong with the counts. */
async function faultsIn(session: Session): Promise<readonly string[]> {
  const faults: string[] = [];
  for await (const fault of checkCounts(session)) faults.push(fault);
  return faults;
}

test("a step that was released is never edited, nor taken away", () => {
  const own = readMigrations().map(({ name, sql }) => [name, createHash("sha256").update(sql).digest("hex")]);
  for (const [name, hash] of Object.entries(released)) {
    assert.deepEqual(
      own.find(([known]) => known === name),
      [name, hash],
    );
  }
});

const dumps = new URL("../../../test/schemas/postgres/", import.meta.url);
const dumped = readdirSync(dumps).filter((file) => file.endsWith(".sql"));

test("of every released step there is a dump", () => {
  assert.deepEqual(
    dumped.sort(),
    Object.keys(released)
      .map((name) => `step-${Number.parseInt(name, 10)}.sql`)
      .sort(),
  );
});

function dumpedAnswers(file: string): object {
  return JSON.parse(readFileSync(new URL(file.replace(".sql", ".answers.json"), dumps), "utf8"));
}

/** The statements that are told to whoever upgrades, for what is built before. */
function statementsByHand(): readonly string[] {
  const page = new URL("../../../docs/operations/upgrade.md", import.meta.url);
  return readFileSync(page, "utf8").match(/CREATE INDEX CONCURRENTLY [^;]+;/g) ?? [];
}

test("an index that was built by hand before, as it is told, is the one that a step would have made", async (t) => {
  const { url } = await openTestDatabase(t);
  const session = openSessionIn(t, url);
  await session.query({ text: readFileSync(new URL("step-1.sql", dumps), "utf8"), name: "" });
  const statements = statementsByHand();
  assert.ok(statements.length > 0);
  for (const text of statements) await session.query({ text, name: "" });
  const readIndexes = statement<[name: string, oid: number]>(
    "SELECT indexrelid::regclass::text, indexrelid::bigint FROM pg_index WHERE indrelid = 'task'::regclass",
  );
  const built = await session.query(readIndexes);
  const store = await openIn(t, url);
  await store.close();
  assert.deepEqual(await faultsOfSchema(session), []);
  // None was built a second time, and none is missing.
  assert.deepEqual(await session.query(readIndexes), built);
});

for (const { name, version } of postgresServers) {
  for (const file of dumped) {
    test(`a store of ${file.replace(".sql", "")} in ${name} is brought up to date, and answers as it did`, async (t) => {
      const { url } = await openTestDatabase(t, version);
      const session = openSessionIn(t, url);
      await session.query({ text: readFileSync(new URL(file, dumps), "utf8"), name: "" });
      const onTrouble = (error: unknown) => t.diagnostic(`trouble with the store: ${error}`);
      const store = await openPostgresStore({ url, clock: () => sampleNowMs, onTrouble });
      const answers = await answersOf(store);
      assert.partialDeepStrictEqual(answers, dumpedAnswers(file));
      // What could not be asked then is answered, too.
      assert.partialDeepStrictEqual(answers, dumpedAnswers(dumped.toSorted().at(-1) ?? file));
      await create(store.tasks, "one-more");
      await complete(store.tasks, "one-more");
      await store.close();
      assert.deepEqual(await faultsIn(session), []);
      const applied = await session.query(statement<[steps: number]>("SELECT count(*) FROM migration"));
      assert.deepEqual(applied, [[readMigrations().length]]);
    });
  }
}

test("servers of two versions serve one database, while the newer one starts and after", async (t) => {
  const { url } = await openMigratedDatabase(t);
  const session = openSessionIn(t, url);
  const older = await openIn(t, url);
  let isWriting = true;
  let written = 0;
  const writing = (async () => {
    for (; isWriting; written += 1) {
      await create(older.tasks, `steady-${written}`);
      await complete(older.tasks, `steady-${written}`);
      await totalsOf(older);
    }
  })();
  while (written < 20) await wait(5);
  const program = await makeNewerProgram(t, addition);
  const newer = await openIn(t, url, program.openPostgresStore);
  const writtenAtStart = written;
  while (written < writtenAtStart + 20) await wait(5);

  await create(older.tasks, "of-the-older");
  await create(newer.tasks, "of-the-newer");
  const paint = statement("UPDATE task SET colour = 'red' WHERE project_id = $1 AND id = 'of-the-newer'");
  await session.query(paint, [projectId]);
  await complete(older.tasks, "of-the-newer");
  await complete(newer.tasks, "of-the-older");
  isWriting = false;
  await writing;
  const restarted = await openIn(t, url);
  await create(restarted.tasks, "of-the-restarted");
  assert.equal(await older.tasks.deleteTask(key("steady-0")), true);
  const expected = [written + 2, 1, written + 1];
  for (const store of [older, newer, restarted]) assert.deepEqual(await totalsOf(store), expected);
  for (const store of [older, newer]) {
    const [red, plain] = await Promise.all(
      ["of-the-newer", "of-the-older"].map((id) => store.tasks.getTask(key(id))),
    );
    assert.deepEqual([red?.status, red?.revision], ["Completed", 2]);
    assert.deepEqual([plain?.status, plain?.revision], ["Completed", 2]);
  }
  for (const store of [older, newer, restarted]) await store.close();
  // What the newer version says of a task, the older one leaves as it is.
  const colours = statement<[colour: string]>(
    "SELECT colour FROM task WHERE id LIKE 'of-the-%' ORDER BY colour",
  );
  assert.deepEqual(await session.query(colours), [["none"], ["none"], ["red"]]);
  assert.deepEqual(await faultsIn(session), []);
});

test("a server refuses to start on a database with which only newer versions can work, and changes nothing", async (t) => {
  const { url } = await openMigratedDatabase(t);
  const session = openSessionIn(t, url);
  const program = await makeNewerProgram(t, contraction);
  assert.equal(program.readMigrations().length, next + 1);
  const newer = await openIn(t, url, program.openPostgresStore);
  await newer.close();
  await assert.rejects(openIn(t, url), {
    code: "store-unavailable",
    message: `The store is unavailable: its database was written by a newer program, which made migration ${afterNextName}.`,
  });
  const applied = statement<[name: string]>("SELECT name FROM migration ORDER BY number");
  const own = readMigrations().map(({ name }) => [name]);
  assert.deepEqual(await session.query(applied), [...own, [nextName], [afterNextName]]);
  // A version between the two knows the step that only adds, and goes on.
  const between = await makeNewerProgram(t, addition);
  const store = await openIn(t, url, between.openPostgresStore);
  await store.close();
});
