import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { readableText, StreamTail } from "./tail.ts";

test("a stream within the limit is kept whole", () => {
  const tail = new StreamTail(8);
  for (const part of ["1\n", "23\n", "456"]) tail.push(Buffer.from(part));
  assert.equal(tail.text(), "1\n23\n456");
});

test("what is kept of a longer stream begins with a whole line", () => {
  const tail = new StreamTail(8);
  for (const part of ["password=geheim\n", "a\nb", "\nc\n"]) tail.push(Buffer.from(part));
  assert.equal(tail.text(), "a\nb\nc\n");
});

test("of a single line that is too long the end is kept", () => {
  const tail = new StreamTail(8);
  tail.push(Buffer.from("0123456789"));
  assert.equal(tail.text(), "23456789");
});

test("where chunks begin and end does not matter", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "é", "\n"), maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (text, size) => {
        const bytes = Buffer.from(text);
        const inOne = new StreamTail(16);
        inOne.push(bytes);
        const inMany = new StreamTail(16);
        for (let at = 0; at < bytes.length; at += size) inMany.push(bytes.subarray(at, at + size));
        assert.equal(inMany.text(), inOne.text());
        assert.ok(Buffer.byteLength(inOne.text()) <= 16 + 2);
      },
    ),
    { numRuns: 300 },
  );
});

test("escape sequences and control characters are left out, newlines and tabs stay", () => {
  assert.equal(readableText("\x1b[31mred\x1b[0m\tand\x07 \x1b]0;title\x07plain\0\x08\n"), "red\tand plain\n");
});

test("of a line that was overwritten only what was written last is shown", () => {
  assert.equal(readableText("10%\r20%\r100%\r\ndone\r\n\r\n"), "100%\ndone\n\n");
});

test("text is well-formed whatever the bytes were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const tail = new StreamTail(16);
      tail.push(Buffer.from(bytes));
      const text = readableText(tail.text());
      assert.ok(text.isWellFormed());
      assert.doesNotMatch(text, /[^\P{Cc}\n\t]/u);
    }),
    { numRuns: 200 },
  );
});
