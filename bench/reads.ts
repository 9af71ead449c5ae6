import { systemClock } from "../src/task/clock.ts";
import type { Service } from "../src/task/lifecycle.ts";
import { atLeast, describeLoads, type Finding, shown } from "./finding.ts";
import { ask, type Load, load, type Target } from "./load.ts";
import { projectId } from "./processes.ts";
import type { Size } from "./sizes.ts";
import { median } from "./statistics.ts";
import { taskId, tasksPath } from "./tasks.ts";

/** How many clients read at the same time. */
export const readers = 16;
/** Single tasks are asked for in turns, so that no answer is the one before. */
const tasksInTurns = 50;
/** More windows than any store remembers answers for. */
const windowsInTurns = 2500;
/** Of bodies about as large as a page of ten tasks. */
const usualBytes = 3000;

/** A call to measure. */
export interface Call {
  readonly what: string;
  readonly paths: readonly string[];
  /** The total that a list call has to answer. */
  readonly total?: number;
  /** Its aim, as a share of what the bare server does. */
  readonly aim?: number;
}

/** What a list of a small project should reach of the bare server, and what a single task should. */
const listAim = 0.15;
const taskAim = 0.3;

/** DDM's list of everything of the last day and the next, ten at a time: the page that a console shows. */
export function ddmListNow(nowMs: number): string {
  return `/ddm/v3/${projectId}/jobs?${dayAround(nowMs)}&offset=0&limit=10`;
}

function dayAround(timeMs: number): string {
  return `start_time=${timeMs - 86_400_000}&end_time=${timeMs + 86_400_000}`;
}

/** The documented calls and ours, where each service has this many tasks. */
export function callsOfSmallProject(tasks: number): readonly Call[] {
  const nowMs = systemClock();
  const size = shown(tasks);
  return [
    {
      what: `DDM task list, 10 of ${size}`,
      paths: [ddmListNow(nowMs)],
      total: tasks,
      aim: listAim,
    },
    {
      // As clients poll that ask for everything until now: no question is the one before.
      what: `DDM task list, 10 of ${size}, window moves`,
      paths: Array.from(
        { length: windowsInTurns },
        (_, n) =>
          `/ddm/v3/${projectId}/jobs?start_time=${nowMs - 86_400_000 + n}&end_time=${nowMs + n}&limit=10`,
      ),
      total: tasks,
      aim: listAim,
    },
    { what: "DDM single task", paths: singleTasks("ddm", tasks, `/ddm/v3/${projectId}/jobs`), aim: taskAim },
    {
      what: `RDS task list, 10 of ${size}`,
      paths: [`/rds/v3/${projectId}/tasklist?limit=10`],
      total: tasks,
      aim: listAim,
    },
    {
      what: `GeminiDB task list, 10 of ${size}`,
      paths: [`/geminidb/v3/${projectId}/jobs?limit=10`],
      total: tasks,
      aim: listAim,
    },
    {
      what: `GeminiDB task list, 50 of ${size}`,
      paths: [`/geminidb/v3/${projectId}/jobs`],
      total: tasks,
    },
    {
      what: `own task list, 10 of ${size}`,
      paths: [`${tasksPath}?service=rds&limit=10`],
      total: tasks,
      aim: listAim,
    },
    { what: "own single task", paths: singleTasks("rds", tasks, tasksPath), aim: taskAim },
  ];
}

/** The lists that count every task, where RDS has this many and the whole project that many. */
export function callsOfLargeProject(rdsTasks: number, allTasks: number): readonly Call[] {
  return [
    {
      what: `RDS task list, 10 of ${shown(rdsTasks)}`,
      paths: [`/rds/v3/${projectId}/tasklist?limit=10`],
      total: rdsTasks,
    },
    {
      what: `own task list, 10 of ${shown(allTasks)}`,
      paths: [`${tasksPath}?limit=10`],
      total: allTasks,
    },
  ];
}

function singleTasks(service: Service, tasks: number, path: string): readonly string[] {
  return Array.from({ length: Math.min(tasks, tasksInTurns) }, (_, n) => `${path}/${taskId(service, n)}`);
}

/** Asks a call's first question, and answers how long the answer is. @throws Error where its total is wrong. */
export async function askOnce(server: Target, call: Call): Promise<{ readonly bytes: number }> {
  const [firstPath = "/"] = call.paths;
  const { body, bytes } = await ask(server, firstPath);
  const total = body.total ?? body.total_count;
  if (total !== call.total) throw new Error(`${call.what}: the total is ${total}, not ${call.total}`);
  return { bytes };
}

/**
 * Measures a call in turns with the bare server, which answers a body of the same size. A ratio is the median of the
 * rounds' ratios: the two halves of a round are next to each other, so that what else the machine does meets both. The
 * aim is held against the ratio of the rates. The ratio by CPU time stands beside it: a load or a machine that does not
 * let the bare server reach its limit makes that of the rates too kind, and this one hardly changes.
 */
export async function measureCall(
  call: Call,
  parties: { readonly server: Target; readonly bare: Target; readonly size: Size },
): Promise<Finding> {
  const { server, bare, size } = parties;
  const { bytes } = await askOnce(server, call);
  const readOurs = (seconds: number) => read(server, call.paths, seconds);
  const readBare = (seconds: number) => read(bare, [`/${bytes}`], seconds);
  await readBare(size.warmUpSeconds);
  await readOurs(size.warmUpSeconds);
  const rounds: { readonly ours: Load; readonly limit: Load }[] = [];
  for (let round = 0; round < size.readRounds; round += 1) {
    rounds.push({ limit: await readBare(size.readSeconds), ours: await readOurs(size.readSeconds) });
  }
  const ofBare = {
    rate: median(rounds.map(({ ours, limit }) => ours.perSecond / limit.perSecond)),
    cpu: median(rounds.map(({ ours, limit }) => limit.cpuMicros / ours.cpuMicros)),
  };
  return {
    what: call.what,
    ...describeLoads(rounds.map(({ ours }) => ours)),
    ofBare,
    ...(call.aim === undefined ? {} : { aim: atLeast(call.aim, ofBare.rate) }),
  };
}

/** Measures the bare server alone, and whether the load has brought it to its limit: then it is 100 % busy. */
export async function measureBare(bare: Target, size: Size): Promise<Finding> {
  await read(bare, [`/${usualBytes}`], size.warmUpSeconds);
  const loads: Load[] = [];
  for (let round = 0; round < size.readRounds; round += 1) {
    loads.push(await read(bare, [`/${usualBytes}`], size.readSeconds));
  }
  const share = shown(median(loads.map(({ busy }) => busy)) * 100, 0);
  return { what: `bare node:http, ${shown(usualBytes)} bytes, ${share} % busy`, ...describeLoads(loads) };
}

/** Reads over many connections, each asking for the paths in turns. */
export function read(target: Target, paths: readonly string[], seconds: number): Promise<Load> {
  return load(target, {
    connections: readers,
    requestsOf: () => paths.map((path) => ({ method: "GET", path })),
    until: { seconds },
  });
}
