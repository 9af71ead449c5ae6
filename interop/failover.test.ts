import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { answersAsPrimary, startCluster, untilWhole } from "../scripts/ha-cluster/cluster.ts";
import type { ClusterFacts, Node } from "../scripts/ha-cluster/configuration.ts";
import { type Fault, findPrimary, healCluster, strikePrimary } from "../scripts/ha-cluster/faults.ts";
import { logIn, startServerProcess, type TestProcess } from "../test/start-server.ts";
import { assertExactCounts, assertNothingLost, startLoad } from "./recorded-load.ts";

/**
 * Two servers on three PostgreSQL under Patroni, of Debian's packages; without those the test fails:
 * `apt-get install postgresql-15 patroni python3-etcd etcd-server haproxy`. See docs/operations/high-availability.md.
 */

/** Short, so that the test is: nothing here is far away. */
const timing = { ttl: 8, loopWait: 1, retryTimeout: 3 };
/** For how long no change may go through when a primary is lost. */
const outageMs = 30_000;
/** How long a machine that was lost may take to be a standby again. */
const rejoinMs = 60_000;

async function openCluster(t: TestContext) {
  const folder = join(tmpdir(), `taskcenter-failover-${randomBytes(6).toString("hex")}`);
  const cluster = await startCluster({ folder, timing, signal: t.signal });
  t.after(() => cluster.stop());
  return cluster;
}

async function startOn(t: TestContext, url: string): Promise<TestProcess> {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-failover-server-"));
  const env = { TASKCENTER_STORE: url, TASKCENTER_ENCRYPTION_KEY: "0f".repeat(32) };
  const server = await startServerProcess({ directory, env });
  t.after(async () => {
    await server.stop("SIGKILL");
    rmSync(directory, { recursive: true });
  });
  return server;
}

/** Looks again and again until something is so. */
async function until(withinMs: number, isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < untilMs, `${what} within ${withinMs} ms`);
    await wait(100);
  }
}

/** Tries to write to a machine past HAProxy; answers whether that was acknowledged. */
async function writesPastHaproxy(node: Node, clusterUrl: string): Promise<boolean> {
  const url = new URL(clusterUrl);
  url.port = String(node.postgresPort);
  const client = new Client({
    connectionString: url.href,
    query_timeout: 2000,
    connectionTimeoutMillis: 2000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("CREATE TABLE written_past_haproxy ()");
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

test("a primary that is killed, and one that is cut off, cost a bounded time and nothing that was acknowledged", async (t) => {
  const { facts, url } = await openCluster(t);
  const servers = [await startOn(t, url), await startOn(t, url)];
  const urls = servers.map((server) => server.url);
  const token = await logIn(String(urls[0]));
  const load = startLoad({ urls, token, producers: 8 });
  t.after(() => load.abandon());
  await until(
    outageMs,
    () => load.acknowledged() > 200,
    "changes before anything has happened to the database",
  );
  assert.equal(load.failed(), 0, "nothing has happened to the database yet");

  for (const fault of ["kill", "unwatch", "freeze"] as const) {
    await loseThePrimary(t, { fault, facts, url, load });
  }
  const recorded = await load.stop();
  assert.ok(load.failed() > 0, "the failovers were noticed");
  const made = await Promise.all(urls.map((one) => assertNothingLost({ url: one, token, recorded })));
  await assertExactCounts(url);
  t.diagnostic(
    `${recorded.length} tasks, ${load.acknowledged()} changes acknowledged, ${load.failed()} not, of which ` +
      `${made[0]} reports were made all the same`,
  );
  const { password } = new URL(url);
  for (const server of servers) {
    const { stdout, stderr } = server.output();
    assert.ok(!`${stdout}${stderr}`.includes(password));
    assert.equal((await server.stop()).code, 0, "it was never restarted, and ends in good order");
  }
});

async function loseThePrimary(
  t: TestContext,
  on: {
    readonly fault: Fault;
    readonly facts: ClusterFacts;
    readonly url: string;
    readonly load: ReturnType<typeof startLoad>;
  },
): Promise<void> {
  const { fault, facts, url, load } = on;
  const before = { acknowledged: load.acknowledged(), failed: load.failed() };
  const fromMs = performance.now();
  const lost = await strikePrimary(facts, fault);
  const isReplaced = async (): Promise<boolean> => {
    const primary = await answersAsPrimary(facts);
    return primary !== undefined && primary.name !== lost.name;
  };
  await until(outageMs, isReplaced, `another primary after ${fault}`);
  const replacedMs = performance.now() - fromMs;
  const enough = load.acknowledged() + 100;
  await until(outageMs, () => load.acknowledged() > enough, `changes after ${fault}`);
  // Its PostgreSQL runs, and nobody has told it that it is not the primary any more.
  if (fault === "unwatch") assert.equal(await writesPastHaproxy(lost, url), false);
  await healCluster(facts);
  await untilWhole(facts, { withinMs: rejoinMs });
  assert.notEqual((await findPrimary(facts)).name, lost.name, "what was lost comes back as a standby");
  const silenceMs = load.longestSilenceMs(fromMs);
  t.diagnostic(
    `${fault}: another primary after ${Math.round(replacedMs)} ms; no change went through for ` +
      `${Math.round(silenceMs)} ms; ${load.failed() - before.failed} changes not acknowledged, ` +
      `${load.acknowledged() - before.acknowledged} acknowledged until all three machines were back ` +
      `after ${Math.round(performance.now() - fromMs)} ms`,
  );
  assert.ok(silenceMs < outageMs);
}
