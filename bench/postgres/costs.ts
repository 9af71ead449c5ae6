import { startOf } from "../../src/counts/place.ts";
import { pageStatement } from "../../src/store/postgres/filters.ts";
import type { Session } from "../../src/store/postgres/session.ts";
import type { TaskStore } from "../../src/store/store.ts";
import { taskOfRow } from "../../src/store/task-rows.ts";
import { services } from "../../src/task/lifecycle.ts";
import type { TaskFilter } from "../../src/task/query.ts";
import type { Task } from "../../src/task/task.ts";
import { perSecond, shown } from "../finding.ts";
import { readers } from "../reads.ts";
import type { AimFinding } from "../scale/aims.ts";
import { type Call, compareCosts } from "../scale/costs.ts";
import { dayMs, type Population } from "../scale/population.ts";
import { pageSize } from "../scale/questions.ts";
import { below, type Random, weightedPick } from "../scale/random.ts";
import { deepOffset, instantOf, longWindow, monthOf, service } from "../scale/totals.ts";
import { taskNames } from "../scale/vocabulary.ts";
import { median } from "../statistics.ts";
import type { Database } from "./database-server.ts";
import { type CpuMicros, cpuText, type Figure, micros } from "./figures.ts";
import type { PostgresSize } from "./sizes.ts";

/** A store that is opened in this process, by the session through which everything goes. */
export interface OpenTasks {
  readonly tasks: TaskStore;
  readonly session: Session;
  readonly database: Database;
  readonly population: Population;
  readonly random: Random;
  readonly size: PostgresSize;
}

interface Window {
  readonly createdFromMs: number;
  readonly createdToMs: number;
}

interface Costs {
  readonly aims: readonly AimFinding[];
  readonly figures: readonly Figure[];
}

/** What a page with its total costs of the page alone, one at a time and many at once. */
export async function measureListCosts(open: OpenTasks): Promise<Costs> {
  const { tasks, session, population, random, size } = open;
  const pickProject = weightedPick(population.projects, ({ share }) => share);
  const question = (projectId = pickProject(random).id, of = services[below(services.length, random)]) => ({
    ...windowOf30Days(population, random),
    projectId,
    services: [of ?? service],
    kinds: ["instant"] as const,
  });
  const list = (filter: TaskFilter) =>
    tasks.listTasks({ filter, order: "newest-first", offset: 0, limit: pageSize, withNames: false });
  const pageAlone = async (filter: TaskFilter & Window): Promise<readonly Task[]> => {
    const { statement, values } = pageStatement(filter, "newest-first");
    const span = { from: startOf(filter.createdFromMs), to: startOf(filter.createdToMs + 1) };
    return (await session.query(statement, values({ ...span, offset: 0, limit: pageSize }))).map(taskOfRow);
  };

  // The first list of a project reads its count trees: a figure of its own, and no part of the ratio.
  const firstMicros: number[] = [];
  for (const { id } of population.projects) {
    const startedMs = performance.now();
    await list(question(id));
    firstMicros.push((performance.now() - startedMs) * 1000);
    for (const each of services) await list(question(id, each));
  }
  const calls = { page: () => pageAlone(question()), both: () => list(question()) };
  const costs = await compareCosts(calls, { rounds: size.costRounds, callsInRound: size.costCalls });
  const busy = await compareBusy(calls, open);
  return {
    aims: [
      {
        number: 10,
        value: costs.both.ofFirst,
        from: `${micros(costs.both.micros)} ÷ ${micros(costs.page.micros)}, one at a time`,
      },
    ],
    figures: [
      {
        what: `page + exact total, ${readers} at once`,
        figure: perSecond(busy.both.perSecond),
        from: cpuText(busy.both),
      },
      {
        what: `page alone, ${readers} at once`,
        figure: perSecond(busy.page.perSecond),
        from: cpuText(busy.page),
      },
      {
        what: "page + exact total ÷ page alone, by CPU time",
        figure: shown(total(busy.both) / total(busy.page)),
        from: busy.both.database === undefined ? "this process alone" : "this process and the database",
      },
      {
        what: "the first list of a project",
        figure: micros(median(firstMicros)),
        from: "its count trees are read; the median of all projects",
      },
    ],
  };
}

/** No end of it is round. */
function windowOf30Days({ beginMs, endMs }: Population, random: Random): Window {
  const createdFromMs = beginMs + below(endMs - beginMs - 30 * dayMs, random);
  return { createdFromMs, createdToMs: createdFromMs + 30 * dayMs };
}

function total({ server, database = 0 }: CpuMicros): number {
  return server + database;
}

/** What deep pages, filtered totals and names cost. */
export async function measureFilterCosts({ tasks, population, random, size }: OpenTasks): Promise<Costs> {
  const turns = { rounds: size.costRounds, callsInRound: size.costCalls };
  const page = (offset: number, filter: TaskFilter, withNames = false) =>
    tasks.listTasks({ filter, order: "newest-first", offset, limit: pageSize, withNames });
  const windowed = () => ({ ...instantOf(population), ...longWindow(population, random) });
  const deep = deepOffset(population);
  const pages = await compareCosts(
    { first: () => page(0, windowed()), deep: () => page(deep, windowed()) },
    turns,
  );
  const count = (more: Partial<TaskFilter> = {}) =>
    tasks.countTasks({
      filter: { ...monthOf(population, random), ...more },
      groupBy: [],
      bucketMs: undefined,
    });
  const names = [taskNames[service][0]];
  const statuses = ["Completed"] as const;
  const totals = await compareCosts(
    {
      plain: () => count(),
      status: () => count({ statuses }),
      name: () => count({ names }),
      both: () => count({ names, statuses }),
    },
    turns,
  );
  const named = await compareCosts(
    {
      without: () => page(0, monthOf(population, random)),
      names: () => page(0, monthOf(population, random), true),
    },
    turns,
  );
  const { status, name, both, plain } = totals;
  return {
    aims: [
      {
        number: 4,
        value: pages.deep.ofFirst,
        from: `${micros(pages.deep.micros)} ÷ ${micros(pages.first.micros)} in process, offset ${shown(deep)}`,
      },
      {
        number: 6,
        value: Math.max(status.ofFirst, name.ofFirst, both.ofFirst),
        from:
          `status ${micros(status.micros)}, name ${micros(name.micros)}, both ${micros(both.micros)} ÷ ` +
          `${micros(plain.micros)}; the highest`,
      },
    ],
    figures: [
      {
        what: "page + exact total + distinct names ÷ without names",
        figure: shown(named.names.ofFirst),
        from: `${micros(named.names.micros)} ÷ ${micros(named.without.micros)}`,
      },
    ],
  };
}

interface Busy extends CpuMicros {
  readonly perSecond: number;
}

/** Makes calls in turns, many of which are under way at a time; answers for each the medians of its rounds. */
async function compareBusy<Name extends string>(
  calls: Readonly<Record<Name, Call>>,
  { database, size }: OpenTasks,
): Promise<Readonly<Record<Name, Busy>>> {
  const names = Object.keys(calls) as Name[];
  const rounds: Readonly<Record<Name, Busy>>[] = [];
  for (let round = 0; round < size.busyRounds; round += 1) {
    const measured = {} as Record<Name, Busy>;
    for (const name of names) measured[name] = await measureBusy(calls[name], database, size.busyCalls);
    rounds.push(measured);
  }
  const middle = (name: Name): Busy => {
    const all = rounds.map((round) => round[name]);
    const known = all.flatMap(({ database: used }) => used ?? []);
    return {
      perSecond: median(all.map((one) => one.perSecond)),
      server: median(all.map(({ server }) => server)),
      database: known.length === 0 ? undefined : median(known),
    };
  };
  return Object.fromEntries(names.map((name) => [name, middle(name)])) as Record<Name, Busy>;
}

async function measureBusy(call: Call, database: Database, times: number): Promise<Busy> {
  const databaseBefore = database.cpuMs();
  const before = process.cpuUsage();
  const startedMs = performance.now();
  let left = times;
  const callOn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: readers }, callOn));
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  const databaseAfter = database.cpuMs();
  const isKnown = databaseBefore !== undefined && databaseAfter !== undefined;
  return {
    perSecond: (times / tookMs) * 1000,
    server: (user + system) / times,
    database: isKnown ? ((databaseAfter - databaseBefore) * 1000) / times : undefined,
  };
}
