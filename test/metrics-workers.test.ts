import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { readMetrics } from "./metrics-text.ts";
import { openTestDatabase } from "./postgres.ts";
import { callServer, logIn, projectId, startServerProcess, type TestProcess } from "./start-server.ts";

async function startWorkers(t: TestContext, workers: number): Promise<TestProcess> {
  const { url } = await openTestDatabase(t);
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-metrics-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const server = await startServerProcess({
    directory,
    args: ["--workers", String(workers)],
    env: { TASKCENTER_STORE: url, TASKCENTER_ENCRYPTION_KEY: "0f".repeat(32) },
  });
  t.after(() => server.stop("SIGKILL"));
  return server;
}

/** Each scrape on a connection of its own, so that any worker may get it. */
async function scrape(server: TestProcess) {
  const answer = await callServer(`${server.url}/metrics`, { headers: { connection: "close" } });
  assert.equal(answer.status, 200, answer.text);
  return readMetrics(answer.text);
}

const workersOf = ({ process: { pid } }: TestProcess): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

const sumOf = (metrics: Awaited<ReturnType<typeof scrape>>, name: string, labels?: Record<string, string>) =>
  metrics.find(name, labels).reduce((sum, { value }) => sum + value, 0);

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it did not come to that");
}

test("whichever worker is asked tells of all, and what each has done is told once", async (t) => {
  const server = await startWorkers(t, 3);
  const token = await logIn(server.url);
  const body = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };
  const created = await Promise.all(
    Array.from({ length: 60 }, () =>
      callServer(`${server.url}/v1/${projectId}/tasks`, { token, body, headers: { connection: "close" } }),
    ),
  );
  assert.ok(created.every(({ status }) => status === 201));
  for (let round = 0; round < 12; round += 1) {
    const metrics = await scrape(server);
    const workers = metrics.find("process_start_time_seconds").map(({ labels }) => labels.worker);
    assert.deepEqual(workers, ["1", "2", "3"]);
    assert.equal(metrics.value("taskcenter_workers"), 3);
    assert.equal(metrics.value("taskcenter_workers_answering"), 3);
    assert.equal(sumOf(metrics, "taskcenter_tasks_created_total", { service: "rds" }), 60);
    assert.equal(
      sumOf(metrics, "taskcenter_http_request_duration_seconds_count", { face: "own", method: "POST" }),
      60,
    );
    assert.ok(sumOf(metrics, "taskcenter_store_commit_changes_sum") >= 60);
    // The store is everybody's, and told once.
    assert.equal(metrics.find("taskcenter_tasks", { service: "rds", state: "running" }).length, 1);
    const lines = metrics.lines.map(({ name, labels }) => JSON.stringify([name, labels]));
    assert.equal(new Set(lines).size, lines.length);
  }
  await until(
    async () => (await scrape(server)).value("taskcenter_tasks", { service: "rds", state: "running" }) === 60,
  );
});

test("a worker that hangs is missing, one that dies is replaced under its number, and the others go on", async (t) => {
  const server = await startWorkers(t, 2);
  const [first = 0, second = 0] = workersOf(server);
  await until(async () => (await scrape(server)).value("taskcenter_workers_answering") === 2);
  process.kill(second, "SIGSTOP");
  // A connection that the hanging one was given is answered by nobody: others are, all at the same time.
  const enough = new AbortController();
  const asked = async () => {
    const answer = await fetch(`${server.url}/metrics`, {
      headers: { connection: "close" },
      signal: enough.signal,
    }).catch(() => undefined);
    const text = await answer?.text();
    setTimeout(() => enough.abort(), 1000);
    return text === undefined ? undefined : readMetrics(text);
  };
  const seen = (await Promise.all(Array.from({ length: 6 }, asked))).filter((each) => each !== undefined);
  assert.ok(seen.length > 0);
  for (const metrics of seen) {
    assert.deepEqual(
      [metrics.value("taskcenter_workers"), metrics.value("taskcenter_workers_answering")],
      [2, 1],
    );
  }
  process.kill(second, "SIGKILL");
  await until(async () => workersOf(server).length === 2 && !workersOf(server).includes(second));
  await until(async () => (await scrape(server)).value("taskcenter_workers_answering") === 2);
  assert.ok(workersOf(server).includes(first));
  const { code } = await server.stop();
  assert.equal(code, 0);
});
