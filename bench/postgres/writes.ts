import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { perSecond, shown } from "../finding.ts";
import { ask, type Request, type Target } from "../load.ts";
import { projectId } from "../processes.ts";
import type { AimFinding } from "../scale/aims.ts";
import type { Population } from "../scale/population.ts";
import type { Random } from "../scale/random.ts";
import { creationOf, newTasks } from "../scale/writes.ts";
import { median } from "../statistics.ts";
import { tasksPath, writers } from "../tasks.ts";
import { reporterOf } from "../writes.ts";
import type { Database } from "./database-server.ts";
import { type CpuMicros, cpuText, type Figure, milliseconds } from "./figures.ts";
import type { PostgresSize } from "./sizes.ts";
import { loadSpread, type SpreadLoad } from "./spread-load.ts";

/** Servers over one database, and what is asked of them: everything is of one project. */
export interface WriteParties {
  readonly targets: readonly Target[];
  readonly database: Database;
  readonly population: Population;
  readonly random: Random;
  readonly size: PostgresSize;
}

interface Written {
  readonly aims: readonly AimFinding[];
  readonly figures: readonly Figure[];
}

const jsonHeader = { "content-type": "application/json" } as const;
/** How often the changes that wait to be folded are counted. */
const lookMs = 50;

/** Makes creations of one project's new tasks, each once. */
export function creationsOf({ population, random }: Pick<WriteParties, "population" | "random">) {
  const [hot] = population.projects;
  const next = newTasks({ ...population, projects: [hot] }, random);
  return () => creationOf(next());
}

/** Measures creates of one project on one server and, in turns with that, spread over all. */
export async function measureCreates(parties: WriteParties): Promise<Written> {
  const { targets, database, size } = parties;
  const next = creationsOf(parties);
  const before = await countTasks(parties);
  const request = (): Request => ({
    method: "POST",
    headers: jsonHeader,
    setupRequest: (built) => ({ ...built, ...next() }),
  });
  const plan = { answers: size.createsInRound, requestsOf: () => [request()] };
  await using backlog = watchBacklog(database);
  const loads = await inTurns(parties, (some) => loadSpread(some, database, plan));
  const waiting = await backlog.read();
  const created = (await countTasks(parties)) - before;
  const acknowledged = [...loads.one, ...loads.all].reduce((sum, { answers }) => sum + answers, 0);
  if (created !== acknowledged) {
    throw new Error(`${acknowledged} creates were acknowledged, and there are ${created} more tasks`);
  }
  return {
    aims: [
      {
        number: 8,
        value: rateOf(loads.one),
        from: `${writers} at once, one project, one server, p99 ${p99Of(loads.one)}`,
      },
      {
        number: 11,
        value: ratioOf(loads),
        from: `${perSecond(rateOf(loads.all))} ÷ ${perSecond(rateOf(loads.one))}${coresText(loads)}`,
      },
    ],
    figures: [
      ...costFigures("creates", targets.length, loads),
      {
        what: "changes that wait to be folded, during these creates",
        figure: shown(waiting.most),
        from: `the most of ${shown(waiting.looks)} looks; ${shown(waiting.last)} at the end`,
      },
    ],
  };
}

/** Measures progress reports, each reporter on a task of its own, and asks the tasks how many they accepted. */
export async function measureReports(parties: WriteParties): Promise<Written> {
  const { targets, database, size } = parties;
  const [first] = targets;
  const next = creationsOf(parties);
  if (first === undefined) return { aims: [], figures: [] };
  const paths = await Promise.all(Array.from({ length: writers }, () => createRunning(first, next)));
  const reporters = paths.map((path) => reporterOf(path));
  const plan = {
    answers: size.reportsInRound,
    requestsOf: (connection: number) => reporters.slice(connection, connection + 1),
  };
  const loads = await inTurns(parties, (some) => loadSpread(some, database, plan));
  const standing = await Promise.all(paths.map((path) => ask(first, path)));
  const accepted = standing.reduce((sum, { body }) => sum + Number(body.revision) - 1, 0);
  const acknowledged = [...loads.one, ...loads.all].reduce((sum, { answers }) => sum + answers, 0);
  if (accepted !== acknowledged) {
    throw new Error(`${acknowledged} reports were acknowledged, and the tasks have ${accepted}`);
  }
  return {
    aims: [
      {
        number: 9,
        value: rateOf(loads.one),
        from: `${writers} at once, one project, one server, p99 ${p99Of(loads.one)}`,
      },
    ],
    figures: costFigures("reports", targets.length, loads),
  };
}

async function createRunning(server: Target, next: () => { path: string; body: string }): Promise<string> {
  for (;;) {
    const { path, body } = next();
    const answer = await fetch(server.url + path, {
      method: "POST",
      headers: { ...server.headers, ...jsonHeader },
      body,
    });
    if (answer.status !== 201) throw new Error(`a create had the status ${answer.status}`);
    const task = (await answer.json()) as { readonly id: string; readonly status: string };
    if (task.status === "Running") return `${path}/${task.id}`;
  }
}

interface Turns {
  readonly one: readonly SpreadLoad[];
  readonly all: readonly SpreadLoad[];
}

/** Each round once on the first server alone, and once on all. */
async function inTurns(
  { targets, size }: WriteParties,
  once: (targets: readonly Target[]) => Promise<SpreadLoad>,
): Promise<Turns> {
  const one: SpreadLoad[] = [];
  const all: SpreadLoad[] = [];
  for (let round = 0; round < size.writeRounds; round += 1) {
    one.push(await once(targets.slice(0, 1)));
    all.push(await once(targets));
  }
  return { one, all };
}

function costFigures(what: string, servers: number, loads: Turns): readonly Figure[] {
  return [
    { what: `${what} on one server`, figure: perSecond(rateOf(loads.one)), from: cpuText(cpuOf(loads.one)) },
    {
      what: `${what} spread over ${servers} servers`,
      figure: perSecond(rateOf(loads.all)),
      from: `${cpuText(cpuOf(loads.all))}; p99 ${p99Of(loads.all)}; ${shown(ratioOf(loads))} of one server`,
    },
    {
      what: `${what}: the database's log`,
      figure: `${shown(median([...loads.one, ...loads.all].map(({ walBytes }) => walBytes)), 0)} bytes each`,
      from: "folds, full pages after a checkpoint and the indexes' splits included",
    },
  ];
}

/** Where one server with its load and database leaves no core idle, more servers cannot do more. */
function coresText({ one, all }: Turns): string {
  const busy = (loads: readonly SpreadLoad[]) => loads.flatMap(({ busyCores }) => busyCores ?? []);
  if (busy(one).length === 0) return "";
  const shownOf = (loads: readonly SpreadLoad[]) => shown(median(busy(loads)), 1);
  return `; of ${availableParallelism()} cores busy: ${shownOf(all)}, and ${shownOf(one)} with one server`;
}

function ratioOf({ one, all }: Turns): number {
  return median(all.map((load, round) => load.perSecond / (one[round] ?? load).perSecond));
}

function rateOf(loads: readonly SpreadLoad[]): number {
  return median(loads.map((load) => load.perSecond));
}

function p99Of(loads: readonly SpreadLoad[]): string {
  return milliseconds(median(loads.map(({ p99Ms }) => p99Ms)));
}

function cpuOf(loads: readonly SpreadLoad[]): CpuMicros {
  const known = loads.flatMap(({ cpu }) => cpu.database ?? []);
  return {
    server: median(loads.map(({ cpu }) => cpu.server)),
    database: known.length === 0 ? undefined : median(known),
    load: median(loads.map(({ cpu }) => cpu.load ?? 0)),
  };
}

async function countTasks({ targets: [server] }: WriteParties): Promise<number> {
  if (server === undefined) throw new Error("there is no server to ask");
  return Number((await ask(server, `${tasksPath}?limit=1`)).body.total);
}

/** Counts again and again how many changes wait to be folded, until it is disposed of. */
export function watchBacklog(database: Database) {
  const counts: number[] = [];
  let isOver = false;
  const look = async (): Promise<void> => {
    const [[count] = [0]] = await database.query(
      `SELECT count(*) FROM count_change WHERE project_id = '${projectId}'`,
    );
    counts.push(Number(count));
  };
  const watching = (async () => {
    while (!isOver) {
      await look();
      await pause(lookMs);
    }
  })();
  return {
    async read(): Promise<{ readonly most: number; readonly last: number; readonly looks: number }> {
      await look();
      return { most: Math.max(...counts), last: counts.at(-1) ?? 0, looks: counts.length };
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await watching;
    },
  };
}
