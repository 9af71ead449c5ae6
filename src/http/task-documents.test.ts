import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { timeText } from "./task-documents.ts";

test("times are told as RFC 3339 in UTC with milliseconds, whatever time came before", () => {
  const times = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) });
  fc.assert(
    fc.property(fc.array(times, { minLength: 1 }), (several) => {
      for (const timeMs of several) assert.equal(timeText(timeMs), new Date(timeMs).toISOString());
    }),
  );
  assert.equal(timeText(0), "1970-01-01T00:00:00.000Z");
});
