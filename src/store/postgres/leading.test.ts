import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { openTestDatabase } from "../../../test/postgres.ts";
import { createLeading } from "./leading.ts";
import { openSession, type Session, statement } from "./session.ts";

/** A server's way to the database. */
function openServer(t: TestContext, url: string): Session {
  const session = openSession({ url, connections: 2, statementMs: 30_000, onTrouble: () => {} });
  t.after(() => session.close());
  return session;
}

const endOthers = statement<[ended: boolean]>(
  `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
   WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'`,
);

test("one of two servers leads a work at a time, and the other one may as soon as it is done", async (t) => {
  const { url } = await openTestDatabase(t);
  const first = createLeading(openServer(t, url));
  const second = createLeading(openServer(t, url));
  const work = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  const led = first("sweep", () => {
    begun.resolve();
    return work.promise;
  });
  await begun.promise;
  assert.equal(await second("sweep", () => assert.fail("two lead")), undefined);
  assert.equal(await second("other work", async () => "done"), "done");
  work.resolve("led");
  assert.equal(await led, "led");
  assert.equal(await second("sweep", async () => "taken over"), "taken over");
});

test("what the work throws is thrown on, and the lead is free again", async (t) => {
  const { url } = await openTestDatabase(t);
  const lead = createLeading(openServer(t, url));
  await assert.rejects(
    lead("sweep", async () => {
      throw new Error("no luck");
    }),
    /no luck/,
  );
  assert.equal(await lead("sweep", async () => 1), 1);
});

test("a leader whose connection breaks learns it, finishes what it does, and another one leads at once", async (t) => {
  const { url } = await openTestDatabase(t);
  const session = openServer(t, url);
  const lead = createLeading(openServer(t, url), { beatMs: 50 });
  const begun = Promise.withResolvers<void>();
  const led = lead("sweep", async (lost) => {
    begun.resolve();
    await new Promise((resolve) => lost.addEventListener("abort", resolve));
    return "was told";
  });
  await begun.promise;
  // While it says that it is there, its connection is not idle.
  while ((await session.query(endOthers)).length === 0);
  assert.equal(await createLeading(session)("sweep", async () => "leads"), "leads");
  assert.equal(await led, "was told");
});

test("without a database nothing is begun", async (t) => {
  const { url } = await openTestDatabase(t);
  const session = openServer(t, url);
  await session.close();
  await assert.rejects(
    createLeading(session)("sweep", () => assert.fail("it began")),
    { code: "store-unavailable" },
  );
});
