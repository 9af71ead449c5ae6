import assert from "node:assert/strict";
import test from "node:test";
import {
  apiParams,
  conditionCount,
  emptyFilter,
  readFilter,
  type TaskFilter,
  toggled,
  writeFilter,
} from "./task-filter.ts";

const full: TaskFilter = {
  service: ["ddm", "rds"],
  kind: ["scheduled"],
  state: ["failed"],
  status: ["Unauthorized"],
  name: ["Backup & restore", "größer"],
  instance_id: ["in/01"],
  instance_name: ["orders?"],
  database_name: ["a b"],
  parent_id: ["p-1"],
  q: ["disk full"],
  label: ["team=pay=ments", "env="],
  stale: false,
  range: { kind: "between", fromMs: Date.UTC(2026, 2, 1), toMs: undefined },
};

test("a filter survives being written into an address and read again", () => {
  const address = writeFilter(full).toString();
  assert.deepEqual(readFilter(new URLSearchParams(address)), full);
  assert.equal(writeFilter(emptyFilter).toString(), "");
  assert.deepEqual(readFilter(new URLSearchParams()), emptyFilter);
});

test("what makes no sense in an address is no condition", () => {
  const read = readFilter(
    new URLSearchParams("service=oracle&state=lost&stale=perhaps&label=NoLabel&range=1y&from=soon&name="),
  );
  assert.deepEqual(read, emptyFilter);
});

test("a label is read as the API writes it, too", () => {
  const read = readFilter(
    new URLSearchParams("label.team=pay%3Dments&label=env=&label.=x&label.team=pay%3Dments"),
  );
  assert.deepEqual(read, { ...emptyFilter, label: ["team=pay=ments", "env="] });
});

test("a moment that the server does not know, before 1970 or after 9999, is no condition", () => {
  for (const text of ["+275760-09-13T00:00:00Z", "-000001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "%25"]) {
    assert.deepEqual(readFilter(new URLSearchParams({ from: text, to: text })), emptyFilter, text);
  }
});

test("the API is asked for labels by their keys, and for the moments of the range", () => {
  const params = apiParams(full, { nowMs: Date.UTC(2026, 2, 2) });
  assert.deepEqual(params.getAll("label.team"), ["pay=ments"]);
  assert.deepEqual(params.getAll("label.env"), [""]);
  assert.equal(params.get("created_from"), "2026-03-01T00:00:00.000Z");
  assert.equal(params.has("created_to"), false);
  assert.equal(params.has("label"), false);
  assert.equal(params.get("stale"), "false");
});

test("a range that ends now begins at a step, so that the same question is asked for a while", () => {
  const filter: TaskFilter = { ...emptyFilter, range: { kind: "last", preset: "1h" } };
  const at = (seconds: number) =>
    apiParams(filter, { nowMs: Date.UTC(2026, 2, 1, 12, 0, seconds) }).get("created_from");
  assert.equal(at(1), "2026-03-01T11:00:00.000Z");
  assert.equal(at(59), at(1));
  assert.equal(at(60), "2026-03-01T11:01:00.000Z");
});

test("conditions are counted without the services and the time, which have places of their own", () => {
  assert.equal(conditionCount(emptyFilter), 0);
  assert.equal(conditionCount(full), 13);
  assert.equal(
    conditionCount({ ...emptyFilter, service: ["rds"], range: { kind: "last", preset: "7d" } }),
    0,
  );
});

test("a value is added where it is not there, and taken away where it is", () => {
  const once = toggled(emptyFilter, "name", "CreateInstance");
  assert.deepEqual(once.name, ["CreateInstance"]);
  assert.deepEqual(toggled(once, "name", "CreateInstance"), emptyFilter);
});
