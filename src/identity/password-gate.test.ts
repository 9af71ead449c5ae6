import assert from "node:assert/strict";
import test from "node:test";
import { cheapHash } from "../../test/open-identity.ts";
import { TaskCenterError } from "../task/error.ts";
import { hashPassword, nobodysHash } from "./password.ts";
import { openPasswordGate } from "./password-gate.ts";

const startMs = Date.UTC(2026, 0, 31, 8, 30);

function openGate(atOnce = 4) {
  let nowMs = startMs;
  return {
    gate: openPasswordGate({ clock: () => nowMs, atOnce }),
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}

/** Another user's: the same cost. */
const otherHash = `${cheapHash.slice(0, -1)}g`;

/** How long something takes, in milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

function isRefusal(error: unknown): boolean {
  return error instanceof TaskCenterError && error.code === "too-many-requests";
}

test("a right password is right, a wrong one is wrong, before and after the right one was seen", async () => {
  const { gate } = openGate();
  const hash = await gate.hash("correct horse battery");
  for (const round of [1, 2]) {
    assert.equal(await gate.verify("correct horse", hash), false, `round ${round}`);
    assert.equal(await gate.verify("correct horse battery", hash), true, `round ${round}`);
  }
  assert.equal(await gate.verify("", nobodysHash), false);
});

test("a password that was right is recognised for 5 minutes, and never under another hash", async () => {
  const { gate, advance } = openGate(1);
  const hash = await gate.hash("correct horse battery");
  /** Whether a password needs no hash: where nobody else's finds a place, it is answered all the same. */
  const isRecognised = async (): Promise<boolean> => {
    const guesses = Array.from({ length: 17 }, (_, number) => gate.verify(`guess ${number}`, otherHash));
    try {
      return await gate.verify("correct horse battery", hash);
    } catch (error) {
      assert.ok(isRefusal(error));
      return false;
    } finally {
      await Promise.all(guesses);
    }
  };
  assert.equal(await isRecognised(), false);
  assert.equal(await gate.verify("correct horse battery", hash), true);
  assert.equal(await isRecognised(), true);
  advance(5 * 60 * 1000 - 1);
  assert.equal(await isRecognised(), true);
  advance(1);
  assert.equal(await isRecognised(), false, "it is hashed again after 5 minutes");
  assert.equal(await gate.verify("correct horse battery", hash), true);
  advance(-10 * 60 * 1000);
  assert.equal(await isRecognised(), false, "a clock that is set back makes nothing younger");
  const changed = await hashPassword("another password");
  assert.equal(await gate.verify("correct horse battery", changed), false);
});

test("of many at once a bounded number waits, the others are refused at once, and later it works again", async () => {
  const { gate } = openGate(1);
  const attempts = Array.from({ length: 40 }, (_, number) => gate.verify(`guess ${number}`, cheapHash));
  const outcomes = await Promise.allSettled(attempts);
  const refused = outcomes.filter(({ status }) => status === "rejected");
  assert.ok(outcomes.every((outcome) => outcome.status === "fulfilled" || isRefusal(outcome.reason)));
  // One is hashed, 16 wait.
  assert.equal(refused.length, 40 - 17);
  assert.equal(await gate.verify("correct horse battery", cheapHash), true);
});

test("who is recognised neither waits nor is refused while others are guessed at", async () => {
  const { gate } = openGate(1);
  await gate.verify("correct horse battery", cheapHash);
  const guesses = Array.from({ length: 40 }, (_, number) => gate.verify(`guess ${number}`, otherHash));
  let answered = 0;
  for (const guess of guesses) guess.then(() => (answered += 1)).catch(() => undefined);
  assert.equal(await gate.verify("correct horse battery", cheapHash), true);
  assert.equal(answered, 0);
  await Promise.allSettled(guesses);
});

test("the first wrong password ends the recognition, so that no guess is answered without its cost", async () => {
  const { gate } = openGate(1);
  await gate.verify("correct horse battery", cheapHash);
  const busy = Array.from({ length: 17 }, () => gate.verify("guess", otherHash));
  await assert.rejects(gate.verify("a wrong guess", cheapHash), isRefusal);
  await assert.rejects(gate.verify("correct horse battery", cheapHash), isRefusal);
  await Promise.all(busy);
  assert.equal(await gate.verify("correct horse battery", cheapHash), true);
});

test("the loop goes on while passwords are hashed", async () => {
  const { gate } = openGate(1);
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 5);
  const tookMs = await timed(() => gate.hash("correct horse battery"));
  clearInterval(counting);
  assert.ok(turns > tookMs / 50, `${turns} turns in ${tookMs} ms`);
});
