import { type Load, load, type Request, type Target } from "../load.ts";
import { writers } from "../tasks.ts";
import type { Database } from "./database-server.ts";
import type { CpuMicros } from "./figures.ts";

/** What so many requests have come to, whichever servers they were spread over. */
export interface SpreadLoad {
  readonly answers: number;
  readonly perSecond: number;
  /** The highest of the servers. */
  readonly p99Ms: number;
  readonly cpu: CpuMicros;
  /** How many cores servers, database and load have kept busy, where the database's share is known. */
  readonly busyCores: number | undefined;
  /** What one answer has written to the database's log, in bytes. */
  readonly walBytes: number;
}

/**
 * Loads servers over one database at the same time, each with its share of the connections: all together there are as many
 * as there are writers. `requestsOf` is asked once for each connection, by its number among all of them.
 */
export async function loadSpread(
  targets: readonly Target[],
  database: Database,
  plan: { readonly answers: number; readonly requestsOf: (connection: number) => Request[] },
): Promise<SpreadLoad> {
  const connections = writers / targets.length;
  const walBefore = await walPosition(database);
  const databaseBefore = database.cpuMs();
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const loads: readonly Load[] = await Promise.all(
    targets.map((target, index) =>
      load(target, {
        connections,
        requestsOf: (connection) => plan.requestsOf(index * connections + connection),
        until: { answers: plan.answers / targets.length },
      }),
    ),
  );
  const tookMs = performance.now() - startedMs;
  const own = process.cpuUsage(before);
  const databaseAfter = database.cpuMs();
  const answers = loads.reduce((sum, one) => sum + one.answers, 0);
  const isKnown = databaseBefore !== undefined && databaseAfter !== undefined;
  const server = loads.reduce((sum, one) => sum + one.cpuMicros * one.answers, 0) / answers;
  const used = isKnown ? ((databaseAfter - databaseBefore) * 1000) / answers : undefined;
  const ofLoad = (own.user + own.system) / answers;
  return {
    answers,
    perSecond: (answers / tookMs) * 1000,
    p99Ms: Math.max(...loads.map(({ p99Ms }) => p99Ms)),
    cpu: { server, database: used, load: ofLoad },
    busyCores: used === undefined ? undefined : ((server + used + ofLoad) * answers) / (tookMs * 1000),
    walBytes: ((await walPosition(database)) - walBefore) / answers,
  };
}

/** How far the database has written its log, in bytes. */
async function walPosition(database: Database): Promise<number> {
  const [[position] = [0]] = await database.query("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')");
  return Number(position);
}
