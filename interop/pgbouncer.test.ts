import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { findFreePorts } from "../scripts/free-ports.ts";
import { openTestDatabase } from "../test/postgres.ts";
import { giveToServers } from "../test/postgres-cluster.ts";
import { callServer, logIn, projectId, startServerProcess, type TestProcess } from "../test/start-server.ts";
import { assertExactCounts, assertNothingLost, startLoad } from "./recorded-load.ts";

/** Debian's PgBouncer in front of the database. Without it the test fails: `apt-get install pgbouncer`. */
const program = "/usr/sbin/pgbouncer";
/** How many connections to the database all servers together get from the pooler. */
const poolSize = 4;
/** PgBouncer refuses to run as root, so root runs it as `nobody`, as the databases of the tests. */
const nobody = 65534;
const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

interface Pooler {
  /** The database, through the pooler. */
  readonly url: string;
  /** The pooler's own console. */
  readonly consoleUrl: string;
  start(): Promise<void>;
  /** Ends it at once: every connection of its clients breaks. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** Prepares a pooler in transaction mode before a database. What is set here is what docs/operations/poolers.md says. */
async function preparePooler(t: TestContext, databaseUrl: string): Promise<Pooler> {
  const database = new URL(databaseUrl);
  const [port] = await findFreePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-pgbouncer-"));
  const users = join(folder, "users.txt");
  const settings = join(folder, "pgbouncer.ini");
  const user = decodeURIComponent(database.username);
  const password = decodeURIComponent(database.password);
  writeFileSync(users, `"${user}" "${password}"\n`, { mode: 0o600 });
  writeFileSync(
    settings,
    `[databases]
* = host=${database.hostname} port=${database.port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
admin_users = ${user}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 200
query_wait_timeout = 5
server_login_retry = 1
`,
    { mode: 0o600 },
  );
  for (const path of [folder, users, settings]) await giveToServers(path);
  let child: ChildProcess | undefined;
  let said = "";

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  t.after(async () => {
    await end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const url = new URL(databaseUrl);
  url.port = String(port);
  const consoleUrl = new URL(url);
  consoleUrl.pathname = "/pgbouncer";
  return {
    url: url.href,
    consoleUrl: consoleUrl.href,
    async start() {
      const started = spawn(program, [settings], {
        ...identity,
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      started.stderr.on("data", (text) => {
        said = (said + text).slice(-4000);
      });
      for (let attempt = 0; attempt < 200; attempt += 1) {
        assert.equal(started.exitCode, null, said);
        if ((await ask(consoleUrl.href, "SHOW VERSION").catch(() => [])).length > 0) return;
        await wait(50);
      }
      assert.fail(said);
    },
    end,
  };
}

async function ask(url: string, text: string): Promise<readonly Record<string, string>[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query(text);
    return rows;
  } finally {
    await client.end();
  }
}

/** Reads lists, counts and exports until it is told to stop; notes how often that succeeded. */
async function readAllTheTime(options: {
  readonly urls: readonly string[];
  readonly token: string;
  readonly isStopped: () => boolean;
  readonly found: { read: number; refused: number };
}): Promise<void> {
  const { urls, token, isStopped, found } = options;
  const ways: readonly { readonly path: string; readonly headers?: Readonly<Record<string, string>> }[] = [
    { path: "/tasks?limit=50&offset=20" },
    { path: "/tasks?q=report&state=running" },
    { path: "/tasks:stats?group_by=status,name" },
    { path: "/tasks?history=true", headers: { accept: "application/x-ndjson" } },
  ];
  for (let turn = 0; !isStopped(); turn += 1) {
    const { path = "", headers = {} } = ways[turn % ways.length] ?? {};
    const url = `${urls[turn % urls.length]}/v1/${projectId}${path}`;
    // An export that has begun is cut off where the pooler goes away.
    const answer = await callServer(url, { token, headers }).catch(() => undefined);
    const isRead = answer?.status === 200;
    assert.ok(isRead || answer === undefined || answer.status === 503, `${path}: ${answer?.text}`);
    found[isRead ? "read" : "refused"] += 1;
    await wait(20);
  }
}

test("two servers share four connections of PgBouncer in transaction mode, and lose nothing when it restarts under load", async (t) => {
  const database = await openTestDatabase(t, 15);
  const pooler = await preparePooler(t, database.url);
  await pooler.start();
  const start = async (): Promise<TestProcess> => {
    const directory = mkdtempSync(join(tmpdir(), "taskcenter-pooled-"));
    const server = await startServerProcess({
      directory,
      env: {
        TASKCENTER_STORE: pooler.url,
        TASKCENTER_STORE_DIRECT_URL: database.url,
        TASKCENTER_ENCRYPTION_KEY: "0f".repeat(32),
      },
    });
    t.after(async () => {
      await server.stop("SIGKILL");
      rmSync(directory, { recursive: true });
    });
    return server;
  };
  const servers = await Promise.all([start(), start()]);
  const urls = servers.map(({ url }) => url);
  const [first, second] = urls.map(String);

  // A token of one server holds on the other, until one of them revokes it.
  const token = await logIn(String(first));
  const revoked = await logIn(String(second));
  const headers = { "x-subject-token": revoked };
  const show = (url = "") => callServer(`${url}/v3/auth/tokens`, { token, headers });
  for (const url of urls) assert.equal((await show(url)).status, 200);
  const { status } = await callServer(`${first}/v3/auth/tokens`, { method: "DELETE", token, headers });
  assert.equal(status, 204);
  for (const url of urls) {
    assert.equal((await show(url)).status, 404);
    assert.equal((await callServer(`${url}/v1/${projectId}/tasks`, { token: revoked })).status, 401);
  }

  let isStopped = false;
  const load = startLoad({ urls, token, producers: 12 });
  t.after(() => {
    isStopped = true;
    load.abandon();
  });
  const reads = [1, 2].map(() => ({ read: 0, refused: 0 }));
  const reading = Promise.all(
    reads.map((found) => readAllTheTime({ urls, token, isStopped: () => isStopped, found })),
  );
  reading.catch(() => {});
  while (load.acknowledged() <= 100) await Promise.race([reading, load.ended, wait(50)]);
  assert.equal(load.failed(), 0, "nothing has happened to the pooler yet");
  const [pool] = (await ask(pooler.consoleUrl, "SHOW POOLS")).filter(({ user }) => user === "taskcenter");
  const inUse = Number(pool?.sv_active) + Number(pool?.sv_idle) + Number(pool?.sv_used);
  assert.ok(inUse > 0 && inUse <= poolSize, JSON.stringify(pool));
  assert.ok(Number(pool?.cl_active) + Number(pool?.cl_waiting) > poolSize, JSON.stringify(pool));

  const silences: number[] = [];
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const fromMs = performance.now();
    await pooler.end(signal);
    await wait(500);
    await pooler.start();
    await wait(3000);
    silences.push(Math.round(load.longestSilenceMs(fromMs)));
  }
  // Every way twice at least, however slow the machine.
  while (reads.some(({ read }) => read < 8)) await Promise.race([reading, load.ended, wait(50)]);
  isStopped = true;
  const [recorded] = await Promise.all([load.stop(), reading]);
  t.diagnostic(
    `${load.acknowledged()} changes acknowledged, ${load.failed()} not; ` +
      `no change went through for ${silences.join(" and ")} ms; reads: ${JSON.stringify(reads)}`,
  );
  assert.ok(load.failed() > 0, "the pooler's end was noticed");
  assert.ok(Math.max(...silences) < 10_000);
  for (const url of urls) await assertNothingLost({ url, token, recorded });
  await assertExactCounts(database.url);
  const { password } = new URL(database.url);
  for (const server of servers) {
    const { stdout, stderr } = server.output();
    assert.ok(!`${stdout}${stderr}`.includes(password));
    assert.equal((await server.stop()).code, 0);
  }
});
