import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { ProgressReader, percentIn, progressPattern } from "./progress.ts";

const told: Readonly<Record<string, number | undefined>> = {
  "12%": 12,
  "12 %": 12,
  "12.5%": 12.5,
  "12,5 %": 12.5,
  "0%": 0,
  "100%": 100,
  "100.0%": 100,
  "101%": undefined,
  "100.1%": undefined,
  "1200%": undefined,
  "1,200%": undefined,
  "no number": undefined,
  "12 percent": undefined,
  "%": undefined,
  "[=====>    ] 42% 1.2MB/s": 42,
  "[----50%----]": 50,
  "10%..20%...30%": 30,
  "(18%), 0/1 tablespace": 18,
  "table 3 of 9: 20%, all in all 33%": 33,
  "33% of 250%": 33,
  "v1.25%": undefined,
  "GET /a/12%20b": undefined,
};

for (const [line, percent] of Object.entries(told)) {
  test(`a line tells ${percent ?? "no progress"}: ${JSON.stringify(line)}`, () => {
    assert.equal(percentIn(line), percent);
  });
}

test("a pattern of the user's finds the number in its first group", () => {
  assert.equal(percentIn("step 30 of 100, 99% sure", progressPattern("step (\\d+) of 100")), 30);
});

test("a group named progress comes before the first group", () => {
  assert.equal(percentIn("phase 2 done 70", progressPattern("phase (\\d) done (?<progress>\\d+)")), 70);
});

test("the last match of a pattern counts", () => {
  assert.equal(percentIn("done 10 done 20 done 300", progressPattern("done (\\d+)")), 20);
});

test("a group that finds no number, or none from 0 to 100, tells nothing", () => {
  for (const line of ["done x", "done -1", "done 101", "done ", "done 1e1", "done 0x10"]) {
    assert.equal(percentIn(line, progressPattern("done (.*)")), undefined);
  }
  assert.equal(percentIn("b", progressPattern("(\\d+)a|b")), undefined);
});

test("a pattern that is no regular expression is refused as it was written", () => {
  assert.throws(() => progressPattern("(\\d+"), /\/\(\\d\+\//);
});

test("a pattern without a group is refused", () => {
  assert.throws(() => progressPattern("\\d+"), {
    name: "SyntaxError",
    message: /Put a group around the number/,
  });
  assert.throws(() => progressPattern("(?:\\d+)"), SyntaxError);
});

test("a chunk tells the latest percentage of the lines that end in it", () => {
  const reader = new ProgressReader();
  assert.equal(reader.read(Buffer.from("1%\n2%\rnothing\n50")), 2);
  assert.equal(reader.read(Buffer.from("%")), undefined);
  assert.equal(reader.read(Buffer.from("\r")), 50);
});

test("where chunks begin and end does not matter for the progress that is told last", () => {
  const line = fc.constantFrom("12%", "größe 13,5 %", "€ 99 %", "text", "100%", "55 %x");
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (lines, size) => {
        const text = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const reader = new ProgressReader();
        let latest: number | undefined;
        for (let at = 0; at < text.length; at += size) {
          latest = reader.read(text.subarray(at, at + size)) ?? latest;
        }
        assert.equal(latest, new ProgressReader().read(text));
        assert.equal(
          latest,
          lines.map((text) => percentIn(text)).findLast((percent) => percent !== undefined),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("from a zero byte on a stream is data, and tells no progress", () => {
  for (const size of [1, 3, 100]) {
    const bytes = Buffer.from("10%\n20\0%\n30%\n");
    const reader = new ProgressReader();
    const read: (number | undefined)[] = [];
    for (let at = 0; at < bytes.length; at += size) read.push(reader.read(bytes.subarray(at, at + size)));
    assert.deepEqual(
      read.filter((percent) => percent !== undefined),
      [10],
    );
  }
});

test("a percentage at the end of a very long line is found, one far before its end is not", () => {
  const filler = "x".repeat(100_000);
  assert.equal(new ProgressReader().read(Buffer.from(`${filler} 42%\n`)), 42);
  assert.equal(new ProgressReader().read(Buffer.from(`42% ${filler}\n`)), undefined);
});
