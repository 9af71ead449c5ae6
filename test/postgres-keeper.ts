import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  type Cluster,
  copyBinaries,
  createCluster,
  giveToServers,
  type PostgresVersion,
} from "./postgres-cluster.ts";

/**
 * The process that keeps the PostgreSQL servers of a test run. It makes one when a test asks for it, and ends all of them,
 * with their files, when its standard input closes: that is when whoever started it ends, in whatever way. It says in one
 * line where it listens, and answers each line of JSON with one.
 */

/** What a test asks. Its own server lives as long as the connection over which it asked for it. */
export type Request =
  | { readonly do: "share"; readonly version: PostgresVersion }
  | { readonly do: "create"; readonly version: PostgresVersion; readonly settings: Settings }
  | { readonly do: "start" | "stop" }
  | { readonly do: "kill"; readonly signal: NodeJS.Signals };

export type Settings = Readonly<Record<string, string>>;

/** What it is answered. */
export type Answer = { readonly url: string; readonly port: number } | { readonly error: string };

/** Nothing that is in the shared servers outlives them, so they need not write it down for certain. */
const sharedSettings: Settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

const ending = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "taskcenter-postgres-"));
await giveToServers(folder);
const binaries = new Map<PostgresVersion, Promise<string>>();
const shared = new Map<PostgresVersion, Promise<Cluster>>();
const clusters = new Set<Promise<Cluster>>();
let made = 0;

function binariesOf(version: PostgresVersion): Promise<string> {
  const known = binaries.get(version);
  if (known !== undefined) return known;
  const path = join(folder, `${version}`);
  const copied = copyBinaries(version, path).then(() => path);
  binaries.set(version, copied);
  return copied;
}

function create(version: PostgresVersion, settings: Settings): Promise<Cluster> {
  made += 1;
  const path = join(folder, `cluster-${made}`);
  const cluster = binariesOf(version).then((from) =>
    createCluster({ binaries: from, folder: path, settings, signal: ending.signal }),
  );
  clusters.add(cluster);
  return cluster;
}

function share(version: PostgresVersion): Promise<Cluster> {
  const known = shared.get(version) ?? create(version, sharedSettings);
  shared.set(version, known);
  return known;
}

/** Serves one connection, a line after the other. */
async function serve(socket: Socket): Promise<void> {
  let own: Promise<Cluster> | undefined;
  const answer = async (request: Request): Promise<Answer> => {
    if (request.do === "share") return await share(request.version);
    if (request.do === "create") {
      own = create(request.version, request.settings);
      return await own;
    }
    const cluster = await own;
    if (cluster === undefined) return { error: "there is no server to do this to" };
    await (request.do === "kill" ? cluster.kill(request.signal) : cluster[request.do]());
    return cluster;
  };
  socket.on("error", () => {});
  try {
    for await (const line of createInterface(socket)) {
      const said = await answer(JSON.parse(line)).catch((error: Error) => ({ error: error.message }));
      const { url, port, error } = { url: undefined, port: undefined, error: undefined, ...said };
      socket.write(`${JSON.stringify({ url, port, error })}\n`);
    }
  } catch {
    // A connection that breaks has ended, too.
  }
  if (own !== undefined) {
    await own.then((cluster) => cluster.remove()).catch(() => {});
    clusters.delete(own);
  }
  socket.end();
}

async function end(): Promise<void> {
  if (ending.signal.aborted) return;
  ending.abort();
  await Promise.allSettled([...clusters].map(async (cluster) => (await cluster).remove()));
  await Promise.allSettled(binaries.values());
  await rm(folder, { recursive: true, force: true, maxRetries: 10 }).catch(console.error);
  process.exit();
}

process.on("uncaughtException", (error) => {
  console.error(error);
  void end();
});
process.stdin.resume().on("close", end);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
const path = join(folder, "keeper");
createServer({ allowHalfOpen: true }, serve).listen(path, () => console.log(path));
