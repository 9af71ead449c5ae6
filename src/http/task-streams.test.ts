import assert from "node:assert/strict";
import { test } from "node:test";
import { inChunks } from "./task-streams.ts";

async function* pieces(count: number, length: number) {
  for (let number = 0; number < count; number += 1) yield String(number % 10).repeat(length);
}

const allowed = async () => undefined;

/** In one go: nothing is waited for between two pieces. */
async function collect(text: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const piece of text) all.push(piece);
  return all;
}

test("many small pieces become few chunks, of which none is small but the last, and nothing is lost", async () => {
  const chunks = await collect(inChunks(pieces(1001, 1000), allowed));
  assert.equal(chunks.join(""), (await collect(pieces(1001, 1000))).join(""));
  for (const chunk of chunks.slice(0, -1)) assert.ok(chunk.length >= 64 * 1024 && chunk.length < 66 * 1024);
  assert.ok(chunks.length < 20);
});

test("no text is no chunk", async () => {
  assert.deepEqual(await collect(inChunks(pieces(0, 1), allowed)), []);
  assert.deepEqual(await collect(inChunks(pieces(3, 0), allowed)), []);
});

test("everybody else has their turn between two chunks, also when nobody has to wait for them", async () => {
  let turns = 0;
  let waiting = setImmediate(function takeTurn() {
    turns += 1;
    waiting = setImmediate(takeTurn);
  });
  const chunks = await collect(inChunks(pieces(20, 64 * 1024), allowed));
  clearImmediate(waiting);
  assert.equal(chunks.length, 20);
  assert.ok(turns >= 19, `${turns} turns`);
});

test("whoever stops reading the chunks stops the reading of the pieces", async () => {
  let stopped = false;
  async function* endless() {
    try {
      for (;;) yield "x".repeat(64 * 1024);
    } finally {
      stopped = true;
    }
  }
  for await (const _ of inChunks(endless(), allowed)) break;
  assert.ok(stopped);
});

test("nothing is sent any more, and nothing read, from the chunk on before which it is not allowed", async () => {
  for (const asked of [1, 3]) {
    const sent: string[] = [];
    let left = asked;
    const askAgain = async () => {
      left -= 1;
      if (left === 0) throw new Error("revoked");
    };
    await assert.rejects(async () => {
      for await (const chunk of inChunks(pieces(3, 64 * 1024), askAgain)) sent.push(chunk);
    }, /revoked/);
    assert.equal(sent.length, asked - 1);
  }
  await assert.rejects(
    collect(inChunks(pieces(1, 5), () => Promise.reject(new Error("revoked")))),
    /revoked/,
  );
});
