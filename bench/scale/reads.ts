import { systemClock } from "../../src/task/clock.ts";
import { perSecond, shown } from "../finding.ts";
import { ask, type Load, load, type Request, type Target } from "../load.ts";
import { read, readers } from "../reads.ts";
import { median } from "../statistics.ts";
import type { AimFinding } from "./aims.ts";
import type { AnsweredTotal } from "./brute-force.ts";
import type { FilledStore } from "./filled-store.ts";
import type { ProjectHeaders } from "./project-tokens.ts";
import { type ListQuestion, listQuestions, pageSize } from "./questions.ts";
import type { Random } from "./random.ts";
import type { ScaleSize } from "./sizes.ts";
import { deepOffset, longWindow } from "./totals.ts";

/** Everything that is asked over HTTP: a server over the large store, and the bare one. */
export interface Parties {
  readonly server: Target;
  readonly bare: Target;
  readonly headersOf: ProjectHeaders;
  readonly store: FilledStore;
  readonly random: Random;
  readonly size: ScaleSize;
}

/** Asks random questions of all three services, each connection its own, for some seconds: no question comes twice. */
export function readLists(
  { server, headersOf, store, random, size }: Parties,
  seconds: number,
): Promise<Load> {
  const question = listQuestions(store.population, systemClock());
  return readBy(server, seconds, () =>
    Array.from({ length: size.questionsOfConnection }, () => requestOf(question(random), headersOf)),
  );
}

/** Measures lists, polled lists and single tasks in turns with the bare server. */
export async function measureReads(parties: Parties): Promise<readonly AimFinding[]> {
  const { server, bare, headersOf, store, random, size } = parties;
  const question = listQuestions(store.population, systemClock());
  const polled = Array.from({ length: readers }, () => question(random));
  const bytes = {
    list: median(await Promise.all(polled.map((list) => bytesOf(parties, list.path, list.projectId)))),
    task: median(
      await Promise.all(
        store.keys.slice(0, readers).map((key) => bytesOf(parties, taskPath(key), key.projectId)),
      ),
    ),
  };
  const calls = {
    constantList: (seconds) => read(bare, [`/${bytes.list}`], seconds),
    lists: (seconds) => readLists(parties, seconds),
    polled: (seconds) =>
      readBy(server, seconds, (connection) =>
        polled.slice(connection, connection + 1).map((list) => requestOf(list, headersOf)),
      ),
    rows: (seconds) => read(bare, ["/rows"], seconds),
    constantTask: (seconds) => read(bare, [`/${bytes.task}`], seconds),
    task: (seconds) =>
      readBy(server, seconds, (connection) =>
        store.keys
          .filter((_, index) => index % readers === connection)
          .map((key) => ({ method: "GET", path: taskPath(key), headers: headersOf(key.projectId) })),
      ),
  } as const satisfies Record<string, (seconds: number) => Promise<Load>>;
  const loads = await measureInTurns(calls, size);
  const { constantList, lists, rows, constantTask, task } = loads;
  return [
    rateRatio(1, lists, constantList),
    rateRatio(2, loads.polled, constantList),
    rateRatio(3, task, constantTask),
    {
      number: 13,
      value: medianRatio(lists, rows, ({ p99Ms }) => p99Ms),
      from: `${milliseconds(lists)} ÷ ${milliseconds(rows)}`,
    },
  ];
}

/** What a deep page costs of the first one, over HTTP: windows of nearly everything that the largest project has. */
export async function measureDeepReads(
  parties: Parties,
): Promise<{ readonly ratio: number; readonly from: string }> {
  const { server, headersOf, store, random, size } = parties;
  const [{ id: projectId }] = store.population.projects;
  const pages = (offset: number) => (seconds: number) =>
    readBy(server, seconds, () =>
      Array.from({ length: size.questionsOfConnection }, () => {
        const { createdFromMs, createdToMs } = longWindow(store.population, random);
        const window = `start_time=${createdFromMs}&end_time=${createdToMs}`;
        const path = `/rds/v3/${projectId}/tasklist?${window}&offset=${offset}&limit=${pageSize}`;
        return { method: "GET", path, headers: headersOf(projectId) };
      }),
    );
  const { first, deep } = await measureInTurns(
    { first: pages(0), deep: pages(deepOffset(store.population)) },
    size,
  );
  const ratio = medianRatio(first, deep, (one) => one.perSecond);
  return { ratio, from: `${rate(first)} ÷ ${rate(deep)} over HTTP` };
}

/** Asks some random questions once, for their totals. */
export async function answerTotals(parties: Parties, count: number): Promise<readonly AnsweredTotal[]> {
  const { server, headersOf, store, random } = parties;
  const question = listQuestions(store.population, systemClock());
  const answered: AnsweredTotal[] = [];
  for (let n = 0; n < count; n += 1) {
    const { path, projectId, filter } = question(random);
    const { body } = await ask({ ...server, headers: headersOf(projectId) }, path);
    answered.push({ filter, total: Number(body.total ?? body.total_count) });
  }
  return answered;
}

async function measureInTurns<Name extends string>(
  calls: Readonly<Record<Name, (seconds: number) => Promise<Load>>>,
  { readRounds, readSeconds, warmUpSeconds }: ScaleSize,
): Promise<Readonly<Record<Name, readonly Load[]>>> {
  const names = Object.keys(calls) as Name[];
  const loads = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Load[]>;
  for (const name of names) await calls[name](warmUpSeconds);
  for (let round = 0; round < readRounds; round += 1) {
    for (const name of names) loads[name].push(await calls[name](readSeconds));
  }
  return loads;
}

function readBy(
  target: Target,
  seconds: number,
  requestsOf: (connection: number) => Request[],
): Promise<Load> {
  return load({ ...target, headers: {} }, { connections: readers, requestsOf, until: { seconds } });
}

function requestOf({ path, projectId }: ListQuestion, headersOf: ProjectHeaders): Request {
  return { method: "GET", path, headers: headersOf(projectId) };
}

function taskPath({ projectId, id }: FilledStore["keys"][number]): string {
  return `/v1/${projectId}/tasks/${id}`;
}

async function bytesOf({ server, headersOf }: Parties, path: string, projectId: string): Promise<number> {
  return (await ask({ ...server, headers: headersOf(projectId) }, path)).bytes;
}

function rateRatio(number: 1 | 2 | 3, ours: readonly Load[], bare: readonly Load[]): AimFinding {
  const value = medianRatio(ours, bare, (one) => one.perSecond);
  return { number, value, from: `${rate(ours)} ÷ ${rate(bare)}` };
}

/** The median of the rounds' ratios: what else the machine does meets both halves of a round. */
function medianRatio(ours: readonly Load[], others: readonly Load[], of: (one: Load) => number): number {
  return median(ours.map((one, round) => of(one) / of(others[round] ?? one)));
}

function rate(loads: readonly Load[]): string {
  return perSecond(median(loads.map((one) => one.perSecond)));
}

function milliseconds(loads: readonly Load[]): string {
  return `${shown(median(loads.map(({ p99Ms }) => p99Ms)))} ms`;
}
