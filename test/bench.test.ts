import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../bench/load.ts";
import { keepPace } from "../bench/pace.ts";
import { startBareServer } from "../bench/processes.ts";
import { renderAims } from "../bench/scale/aims.ts";
import { compareTotals } from "../bench/scale/brute-force.ts";
import { makeStore } from "../bench/scale/filled-store.ts";
import { generateTasks } from "../bench/scale/generator.ts";
import { populationOf } from "../bench/scale/population.ts";
import { startServer } from "../bench/server-process.ts";
import { percentile } from "../bench/statistics.ts";
import { freePort } from "../scripts/free-ports.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";

/** When the last generated task came. */
const endMs = Date.UTC(2026, 0, 1);
const bench = fileURLToPath(new URL("../bench/main.ts", import.meta.url));

/** Starts the benchmark at its smallest size, with folders of the test's own for everything temporary and kept. */
function startBench(t: TestContext, ...flags: readonly string[]) {
  const directory = temporaryFolder(t);
  // PostgreSQL's files lie in it, and where root runs the tests, PostgreSQL runs as somebody else.
  chmodSync(directory, 0o755);
  const cache = temporaryFolder(t);
  const child = spawn(process.execPath, [bench, "--smoke", ...flags], {
    env: { ...process.env, TMPDIR: directory, XDG_CACHE_HOME: cache },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    written.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    written.stderr += text;
  });
  return { child, written, directory, cache, closed: once(child, "close") };
}

function temporaryFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "taskcenter-test-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The cells of the rows of each printed table, without its heading. */
function tablesOf(printed: string): string[][][] {
  return printed
    .split("╔")
    .slice(1)
    .map((table) =>
      table
        .split("\n")
        .filter((line) => line.startsWith("║"))
        .map((line) => line.split("│").map((cell) => cell.replaceAll("║", "").trim()))
        .slice(1),
    );
}

/** The rows of the first table. */
function rowsOf(printed: string): string[][] {
  return tablesOf(printed)[0] ?? [];
}

test("the benchmark measures everything at its smallest size and leaves nothing behind", async (t) => {
  const { written, directory, closed } = startBench(t);
  const [code] = await closed;
  assert.equal(code, 0, written.stderr);
  const [rows = [], sideBySide = []] = tablesOf(written.stdout);
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
  assert.match(written.stdout, /^SQLite beside PostgreSQL \d+.*fsync = on/m);
  assert.deepEqual(
    sideBySide.map(([what]) => what),
    [
      "start, first one",
      "memory, idle",
      "DDM task list, 10 of 20",
      "DDM task list, 10 of 20, window moves",
      "DDM single task",
      "RDS task list, 10 of 20",
      "GeminiDB task list, 10 of 20",
      "GeminiDB task list, 50 of 20",
      "own task list, 10 of 20",
      "own single task",
      "durable creates, 64 writers",
      "durable reports, 64 reporters",
      "memory, after all this load",
      "start, 188 tasks stored",
    ],
  );
  for (const [what = "", sqlite = "", postgres = "", ratio = ""] of sideBySide) {
    for (const figure of [sqlite, postgres])
      assert.match(figure, /^[1-9][\d,]* (\/s, [\d.,]+ ms|ms|MiB)$/, what);
    assert.match(ratio, /^\d+\.\d{3}$/, what);
    assert.notEqual(ratio, "0.000", what);
  }
  assert.deepEqual(readdirSync(directory), []);
});

test("the full benchmark measures every aim at its smallest size and keeps only its store", async (t) => {
  const { written, directory, cache, closed } = startBench(t, "--full");
  const [code] = await closed;
  assert.equal(code, 0, written.stderr);
  // A line without a number goes on with the texts of the one above.
  const rows = rowsOf(written.stdout).filter(([number]) => number !== "");
  assert.deepEqual(
    rows.map(([number]) => Number(number)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15],
  );
  for (const [number = "", , , figure = "", aim = "", , verdict = ""] of rows) {
    assert.match(figure, /^\d[\d,.]*( MiB| s)?$/, number);
    assert.match(aim, /^[≥≤] \d/, number);
    assert.match(verdict, /^(beyond|met|missed)$/, number);
  }
  assert.match(written.stderr, /^40 totals are those of a look at every task$/m);
  assert.match(written.stderr, /^checked: counts$/m);
  assert.match(written.stdout, /^Peers: not installed$/m);
  assert.deepEqual(readdirSync(directory), []);
  const kept = readdirSync(join(cache, "taskcenter-bench"));
  assert.equal(kept.length, 1);
  assert.match(kept[0] ?? "", /^store-20000-[0-9a-f]{12}$/);
});

test("the benchmark of PostgreSQL measures everything at its smallest size and leaves nothing behind", async (t) => {
  const { written, directory, cache, closed } = startBench(t, "--postgres");
  const [code] = await closed;
  assert.equal(code, 0, written.stderr);
  const [aims = [], figures = []] = tablesOf(written.stdout).map((rows) =>
    rows.filter(([first]) => first !== ""),
  );
  assert.deepEqual(
    aims.map(([number]) => Number(number)),
    [4, 6, 8, 9, 10, 11, 12, 15],
  );
  for (const [number = "", , , figure = "", , , verdict = ""] of aims) {
    assert.match(figure, /^\d[\d,.]*( MiB| s)?$/, number);
    assert.match(verdict, /^(beyond|met|missed)$/, number);
  }
  const shown = figures.filter(([, figure]) => figure !== "");
  assert.ok(shown.length >= 18, `${shown.length} figures`);
  for (const [what = "", figure = ""] of shown) {
    assert.match(figure, /^\d[\d,.]*( (\/s|µs|ms|bytes|bytes each))?$/, what);
  }
  assert.match(written.stderr, /^5 totals are those of a look at every task$/m);
  assert.match(written.stderr, /^checked: counts$/m);
  assert.deepEqual(readdirSync(directory), []);
  assert.deepEqual(readdirSync(cache), []);
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

test("a full benchmark that is interrupted while it makes its store keeps nothing of it", async (t) => {
  const { child, written, directory, cache, closed } = startBench(t, "--full");
  while (!written.stderr.includes("making the store")) await once(child.stderr, "data");
  child.kill("SIGTERM");
  const [code] = await closed;
  assert.equal(code, 143, written.stderr);
  assert.match(written.stderr, /^bench: stopped by SIGTERM$/m);
  assert.deepEqual(readdirSync(directory), []);
  assert.deepEqual(readdirSync(join(cache, "taskcenter-bench")), []);
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

test("a verdict holds a figure against its aim in the direction that is better", () => {
  const rows = rowsOf(
    renderAims([
      { number: 15, value: 12, from: "" },
      { number: 1, value: 0.4, from: "" },
      { number: 3, value: 0.4, from: "" },
      { number: 4, value: 2.01, from: "" },
      { number: 12, value: 150, from: "" },
    ]),
  ).filter(([number]) => number !== "");
  assert.deepEqual(
    rows.map(([number, , , figure, aim, beyond, verdict]) => [number, figure, aim, beyond, verdict]),
    [
      ["1", "0.4", "≥ 0.2", "≥ 0.4", "beyond"],
      ["3", "0.4", "≥ 0.4", "≥ 0.55", "met"],
      ["4", "2.01", "≤ 2", "≤ 1.3", "missed"],
      ["12", "150 MiB", "≤ 250 MiB", "≤ 150 MiB", "beyond"],
      ["15", "12 s", "≤ 60 s", "online", "met"],
    ],
  );
});

test("the same seed generates the same tasks, and another one others", () => {
  const population = populationOf({ tasks: 2000, endMs });
  const tasks = [...generateTasks(population, 1)];
  assert.deepEqual([...generateTasks(population, 1)], tasks);
  assert.notDeepEqual([...generateTasks(population, 2)], tasks);
});

test("generated tasks come in the order of their creation, as many as were asked for, and no id twice", () => {
  const population = populationOf({ tasks: 5000, endMs });
  const tasks = [...generateTasks(population, 1)];
  assert.equal(tasks.length, 5000);
  assert.equal(new Set(tasks.map(({ id }) => id)).size, 5000);
  const times = tasks.map(({ creation }) => creation.createdAtMs ?? Number.NaN);
  assert.deepEqual(times.toSorted(), times);
  assert.ok(times.every((timeMs) => timeMs >= population.beginMs && timeMs < endMs));
});

test("of ten million generated tasks the largest project expects three, and a thousand others share the rest", () => {
  const { projects } = populationOf({ tasks: 10_000_000, endMs });
  const [largest, ...others] = projects;
  assert.equal(largest.share, 0.3);
  assert.equal(others.length, 1000);
  assert.ok(Math.abs(projects.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
  assert.equal(new Set(projects.map(({ id }) => id)).size, 1001);
  assert.deepEqual(
    others.map(({ share }) => share),
    others.map(({ share }) => share).toSorted((a, b) => b - a),
  );
});

test("generated tasks are skewed: most are completed, and a few names are most of them", () => {
  const tasks = [...generateTasks(populationOf({ tasks: 20_000, endMs }), 1)];
  const share = (is: (task: (typeof tasks)[number]) => boolean) => tasks.filter(is).length / tasks.length;
  const within = (actual: number, low: number, high: number) =>
    assert.ok(actual >= low && actual <= high, `${actual} is not from ${low} to ${high}`);
  within(
    share(({ projectId: id }) => id === populationOf({ tasks: 20_000, endMs }).projects[0].id),
    0.27,
    0.33,
  );
  within(
    share(({ creation }) => creation.status === "Completed"),
    0.9,
    0.96,
  );
  within(
    share(({ creation }) => creation.status === "Running"),
    0.0002,
    0.005,
  );
  within(
    share(({ creation }) => creation.name === "BackupDbSqlserverInInstance"),
    0.15,
    0.25,
  );
});

test("a total that differs from a look at every task is told", async (t) => {
  const directory = join(temporaryFolder(t), "store");
  const { population, keys } = await makeStore({ directory, tasks: 1000, endMs }, () => {});
  assert.equal(keys.length, 4);
  const filters = population.projects.map(({ id }) => ({ projectId: id }));
  const store = await openSqliteStore({ path: join(directory, "taskcenter.db"), clock: () => endMs });
  const totals = await Promise.all(
    filters.map((filter) => store.tasks.countTasks({ filter, groupBy: [], bucketMs: undefined })),
  );
  await store.close();
  const answered = filters.map((filter, index) => ({ filter, total: totals[index]?.total ?? 0 }));
  assert.equal(
    answered.reduce((sum, { total }) => sum + total, 0),
    1000,
  );
  compareTotals({ directory, answered });
  const wrong = answered.map((one, index) => (index === 1 ? { ...one, total: one.total + 1 } : one));
  assert.throws(() => compareTotals({ directory, answered: wrong }), /a total is \d+, and there are \d+/);
});

test("a server that says nothing is there when it answers, and one that has ended is not waited for", async (t) => {
  const file = join(temporaryFolder(t), "server.mjs");
  writeFileSync(
    file,
    `import { createServer } from "node:http";
     if (process.argv[2] === "0") process.exit(3);
     createServer((_, response) => response.end("here")).listen(Number(process.argv[2]), "127.0.0.1");`,
  );
  const start = (port: number) =>
    startServer(
      { args: [file, String(port)], cwd: ".", env: process.env, url: `http://127.0.0.1:${port}` },
      new AbortController().signal,
    );
  await using server = await start(await freePort());
  assert.equal(await (await fetch(server.url)).text(), "here");
  assert.ok((await server.vitals()).residentBytes > 0);
  await assert.rejects(start(0), /has ended/);
});

test("the peers have exact versions, and their lock names no host to fetch them from", () => {
  const folder = new URL("../bench/peers/", import.meta.url);
  const { dependencies } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  for (const version of Object.values<string>(dependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
  const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", folder), "utf8"));
  const [root, ...installed] = Object.values<{
    dependencies?: object;
    resolved?: string;
    integrity?: string;
  }>(packages);
  assert.deepEqual(root?.dependencies, dependencies);
  assert.ok(installed.length > 100);
  for (const { resolved, integrity } of installed) {
    assert.equal(resolved, undefined);
    assert.match(integrity ?? "", /^sha512-/);
  }
});
