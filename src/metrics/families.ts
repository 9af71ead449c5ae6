import { type Metric, Registry, type RegistryContentType } from "prom-client";

/** A metric as it is told, with all its series: plain data, so that one process can hand it to another. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly values: readonly Sample[];
}

/** One line of a metric. */
export interface Sample {
  /** The line's own name where it is not the family's: a histogram's `…_bucket`, `…_sum` and `…_count`. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The two forms in which metrics are told: Prometheus asks for OpenMetrics first. */
export const metricsForms = ["text/plain", "application/openmetrics-text"] as const;
export type MetricsForm = (typeof metricsForms)[number];

/** Metrics as they go out. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

const contentTypes: Readonly<Record<MetricsForm, RegistryContentType>> = {
  "text/plain": Registry.PROMETHEUS_CONTENT_TYPE,
  "application/openmetrics-text": Registry.OPENMETRICS_CONTENT_TYPE,
};

/** The metrics of a registry as plain data. */
export async function familiesOf(registry: Registry): Promise<readonly MetricFamily[]> {
  // The library's own type says less than what it gives.
  const metrics: unknown = await registry.getMetricsAsJSON();
  return (metrics as readonly MetricFamily[]).map(({ name, help, type, values }) => ({
    name,
    help,
    type,
    values: values.map(({ metricName, labels, value }) => ({
      ...(metricName === undefined ? {} : { metricName }),
      labels,
      value,
    })),
  }));
}

/** What several processes say, each metric once: a label tells whose a series is, so that no two are the same. */
export function mergeFamilies(
  parts: readonly { readonly labels: Sample["labels"]; readonly families: readonly MetricFamily[] }[],
): readonly MetricFamily[] {
  const merged = new Map<string, { readonly family: MetricFamily; readonly values: Sample[] }>();
  for (const { labels, families } of parts) {
    for (const family of families) {
      const values: Sample[] = merged.get(family.name)?.values ?? [];
      for (const sample of family.values) values.push({ ...sample, labels: { ...sample.labels, ...labels } });
      merged.set(family.name, { family, values });
    }
  }
  return [...merged.values()].map(({ family, values }) => ({ ...family, values }));
}

/** Metrics as text. Values of labels may be anything: the library escapes them. */
export async function metricsText(
  families: readonly MetricFamily[],
  form: MetricsForm,
): Promise<MetricsText> {
  const contentType = contentTypes[form];
  // A registry of its own each time: writing OpenMetrics renames the counters in it, for good.
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(contentType);
  for (const family of families) {
    const metric = {
      ...family,
      get() {
        return Promise.resolve(this);
      },
    };
    // Of a metric the library asks no more than this to write it.
    registry.registerMetric(metric as unknown as Metric);
  }
  return { contentType, text: await registry.metrics() };
}
