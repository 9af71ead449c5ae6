import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { pause, repeat } from "./timer.ts";

function mockTimers(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  return {
    /** Lets time pass, and then everything happen that follows at once. */
    async pass(ms: number): Promise<void> {
      t.mock.timers.tick(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("rounds begin after the first pause, and then one pause after the round before", async (t) => {
  const timers = mockTimers(t);
  let rounds = 0;
  const work = repeat({
    work: async () => {
      rounds += 1;
    },
    firstPauseMs: 20,
    pauseMs: 100,
    onError: (error) => assert.ifError(error),
  });
  const counts: number[] = [];
  for (const ms of [19, 1, 99, 1, 100]) {
    await timers.pass(ms);
    counts.push(rounds);
  }
  assert.deepEqual(counts, [0, 1, 1, 2, 3]);
  await work.stop();
  await timers.pass(1000);
  assert.equal(rounds, 3);
});

test("two rounds never overlap, and a failed one is told and followed by the next", async (t) => {
  const timers = mockTimers(t);
  const errors: unknown[] = [];
  const rounds: PromiseWithResolvers<void>[] = [];
  const work = repeat({
    work: () => {
      const round = Promise.withResolvers<void>();
      rounds.push(round);
      return round.promise;
    },
    pauseMs: 10,
    onError: (error) => errors.push(error),
  });
  await timers.pass(10);
  await timers.pass(1000);
  assert.equal(rounds.length, 1);
  const trouble = new Error("trouble");
  rounds[0]?.reject(trouble);
  await timers.pass(0);
  await timers.pass(10);
  assert.deepEqual([errors, rounds.length], [[trouble], 2]);
  rounds[1]?.resolve();
  await work.stop();
});

test("a stop tells the round under way, and waits for it", async (t) => {
  const timers = mockTimers(t);
  const round = Promise.withResolvers<void>();
  let signal: AbortSignal | undefined;
  const work = repeat({
    work: (stopping) => {
      signal = stopping;
      return round.promise;
    },
    pauseMs: 10,
    onError: (error) => assert.ifError(error),
  });
  await timers.pass(10);
  assert.equal(signal?.aborted, false);
  let stopped = false;
  const stop = work.stop().then(() => {
    stopped = true;
  });
  await timers.pass(0);
  assert.deepEqual([signal?.aborted, stopped], [true, false]);
  round.resolve();
  await stop;
});

test("a pause is never shorter than it should be, by no part of a millisecond", async (t) => {
  const timers = mockTimers(t);
  let over = false;
  const waiting = pause(2.5, new AbortController().signal).then(() => {
    over = true;
  });
  // A real timer of 2.5 ms would go off after 2 already.
  await timers.pass(2.5);
  assert.equal(over, false);
  await timers.pass(0.5);
  await waiting;
});

test("a pause ends at once when it is told to stop, and does not begin after that", async (t) => {
  mockTimers(t);
  const stopping = new AbortController();
  const waiting = pause(1_000_000, stopping.signal);
  stopping.abort();
  await waiting;
  await pause(1_000_000, stopping.signal);
});
