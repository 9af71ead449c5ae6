import { test } from "node:test";
import { followGuide } from "../test/guide.ts";

/** The guides with parts in Python, which npm does not bring: the whole of them. */
for (const guide of ["guides/report-from-your-code.md"]) {
  test(`${guide} works as it is written, its parts in Python too`, () =>
    followGuide(guide, { withPython: true }));
}
