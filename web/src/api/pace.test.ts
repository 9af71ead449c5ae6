import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseMs } from "./pace.ts";

test("a question that is answered quickly is asked as often as one would like to", () => {
  assert.equal(pauseMs({ everyMs: 3000, tookMs: 0 }), 3000);
  assert.equal(pauseMs({ everyMs: 3000, tookMs: 300 }), 3000);
});

test("a question that takes long is asked less often, so that it is on its way for a tenth of the time", () => {
  assert.equal(pauseMs({ everyMs: 3000, tookMs: 1300 }), 13_000);
  assert.equal(pauseMs({ everyMs: 10_000, tookMs: 500 }), 10_000);
});

test("however slow it is, a question is asked again within two minutes, or when it was meant to be", () => {
  assert.equal(pauseMs({ everyMs: 3000, tookMs: 30_000 }), 120_000);
  assert.equal(pauseMs({ everyMs: 300_000, tookMs: 30_000 }), 300_000);
});
