import { constants, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Finding, renderFindings, shown } from "./finding.ts";
import { listsPerSecond, loginsPerSecond } from "./lists-during-logins.ts";
import { measure } from "./measure.ts";
import { renderPeers } from "./peers/table.ts";
import { type Comparison, renderComparisons } from "./postgres/comparison.ts";
import { startDatabaseServer } from "./postgres/database-server.ts";
import { renderFigures } from "./postgres/figures.ts";
import { measurePostgres } from "./postgres/measure.ts";
import { measureSideBySide } from "./postgres/side-by-side.ts";
import { type PostgresSize, postgresSizes } from "./postgres/sizes.ts";
import { readers } from "./reads.ts";
import { renderAims } from "./scale/aims.ts";
import { measureScale } from "./scale/measure.ts";
import { type ScaleSize, scaleSizes } from "./scale/sizes.ts";
import { type Size, sizes } from "./sizes.ts";
import { writers } from "./tasks.ts";

const help = `Usage: npm run bench [-- [--full | --postgres] [--tasks N] [--smoke]]

Measures Task Center on this machine.

  (nothing)   the documented calls and our own, in turns with a bare node:http server that answers a body of the same
              size; what authentication costs; logins, and lists during them; durable writes; start-up; memory; then the
              same calls over a file and over PostgreSQL side by side: about three minutes
  --full      a store of ten million tasks against its aims, and the servers that npm has for the same question: some
              twenty minutes, and before the first time some ten more, to make the store
  --postgres  a store of two million tasks in PostgreSQL, and four servers over it: some ten minutes
  --tasks N   as many tasks instead
  --smoke     any of them in a few seconds: shows that it works, and measures nothing worth reading
  --help      this text

A missed aim is shown and is no failure. An answer that is no 2xx, a lost task, a lost report, a wrong total and a store
that is not whole afterwards are: exit status 1. Stores lie in a temporary folder; the environment's TMPDIR chooses the
disk. PostgreSQL is the one that npm brings, or that TEST_POSTGRES_URL names. The full run keeps its store and its peers in the folder taskcenter-bench in XDG_CACHE_HOME, else in TMPDIR.`;

/** A run that was asked for: when it is ended though it has not ended by itself, and what it prints. */
interface Run {
  readonly limitSeconds: number;
  perform(signal: AbortSignal): Promise<readonly string[]>;
}

const least = { tasks: 1000 } as const;

/** What the command line asks for. @throws Error where it cannot be understood. */
function readArguments(): Run | "help" {
  const { values } = parseArgs({
    options: {
      full: { type: "boolean", default: false },
      postgres: { type: "boolean", default: false },
      tasks: { type: "string" },
      smoke: { type: "boolean", default: false },
      help: { type: "boolean" },
    },
  });
  const { full, postgres, tasks, smoke, help: wantsHelp } = values;
  if (wantsHelp) return "help";
  if (full && postgres) throw new Error("--full and --postgres are two runs");
  const name = smoke ? "smoke" : "full";
  if (!full && !postgres) {
    if (tasks !== undefined) throw new Error("--tasks belongs to --full or --postgres");
    return quickRun(smoke ? sizes.smoke : sizes.quick, smoke ? " -- --smoke" : "");
  }
  if (tasks !== undefined && (!/^[0-9]{4,9}$/.test(tasks) || Number(tasks) < least.tasks)) {
    throw new Error(`--tasks must be a number from ${least.tasks} on`);
  }
  const given = tasks === undefined ? {} : { tasks: Number(tasks) };
  const flags = `${tasks === undefined ? "" : ` --tasks ${tasks}`}${smoke ? " --smoke" : ""}`;
  return full
    ? fullRun({ ...scaleSizes[name], ...given }, flags)
    : postgresRun({ ...postgresSizes[name], ...given }, flags);
}

function quickRun(size: Size, flags: string): Run {
  return {
    limitSeconds: size.limitSeconds,
    async perform(signal) {
      const findings: Finding[] = [];
      for await (const finding of measure(size, signal)) {
        console.error(`${finding.what}: ${finding.figure}`);
        findings.push(finding);
      }
      const { description, comparisons } = await compareStores(size, signal);
      return [
        renderFindings(findings),
        `SQLite beside ${description}`,
        renderComparisons(comparisons),
        `${describeQuickRun(size)}\nRepeat with: npm run bench${flags}`,
      ];
    },
  };
}

async function compareStores(size: Size, signal: AbortSignal) {
  await using databases = await startDatabaseServer();
  const comparisons: Comparison[] = [];
  for await (const comparison of measureSideBySide(databases, size, signal)) {
    const { what, sqlite, postgres } = comparison;
    console.error(`${what}: ${sqlite} on SQLite, ${postgres} on PostgreSQL`);
    comparisons.push(comparison);
  }
  return { description: databases.description, comparisons };
}

function fullRun(size: ScaleSize, flags: string): Run {
  return {
    limitSeconds: size.limitSeconds,
    async perform(signal) {
      const cache = join(process.env.XDG_CACHE_HOME || tmpdir(), "taskcenter-bench");
      const { aims, peers } = await measureScale({ size, cache, signal, tell: console.error });
      return [
        `SQLite, ${shown(size.tasks)} tasks`,
        renderAims(aims),
        "missing" in peers ? `Peers: ${peers.missing}` : renderPeers(peers),
        `${describeFullRun(size)}\nRepeat with: npm run bench -- --full${flags}`,
      ];
    },
  };
}

function postgresRun(size: PostgresSize, flags: string): Run {
  return {
    limitSeconds: size.limitSeconds,
    async perform(signal) {
      const { aims, figures, description } = await measurePostgres({ size, signal, tell: console.error });
      return [
        `${description}, ${shown(size.tasks)} tasks`,
        renderAims(aims),
        renderFigures(figures),
        `${describePostgresRun(size)}\nRepeat with: npm run bench -- --postgres${flags}`,
      ];
    },
  };
}

async function perform({ limitSeconds, perform }: Run): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.exitCode = 128 + constants.signals[signal];
      stopping.abort(`stopped by ${signal}`);
    });
  }
  const tooLong = setTimeout(() => stopping.abort(`not done within ${limitSeconds} s`), limitSeconds * 1000);
  const [loadBefore = 0] = loadavg();
  try {
    const printed = await perform(stopping.signal);
    console.log([describeMachine(loadBefore), ...printed].join("\n"));
  } catch (error) {
    // A process that was ended makes whatever waited for it fail; the reason is why it was ended.
    console.error("bench:", stopping.signal.aborted ? stopping.signal.reason : error);
    process.exitCode ??= 1;
  } finally {
    clearTimeout(tooLong);
  }
}

function describeMachine(loadBefore: number): string {
  const { node, sqlite } = process.versions;
  const cores = cpus();
  return [
    `Node ${node}, SQLite ${sqlite}, ${process.platform} ${process.arch}`,
    `${cores.length} cores (${cores[0]?.model.trim()}), load average ${loadBefore.toFixed(1)} before the run`,
  ].join("; ");
}

function describeQuickRun(size: Size): string {
  const { readRounds, readSeconds, verifySeconds, pacedRounds, pacedSeconds, writeRounds, starts } = size;
  return [
    `Figures are medians: of ${readRounds} rounds of ${readSeconds} s with ${readers} connections, in turns with the bare server;`,
    `of ${writeRounds} rounds of writes with ${writers} connections; of ${starts} starts. CPU µs is what one answer costs the server.`,
    "Of bare: the ratio of the rates, which the aims are held against, and the same by CPU time. A bare server that is",
    "not 100 % busy makes the first too kind; the second hardly depends on what else the machine does.",
    `Proofs are verified on one thread of this process, over a store file, in ${readRounds} rounds of ${verifySeconds} s; after a write`,
    "nothing is remembered of the look-ups. A share is of the server's CPU time for a list: of the verification as it is",
    "measured alone, which the aim is held against; and of all that the proof brings along, its longer head included.",
    `Lists during logins come ${listsPerSecond} a second, far below what the server can do, and logins ${loginsPerSecond} a second, each at a random`,
    `moment of its slot, in ${pacedRounds} rounds of ${pacedSeconds} s in turns, taken together. A cold login pays for a hash: in turns a new user's`,
    "and a wrong password's. Refused is who comes while too many wait (429): of those at once, each comes back until in.",
  ].join("\n");
}

function describeFullRun(size: ScaleSize): string {
  const { readRounds, readSeconds, peerRounds, costRounds, costCalls, ingestRounds, writeRounds } = size;
  return [
    `Figures are medians: of ${readRounds} rounds of ${readSeconds} s with ${readers} connections, in turns (peers: ${peerRounds}); of ${costRounds} rounds of`,
    `${costCalls} calls in one process, in turns; of ${ingestRounds} batches in turns; of ${writeRounds} rounds of writes with ${writers} connections. A ratio`,
    "is the median of the rounds' ratios. The store was whole afterwards. More: docs/performance.md",
  ].join("\n");
}

function describePostgresRun(size: PostgresSize): string {
  const { costRounds, costCalls, busyRounds, busyCalls, writeRounds, createsInRound, reportsInRound } = size;
  return [
    `Figures are medians: of ${costRounds} rounds of ${costCalls} calls in one process, in turns; of ${busyRounds} rounds of ${shown(busyCalls)} such calls,`,
    `${readers} at once; of ${writeRounds} rounds of ${shown(createsInRound)} creates or ${shown(reportsInRound)} reports, in turns on one server and on all, with`,
    `${writers} connections together. Load, servers and database share this machine: where they need all of its cores, more`,
    "servers cannot do more, and the CPU time of one write tells what it would take elsewhere. The counts were whole",
    "afterwards. More: docs/performance.md",
  ].join("\n");
}

try {
  const wanted = readArguments();
  if (wanted === "help") console.log(help);
  else await perform(wanted);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${help}`);
  process.exitCode = 2;
}
