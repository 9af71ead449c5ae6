import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { openTestDatabase } from "../../../test/postgres.ts";
import { openBriefReads } from "./brief-reads.ts";
import { openSession, type Query, statement } from "./session.ts";

const sleep = statement("SELECT pg_sleep($1)::text");
const one = statement<[one: number]>("SELECT 1");

async function open(t: TestContext, { connections }: { readonly connections: number }) {
  const { url } = await openTestDatabase(t);
  const session = openSession({ url, connections, onTrouble: () => {} });
  t.after(() => session.close());
  return session;
}

test("what takes long is given up, and what fails is told", async (t) => {
  const session = await open(t, { connections: 2 });
  assert.equal(await openBriefReads(session, 50)("a", (query) => query(sleep, [20])), undefined);
  // On a busy machine even this may take longer than that.
  const readBriefly = openBriefReads(session, 5000);
  assert.deepEqual(await readBriefly("a", (query) => query(one)), [[1]]);
  await assert.rejects(
    readBriefly("a", () => Promise.reject(new Error("lost"))),
    { message: "lost" },
  );
});

test("however much a project asks, other projects find a connection", async (t) => {
  const session = await open(t, { connections: 4 });
  const readBriefly = openBriefReads(session, 5000);
  let reading = 0;
  let atMost = 0;
  const othersAnswered = Promise.withResolvers<void>();
  const read = async (query: Query) => {
    reading += 1;
    atMost = Math.max(atMost, reading);
    await query(one);
    await othersAnswered.promise;
    reading -= 1;
    return "read";
  };
  const asked = Array.from({ length: 20 }, async () => {
    assert.equal(await readBriefly("a", read), "read");
  });
  assert.deepEqual(await readBriefly("b", (query) => query(one)), [[1]]);
  assert.deepEqual(await session.query(one), [[1]]);
  othersAnswered.resolve();
  await Promise.all(asked);
  assert.equal(atMost, 1);
});
