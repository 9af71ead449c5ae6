import assert from "node:assert/strict";
import test from "node:test";
import { countText, durationText, sizeText } from "./text.ts";

test("one thing is told as one, and any other number as many", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => countText(count, "task")),
    ["0 tasks", "1 task", "2 tasks"],
  );
});

test("sizes are told in the largest unit that gives a number from 1", () => {
  const sizes = [
    [4096, "4 KiB"],
    [1023 * 1024, "1.0 MiB"],
    [3.4 * 1024 ** 2, "3.4 MiB"],
    [250 * 1024 ** 2, "250 MiB"],
    [12 * 1024 ** 3, "12.0 GiB"],
    [5000 * 1024 ** 4, "5000 TiB"],
  ] as const;
  for (const [bytes, text] of sizes) assert.equal(sizeText(bytes), text);
});

test("durations are told in seconds, and from a minute on in minutes too", () => {
  const durations = [
    [0, "0.0 s"],
    [449, "0.4 s"],
    [59_940, "59.9 s"],
    [59_999, "1 min 0 s"],
    [60_000, "1 min 0 s"],
    [200_400, "3 min 20 s"],
  ] as const;
  for (const [ms, text] of durations) assert.equal(durationText(ms), text);
});
