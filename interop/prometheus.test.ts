import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { projectId, startServer } from "../test/start-server.ts";

/**
 * Prometheus' own tools judge what we give to it. Without them the tests fail:
 * `apt-get install prometheus python3-prometheus-client`.
 */
const deploy = fileURLToPath(new URL("../deploy/prometheus/", import.meta.url));

/** Runs a program with a text to read, and answers its exit code and all that it wrote. */
async function run(program: string, args: readonly string[], input = "") {
  const child = spawn(program, args, { cwd: deploy, stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: stdout + stderr };
}

async function scrape(t: TestContext, accept: string): Promise<string> {
  const token = "a-token-of-the-metrics";
  const server = await startServer({ env: { TASKCENTER_METRICS_TOKEN: token } });
  t.after(() => server.close());
  for (const name of ["BackupInstance", 'quote " and \\ back', "täglich 🗄"]) {
    const body = { service: "rds", name, instance: { id: name }, status: "Completed" };
    assert.equal((await server.call(`/v1/${projectId}/tasks`, { body })).status, 201);
  }
  const headers = { accept, authorization: `Bearer ${token}` };
  return (await server.call("/metrics", { token: null, headers })).text;
}

test("promtool finds nothing wrong with the alert rules, and their unit tests hold", async () => {
  const checked = await run("promtool", ["check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"]);
  assert.equal(checked.code, 0, checked.output);
  const tested = await run("promtool", ["test", "rules", "alerts.test.yml"]);
  assert.equal(tested.code, 0, tested.output);
});

test("promtool finds nothing wrong with the settings for Prometheus", async () => {
  const { code, output } = await run("promtool", ["check", "config", "--syntax-only", "prometheus.yml"]);
  assert.equal(code, 0, output);
});

test("promtool finds nothing wrong with the metrics, by form and by name", async (t) => {
  const { code, output } = await run("promtool", ["check", "metrics"], await scrape(t, "text/plain"));
  assert.deepEqual({ code, output }, { code: 0, output: "" });
});

test("the strict reader of OpenMetrics reads every metric, names with any characters included", async (t) => {
  const program = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
successes = [s for f in families for s in f.samples if s.name == "taskcenter_last_success_timestamp_seconds"]
print(json.dumps([len(families), sorted(s.labels["name"] for s in successes)]))
`;
  const input = await scrape(t, "application/openmetrics-text; version=1.0.0");
  const { code, output } = await run("/usr/bin/python3", ["-c", program], input);
  assert.equal(code, 0, output);
  const [families, names] = JSON.parse(output);
  assert.equal(families, input.match(/^# TYPE /gm)?.length);
  assert.deepEqual(names, ["BackupInstance", 'quote " and \\ back', "täglich 🗄"]);
});
