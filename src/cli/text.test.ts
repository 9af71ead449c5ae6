import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { columnsOf, cut, oneLine, printable, printableLines } from "./text.ts";

test("control characters and escape sequences become visible", () => {
  assert.equal(printable("\x1b[31mred\x07"), "\\u001b[31mred\\u0007");
  assert.equal(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  assert.equal(printable("\x7f\x9b"), "\\u007f\\u009b");
});

test("characters that turn the reading direction become visible", () => {
  assert.equal(printable("abc\u202efed\u2066"), "abc\\u202efed\\u2066");
});

test("letters of all languages and emoji stay as they are", () => {
  for (const text of ["größer", "データベース", "قاعدة", "👩‍👩‍👧"]) assert.equal(printable(text), text);
});

test("lines stay lines, and nothing else gets through", () => {
  assert.equal(printableLines("one\r\n\ttwo\x1b[2J\n"), "one\n    two\\u001b[2J\n");
});

test("a message of several lines becomes one", () => {
  assert.equal(oneLine("  exit status 3:\n  disk\tfull\n"), "exit status 3: disk full");
});

test("a text that fits is not cut", () => {
  assert.equal(cut("CreateInstance", 14), "CreateInstance");
});

test("a text that does not fit ends with a sign of it", () => {
  assert.equal(cut("CreateInstance", 13), "CreateInstan…");
  assert.equal(cut("CreateInstance", 1), "…");
});

test("wide characters are cut by what they take, and never in the middle", () => {
  assert.equal(cut("データベース", 6), "デー…");
  assert.equal(cut("e\u0301e\u0301", 2), "…");
  assert.equal(cut("a👩‍👩‍👧b", 4), "a…");
});

test("no cut text is wider than asked for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
      assert.ok(columnsOf(cut(text, columns)) <= columns);
    }),
    { numRuns: 200 },
  );
});
