import assert from "node:assert/strict";
import test from "node:test";
import { openTestDatabase } from "../../../test/postgres.ts";
import { systemClock } from "../../task/clock.ts";
import { openDatabaseClock } from "./database-clock.ts";

/** How far apart two readings of the same time may be here: the machine may be busy. */
const toleranceMs = 500;

test("machines whose clocks differ tell the database's time", async (t) => {
  const { url } = await openTestDatabase(t);
  for (const wrongByMs of [0, -3_600_000, 86_400_000]) {
    const shared = await openDatabaseClock({ url, clock: () => systemClock() + wrongByMs });
    t.after(() => shared.close());
    const apartMs = Math.abs(shared.clock() - systemClock());
    assert.ok(apartMs < toleranceMs, `${apartMs} ms`);
    assert.ok(Math.abs(shared.differenceMs() + wrongByMs) < toleranceMs);
  }
});

test("a clock that is set while the server runs is noticed", async (t) => {
  const { url } = await openTestDatabase(t);
  let wrongByMs = 0;
  const shared = await openDatabaseClock({ url, clock: () => systemClock() + wrongByMs, pauseMs: 20 });
  t.after(() => shared.close());
  wrongByMs = 600_000;
  assert.ok(shared.clock() - systemClock() > toleranceMs);
  const givenUpMs = systemClock() + 10_000;
  while (shared.clock() - systemClock() > toleranceMs && systemClock() < givenUpMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(Math.abs(shared.clock() - systemClock()) < toleranceMs);
});

test("without a database there is no such clock, and the refusal tells no address", async () => {
  await assert.rejects(
    openDatabaseClock({ url: "postgres://somebody:secret@127.0.0.1:1/none", clock: systemClock }),
    { code: "store-unavailable", message: "The store is unavailable: its database cannot be reached." },
  );
});
