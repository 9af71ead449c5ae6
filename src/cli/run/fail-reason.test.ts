import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Ending } from "./ending.ts";
import { failReason } from "./fail-reason.ts";

const exitedWith3: Ending = { kind: "exited", code: 3 };
const reason = (stderr: string, secretValues: readonly string[] = []) =>
  failReason(exitedWith3, { stderr, secretValues });

test("a fail reason tells how the command ended and what it said last", () => {
  assert.equal(reason("connecting\nno such table\n"), "exit status 3: connecting\nno such table");
});

test("a command that said nothing leaves how it ended", () => {
  assert.equal(reason(""), "exit status 3");
  assert.equal(reason("\n \n\t\n"), "exit status 3");
});

test("of many lines the last 20 are quoted, blank ones not counted", () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);
  assert.equal(reason(lines.join("\n\n")), `exit status 3: ${lines.slice(10).join("\n")}`);
});

test("secrets are masked, also those that colours run through", () => {
  assert.equal(reason("pass\x1b[1mword=hun\x1b[0mter2 refused"), "exit status 3: password=*** refused");
  assert.equal(reason("hunter2 refused", ["hunter2"]), "exit status 3: *** refused");
});

test("a reason of 4096 characters is left alone, a longer one loses its beginning", () => {
  const room = 4096 - "exit status 3: ".length;
  const fits = "💾".repeat(room);
  assert.equal(reason(fits), `exit status 3: ${fits}`);
  assert.equal(reason(`x${fits}`), `exit status 3: …${"💾".repeat(room - 1)}`);
});

test("a secret is masked before anything is cut, so that no half of one is left", () => {
  const text = `password=${"s".repeat(5000)}\n${"x".repeat(4000)}`;
  assert.doesNotMatch(reason(text), /s{4}/);
});

test("the name of a command that was not found is readable and takes bounded room", () => {
  const ending: Ending = { kind: "not-started", program: `\x1b[31m${"x".repeat(9000)}`, errno: "ENOENT" };
  const text = failReason(ending, { stderr: "", secretValues: [] });
  assert.match(text, /^command not found: x+$/);
  assert.ok(text.length <= 4096);
});

test("whatever was said, the reason is text that the server accepts", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 9000, size: "max" }), (stderr) => {
      const text = reason(stderr);
      assert.ok([...text].length <= 4096);
      assert.ok(text.isWellFormed() && !text.includes("\0"));
      assert.ok(text.startsWith("exit status 3"));
    }),
    { numRuns: 20 },
  );
});
