import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { readMetrics } from "../../test/metrics-text.ts";
import { type MetricFamily, mergeFamilies, metricsForms, metricsText } from "./families.ts";
import { createHistogram } from "./histogram.ts";

const gaugeOf = (values: MetricFamily["values"]): MetricFamily => ({
  name: "a_gauge",
  help: "Help.",
  type: "gauge",
  values,
});

test("whatever a label holds, it is told as it is, and every series once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.string({ unit: "grapheme" }), { maxLength: 20 }), async (texts) => {
      const family = gaugeOf(
        texts.map((text, index) => ({ labels: { text, index: `${index}` }, value: index })),
      );
      const { text } = await metricsText([family], "text/plain");
      const lines = readMetrics(text).find("a_gauge");
      assert.deepEqual(
        lines.map(({ labels, value }) => [labels.text, value]),
        texts.map((each, index) => [each, index]),
      );
    }),
  );
});

test("a metric of several processes is told once, with the lines of all", async () => {
  const parts = [1, 2].map((worker) => ({
    labels: { worker },
    families: [gaugeOf([{ labels: { a: "b" }, value: worker }])],
  }));
  for (const form of metricsForms) {
    const { text } = await metricsText(mergeFamilies(parts), form);
    assert.equal(text.match(/# TYPE/g)?.length, 1);
    assert.match(text, /a_gauge\{a="b",worker="?1"?\} 1\na_gauge\{a="b",worker="?2"?\} 2\n/);
  }
});

test("a histogram counts each value in every bucket that it fits into, its bound included", () => {
  const histogram = createHistogram<"of">({ name: "h", help: "Help.", buckets: [1, 2, 5] });
  assert.deepEqual(histogram.family().values, []);
  const observe = histogram.series({ of: "a" });
  histogram.series({ of: "b" });
  for (const value of [0, 1, 1.5, 2, 3, 9]) observe(value);
  const told = histogram
    .family()
    .values.map(({ metricName, labels, value }) => [metricName, labels.of, labels.le, value]);
  assert.deepEqual(told.slice(0, 6), [
    ["h_bucket", "a", 1, 2],
    ["h_bucket", "a", 2, 4],
    ["h_bucket", "a", 5, 5],
    ["h_bucket", "a", "+Inf", 6],
    ["h_sum", "a", undefined, 16.5],
    ["h_count", "a", undefined, 6],
  ]);
  assert.deepEqual(
    told.slice(6).map(([, of, , value]) => [of, value]),
    Array(6).fill(["b", 0]),
  );
});
