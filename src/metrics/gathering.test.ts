import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { shareGathering } from "./gathering.ts";

const limits = { freshMs: 40, usableMs: 300, waitMs: 30 };
const failed = (error: unknown) => assert.fail(String(error));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A time that passes only when the test lets it, and what is waited for meanwhile with it. */
function mockTime(t: TestContext) {
  let nowMs = 0;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => nowMs);
  return {
    async pass(ms: number): Promise<void> {
      await turn();
      nowMs += ms;
      t.mock.timers.tick(ms);
      await turn();
    },
  };
}

test("all who ask at once share one gathering, and whoever asks soon after gets the same", async (t) => {
  let gathered = 0;
  const gathering = shareGathering({
    gather: async () => {
      gathered += 1;
      return gathered;
    },
    onError: failed,
    limits: { ...limits, freshMs: 60_000 },
  });
  t.after(() => gathering.close());
  assert.deepEqual(
    await Promise.all(Array.from({ length: 50 }, () => gathering.figures())),
    Array(50).fill(1),
  );
  assert.equal(await gathering.figures(), 1);
});

test("what is old is gathered anew", async (t) => {
  const time = mockTime(t);
  let gathered = 0;
  const gathering = shareGathering({
    gather: async () => {
      gathered += 1;
      return gathered;
    },
    onError: failed,
    limits,
  });
  t.after(() => gathering.close());
  assert.equal(await gathering.figures(), 1);
  await time.pass(60);
  assert.equal(await gathering.figures(), 2);
});

test("what takes long to gather is not gathered all the time", async (t) => {
  const time = mockTime(t);
  let gathered = 0;
  const gathering = shareGathering({
    gather: async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      gathered += 1;
      return gathered;
    },
    onError: failed,
    limits: { freshMs: 1, usableMs: 60_000, waitMs: 60_000 },
  });
  t.after(() => gathering.close());
  const first = gathering.figures();
  await time.pass(100);
  assert.equal(await first, 1);
  await time.pass(200);
  assert.equal(await gathering.figures(), 1);
  await time.pass(1);
  const second = gathering.figures();
  await time.pass(100);
  assert.equal(await second, 2);
});

test("nobody waits for long: what was gathered before is told, until it is too old, and nothing before there is any", async (t) => {
  const time = mockTime(t);
  let isSlow = false;
  let ended = Promise.withResolvers<void>();
  const gathering = shareGathering({
    gather: async () => {
      if (isSlow) await ended.promise;
      return isSlow;
    },
    onError: failed,
    limits,
  });
  t.after(() => gathering.close());
  /** What somebody gets who asks now, and waits for as long as anybody should. */
  const afterWaiting = async (): Promise<boolean | undefined> => {
    const asked = gathering.figures();
    await time.pass(limits.waitMs);
    return asked;
  };
  isSlow = true;
  assert.equal(await afterWaiting(), undefined);
  ended.resolve();
  await time.pass(0);
  assert.equal(await gathering.figures(), true);
  await time.pass(150);
  ended = Promise.withResolvers();
  assert.equal(await afterWaiting(), true);
  await time.pass(limits.usableMs);
  assert.equal(await afterWaiting(), undefined);
  ended.resolve();
});

test("a gathering that fails is told once, and the next who asks begins another", async (t) => {
  const errors: unknown[] = [];
  let isBroken = true;
  const gathering = shareGathering({
    gather: async () => {
      if (isBroken) throw new Error("broken");
      return "sound";
    },
    onError: (error) => errors.push(error),
    limits,
  });
  t.after(() => gathering.close());
  assert.deepEqual(await Promise.all([gathering.figures(), gathering.figures()]), [undefined, undefined]);
  assert.equal(errors.length, 1);
  isBroken = false;
  assert.equal(await gathering.figures(), "sound");
});

test("a close ends what is under way, tells nobody of it, and nothing begins after it", async () => {
  let begun = 0;
  const gathering = shareGathering({
    gather: async (signal) => {
      begun += 1;
      while (!signal.aborted) await turn();
      throw signal.reason;
    },
    onError: failed,
    limits,
  });
  const asked = gathering.figures();
  await gathering.close();
  assert.equal(await asked, undefined);
  assert.equal(await gathering.figures(), undefined);
  assert.equal(begun, 1);
});
