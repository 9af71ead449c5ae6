import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../bench/load.ts";
import { keepPace } from "../bench/pace.ts";
import { startBareServer } from "../bench/processes.ts";
import { percentile } from "../bench/statistics.ts";

const bench = fileURLToPath(new URL("../bench/main.ts", import.meta.url));

/** Starts the benchmark at its smallest size, with a folder of the test's own for everything temporary. */
function startBench(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const child = spawn(process.execPath, [bench, "--smoke"], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    written.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    written.stderr += text;
  });
  return { child, written, directory, closed: once(child, "close") };
}

test("the benchmark measures everything at its smallest size and leaves nothing behind", async (t) => {
  const { written, directory, closed } = startBench(t);
  const [code] = await closed;
  assert.equal(code, 0, written.stderr);
  const rows = written.stdout
    .split("\n")
    .filter((line) => line.startsWith("║"))
    .map((line) => line.split("│").map((cell) => cell.replaceAll("║", "").trim()))
    .slice(1);
  const figures = Object.fromEntries(
    rows.map(([what = "", figure = ""]) => [what.replace(/[\d.]+ % (busy|refused)/, "N % $1"), figure]),
  );
  assert.deepEqual(Object.keys(figures), [
    "fsync of 4 KiB, one after the other",
    "start, first one",
    "bare node:http, 3,000 bytes, N % busy",
    "verify token",
    "verify token, after a write",
    "verify signature, Access form",
    "verify signature, Access form, after a write",
    "verify signature, Credential form",
    "verify signature, Credential form, after a write",
    "memory, idle",
    "DDM task list, 10 of 20",
    "DDM task list, 10 of 20, window moves",
    "DDM single task",
    "RDS task list, 10 of 20",
    "GeminiDB task list, 10 of 20",
    "GeminiDB task list, 50 of 20",
    "own task list, 10 of 20",
    "own single task",
    "share of a DDM task list, token",
    "share of a DDM task list, signature, Access form",
    "share of a DDM task list, signature, Credential form",
    "logins, same user, 16 at once",
    "logins, new users, 2 at once, N % refused",
    "logins, wrong passwords, 2 at once, N % refused",
    "DDM task list p99, idle",
    "DDM task list p99, 20 /s logins, same user",
    "DDM task list p99, 20 /s cold logins, N % refused",
    "durable creates, 64 writers",
    "durable reports, 64 reporters",
    "RDS task list, 10 of 148",
    "own task list, 10 of 188",
    "memory, after all this load",
    "start, 188 tasks stored",
  ]);
  for (const [what, figure] of Object.entries(figures)) {
    assert.match(figure, /^\d[\d,.]* (\/s|ms|MiB|%|%; all -?\d[\d.]* %|× idle)$/, what);
    assert.doesNotMatch(figure, /^0 \//, what);
  }
  const aims = rows.filter(([, , , , , aim]) => aim !== "");
  assert.equal(aims.length, 15);
  for (const [what = "", , , , , , verdict = ""] of aims) assert.match(verdict, /^(met|missed)$/, what);
  assert.deepEqual(readdirSync(directory), []);
});

test("an interrupted benchmark says so and leaves nothing behind", async (t) => {
  const { child, written, directory, closed } = startBench(t);
  while (!written.stderr.includes("fsync")) await once(child.stderr, "data");
  child.kill("SIGTERM");
  const [code] = await closed;
  assert.equal(code, 143, written.stderr);
  assert.match(written.stderr, /^bench: stopped by SIGTERM$/m);
  assert.equal(written.stdout, "");
  assert.deepEqual(readdirSync(directory), []);
});

test("a benchmark's server ends with the signal that it was given", async () => {
  const stopping = new AbortController();
  await using server = await startBareServer(stopping.signal);
  assert.equal((await fetch(`${server.url}/3`)).status, 200);
  stopping.abort();
  await server[Symbol.asyncDispose]();
  await assert.rejects(fetch(`${server.url}/3`));
});

test("a load whose answers are not all 2xx fails", async (t) => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.statusCode = asked === 10 ? 503 : 200;
    response.end();
  });
  t.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const target = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: {},
    vitals: async () => ({ cpuMs: 0, busyMs: 0, idleMs: 0, residentBytes: 0 }),
  };
  const plan = { connections: 2, requestsOf: () => [{ method: "GET" as const }], until: { answers: 50 } };
  await assert.rejects(load(target, plan), /an answer had the status 503/);
  const { answers } = await load(target, plan);
  assert.equal(answers, 50);
});

test("a pace is kept whatever becomes of what was begun", async () => {
  const startedMs = performance.now();
  const begun: number[] = [];
  const waiting = Promise.withResolvers<void>();
  const answers = await keepPace({ perSecond: 200, seconds: 0.1 }, async (n) => {
    begun.push(n);
    if (n === 19) waiting.resolve();
    await waiting.promise;
    return n;
  });
  assert.ok(performance.now() - startedMs >= 90);
  assert.deepEqual(begun, [...Array(20).keys()]);
  assert.deepEqual(answers, begun);
  const failing = async (n: number) => {
    if (n === 0) throw new Error("the first one failed");
  };
  await assert.rejects(keepPace({ perSecond: 200, seconds: 0.05 }, failing), /the first one failed/);
});

test("a percentile is a value that was measured", () => {
  const values = [5, 1, 4, 2, 3];
  assert.equal(percentile(values, 50), 3);
  assert.equal(percentile(values, 99), 5);
  assert.equal(percentile([7], 1), 7);
  assert.throws(() => percentile([], 50));
});
