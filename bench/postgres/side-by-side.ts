import { join } from "node:path";
import type { Load, Target } from "../load.ts";
import { logIn, startTaskCenter } from "../processes.ts";
import { askOnce, type Call, callsOfSmallProject, read } from "../reads.ts";
import type { ServerProcess } from "../server-process.ts";
import { largeProjectTasks, type Size } from "../sizes.ts";
import { median } from "../statistics.ts";
import { createTasks, fillProject, writers } from "../tasks.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import {
  creationRounds,
  expectAllCreated,
  expectReported,
  loadByReporters,
  reportedPaths,
  reporterOf,
} from "../writes.ts";
import { type ComparedLoads, type Comparison, compareAmounts, compareLoads } from "./comparison.ts";
import type { Database, DatabaseServer } from "./database-server.ts";

const storeNames = ["sqlite", "postgres"] as const;
type ByStore<T> = Readonly<Record<(typeof storeNames)[number], T>>;

/** Everything that is measured of one store at a time, in turns with the other one. */
interface Parties {
  readonly targets: ByStore<Target>;
  readonly database: Database;
  readonly size: Size;
}

/**
 * Measures the program over a file and over PostgreSQL in turns, a short round of each: starts, every documented call on a
 * small project, durable writes, and memory.
 */
export async function* measureSideBySide(
  databases: DatabaseServer,
  size: Size,
  signal: AbortSignal,
): AsyncGenerator<Comparison> {
  using folder = temporaryFolder();
  const start = (name: string, database?: Database) =>
    startTaskCenter(join(folder.path, name), signal, { databaseUrl: database?.url });
  yield await compareStarts("start, first one", size.starts, {
    sqlite: (n) => start(`sqlite-start-${n}`),
    postgres: async (n) => start(`postgres-start-${n}`, await databases.createDatabase()),
  });
  const database = await databases.createDatabase();
  const both: ByStore<() => Promise<ServerProcess>> = {
    sqlite: () => start("sqlite"),
    postgres: () => start("postgres", database),
  };
  {
    await using sqlite = await both.sqlite();
    await using postgres = await both.postgres();
    const servers = { sqlite, postgres };
    const targets = { sqlite: await logIn(sqlite), postgres: await logIn(postgres) };
    yield await compareMemory("memory, idle", servers);
    for (const name of storeNames) await fillProject(targets[name], size.smallProject);
    const parties = { targets, database, size };
    for (const call of callsOfSmallProject(size.smallProject)) yield await compareReads(call, parties);
    yield await compareCreates(parties);
    yield await compareReports(parties);
    yield await compareMemory("memory, after all this load", servers);
    for (const name of storeNames) await servers[name].stop();
  }
  yield await compareStarts(
    `start, ${largeProjectTasks(size).toLocaleString("en-US")} tasks stored`,
    size.starts,
    both,
  );
}

async function compareStarts(
  what: string,
  starts: number,
  start: ByStore<(n: number) => Promise<ServerProcess>>,
): Promise<Comparison> {
  const tookMs: Record<(typeof storeNames)[number], number[]> = { sqlite: [], postgres: [] };
  for (let n = 0; n < starts; n += 1) {
    for (const name of storeNames) {
      await using server = await start[name](n);
      tookMs[name].push(server.startedInMs);
      await server.stop();
    }
  }
  return compareAmounts(what, "ms", { sqlite: median(tookMs.sqlite), postgres: median(tookMs.postgres) });
}

/** What the servers' own processes have; the database's memory is not in it. */
async function compareMemory(what: string, servers: ByStore<ServerProcess>): Promise<Comparison> {
  const mebibytes = async ({ vitals }: ServerProcess) => (await vitals()).residentBytes / 2 ** 20;
  return compareAmounts(what, "MiB", {
    sqlite: await mebibytes(servers.sqlite),
    postgres: await mebibytes(servers.postgres),
  });
}

async function compareReads(call: Call, parties: Parties): Promise<Comparison> {
  const { targets, size } = parties;
  for (const name of storeNames) {
    await askOnce(targets[name], call);
    await read(targets[name], call.paths, size.warmUpSeconds);
  }
  return compareRounds(call.what, size.readRounds, parties, (target) =>
    read(target, call.paths, size.readSeconds),
  );
}

async function compareCreates(parties: Parties): Promise<Comparison> {
  const { targets, size } = parties;
  const ranges = creationRounds(size);
  const compared = await compareRounds(
    `durable creates, ${writers} writers`,
    ranges.length,
    parties,
    (target, round) => createTasks(target, ranges[round] ?? { from: 0, to: 0 }),
  );
  for (const name of storeNames) await expectAllCreated(targets[name], size);
  return compared;
}

async function compareReports(parties: Parties): Promise<Comparison> {
  const { targets, size } = parties;
  const paths = reportedPaths(size);
  const reporters = new Map(storeNames.map((name) => [targets[name], paths.map((path) => reporterOf(path))]));
  const loads = new Map<Target, Load[]>(storeNames.map((name) => [targets[name], []]));
  const compared = await compareRounds(
    `durable reports, ${writers} reporters`,
    size.writeRounds,
    parties,
    async (target) => {
      const [load] = await loadByReporters(target, reporters.get(target) ?? [], { ...size, writeRounds: 1 });
      if (load === undefined) throw new Error("nothing was reported");
      loads.get(target)?.push(load);
      return load;
    },
  );
  for (const [target, some] of loads) await expectReported(target, paths, some);
  return compared;
}

async function compareRounds(
  what: string,
  count: number,
  { targets, database }: Parties,
  once: (target: Target, round: number) => Promise<Load>,
): Promise<Comparison> {
  const rounds: ComparedLoads[] = [];
  for (let round = 0; round < count; round += 1) {
    const sqlite = await once(targets.sqlite, round);
    const before = database.cpuMs();
    const postgres = await once(targets.postgres, round);
    const after = database.cpuMs();
    const databaseMicros =
      before === undefined || after === undefined ? undefined : ((after - before) * 1000) / postgres.answers;
    rounds.push({ sqlite, postgres, databaseMicros });
  }
  return compareLoads(what, rounds);
}
