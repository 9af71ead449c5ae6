import { parser } from "@prometheus-io/lezer-promql";

/** What an expression asks of one metric. */
export interface Selector {
  readonly metric: string;
  /** The labels that it is held to. */
  readonly labels: readonly string[];
}

/** The metrics that an expression of PromQL asks for. @throws Error where Prometheus would not understand it. */
export function selectorsOf(expression: string): readonly Selector[] {
  const selectors: { metric: string; labels: string[] }[] = [];
  parser.parse(expression).iterate({
    enter({ name, type, from, to, node }) {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expression}`);
      if (name !== "VectorSelector") return;
      const metric = node.getChild("Identifier");
      if (metric === null) throw new Error(`a selector without a metric: ${text}`);
      const selector = { metric: expression.slice(metric.from, metric.to), labels: [] as string[] };
      node.cursor().iterate((inner) => {
        if (inner.name === "LabelName") selector.labels.push(expression.slice(inner.from, inner.to));
      });
      selectors.push(selector);
    },
  });
  return selectors;
}
