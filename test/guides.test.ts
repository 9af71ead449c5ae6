import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { blocksOf, followGuide } from "./guide.ts";

/** The guides that need nothing but what npm brings, and curl. Their parts in Python are run by `interop/guides.test.ts`. */
const guides = [
  "start.md",
  "guides/wrap-a-backup.md",
  "guides/report-from-your-code.md",
  "guides/test-an-sdk-offline.md",
  "guides/run-in-production.md",
  "guides/backup-and-restore.md",
];
const root = join(import.meta.dirname, "..");

for (const guide of guides) {
  test(`${guide} works as it is written`, () => followGuide(guide, { withPython: false }));
}

test("the alert that the guides show is the one that is delivered", () => {
  const shown = guides.flatMap((guide) =>
    blocksOf(readFileSync(join(root, "docs", guide), "utf8"))
      .filter(({ language }) => language === "yaml")
      .map(({ body }) => parse(body).expr),
  );
  const { groups } = parse(readFileSync(join(root, "deploy/prometheus/alerts.yml"), "utf8"));
  const [{ rules }] = groups;
  assert.deepEqual(shown, [rules[0].expr]);
});
