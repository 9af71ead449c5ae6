import assert from "node:assert/strict";
import test from "node:test";
import { InvalidArgumentError } from "commander";
import {
  readCount,
  readInstance,
  readLabel,
  readLease,
  readProgress,
  readSince,
  readTimeout,
} from "./option-values.ts";

const now = Date.parse("2026-01-31T08:30:00Z");
const clock = () => now;

function refuses(read: () => unknown): void {
  assert.throws(read, InvalidArgumentError);
}

test("a timeout is a number with a unit, from one second to 24 days", () => {
  assert.equal(readTimeout("90s"), 90_000);
  assert.equal(readTimeout("10m"), 600_000);
  assert.equal(readTimeout("2h"), 7_200_000);
  assert.equal(readTimeout("24d"), 2_073_600_000);
  for (const text of ["0s", "25d", "10", "m", "10 m", "1.5h", "-1m", "10M", ""]) {
    refuses(() => readTimeout(text));
  }
});

test("since is so long ago", () => {
  assert.equal(readSince("2h", clock), "2026-01-31T06:30:00.000Z");
  assert.equal(readSince("3d", clock), "2026-01-28T08:30:00.000Z");
});

test("longer ago than there is time means from the beginning", () => {
  assert.equal(readSince("999999d", clock), "1970-01-01T00:00:00.000Z");
});

test("since is a point in time in any zone", () => {
  assert.equal(readSince("2026-01-31T08:30:00Z", clock), "2026-01-31T08:30:00.000Z");
  assert.equal(readSince("2026-01-31t09:30:00.25+01:00", clock), "2026-01-31T08:30:00.250Z");
  assert.equal(readSince("2026-01-31 08:30:00z", clock), "2026-01-31T08:30:00.000Z");
});

test("what is neither an age nor a point in time is refused", () => {
  for (const text of ["", "yesterday", "2026-01-31", "2026-01-31T08:30:00", "2026-13-01T00:00:00Z", "2w"]) {
    refuses(() => readSince(text, clock));
  }
  refuses(() => readSince("1969-12-31T23:59:59Z", clock));
});

test("an instance is an id, or an id and a name, which may hold further signs", () => {
  assert.deepEqual(readInstance("db1"), { id: "db1" });
  assert.deepEqual(readInstance("db1=orders"), { id: "db1", name: "orders" });
  assert.deepEqual(readInstance("db1=a=b"), { id: "db1", name: "a=b" });
  assert.deepEqual(readInstance("db1="), { id: "db1", name: "" });
  refuses(() => readInstance(""));
  refuses(() => readInstance("=orders"));
});

test("a label has a key, and any text as its value; those of one key go together", () => {
  assert.deepEqual(readLabel("team=dba"), { team: ["dba"] });
  assert.deepEqual(readLabel("team=", { team: ["dba"], "a.b": ["x"] }), { team: ["dba", ""], "a.b": ["x"] });
  assert.deepEqual(readLabel("x=a=b\n"), { x: ["a=b\n"] });
  assert.deepEqual(readLabel("constructor=x"), { constructor: ["x"] });
  for (const text of ["team", "=dba", "Team=dba", "a b=c", ""]) refuses(() => readLabel(text));
});

test("a progress is from 0 to 100", () => {
  assert.equal(readProgress("0"), 0);
  assert.equal(readProgress("99.5"), 99.5);
  assert.equal(readProgress("100%"), 100);
  for (const text of ["100.1", "101", "-1", "half", "", "1e1"]) refuses(() => readProgress(text));
});

test("a count is from 1", () => {
  assert.equal(readCount("1"), 1);
  assert.equal(readCount("100000"), 100_000);
  for (const text of ["0", "-1", "1.5", "ten", ""]) refuses(() => readCount(text));
});

test("a lease is from 5 seconds to a day", () => {
  assert.equal(readLease("5"), 5);
  assert.equal(readLease("86400"), 86_400);
  for (const text of ["4", "86401", "60s", ""]) refuses(() => readLease(text));
});
