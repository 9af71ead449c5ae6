import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type BatchLimits, type RawLine, windowsOf } from "./task-batch-lines.ts";

const wide: BatchLimits = { lines: 10_000, bytes: 1_000_000, lineBytes: 100_000 };

async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

/** The lines of a body, window by window, and why it ended before its end. */
async function read(body: AsyncIterable<Buffer>, limits: BatchLimits = wide) {
  const windows: (readonly (string | undefined)[])[] = [];
  const numbers: number[] = [];
  const take = (line: RawLine) => {
    numbers.push(line.number);
    return line.bytes?.toString();
  };
  try {
    for await (const window of windowsOf(body, limits)) windows.push(window.map(take));
  } catch (error) {
    return { windows, numbers, error };
  }
  return { windows, numbers, error: undefined };
}

describe("the lines of a batch", () => {
  test("are the same however the body is cut on its way", async () => {
    const bodies = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "😀", "\r", "\n") }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(fc.nat(40), { maxLength: 6 }), async (texts, cuts) => {
        const body = Buffer.from(texts.join("\n"));
        const places = [0, ...cuts.map((cut) => Math.min(cut, body.length)), body.length].sort(
          (a, b) => a - b,
        );
        const cut = places.slice(1).map((place, index) => body.subarray(places[index], place));
        const { windows, numbers } = await read(
          (async function* () {
            yield* cut;
          })(),
        );
        const expected = body.toString().split("\n");
        if (expected.at(-1) === "") expected.pop();
        assert.deepEqual(windows.flat(), expected);
        assert.deepEqual(
          numbers,
          expected.map((_, index) => index + 1),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("are handed on as soon as they have come, and no more than 256 together", async () => {
    const many = "x\n".repeat(600);
    const { windows } = await read(chunksOf("a\nb\nc", "\n", many));
    assert.deepEqual(
      windows.map(({ length }) => length),
      [2, 1, 256, 256, 88],
    );
  });

  test("are fewer together where they are long", async () => {
    const { windows } = await read(chunksOf(`${"x".repeat(99_999)}\n`.repeat(5)));
    assert.deepEqual(
      windows.map(({ length }) => length),
      [3, 2],
    );
  });

  test("that are too long are counted and not kept, and those after them are read", async () => {
    const limits = { ...wide, lineBytes: 3 };
    const { windows, numbers } = await read(chunksOf("abc\nab", "cd\nabc", "\nabcd"), limits);
    assert.deepEqual(windows.flat(), ["abc", undefined, "abc", undefined]);
    assert.deepEqual(numbers, [1, 2, 3, 4]);
  });

  test("past the limit are not read, and those within it come first", async () => {
    const { windows, error } = await read(chunksOf("a\nb\nc\n"), { ...wide, lines: 2 });
    assert.deepEqual(windows.flat(), ["a", "b"]);
    assert.match(String(error), /at most 2 lines/);
    assert.equal((await read(chunksOf("a\nb\n"), { ...wide, lines: 2 })).error, undefined);
  });

  test("past the bytes that a batch may have are not read, and those within them come first", async () => {
    const { windows, error } = await read(chunksOf("ab\ncd\n"), { ...wide, bytes: 5 });
    assert.deepEqual(windows.flat(), ["ab"]);
    assert.match(String(error), /at most 5 bytes/);
    assert.equal((await read(chunksOf("ab\ncd"), { ...wide, bytes: 5 })).error, undefined);
  });
});
