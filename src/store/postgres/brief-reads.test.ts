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
  const readBriefly = openBriefReads(await open(t, { connections: 2 }), 50);
  assert.deepEqual(await readBriefly("a", (query) => query(one)), [[1]]);
  assert.equal(await readBriefly("a", (query) => query(sleep, [20])), undefined);
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
  const read = async (query: Query) => {
    reading += 1;
    atMost = Math.max(atMost, reading);
    await query(sleep, [0.05]);
    reading -= 1;
    return "read";
  };
  let answered = 0;
  const asked = Array.from({ length: 20 }, async () => {
    assert.equal(await readBriefly("a", read), "read");
    answered += 1;
  });
  assert.deepEqual(await readBriefly("b", (query) => query(one)), [[1]]);
  assert.deepEqual(await session.query(one), [[1]]);
  assert.ok(answered < 20, `${answered} were answered before another project's`);
  await Promise.all(asked);
  assert.equal(atMost, 1);
});
