import assert from "node:assert/strict";
import test from "node:test";
import { ageText, durationText } from "./duration.ts";
import { counted, countText, shareText } from "./number.ts";

const hour = 60 * 60 * 1000;

test("a length of time is told in its two largest units", () => {
  assert.equal(durationText(850), "850 ms");
  assert.equal(durationText(4999), "4 s");
  assert.equal(durationText(200_000), "3 m 20 s");
  assert.equal(durationText(2 * hour + 5 * 60_000), "2 h 05 m");
  assert.equal(durationText(148 * hour), "6 d 04 h");
  assert.equal(durationText(-5), "0 s");
});

test("an age is told in one unit, and what is still to come as such", () => {
  assert.equal(ageText(400), "now");
  assert.equal(ageText(59_999), "59 s ago");
  assert.equal(ageText(3 * hour), "3 h ago");
  assert.equal(ageText(-5 * 60_000), "in 5 m");
});

test("counts have their thousands apart, and a share of nothing is none", () => {
  assert.equal(countText(1_204_511), "1,204,511");
  assert.equal(shareText(1, 3), "33.3 %");
  assert.equal(shareText(0, 0), "0 %");
  assert.equal(counted(1, "task"), "1 task");
  assert.equal(counted(1200, "task"), "1,200 tasks");
});
