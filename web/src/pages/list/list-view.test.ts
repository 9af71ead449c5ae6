import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyFilter } from "../../view/task-filter.ts";
import {
  type ListView,
  momentsBefore,
  newerMoments,
  pageCount,
  pinMoment,
  placeOfRank,
  readListView,
  readPageNumber,
  viewMoments,
  withFilter,
  writeListView,
} from "./list-view.ts";

const usual: ListView = { filter: emptyFilter, order: "newest", size: 50, page: 1, asOfMs: undefined };
const atMs = Date.parse("2026-03-01T14:05:09.123Z");
const hourMs = 60 * 60_000;
const open = { fromMs: undefined, toMs: undefined };

test("an address says of a view what is not as usual, and is read as the same view", () => {
  assert.equal(writeListView(usual).toString(), "");
  const view: ListView = {
    filter: { ...emptyFilter, state: ["failed"], q: ["100%25 & more"] },
    order: "oldest",
    size: 200,
    page: 7,
    asOfMs: atMs,
  };
  const address = writeListView(view).toString();
  assert.match(address, /sort=oldest&size=200&page=7&as_of=2026-03-01T14%3A05%3A09\.123Z$/);
  assert.deepEqual(readListView(new URLSearchParams(address)), view);
});

test("what makes no sense in an address is as if it were not there", () => {
  const address = "page=-3&size=1000000&sort=upwards&as_of=yesterday&state=broken";
  assert.deepEqual(readListView(new URLSearchParams(address)), usual);
});

test("a page's number is read as people write it, and no further than the server counts", () => {
  assert.equal(readPageNumber(" 24,091 "), 24_091);
  assert.equal(readPageNumber("1"), 1);
  for (const text of ["", "0", "-1", "1.5", "two", "1e3", "1,2", "999999999999"]) {
    assert.equal(readPageNumber(text), undefined, text);
  }
});

test("nothing has one page, and a page that is full is the last one", () => {
  assert.equal(pageCount(0, 50), 1);
  assert.equal(pageCount(50, 50), 1);
  assert.equal(pageCount(51, 50), 2);
});

test("another filter is looked at from its first page, and live", () => {
  const filter = { ...emptyFilter, stale: true };
  assert.deepEqual(withFilter({ ...usual, page: 9, asOfMs: atMs, size: 25 }, filter), {
    ...usual,
    filter,
    size: 25,
  });
});

test("a list that stands still asks for nothing later, and begins where its range began then", () => {
  const nowMs = atMs + 5 * hourMs;
  assert.deepEqual(viewMoments({ kind: "all" }, { nowMs, pinnedMs: undefined }), open);
  assert.deepEqual(viewMoments({ kind: "all" }, { nowMs, pinnedMs: atMs }), {
    fromMs: undefined,
    toMs: atMs,
  });
  const { fromMs, toMs } = viewMoments({ kind: "last", preset: "1h" }, { nowMs, pinnedMs: atMs });
  assert.equal(fromMs, Date.parse("2026-03-01T13:05:00Z"));
  assert.equal(toMs, atMs);
  const past = { kind: "between", fromMs: 1000, toMs: 2000 } as const;
  assert.deepEqual(viewMoments(past, { nowMs, pinnedMs: atMs }), { fromMs: 1000, toMs: 2000 });
});

test("a range begins no earlier than 1970, of which the server knows nothing before", () => {
  for (const pinnedMs of [0, 60_000]) {
    const moments = viewMoments({ kind: "last", preset: "15m" }, { nowMs: atMs, pinnedMs });
    assert.deepEqual(moments, { fromMs: 0, toMs: pinnedMs });
  }
});

test("newer tasks are those past the moment, where the range reaches so far", () => {
  assert.deepEqual(newerMoments({ kind: "all" }, atMs), { fromMs: atMs + 1, toMs: undefined });
  assert.equal(newerMoments({ kind: "between", fromMs: undefined, toMs: atMs }, atMs), undefined);
  assert.deepEqual(newerMoments({ kind: "between", fromMs: atMs + 9, toMs: undefined }, atMs), {
    fromMs: atMs + 9,
    toMs: undefined,
  });
});

test("a list stands still no earlier than its newest task, whose producer may be ahead of the reader", () => {
  const ahead = new Date(atMs + 4000).toISOString();
  assert.equal(pinMoment(atMs, [{ created_at: ahead }]), atMs + 4000);
  assert.equal(pinMoment(atMs, [{ created_at: "2026-01-01T00:00:00.000Z" }]), atMs);
  assert.equal(pinMoment(atMs, []), atMs);
});

test("what comes before a moment is what is newer, or older where the oldest come first", () => {
  assert.deepEqual(momentsBefore("newest", atMs, open), { fromMs: atMs + 1, toMs: undefined });
  assert.deepEqual(momentsBefore("oldest", atMs, open), { fromMs: undefined, toMs: atMs - 1 });
  const range = { fromMs: atMs + hourMs, toMs: atMs + 2 * hourMs };
  assert.deepEqual(momentsBefore("newest", atMs, range), range);
  assert.deepEqual(momentsBefore("oldest", atMs, range), { fromMs: range.fromMs, toMs: atMs - 1 });
});

test("a rank is found on its page and row, and one past the end at the last task", () => {
  assert.deepEqual(placeOfRank(0, { total: 120, size: 50 }), { page: 1, row: 0 });
  assert.deepEqual(placeOfRank(50, { total: 120, size: 50 }), { page: 2, row: 0 });
  assert.deepEqual(placeOfRank(120, { total: 120, size: 50 }), { page: 3, row: 19 });
  assert.deepEqual(placeOfRank(3, { total: 0, size: 50 }), { page: 1, row: 0 });
});
