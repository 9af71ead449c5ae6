import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { exactTimeFormat, parseTime, timeFormat } from "./time.ts";

const shownAt = (iso: string, utcOffsetMinutes: number): string =>
  timeFormat(utcOffsetMinutes)(Date.parse(iso));

test("a time is shown in the zone that was asked for", () => {
  const shown = {
    "+0000": shownAt("2025-05-20T23:30:09Z", 0),
    "+0100": shownAt("2025-05-20T23:30:09Z", 60),
    "+0545": shownAt("2025-05-20T23:30:09Z", 345),
    "-0030": shownAt("2025-05-20T00:10:09Z", -30),
    "-1200": shownAt("2025-05-20T11:30:09Z", -720),
  };
  assert.deepEqual(shown, {
    "+0000": "2025-05-20T23:30:09+0000",
    "+0100": "2025-05-21T00:30:09+0100",
    "+0545": "2025-05-21T05:15:09+0545",
    "-0030": "2025-05-19T23:40:09-0030",
    "-1200": "2025-05-19T23:30:09-1200",
  });
});

test("a shown time is cut to its second, also before 1970", () => {
  assert.equal(shownAt("2025-05-20T15:05:13.999Z", 0), "2025-05-20T15:05:13+0000");
  assert.equal(shownAt("1969-12-31T23:59:59.001Z", 0), "1969-12-31T23:59:59+0000");
});

test("one format shows times of different days in any order", () => {
  const showTime = timeFormat(60);
  const times = ["2025-05-20T23:00:00Z", "2025-05-20T22:59:59Z", "2024-02-28T23:00:00Z"];
  assert.deepEqual(
    times.map((time) => showTime(Date.parse(time))),
    ["2025-05-21T00:00:00+0100", "2025-05-20T23:59:59+0100", "2024-02-29T00:00:00+0100"],
  );
});

test("every way of writing the zone is read", () => {
  const noon = Date.parse("2023-09-12T12:00:00Z");
  const forms = [
    "2023-09-12T12:00:00Z",
    "2023-09-12T12:00:00",
    "2023-09-12T12:00:00+0000",
    "2023-09-12T12:00:00-0000",
    "2023-09-12T12:00:00 0000",
    "2023-09-12T20:00:00+0800",
    "2023-09-12T20:00:00 0800",
    "2023-09-12T08:30:00-0330",
    "2023-09-13T11:59:00+2359",
    "2023-09-11T12:01:00-2359",
  ];
  assert.deepEqual(
    forms.map((form) => parseTime(form)),
    forms.map(() => noon),
  );
});

test("the last day of a month is read, and the day after it is not", () => {
  assert.equal(parseTime("2024-02-29T00:00:00Z"), Date.parse("2024-02-29T00:00:00Z"));
  assert.equal(parseTime("2023-02-28T23:59:59Z"), Date.parse("2023-02-28T23:59:59Z"));
  assert.equal(parseTime("2023-02-29T00:00:00Z"), undefined);
  assert.equal(parseTime("2023-04-31T00:00:00Z"), undefined);
});

test("what is no time of this form is not read", () => {
  const refused = [
    "",
    "now",
    "1694500000000",
    "2023-09-12",
    "2023-09-12T12:00Z",
    "2023-09-12 12:00:00Z",
    "2023-09-12t12:00:00z",
    "2023-09-12T12:00:00.000Z",
    "2023-09-12T12:00:00+01:00",
    "2023-09-12T12:00:00+01",
    "2023-09-12T12:00:00+2400",
    "2023-09-12T12:00:00+0060",
    "2023-09-12T12:00:00  0000",
    "2023-09-12T12:00:00Z\n",
    " 2023-09-12T12:00:00Z",
    "2023-00-12T12:00:00Z",
    "2023-13-12T12:00:00Z",
    "2023-09-00T12:00:00Z",
    "2023-02-30T12:00:00Z",
    "2023-09-12T24:00:00Z",
    "2023-09-12T23:60:00Z",
    "2023-09-12T23:59:60Z",
    "+02023-09-12T12:00:00Z",
    "２０２３-09-12T12:00:00Z",
  ];
  assert.deepEqual(
    refused.filter((form) => parseTime(form) !== undefined),
    [],
  );
});

const anyTimeMs = fc.integer({
  min: Date.parse("0001-01-01T00:00:00Z"),
  max: Date.parse("9998-12-31T00:00:00Z"),
});
const anyOffset = fc.integer({ min: -14 * 60, max: 14 * 60 });

test("a time that is shown in any zone reads as the second that it was", () => {
  fc.assert(
    fc.property(anyTimeMs, anyOffset, (timeMs, utcOffsetMinutes) => {
      const shown = timeFormat(utcOffsetMinutes)(timeMs);
      assert.equal(parseTime(shown), Math.floor(timeMs / 1000) * 1000);
      assert.equal(parseTime(shown.replace("+", " ")), parseTime(shown));
    }),
    { numRuns: 500, seed: 1 },
  );
});

test("a shown time is what the calendar says of it", () => {
  fc.assert(
    fc.property(anyTimeMs, anyOffset, (timeMs, utcOffsetMinutes) => {
      const local = new Date(timeMs + utcOffsetMinutes * 60_000).toISOString();
      assert.equal(
        timeFormat(utcOffsetMinutes)(timeMs).slice(0, -"+0000".length),
        local.slice(0, -".000Z".length),
      );
      assert.equal(exactTimeFormat()(timeMs), new Date(timeMs).toISOString());
    }),
    { numRuns: 500, seed: 1 },
  );
});

test("one format for many times shows each as a format of its own would", () => {
  fc.assert(
    fc.property(fc.array(anyTimeMs, { maxLength: 20 }), anyOffset, (times, utcOffsetMinutes) => {
      const showTime = timeFormat(utcOffsetMinutes);
      assert.deepEqual(
        times.map((timeMs) => showTime(timeMs)),
        times.map((timeMs) => timeFormat(utcOffsetMinutes)(timeMs)),
      );
    }),
    { numRuns: 100, seed: 1 },
  );
});
