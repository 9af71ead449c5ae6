import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { openMigratedDatabase, openTestDatabase, startPostgres } from "./postgres.ts";
import {
  callServer,
  logIn,
  passwordIn,
  projectId,
  startServerProcess,
  type TestProcess,
} from "./start-server.ts";

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));
const encryptionKey = "0f".repeat(32);

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-workers-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server on a database, with a data folder of its own. */
async function start(
  t: TestContext,
  options: { readonly url: string; readonly workers?: number; readonly env?: Record<string, string> },
): Promise<TestProcess> {
  const { url, workers = 1, env } = options;
  const server = await startServerProcess({
    directory: makeFolder(t),
    args: ["--workers", String(workers)],
    env: { TASKCENTER_STORE: url, TASKCENTER_ENCRYPTION_KEY: encryptionKey, ...env },
  });
  t.after(() => server.stop("SIGKILL"));
  return server;
}

/** Runs a server that cannot start, to its end. */
function startInVain(
  t: TestContext,
  env: Record<string, string>,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [launcher, "serve", "--listen", "127.0.0.1:0"],
      { cwd: makeFolder(t), env: { PATH: process.env.PATH, ...env }, timeout: 30_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** The process ids of a server's workers. */
function workersOf(server: TestProcess): readonly number[] {
  const { pid } = server.process;
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
}

/** Looks again and again until something is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it did not come to that");
}

const tasksOf = (server: TestProcess) => `${server.url}/v1/${projectId}/tasks`;
const body = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };

test("workers share one address, are named once, and are replaced when they die", async (t) => {
  const { url } = await openTestDatabase(t);
  const server = await start(t, { url, workers: 2 });
  await until(() => server.output().stdout.includes("taskcenter --help"));
  assert.match(server.output().stdout, /^listening on http:\/\/127\.0\.0\.1:\d+\n\nThis is the first start/);
  assert.ok(!server.output().stderr.includes("TASKCENTER_ADMIN_PASSWORD"));
  const token = await logIn(server.url);
  const created = await Promise.all(
    Array.from({ length: 20 }, () => callServer(tasksOf(server), { token, body })),
  );
  assert.deepEqual(new Set(created.map(({ status }) => status)), new Set([201]));
  const before = workersOf(server);
  assert.equal(before.length, 2);
  process.kill(before[0] ?? 0, "SIGKILL");
  await until(() => workersOf(server).length === 2 && !workersOf(server).includes(before[0] ?? 0));
  await until(() => server.output().stderr.includes("a worker ended"));
  for (const line of server.output().stderr.trim().split("\n")) assert.ok(JSON.parse(line), line);
  await until(async () => (await callServer(tasksOf(server), { token })).json?.total === 20);
  const { code, tookMs } = await server.stop();
  assert.equal(code, 0);
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
  assert.equal(server.output().stdout.match(/listening/g)?.length, 1);
});

test("a stop while the first worker starts ends the command, and no other worker begins", async (t) => {
  const { url } = await openMigratedDatabase(t);
  // The database goes before it.
  const holder = new Client({ connectionString: url }).on("error", () => {});
  await holder.connect();
  t.after(() => holder.end());
  // The start waits for it.
  await holder.query("BEGIN; LOCK TABLE setting");
  const child = spawn(process.execPath, [launcher, "serve", "--listen", "127.0.0.1:0", "--workers", "2"], {
    cwd: makeFolder(t),
    env: { PATH: process.env.PATH, TASKCENTER_STORE: url, TASKCENTER_ENCRYPTION_KEY: encryptionKey },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  const ended = once(child, "exit", { signal: AbortSignal.timeout(60_000) });
  await until(async () => {
    const { rows } = await holder.query("SELECT FROM pg_locks WHERE NOT granted");
    return rows.length > 0;
  });
  child.kill("SIGTERM");
  // Until the worker was told, of which nothing tells anybody.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await holder.query("COMMIT");
  const fromMs = performance.now();
  assert.deepEqual([await ended, stdout], [[0, null], ""]);
  assert.ok(performance.now() - fromMs < 15_000);
});

test("workers end by themselves when the process that started them is killed", async (t) => {
  const { url } = await openTestDatabase(t);
  const server = await start(t, { url, workers: 2 });
  const workers = workersOf(server);
  await server.stop("SIGKILL");
  await until(() => workers.every((pid) => !readdirSync("/proc").includes(String(pid))));
});

test("of many servers that start on one empty database one makes the first identity, and alone has its login", async (t) => {
  const { url } = await openTestDatabase(t);
  const env = { TASKCENTER_ADMIN_PASSWORD: "", TASKCENTER_PROJECT_ID: "" };
  const servers = await Promise.all([1, 2, 3].map(() => start(t, { url, env })));
  const isFirst = (server: TestProcess) => server.output().stdout.includes("This is the first start");
  await until(() => servers.some(isFirst));
  const first = servers.filter(isFirst);
  assert.equal(first.length, 1);
  const [winner] = first;
  assert.ok(winner !== undefined);
  for (const { directory } of servers) {
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith("clouds")),
      directory === winner.directory ? ["clouds.yaml"] : [],
    );
  }
  const login = {
    identity: {
      methods: ["password"],
      password: {
        user: { name: "admin", domain: { id: "default" }, password: passwordIn(winner.cloudsFile) },
      },
    },
  };
  for (const server of servers) {
    assert.equal((await callServer(`${server.url}/v3/auth/tokens`, { body: { auth: login } })).status, 201);
  }
});

test("a server with another encryption key than the others on its database refuses to start", async (t) => {
  const { url } = await openTestDatabase(t);
  await start(t, { url });
  const other = { TASKCENTER_STORE: url, TASKCENTER_ENCRYPTION_KEY: "f0".repeat(32) };
  for (const workers of ["1", "2"]) {
    const { code, stdout, stderr } = await startInVain(t, { ...other, TASKCENTER_WORKERS: workers });
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^taskcenter: TASKCENTER_ENCRYPTION_KEY: [^\n]+\n$/);
  }
});

test("a database that cannot be had ends the start with one line, which holds neither address nor password", async (t) => {
  const { url } = await openTestDatabase(t);
  const absent = new URL(url);
  absent.pathname = "/absent";
  const away = "postgres://tc:hunter2@127.0.0.1:1/db";
  for (const [store, reason] of [
    [absent.href, "does not exist"],
    [away, "cannot be reached"],
  ] as const) {
    const { code, stderr } = await startInVain(t, { TASKCENTER_STORE: store });
    assert.equal(code, 1);
    assert.match(stderr, /^taskcenter: The store is unavailable: its database [^\n]+\n$/);
    assert.ok(stderr.includes(reason), stderr);
    assert.ok(!/hunter2|127\.0\.0\.1/.test(stderr));
  }
});

test("while the database is away every answer says so and when to come back, and then all is well again", async (t) => {
  const database = await startPostgres(t);
  const { password } = new URL(database.url);
  const server = await start(t, { url: database.url });
  const token = await logIn(server.url);
  assert.equal((await callServer(tasksOf(server), { token, body })).status, 201);
  await database.stop();
  const statuses = {
    "/readyz": 503,
    [`/v1/${projectId}/tasks`]: 503,
    "/v3/projects": 503,
    // The service's page knows no 503.
    [`/rds/v3/${projectId}/tasklist`]: 500,
  };
  for (const [path, status] of Object.entries(statuses)) {
    const answer = await callServer(server.url + path, { token });
    assert.deepEqual([path, answer.status, answer.headers.get("retry-after")], [path, status, "1"]);
  }
  assert.equal((await callServer(`${server.url}/livez`)).status, 200);
  await database.start();
  await until(async () => (await callServer(`${server.url}/readyz`)).status === 200);
  assert.equal((await callServer(tasksOf(server), { token })).json.total, 1);
  await database.stop();
  const { code, tookMs } = await server.stop();
  assert.deepEqual([code, tookMs < 10_000], [0, true], `${tookMs} ms`);
  const { stdout, stderr } = server.output();
  assert.ok(password === "" || !`${stdout}${stderr}`.includes(password));
});
