import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { LineCutter } from "./lines.ts";

const pieces = fc.array(fc.constantFrom("a", "%", "é", "€", "💾", "\n", "\r", "\r\n", " "), {
  maxLength: 60,
});

/** Cuts bytes at these places, taken as far as they lie within. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

test("lines end in a newline or a carriage return, wherever chunks begin and end", () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(200), { maxLength: 8 }), (texts, places) => {
      const text = texts.join("");
      const cutter = new LineCutter(1000);
      const lines = cutAt(Buffer.from(text), places).flatMap((chunk) => cutter.push(chunk));
      assert.deepEqual(lines, text.split(/[\n\r]/).slice(0, -1));
    }),
    { numRuns: 300 },
  );
});

test("of a line that is too long the end is kept, wherever chunks begin and end", () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(200), { maxLength: 8 }), (texts, places) => {
      const text = texts.join("").replace(/[\n\r]/g, "");
      const cutter = new LineCutter(6);
      const lines = cutAt(Buffer.from(`${text}\n`), places).flatMap((chunk) => cutter.push(chunk));
      assert.deepEqual(lines, [text.slice(-6)]);
    }),
    { numRuns: 300 },
  );
});

test("a line that never ends takes no more memory than the limit", () => {
  const cutter = new LineCutter(8);
  const chunk = Buffer.alloc(1024 * 1024, "x");
  for (let count = 0; count < 64; count += 1) assert.deepEqual(cutter.push(chunk), []);
  assert.deepEqual(cutter.push(Buffer.from("end\n")), ["xxxxxend"]);
});
