import assert from "node:assert/strict";
import test from "node:test";
import { linesOf } from "./lines.ts";

async function* partsOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function linesOfParts(bytes: Uint8Array, length: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(partsOf(bytes, length))) lines.push(line);
  return lines;
}

test("lines are the same wherever the text is cut on its way, also in the middle of a character", async () => {
  const lines = ["first", "", "Ünï\u{1F4BE}\u2028", "\r", "last"];
  for (const end of ["", "\n"]) {
    const bytes = Buffer.from(lines.join("\n") + end);
    for (let length = 1; length <= bytes.length; length += 1) {
      assert.deepEqual(await linesOfParts(bytes, length), lines, `parts of ${length} bytes`);
    }
  }
  assert.deepEqual(await linesOfParts(Buffer.from(""), 1), []);
  assert.deepEqual(await linesOfParts(Buffer.from("\n"), 1), [""]);
});

test("a line that does not end is refused as soon as it is too long, after the lines before it", async () => {
  let parts = 0;
  async function* endless() {
    for (;;) {
      parts += 1;
      yield Buffer.from(parts === 1 ? "first\nx" : "x");
    }
  }
  const lines: string[] = [];
  await assert.rejects(async () => {
    for await (const line of linesOf(endless(), { maxCharacters: 10 })) lines.push(line);
  }, /^Error: line 2 has more than 10 characters$/);
  assert.deepEqual(lines, ["first"]);
  assert.equal(parts, 11);
});
