import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { openSession } from "./session.ts";

/** A session on a small table, and a second pair of eyes that sees only what was committed. */
function openNotes(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-session-"));
  const database = new DatabaseSync(join(folder, "notes.db"));
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("CREATE TABLE note (text TEXT NOT NULL UNIQUE) STRICT");
  database.exec(
    "CREATE TABLE answer (to_note TEXT REFERENCES note (text) DEFERRABLE INITIALLY DEFERRED) STRICT",
  );
  const observer = new DatabaseSync(join(folder, "notes.db"));
  const session = openSession(database, {
    mark: () => 0,
    undoTo() {},
    beforeCommit() {},
    afterRollback() {},
  });
  t.after(() => {
    session.close();
    observer.close();
    rmSync(folder, { recursive: true });
  });
  const insert = database.prepare("INSERT INTO note (text) VALUES (?)");
  return {
    database,
    session,
    write: (text: string) =>
      session.write(() => {
        insert.run(text);
        return text;
      }),
    committed: () =>
      observer
        .prepare("SELECT text FROM note ORDER BY rowid")
        .all()
        .map(({ text }) => String(text)),
  };
}

test("changes of one turn share a commit, and nobody is answered before it", async (t) => {
  const { write, committed } = openNotes(t);
  const answers = [write("a"), write("b"), write("c")];
  assert.deepEqual(committed(), []);
  assert.equal(await answers[0], "a");
  assert.deepEqual(committed(), ["a", "b", "c"]);
  assert.deepEqual(await Promise.all(answers), ["a", "b", "c"]);
});

test("a commit takes a bounded number of changes, and the next ones follow by themselves", async (t) => {
  const { write, committed } = openNotes(t);
  const texts = Array.from({ length: 600 }, (_, index) => `note ${index}`);
  const answers = texts.map(write);
  await answers[0];
  assert.deepEqual(committed(), texts.slice(0, 256));
  assert.deepEqual(await Promise.all(answers), texts);
  assert.deepEqual(committed(), texts);
});

test("a change sees those before it, and a refusal undoes what it wrote and no more", async (t) => {
  const { database, session, write, committed } = openNotes(t);
  const refusal = new RangeError("refused");
  const outcomes = await Promise.allSettled([
    write("before"),
    session.write(() => {
      database.exec("INSERT INTO note (text) SELECT 'after ' || text FROM note");
      throw refusal;
    }),
    write("after before"),
  ]);
  assert.deepEqual(outcomes, [
    { status: "fulfilled", value: "before" },
    { status: "rejected", reason: refusal },
    { status: "fulfilled", value: "after before" },
  ]);
  assert.deepEqual(committed(), ["before", "after before"]);
});

test("a statement that fails refuses its own change only, without SQL in the message", async (t) => {
  const { write, committed } = openNotes(t);
  const outcomes = await Promise.allSettled([write("a"), write("a"), write("b")]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  await assert.rejects(write("a"), {
    code: "store-unavailable",
    message: "The store is unavailable: its file made the engine fail.",
  });
  assert.deepEqual(committed(), ["a", "b"]);
});

test("a commit that fails refuses everybody in it, also those who had been refused, and the next one works", async (t) => {
  const { database, session, write, committed } = openNotes(t);
  const outcomes = await Promise.allSettled([
    write("a"),
    session.write(() => {
      throw new RangeError("refused by what was never committed");
    }),
    session.write(() => database.exec("INSERT INTO answer VALUES ('no such note')")),
  ]);
  for (const outcome of outcomes) {
    assert.equal(outcome.status === "rejected" && outcome.reason.code, "store-unavailable");
  }
  assert.deepEqual(committed(), []);
  assert.equal(await write("b"), "b");
  assert.deepEqual(committed(), ["b"]);
});

test("a full disk refuses everybody in the commit, and the session works again when there is room", async (t) => {
  const { database, session, write, committed } = openNotes(t);
  await write("a");
  database.exec("PRAGMA max_page_count = 6");
  for (const outcome of await Promise.allSettled([write("b"), write("c".repeat(100_000)), write("d")])) {
    assert.equal(
      outcome.status === "rejected" && outcome.reason.message,
      "The store is unavailable: its file has no room: its disk is full.",
    );
  }
  assert.deepEqual(
    session.read(() => database.prepare("SELECT text FROM note").all().length),
    1,
  );
  database.exec("PRAGMA max_page_count = 1000");
  assert.equal(await write("b"), "b");
  assert.deepEqual(committed(), ["a", "b"]);
});

test("closing makes the changes that were accepted, however many, and refuses later ones", async (t) => {
  const { session, write, committed } = openNotes(t);
  const texts = Array.from({ length: 600 }, (_, index) => `note ${index}`);
  const answers = texts.map(write);
  session.close();
  assert.deepEqual(committed(), texts);
  await assert.rejects(write("late"), { code: "store-unavailable" });
  assert.throws(() => session.read(() => 1), { code: "store-unavailable" });
  assert.deepEqual(await Promise.all(answers), texts);
  session.close();
});

test("a reader's own error stays what it is, the engine's becomes ours", (t) => {
  const { database, session } = openNotes(t);
  const own = new RangeError("own");
  assert.throws(
    () =>
      session.read(() => {
        throw own;
      }),
    (error) => error === own,
  );
  assert.throws(() => session.read(() => database.exec("SELECT nothing")), { code: "store-unavailable" });
});
