import assert from "node:assert/strict";
import test from "node:test";
import { type Asker, openTurns } from "./turns.ts";

/** Turns whose answers end when the test says so. */
function openTold(atOnce: number, ofProject = 1) {
  const turns = openTurns({ atOnce, ofProject, maxWaiting: 3 });
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();

  return {
    begun,
    async ask(name: string, projectId: string, line: Asker["line"] = "once"): Promise<void> {
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      await turns.take({ projectId, line }, () => {
        begun.push(name);
        return end.promise;
      });
    },
    async end(name: string, error?: Error): Promise<void> {
      if (error === undefined) ends.get(name)?.resolve();
      else ends.get(name)?.reject(error);
      await new Promise(setImmediate);
    },
  };
}

test("a project has one question answered at a time, and others have theirs meanwhile", async () => {
  const { ask, end, begun } = openTold(2);
  const asked = [ask("a1", "a"), ask("a2", "a"), ask("b1", "b"), ask("c1", "c")];
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a1", "b1"]);
  await end("b1");
  assert.deepEqual(begun, ["a1", "b1", "c1"]);
  await end("c1");
  assert.deepEqual(begun, ["a1", "b1", "c1"]);
  await end("a1");
  assert.deepEqual(begun, ["a1", "b1", "c1", "a2"]);
  await end("a2");
  await Promise.all(asked);
});

test("a project may have several answered at once, and leaves room for others", async () => {
  const { ask, end, begun } = openTold(3, 2);
  const asked = [ask("a1", "a"), ask("a2", "a"), ask("a3", "a"), ask("b1", "b"), ask("b2", "b")];
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a1", "a2", "b1"]);
  await end("b1");
  assert.deepEqual(begun, ["a1", "a2", "b1", "b2"]);
  await end("b2");
  assert.deepEqual(begun, ["a1", "a2", "b1", "b2"]);
  await end("a2");
  assert.deepEqual(begun, ["a1", "a2", "b1", "b2", "a3"]);
  await end("a1");
  await end("a3");
  await Promise.all(asked);
});

test("the lines of a project take turns", async () => {
  const { ask, end, begun } = openTold(1);
  const asked = [ask("list 1", "a"), ask("list 2", "a"), ask("list 3", "a"), ask("stream 1", "a", "stream")];
  for (const name of ["list 1", "list 2", "stream 1", "list 3"]) {
    await new Promise(setImmediate);
    assert.equal(begun.at(-1), name);
    await end(name);
  }
  await Promise.all(asked);
});

test("a question that fails gives its turn away, too", async () => {
  const { ask, end, begun } = openTold(1);
  const failing = assert.rejects(ask("a", "a"), { message: "lost" });
  const next = ask("b", "b");
  await end("a", new Error("lost"));
  await failing;
  assert.deepEqual(begun, ["a", "b"]);
  await end("b");
  await next;
});
