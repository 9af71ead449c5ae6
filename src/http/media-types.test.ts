import assert from "node:assert/strict";
import { test } from "node:test";
import { checkEncoding, preferredType } from "./media-types.ts";

const offered = ["application/json", "text/csv", "application/x-ndjson"] as const;

test("a caller gets the offered type that they weigh most, by the range that names it most exactly", () => {
  for (const [accept, expected] of [
    ["text/csv", "text/csv"],
    ["TEXT/CSV", "text/csv"],
    ["application/x-ndjson", "application/x-ndjson"],
    ["application/json, text/csv", "application/json"],
    ["text/csv, application/json;q=0.9", "text/csv"],
    ["text/csv;q=0.5,application/x-ndjson;q=0.501", "application/x-ndjson"],
    ["text/*", "text/csv"],
    ["application/*;q=0.4, */*;q=0.5", "text/csv"],
    ["*/*, application/json;q=0", "text/csv"],
    ["*/*;q=0.1, application/x-ndjson ; q=0.2", "application/x-ndjson"],
    ['text/csv;charset="a,b;q=0\\"";header=present;q=1.000, application/json;q=0.9', "text/csv"],
    ["text/csv;q=0.", "application/json"],
  ] as const) {
    assert.equal(preferredType(accept, offered), expected, accept);
  }
});

test("a caller who does not say, or likes nothing that is there, gets the first one", () => {
  for (const accept of [undefined, "", "*/*", "text/html", "application/json;q=0", "nonsense", ",;,", '"']) {
    assert.equal(preferredType(accept, offered), "application/json", String(accept));
  }
});

test("a range whose weight is malformed counts for nothing", () => {
  for (const weight of ["", "2", "1.1", "-1", ".5", "0.1234", "x"]) {
    assert.equal(preferredType(`text/csv;q=${weight}`, offered), "application/json", weight);
  }
});

test("no header is long enough to take long", () => {
  const startedMs = performance.now();
  for (const part of ['"\\', '"', ",", ";", ";q="]) preferredType(part.repeat(15_000), offered);
  assert.ok(performance.now() - startedMs < 1000);
});

test("a body comes as it is, whether its sender says so or not", () => {
  for (const encoding of ["identity", "Identity", ""]) checkEncoding({ "content-encoding": encoding });
  checkEncoding({});
  for (const encoding of ["gzip", "br", "identity, gzip", "unknown"]) {
    assert.throws(() => checkEncoding({ "content-encoding": encoding }), { code: "unsupported-media-type" });
  }
});
