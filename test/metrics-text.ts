/** One line of metrics. */
export interface MetricLine {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics in Prometheus' text format, read by its rules. */
export interface ReadMetrics {
  /** The type of each metric. */
  readonly types: ReadonlyMap<string, string>;
  readonly lines: readonly MetricLine[];
  /** The lines of a name that have these labels, perhaps beside others. */
  find(name: string, labels?: Readonly<Record<string, string>>): readonly MetricLine[];
  /** The value of the one such line. @throws Error where there is none, or another one. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
}

const escapes: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

/** Reads metrics. @throws Error for a line that is none. */
export function readMetrics(text: string): ReadMetrics {
  const types = new Map<string, string>();
  const lines: MetricLine[] = [];
  for (const line of text.split("\n")) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) types.set(typed, type);
    if (line === "" || line.startsWith("#")) continue;
    const [, name, labels = "", value] =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\[n"\\])*",?)*)\})? (\S+)$/.exec(line) ??
      [];
    if (name === undefined || value === undefined) throw new Error(`no metric: ${line}`);
    const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\[n"\\])*)"/g)];
    lines.push({
      name,
      labels: Object.fromEntries(
        pairs.map(([, key, escaped = ""]) => [
          key,
          escaped.replace(/\\[n"\\]/g, (text) => escapes[text] ?? ""),
        ]),
      ),
      value: Number(value.replace("Inf", "Infinity")),
    });
  }
  const find: ReadMetrics["find"] = (name, labels = {}) =>
    lines.filter(
      (line) =>
        line.name === name && Object.entries(labels).every(([key, value]) => line.labels[key] === value),
    );
  return {
    types,
    lines,
    find,
    value(name, labels) {
      const [found, ...others] = find(name, labels);
      if (found === undefined || others.length > 0) {
        throw new Error(
          `${others.length + (found === undefined ? 0 : 1)} lines of ${name} ${JSON.stringify(labels)}`,
        );
      }
      return found.value;
    },
  };
}
