import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { services, taskStates } from "../src/task/lifecycle.ts";
import { readMetrics } from "./metrics-text.ts";
import { startPostgres } from "./postgres.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

const token = "a-token-of-the-metrics";
const bearer = { authorization: `Bearer ${token}` };

async function start(
  t: TestContext,
  options: {
    readonly withToken?: boolean;
    readonly flags?: Record<string, string>;
    readonly clock?: () => number;
  } = {},
): Promise<TestServer> {
  const { withToken = false, ...others } = options;
  const server = await startServer({
    ...others,
    ...(withToken && { env: { TASKCENTER_METRICS_TOKEN: token } }),
  });
  t.after(() => server.close());
  return server;
}

async function scrape(server: TestServer, headers: Record<string, string> = {}) {
  const answer = await server.call("/metrics", { token: null, headers });
  assert.equal(answer.status, 200, answer.text);
  return readMetrics(answer.text);
}

const tasks = `/v1/${projectId}/tasks`;
const created = (facts: object) => ({
  service: "rds",
  name: "BackupInstance",
  instance: { id: "db-1" },
  ...facts,
});

test("every service and state is told from the first scrape on, and every counter begins at zero", async (t) => {
  const server = await start(t);
  const metrics = await scrape(server);
  assert.equal(metrics.value("taskcenter_store_up"), 1);
  for (const service of services) {
    for (const state of taskStates) assert.equal(metrics.value("taskcenter_tasks", { service, state }), 0);
    for (const state of ["succeeded", "failed", "canceled"]) {
      assert.equal(metrics.value("taskcenter_tasks_finished_total", { service, state }), 0);
      assert.equal(metrics.value("taskcenter_task_duration_seconds_count", { service, state }), 0);
    }
    assert.equal(metrics.value("taskcenter_tasks_created_total", { service }), 0);
    assert.equal(metrics.value("taskcenter_stale_tasks", { service }), 0);
    assert.equal(metrics.value("taskcenter_oldest_running_task_age_seconds", { service }), 0);
  }
});

test("tasks are counted in the store as they are, and as this server made them so", async (t) => {
  let nowMs = Date.UTC(2026, 0, 31, 8);
  const server = await start(t, { withToken: true, clock: () => nowMs });
  await server.call(tasks, { body: created({ id: "good" }) });
  await server.call(tasks, { body: created({ id: "bad", instance: { id: "db-2" } }) });
  await server.call(tasks, { body: created({ id: "bad", instance: { id: "db-2" } }) });
  await server.call(tasks, { body: created({ service: "ddm", lease_seconds: 5 }) });
  nowMs += 600_000;
  await server.call(`${tasks}/good`, { method: "PATCH", body: { status: "Completed" } });
  await server.call(`${tasks}/good`, { method: "PATCH", body: { status: "Failed" } });
  await server.call(`${tasks}/bad`, {
    method: "PATCH",
    body: { status: "Failed", fail_reason: "disk full" },
  });
  const metrics = await scrape(server, bearer);
  const value = (name: string, labels?: Record<string, string>) =>
    metrics.value(`taskcenter_${name}`, labels);
  assert.equal(value("tasks", { service: "rds", state: "succeeded" }), 1);
  assert.equal(value("tasks", { service: "rds", state: "failed" }), 1);
  assert.equal(value("tasks", { service: "ddm", state: "running" }), 1);
  assert.equal(value("stale_tasks", { service: "ddm" }), 1);
  assert.equal(value("stale_tasks", { service: "rds" }), 0);
  assert.equal(value("oldest_running_task_age_seconds", { service: "ddm" }), 600);
  assert.equal(value("tasks_created_total", { service: "rds" }), 2);
  for (const state of ["succeeded", "failed"]) {
    const labels = { service: "rds", state };
    assert.equal(value("tasks_finished_total", labels), 1);
    assert.equal(value("task_duration_seconds_sum", labels), 600);
    assert.equal(value("task_duration_seconds_bucket", { ...labels, le: "300" }), 0);
    assert.equal(value("task_duration_seconds_bucket", { ...labels, le: "900" }), 1);
  }
  assert.deepEqual(metrics.find("taskcenter_last_success_timestamp_seconds"), [
    {
      name: "taskcenter_last_success_timestamp_seconds",
      labels: { project_id: projectId, service: "rds", name: "BackupInstance", instance_id: "db-1" },
      value: nowMs / 1000,
    },
  ]);
  assert.equal(value("store_operation_duration_seconds_count", { operation: "create_task" }), 4);
  assert.equal(value("store_operation_duration_seconds_count", { operation: "change_task" }), 3);
  assert.ok(value("store_commit_changes_count") >= 6);
  for (const [status, count] of [
    ["2xx", 2],
    ["4xx", 1],
  ] as const) {
    const labels = { face: "own", method: "PATCH", status };
    assert.equal(value("http_request_duration_seconds_count", labels), count);
  }
});

test("names may hold what they like: a scrape tells them as they are", async (t) => {
  const server = await start(t, { withToken: true });
  const names = ['quote " and \\ back', "a,instance_id:b", '"} 1', "Sicherung täglich 🗄", "__proto__"];
  for (const name of names) {
    const answer = await server.call(tasks, {
      body: created({ name, instance: { id: name }, status: "Completed" }),
    });
    assert.equal(answer.status, 201, answer.text);
  }
  const found = (await scrape(server, bearer)).find("taskcenter_last_success_timestamp_seconds");
  assert.deepEqual(found.map(({ labels }) => labels.name).sort(), [...names].sort());
  assert.deepEqual(found.map(({ labels }) => labels.instance_id).sort(), [...names].sort());
});

test("with a token nobody reads the metrics without it, and without one nothing in them names a task", async (t) => {
  const closed = await start(t, { withToken: true });
  const ask = (headers: Record<string, string>, path = "/metrics") =>
    closed.call(path, { token: null, headers });
  const wrong = [
    {},
    { authorization: token },
    { authorization: `Basic ${token}` },
    { authorization: "Bearer " },
    { authorization: `Bearer ${token}x` },
    { authorization: `Bearer ${token.slice(0, -1)}` },
    { authorization: `Bearer ${token} ${token}` },
    { "x-auth-token": token },
    { "x-auth-token": closed.token },
    { authorization: `Bearer ${closed.token}` },
  ];
  for (const headers of wrong as readonly Record<string, string>[]) {
    const { status, headers: answered, json, text } = await ask(headers);
    assert.equal(status, 401, JSON.stringify(headers));
    assert.equal(answered.get("www-authenticate"), 'Bearer realm="metrics"');
    assert.ok(json.type.endsWith("#unauthenticated"));
    assert.ok(!text.includes(token));
  }
  assert.equal((await ask({}, `/metrics?token=${token}`)).status, 401);
  for (const scheme of ["Bearer", "bearer"]) {
    assert.equal((await ask({ authorization: `${scheme} ${token}` })).status, 200);
  }
  assert.ok(!closed.logged.join("").includes(token));

  const open = await start(t);
  await open.call(tasks, { body: created({ name: "SecretMigration", status: "Completed" }) });
  const { text } = await open.call("/metrics", { token: null });
  for (const own of ["SecretMigration", "db-1", projectId]) assert.ok(!text.includes(own), own);
  const metrics = readMetrics(text);
  assert.equal(metrics.value("taskcenter_tasks", { service: "rds", state: "succeeded" }), 1);
  assert.equal(metrics.value("taskcenter_last_success_projects_left_out"), 1);
});

test("metrics are on the listener of everything alone, and are only read", async (t) => {
  const server = await start(t, { flags: { "listen-rds": "127.0.0.1:0" } });
  assert.equal((await fetch(`${server.serviceUrls.rds}/metrics`)).status, 404);
  const refused = await server.call("/metrics", { method: "POST", token: null });
  assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
  const head = await server.call("/metrics", { method: "HEAD", token: null });
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.ok((await scrape(server)).find("taskcenter_http_request_duration_seconds_count").length > 0);
});

test("whoever prefers OpenMetrics gets it, as often as they ask, and everybody else Prometheus' text", async (t) => {
  const server = await start(t);
  const prometheus =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const ask = async (accept: string) => {
    const { headers, text } = await server.call("/metrics", { token: null, headers: { accept } });
    return { type: headers.get("content-type"), text };
  };
  for (let round = 0; round < 2; round += 1) {
    const open = await ask(prometheus);
    assert.equal(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert.ok(open.text.endsWith("\n# EOF\n"));
    assert.match(open.text, /^# TYPE taskcenter_tasks_created counter$/m);
    assert.match(open.text, /^taskcenter_tasks_created_total\{service="rds"\} 0$/m);
    for (const accept of ["*/*", "text/plain", "application/json"]) {
      const plain = await ask(accept);
      assert.equal(plain.type, "text/plain; version=0.0.4; charset=utf-8");
      assert.match(plain.text, /^# TYPE taskcenter_tasks_created_total counter$/m);
    }
  }
});

test("no caller can make the series many: what is asked is told by few words", async (t) => {
  const server = await start(t, { flags: { "listen-rds": "127.0.0.1:0" } });
  const paths = [
    "/nowhere",
    "/a/b/c",
    "/v1/x",
    "/v3/projects",
    "/console/x",
    "/docs/x",
    "/livez",
    `/rds/v3/${projectId}/jobs`,
  ];
  for (const path of paths) {
    for (const method of ["GET", "PROPFIND", "MKCOL", "OPTIONS"]) await server.call(path, { method });
  }
  await fetch(`${server.serviceUrls.rds}/v3/${projectId}/tasklist`);
  const found = (await scrape(server)).find("taskcenter_http_request_duration_seconds_count");
  const valuesOf = (label: string) => [...new Set(found.map(({ labels }) => labels[label]))].sort();
  assert.deepEqual(valuesOf("face"), ["console", "docs", "health", "iam", "none", "own", "rds"]);
  assert.deepEqual(valuesOf("method"), ["GET", "OPTIONS", "POST", "other"]);
  for (const status of valuesOf("status")) assert.match(status ?? "", /^[2-5]xx$/);
});

test("exports and batches, which may take long, are told apart from what answers at once", async (t) => {
  const server = await start(t);
  for (const accept of ["text/csv", "application/x-ndjson", "application/json"]) {
    assert.equal((await server.call(tasks, { headers: { accept } })).status, 200);
  }
  const batch = { body: "\n", headers: { "content-type": "application/x-ndjson" } };
  assert.equal((await server.call(`${tasks}:batch`, batch)).status, 200);
  const seen = await scrape(server);
  const answered = (face: string, method: string) =>
    seen.value("taskcenter_http_request_duration_seconds_count", { face, method, status: "2xx" });
  assert.deepEqual(
    [answered("stream", "GET"), answered("stream", "POST"), answered("own", "GET")],
    [2, 1, 1],
  );
});

test("while the store is away the metrics say so, and what the process does; then everything is back", async (t) => {
  const postgres = await startPostgres(t);
  const server = await startServer({ flags: { store: postgres.url } });
  t.after(() => server.close());
  const sound = await scrape(server);
  assert.equal(sound.value("taskcenter_store_up"), 1);
  assert.equal(sound.find("taskcenter_tasks").length, services.length * taskStates.length);
  await postgres.kill("SIGKILL");
  assert.equal((await server.call(tasks)).status, 503);
  const away = await scrape(server);
  assert.equal(away.value("taskcenter_store_up"), 0);
  assert.equal(away.find("taskcenter_tasks").length, 0);
  assert.equal(away.value("taskcenter_build_info"), 1);
  const failed = { face: "own", method: "GET", status: "5xx" };
  assert.equal(away.value("taskcenter_http_request_duration_seconds_count", failed), 1);
  await postgres.start();
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const again = await scrape(server);
    if (again.value("taskcenter_store_up") === 1 && again.find("taskcenter_tasks").length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail("the store did not come back");
});
