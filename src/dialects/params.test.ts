import assert from "node:assert/strict";
import test from "node:test";
import { TaskCenterError } from "../task/error.ts";
import {
  readChoice,
  readEpochWindow,
  readFilter,
  readInteger,
  readLimit,
  readOffset,
  readText,
  required,
} from "./params.ts";

function assertRefused(name: string, read: () => unknown): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof TaskCenterError);
    assert.equal(error.code, "invalid-parameter");
    assert.deepEqual(
      error.fields.map(({ field }) => field),
      [name],
    );
    return true;
  });
}

test("an empty value is a value not given", () => {
  assert.equal(readText({}, "id"), undefined);
  assert.equal(readText({ id: "" }, "id"), undefined);
  assert.equal(readFilter({ id: "" }, "id"), undefined);
  assert.equal(readInteger({ offset: "" }, "offset"), undefined);
  assert.equal(readChoice({ status: "" }, "status", { Running: 1 }), undefined);
  assert.equal(readOffset({ offset: "" }), 0);
  assert.equal(readLimit({ limit: "" }, 50), 10);
  assert.deepEqual(readEpochWindow({ start_time: "", end_time: "" }), {
    createdFromMs: undefined,
    createdToMs: undefined,
  });
});

test("a mandatory value that was not given is refused", () => {
  assert.equal(required("id", "x"), "x");
  assert.equal(required("offset", 0), 0);
  assertRefused("id", () => required("id", undefined));
});

test("text is taken as it is", () => {
  assert.equal(readText({ id: " Grüße 🙂 " }, "id"), " Grüße 🙂 ");
  assert.deepEqual(readFilter({ id: "a,b" }, "id"), ["a,b"]);
});

test("text that no store holds is refused", () => {
  assertRefused("id", () => readText({ id: "a\u0000b" }, "id"));
  assertRefused("id", () => readText({ id: "\ud800" }, "id"));
});

test("an integer is 1 to 15 digits", () => {
  assert.equal(readInteger({ offset: "0" }, "offset"), 0);
  assert.equal(readInteger({ offset: "007" }, "offset"), 7);
  assert.equal(readInteger({ offset: "999999999999999" }, "offset"), 999_999_999_999_999);
  for (const text of ["1000000000000000", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1\n", "one", "١"]) {
    assertRefused("offset", () => readInteger({ offset: text }, "offset"));
  }
});

test("a limit lies between 1 and its maximum", () => {
  assert.equal(readLimit({ limit: "1" }, 128), 1);
  assert.equal(readLimit({ limit: "128" }, 128), 128);
  assertRefused("limit", () => readLimit({ limit: "0" }, 128));
  assertRefused("limit", () => readLimit({ limit: "129" }, 128));
});

test("an epoch time is taken to the millisecond and may end in .0", () => {
  assert.deepEqual(readEpochWindow({ start_time: "1747919701000.0", end_time: "1747919701000" }), {
    createdFromMs: 1_747_919_701_000,
    createdToMs: 1_747_919_701_000,
  });
  for (const text of ["1.", "1.5", "1.00", ".0", "-1", "1e12", "1000000000000000", "2025-05-20T15:05:13Z"]) {
    assertRefused("start_time", () => readEpochWindow({ start_time: text }));
    assertRefused("end_time", () => readEpochWindow({ end_time: text }));
  }
});

test("a window is one instant or longer, or open at either end", () => {
  assert.deepEqual(readEpochWindow({ start_time: "5" }), { createdFromMs: 5, createdToMs: undefined });
  assert.deepEqual(readEpochWindow({ end_time: "5" }), { createdFromMs: undefined, createdToMs: 5 });
  assert.deepEqual(readEpochWindow({ start_time: "5", end_time: "5" }), { createdFromMs: 5, createdToMs: 5 });
  assertRefused("end_time", () => readEpochWindow({ start_time: "5", end_time: "4" }));
});

test("a choice is one of its words, in exactly their case", () => {
  const meanings = { Running: 1, Failed: 2 };
  assert.equal(readChoice({ status: "Failed" }, "status", meanings), 2);
  for (const word of ["failed", "Canceled", "Failed ", "toString", "__proto__"]) {
    assertRefused("status", () => readChoice({ status: word }, "status", meanings));
  }
});
