import assert from "node:assert/strict";
import test from "node:test";
import { rangePresetNames, rangePresets } from "../../view/time-range.ts";
import { bucketFor, bucketLengths, countsOverTime, mostBuckets } from "./buckets.ts";

const minute = 60_000;

test("every preset has bars enough to see a course, and few enough to point at one", () => {
  for (const name of rangePresetNames) {
    const { lengthMs } = rangePresets[name];
    const bars = lengthMs / bucketLengths[bucketFor(lengthMs)];
    assert.ok(bars >= 15 && bars <= 180, `${name}: ${bars} bars`);
  }
  assert.equal(bucketFor(10 * 365 * 24 * 60 * minute), "1d");
});

test("buckets without tasks are zeros, and those outside the range are left out", () => {
  const over = countsOverTime(
    [
      { bucket: "2026-03-01T12:01:00.000Z", state: "failed", count: 3 },
      { bucket: "2026-03-01T12:03:00.000Z", state: "running", count: 2 },
      { bucket: "2026-03-01T11:00:00.000Z", state: "running", count: 9 },
    ],
    {
      fromMs: Date.parse("2026-03-01T12:00:30.000Z"),
      toMs: Date.parse("2026-03-01T12:03:10.000Z"),
      bucketMs: minute,
    },
  );
  assert.deepEqual(
    over.bucketsMs.map((atMs) => new Date(atMs).toISOString().slice(11, 16)),
    ["12:00", "12:01", "12:02", "12:03"],
  );
  assert.deepEqual(over.counts.failed, [0, 3, 0, 0]);
  assert.deepEqual(over.counts.running, [0, 0, 0, 2]);
  assert.deepEqual(over.counts.pending, [0, 0, 0, 0]);
});

test("of a stretch that is longer than can be shown the last buckets are laid out", () => {
  const day = bucketLengths["1d"];
  const toMs = Date.parse("2026-03-01T12:00:00.000Z");
  const over = countsOverTime([{ bucket: "2026-03-01T00:00:00.000Z", state: "failed", count: 3 }], {
    fromMs: 0,
    toMs,
    bucketMs: day,
  });
  assert.equal(over.bucketsMs.length, mostBuckets);
  assert.equal(over.bucketsMs.at(-1), Date.parse("2026-03-01T00:00:00.000Z"));
  assert.equal(over.counts.failed.at(-1), 3);
});

test("what the server's clock is ahead of the reader's is laid out too", () => {
  const over = countsOverTime([{ bucket: "2026-03-01T12:05:00.000Z", state: "running", count: 7 }], {
    fromMs: Date.parse("2026-03-01T12:00:00.000Z"),
    toMs: Date.parse("2026-03-01T12:02:00.000Z"),
    bucketMs: bucketLengths["1m"],
  });
  assert.deepEqual(over.counts.running, [0, 0, 0, 0, 0, 7]);
});
