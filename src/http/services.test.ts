import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { anyTask } from "../../test/any-task.ts";
import { dialects } from "../dialects/index.ts";
import { timeFormat } from "../dialects/time.ts";
import { serviceBodies } from "./services.ts";

const reads = dialects.flatMap(({ prefix, routes }) =>
  routes.filter((route) => route.method === "GET").map((route) => ({ route, address: prefix + route.path })),
);

const anyPage = fc.record({
  tasks: fc.array(anyTask, { minLength: 1, maxLength: 4 }),
  total: fc.nat(),
  names: fc.array(fc.string({ unit: "binary" })),
});
const fewNumbers = fc.integer({ min: 0, max: 2 });
/** Which page is asked for, again and again, and with which paging. */
const anyQuestions = fc.array(fc.record({ at: fewNumbers, offset: fewNumbers, limit: fewNumbers }), {
  minLength: 5,
  maxLength: 10,
});

for (const { route, address } of reads) {
  test(`GET ${address} answers the JSON of what is rendered, also when it remembers it`, () => {
    fc.assert(
      fc.property(
        fc.tuple(anyPage, anyPage, anyPage),
        anyQuestions,
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (pages, questions, utcOffsetMinutes) => {
          const bodyOf = serviceBodies(route, timeFormat(utcOffsetMinutes));
          for (const { at, ...query } of questions) {
            const page = pages[at];
            assert.ok(page !== undefined);
            const rendered = route.render(page, { query, showTime: timeFormat(utcOffsetMinutes) });
            for (const _ of ["first", "kept", "again"]) {
              assert.equal(bodyOf(page, { ...query }).content.toString(), JSON.stringify(rendered));
            }
            assert.equal(bodyOf(page, { ...query }), bodyOf(page, query));
          }
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });
}
