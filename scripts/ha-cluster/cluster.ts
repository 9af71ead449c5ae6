import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import {
  type ClusterFacts,
  type Node,
  type Passwords,
  type Timing,
  writeConfiguration,
} from "./configuration.ts";
import { endEverything, failWhenEnded, startProgram } from "./programs.ts";

/**
 * Three PostgreSQL 15 under Patroni, with three members of etcd and HAProxy in front, all on 127.0.0.1, of Debian's
 * packages: `postgresql-15 patroni python3-etcd etcd-server haproxy`.
 */

/** How long a cluster may take to start. */
const startMs = 120_000;
/** How long one of its machines may take to answer a question. */
const answerMs = 1000;

/** What Patroni tells of one machine. */
export interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
  readonly lag?: number | string;
}

/** A cluster of this process, which goes with it. */
export interface RunningCluster {
  readonly facts: ClusterFacts;
  /** The database, by the user whose it is, at the address that always leads to the primary. */
  readonly url: string;
  /** Never fulfilled: rejected where one of its programs has ended by itself. */
  readonly failed: Promise<never>;
  /** Ends all of it, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a cluster in a folder that does not exist yet; resolves when it replicates and takes connections. */
export async function startCluster(options: {
  readonly folder: string;
  readonly timing: Timing;
  /** Ends the start. */
  readonly signal: AbortSignal;
}): Promise<RunningCluster> {
  const { folder, timing, signal } = options;
  // Its programs must come through it, and only who started it may look around.
  await mkdir(folder, { mode: 0o711 });
  const stop = async (): Promise<void> => {
    await endEverything(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const { facts, passwords } = await writeConfiguration({ folder, timing });
    const failed = startPrograms(facts);
    failed.catch(() => {});
    const ready = untilReady({ facts, passwords, signal });
    await Promise.race([ready, failed]);
    const url = `postgres://taskcenter:${passwords.taskcenter}@127.0.0.1:${facts.databasePort}/taskcenter`;
    return { facts, url, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Answers a promise that is rejected as soon as one of them has ended. */
function startPrograms({ folder, nodes }: ClusterFacts): Promise<never> {
  const ends: Promise<never>[] = [];
  const start = (name: string, own: string, command: readonly [string, ...string[]]): void => {
    const log = join(own, `${name}.log`);
    ends.push(failWhenEnded(startProgram({ command, folder: own, log }), { name, log }));
  };
  for (const { folder: own } of nodes)
    start("etcd", own, ["/usr/bin/etcd", "--config-file", join(own, "etcd.yaml")]);
  for (const { folder: own } of nodes) start("patroni", own, ["/usr/bin/patroni", join(own, "patroni.yaml")]);
  const balancer = join(folder, "haproxy");
  start("haproxy", balancer, ["/usr/sbin/haproxy", "-db", "-f", join(balancer, "haproxy.cfg")]);
  return Promise.race(ends);
}

/** Waits for one primary with two standbys, one of which holds what is committed, and makes the database. */
async function untilReady(options: {
  readonly facts: ClusterFacts;
  readonly passwords: Passwords;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { facts, passwords, signal } = options;
  await untilWhole(facts, { withinMs: startMs, signal });
  await makeDatabase(facts, passwords);
}

/** Waits until all three machines take part again. */
export async function untilWhole(
  facts: ClusterFacts,
  limits: { readonly withinMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const untilMs = performance.now() + limits.withinMs;
  for (;;) {
    limits.signal?.throwIfAborted();
    const members = await membersOf(facts);
    const leader = members.find(({ role }) => role === "leader");
    const standbys = members.filter(
      ({ role, state, timeline }) =>
        role !== "leader" && /^(running|streaming)$/.test(state) && timeline === leader?.timeline,
    );
    const isSafe = members.some(({ role }) => role === "sync_standby");
    if (standbys.length === 2 && isSafe && (await answersAsPrimary(facts)) !== undefined) return;
    if (performance.now() > untilMs) {
      throw new Error(`the cluster does not come together: ${JSON.stringify(members)}`);
    }
    await wait(200);
  }
}

async function makeDatabase({ databasePort }: ClusterFacts, passwords: Passwords): Promise<void> {
  const statements = [
    // Hexadecimal digits, so that nothing in it needs care.
    `CREATE ROLE taskcenter LOGIN PASSWORD '${passwords.taskcenter}'`,
    "CREATE DATABASE taskcenter OWNER taskcenter",
  ];
  for (let attempt = 1; ; attempt += 1) {
    const client = new Client({
      host: "127.0.0.1",
      port: databasePort,
      user: "postgres",
      password: passwords.superuser,
      database: "postgres",
    });
    client.on("error", () => {});
    try {
      await client.connect();
      for (const statement of statements) await client.query(statement);
      return;
    } catch (error) {
      // HAProxy needs a moment to see that there is a primary.
      const isRefused = !(error instanceof Error && "severity" in error);
      if (!isRefused || attempt === 50) throw error;
      await wait(200);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** What the machines say of the cluster; empty where none of them answers. */
export async function membersOf({ nodes }: ClusterFacts): Promise<readonly Member[]> {
  for (const { restPort } of nodes) {
    const answer = await ask(restPort, "/cluster");
    if (answer?.ok) return ((await answer.json()) as { members: readonly Member[] }).members;
  }
  return [];
}

/** The machine that says that it is the primary, which HAProxy goes by; undefined where none does. */
export async function answersAsPrimary({ nodes }: ClusterFacts): Promise<Node | undefined> {
  const answers = await Promise.all(
    nodes.map(async (node) => ({ node, isPrimary: (await ask(node.restPort, "/primary"))?.ok === true })),
  );
  return answers.find(({ isPrimary }) => isPrimary)?.node;
}

async function ask(port: number, path: string): Promise<Response | undefined> {
  const signal = AbortSignal.timeout(answerMs);
  return await fetch(`http://127.0.0.1:${port}${path}`, { signal }).catch(() => undefined);
}

/** What was written when the cluster in a folder was started; undefined where there is none. */
export async function readFacts(folder: string): Promise<ClusterFacts | undefined> {
  const text = await readFile(join(folder, "cluster.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ClusterFacts);
}
