import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TaskCenterError } from "../task/error.ts";
import { cursorText, readCursor } from "./task-cursor.ts";

const idCharacters = [..."ABCXYZabcxyz0189-_"];
const place = fc.record(
  {
    createdAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
    id: fc.string({ unit: fc.constantFrom(...idCharacters), minLength: 1, maxLength: 64 }),
  },
  { noNullPrototype: true },
);
const order = fc.constantFrom("newest-first" as const, "oldest-first" as const);

const isRefused = (error: unknown): boolean =>
  error instanceof TaskCenterError &&
  error.code === "invalid-parameter" &&
  error.fields[0]?.field === "cursor";

test("a cursor is read as the place and order that it was made of, and needs no escapes in an address", () => {
  fc.assert(
    fc.property(place, order, (at, by) => {
      const text = cursorText(at, by);
      assert.match(text, /^[A-Za-z0-9_-]{1,150}$/);
      assert.deepEqual(readCursor(text, by), at);
    }),
    { numRuns: 200 },
  );
});

test("a cursor of the other order is refused", () => {
  const at = { createdAtMs: 1, id: "a" };
  assert.throws(() => readCursor(cursorText(at, "oldest-first"), "newest-first"), isRefused);
  assert.throws(() => readCursor(cursorText(at, "newest-first"), "oldest-first"), isRefused);
});

test("what is no cursor is refused, and so is every other spelling of one", () => {
  const good = cursorText({ createdAtMs: 1_772_366_400_000, id: "task-1" }, "newest-first");
  const encoded = (text: string) => Buffer.from(text).toString("base64url");
  for (const text of [
    "",
    "x",
    "0",
    `${good}=`,
    `${good} `,
    `${good.slice(0, 4)}!${good.slice(4)}`,
    good.slice(0, -1),
    encoded("2 newest-first 1 a"),
    encoded("1 newest-first 01 a"),
    encoded("1 newest-first -1 a"),
    encoded("1 newest-first 1 "),
    encoded("1 newest-first 1 a b"),
    encoded("1 newest-first 1 ä"),
    encoded("1 sideways 1 a"),
    encoded("1 newest-first 1 a\n"),
  ]) {
    assert.throws(() => readCursor(text, "newest-first"), isRefused, JSON.stringify(text));
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      if (text !== good) assert.throws(() => readCursor(text, "newest-first"), isRefused);
    }),
    { numRuns: 200 },
  );
});
