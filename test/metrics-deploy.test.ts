import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";
import { mostSuccesses } from "../src/metrics/store-figures.ts";
import type { GrafanaDashboard } from "./grafana-types.ts";
import { type ReadMetrics, readMetrics } from "./metrics-text.ts";
import { selectorsOf } from "./promql.ts";
import { projectId, startServer } from "./start-server.ts";

/** What tells people about the metrics, and what asks for them, is held against the metrics as they are. */
const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** What a server tells when everything has happened that is told. */
async function scrapeEverything(t: TestContext): Promise<ReadMetrics> {
  const token = "a-token-of-the-metrics";
  const server = await startServer({ env: { TASKCENTER_METRICS_TOKEN: token } });
  t.after(() => server.close());
  const body = { service: "rds", name: "BackupInstance", instance: { id: "db-1" }, status: "Completed" };
  assert.equal((await server.call(`/v1/${projectId}/tasks`, { body })).status, 201);
  const answer = await server.call("/metrics", { headers: { authorization: `Bearer ${token}` } });
  return readMetrics(answer.text);
}

interface Documented {
  readonly type: string;
  readonly labels: readonly string[];
}

/** The metrics of the reference, from its tables. */
function documented(): ReadonlyMap<string, Documented> {
  const rows = read("docs/reference/metrics.md").matchAll(
    /^\| `([a-z_0-9]+)` \| (\w+) \| ?([^|]*?) ?\| ([^|]+) \|$/gm,
  );
  return new Map(
    [...rows].map(([, name = "", type = "", labels = ""]) => [
      name,
      { type, labels: [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = ""]) => label) },
    ]),
  );
}

const familyOf = (name: string, types: ReadonlyMap<string, string>): string => {
  const base = name.replace(/_(?:bucket|sum|count)$/, "");
  return types.get(base) === "histogram" ? base : name;
};

test("the reference has every metric with its type and labels, and none that is not told", async (t) => {
  const { types, lines } = await scrapeEverything(t);
  const described = documented();
  assert.deepEqual([...described.keys()].sort(), [...types.keys()].sort());
  for (const [name, { type }] of described) assert.equal(types.get(name), type, name);
  for (const { name, labels } of lines) {
    const { le: _le, ...own } = labels;
    assert.deepEqual(
      Object.keys(own).sort(),
      [...(described.get(familyOf(name, types))?.labels ?? [])].sort(),
      name,
    );
  }
  assert.ok(
    read("docs/reference/metrics.md").includes(`at most ${mostSuccesses.toLocaleString("en")} series`),
  );
});

/** What every scraped series has, beside its own labels. */
const scraped = ["job", "instance", "worker"];

/** Holds an expression to the metrics and labels that there are. */
function checkExpression(expression: string, types: ReadonlyMap<string, string>, where: string): void {
  const described = documented();
  const selectors = selectorsOf(expression);
  assert.ok(selectors.length > 0, `${where}: asks for nothing`);
  for (const { metric, labels } of selectors) {
    if (metric === "up") continue;
    const family = familyOf(metric, types);
    assert.ok(types.has(family), `${where}: there is no ${metric}`);
    const known = [...scraped, "le", ...(described.get(family)?.labels ?? [])];
    for (const label of labels) assert.ok(known.includes(label), `${where}: ${metric} has no ${label}`);
  }
}

/** The anchors of a page's headings. */
function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, "")
      .replaceAll(" ", "-"),
  );
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<"summary" | "description" | "runbook_url", string>>;
}

const rules: readonly Rule[] = parse(read("deploy/prometheus/alerts.yml")).groups.flatMap(
  ({ rules: own }: { readonly rules: readonly Rule[] }) => own,
);

test("every alert asks for metrics that there are, says what it is about, and leads to what to do", async (t) => {
  const { types } = await scrapeEverything(t);
  const anchors = anchorsOf("docs/operations/monitoring.md");
  for (const { alert, expr, labels, annotations } of rules) {
    checkExpression(expr, types, alert);
    assert.match(labels.severity, /^(critical|warning|info)$/, alert);
    assert.ok(annotations.summary.length > 10 && annotations.description.length > 20, alert);
    const [page, anchor = ""] = annotations.runbook_url.split("#");
    assert.equal(page, "https://tasks.example.com/docs/operations/monitoring", alert);
    assert.ok(anchors.includes(anchor), `${alert}: no heading ${anchor}`);
  }
});

test("every alert has a unit test, and the guide names it", () => {
  const tests: {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[] = parse(read("deploy/prometheus/alerts.test.yml")).tests;
  const firing = tests.flatMap(({ alert_rule_test }) =>
    alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
  );
  const names = rules.map(({ alert }) => alert);
  assert.deepEqual([...new Set(firing)].sort(), [...names].sort());
  const guide = read("docs/operations/monitoring.md");
  for (const name of names) assert.ok(guide.includes(`\`${name}\``), name);
});

const dashboardText = read("deploy/grafana/taskcenter.json");
const dashboard: GrafanaDashboard = JSON.parse(dashboardText);

test("the dashboard is one by Grafana's own schema", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-dashboard-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const compiler = join(root, "node_modules/.bin/tsc");
  const options = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--allowImportingTsExtensions",
  ];
  const compile = async (text: string) => {
    const file = join(folder, "dashboard.ts");
    const types = join(root, "test/grafana-types.ts");
    writeFileSync(
      file,
      `import type { GrafanaDashboard } from ${JSON.stringify(types)};
      export const dashboard: GrafanaDashboard = ${text};`,
    );
    const modules = ["--module", "nodenext", "--target", "esnext", "--types", ""];
    return promisify(execFile)(compiler, [...options, ...modules, file]).then(
      () => "",
      ({ stdout }: { readonly stdout: string }) => stdout,
    );
  };
  assert.equal(await compile(dashboardText), "");
  // The schema would notice.
  for (const [good, bad] of [
    ['"drawStyle": "line"', '"drawStyle": "curve"'],
    ['"graphTooltip"', '"graphTooltips"'],
  ] as const) {
    assert.ok(dashboardText.includes(good));
    assert.match(await compile(dashboardText.replace(good, bad)), /error TS/);
  }
});

test("every panel of the dashboard asks for metrics that there are, and says what it shows", async (t) => {
  const { types } = await scrapeEverything(t);
  const variables = new Set(dashboard.templating?.list?.map(({ name }) => name));
  for (const panel of dashboard.panels) {
    if (panel.type === "row") continue;
    assert.ok(panel.description.length > 5, panel.title);
    assert.match(panel.datasource?.uid ?? "", /^\$\{datasource\}$/, panel.title);
    for (const { expr } of panel.targets) {
      for (const [, name = ""] of expr.matchAll(/\$(?!__)(\w+)/g))
        assert.ok(variables.has(name), `${panel.title}: $${name}`);
      checkExpression(expr.replaceAll("$__rate_interval", "5m"), types, panel.title);
    }
  }
  for (const { name, query, type } of dashboard.templating?.list ?? []) {
    if (type !== "query") continue;
    const [, expression = "", label = ""] =
      /^label_values\((.+), (\w+)\)$/.exec((query as { query: string }).query) ?? [];
    checkExpression(expression, types, name);
    const [selector] = selectorsOf(expression);
    assert.ok(
      [...scraped, ...(documented().get(selector?.metric ?? "")?.labels ?? [])].includes(label),
      name,
    );
  }
});

test("the dashboard's panels lie side by side: none on another one, none beyond the edge", () => {
  const places = dashboard.panels.map(({ gridPos }) => gridPos ?? assert.fail());
  for (const [index, a] of places.entries()) {
    assert.ok(a.x >= 0 && a.x + a.w <= 24);
    for (const b of places.slice(index + 1)) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      assert.ok(apart, JSON.stringify([a, b]));
    }
  }
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
});
