import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { membersOf, readFacts, startCluster } from "./ha-cluster/cluster.ts";
import type { ClusterFacts } from "./ha-cluster/configuration.ts";
import { type Fault, faults, healCluster, strikePrimary } from "./ha-cluster/faults.ts";
import { endEverything } from "./ha-cluster/programs.ts";

/**
 * The cluster of docs/operations/high-availability.md, on this machine alone: to try it, and to practise a failover.
 * Usage: node scripts/ha-cluster.ts start|status|stop|heal|fail kill|unwatch|freeze
 */
const folder = join(tmpdir(), "taskcenter-ha");
/** Much shorter than in production, where networks stumble: see the page. */
const timing = { ttl: 8, loopWait: 1, retryTimeout: 3 };

const commands: Readonly<Record<string, () => Promise<void>>> = {
  start,
  status: async () => console.table(await membersOf(await findCluster())),
  stop,
  heal: async () => healCluster(await findCluster()),
  fail,
};
const usage = `Usage: node scripts/ha-cluster.ts start|status|stop|heal|fail ${Object.keys(faults).join("|")}`;

const command = commands[process.argv[2] ?? ""];
try {
  if (command === undefined) throw new Error(usage);
  await command();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function start(): Promise<void> {
  if ((await readFacts(folder)) !== undefined) {
    throw new Error(`there is a cluster in ${folder} already: node scripts/ha-cluster.ts stop`);
  }
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stopping.abort());
  console.log("three machines make a cluster, which takes about 20 seconds …");
  const { signal } = stopping;
  const cluster = await startCluster({ folder, timing, signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (cluster === undefined) return;
  try {
    const { databasePort, nodes } = cluster.facts;
    for (const { name, postgresPort, folder: own } of nodes) {
      console.log(`machine ${name}: PostgreSQL on 127.0.0.1:${postgresPort}, logs in ${own}`);
    }
    console.log(`
The primary, whichever machine that is, is at 127.0.0.1:${databasePort}. In another terminal:
  export PGPASSFILE=${join(folder, "pgpass")}
  npx taskcenter serve --store postgres://taskcenter@127.0.0.1:${databasePort}/taskcenter
  node scripts/ha-cluster.ts status
  node scripts/ha-cluster.ts fail kill
Ctrl-C here, or node scripts/ha-cluster.ts stop, ends all of it and removes its data.`);
    await Promise.race([stopped, cluster.failed]);
  } finally {
    await cluster.stop();
  }
}

/** Has the process that started the cluster end it; where that is gone, ends what it has left. */
async function stop(): Promise<void> {
  const { keeper } = await findCluster();
  if (await isStarter(keeper)) process.kill(keeper, "SIGTERM");
  for (let waitedMs = 0; (await isStarter(keeper)) && waitedMs < 20_000; waitedMs += 100) await wait(100);
  await endEverything(folder);
  await rm(folder, { recursive: true, force: true });
}

/** Whether a process is one of this program: its id may have become somebody else's. */
async function isStarter(id: number): Promise<boolean> {
  const words = await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "");
  return words.includes("ha-cluster.ts");
}

async function fail(): Promise<void> {
  const fault = process.argv[3] ?? "";
  if (!Object.hasOwn(faults, fault)) throw new Error(usage);
  const { name } = await strikePrimary(await findCluster(), fault as Fault);
  console.log(`machine ${name}: ${faults[fault as Fault]}`);
  if (fault !== "kill") console.log("node scripts/ha-cluster.ts heal has it go on");
}

async function findCluster(): Promise<ClusterFacts> {
  const facts = await readFacts(folder);
  if (facts === undefined) throw new Error(`there is no cluster in ${folder}`);
  return facts;
}
