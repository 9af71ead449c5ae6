import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { prepareOnce } from "./statements.ts";

test("a statement is prepared once while it is among those used last", () => {
  using database = new DatabaseSync(":memory:");
  const prepared = prepareOnce(database, 2);
  const first = prepared("SELECT 1");
  const second = prepared("SELECT 2");
  assert.equal(prepared("SELECT 1"), first);
  prepared("SELECT 3");
  assert.equal(prepared("SELECT 1"), first);
  assert.notEqual(prepared("SELECT 2"), second);
  assert.deepEqual(prepared("SELECT 2").all(), [[2]]);
});
