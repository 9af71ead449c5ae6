import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { systemClock } from "../../src/task/clock.ts";
import type { TaskFilter, TaskPage } from "../../src/task/query.ts";
import { shown } from "../finding.ts";
import type { AimFinding } from "./aims.ts";
import { apart } from "./apart.ts";
import type { AnsweredTotal } from "./brute-force.ts";
import { compareCosts } from "./costs.ts";
import { type FilledStore, storeFile } from "./filled-store.ts";
import { dayMs, type Population } from "./population.ts";
import { pageSize } from "./questions.ts";
import { below, type Random } from "./random.ts";
import type { ScaleSize } from "./sizes.ts";
import { taskNames } from "./vocabulary.ts";

/** The service with most tasks, of which every question here is. */
export const service = "rds";
export const instantOf = (population: Population) =>
  ({
    projectId: population.projects[0].id,
    services: [service],
    kinds: ["instant"],
  }) as const;

/** How deep a deep page is: a tenth of all tasks, which is a third of the largest project's. */
export function deepOffset({ tasks }: Population): number {
  return Math.floor(tasks / 10);
}

/** A window of nearly everything that the largest project has: deep pages need many tasks. No end of it is round. */
export function longWindow({ beginMs, endMs }: Population, random: Random) {
  return {
    createdFromMs: beginMs + below(20 * dayMs, random),
    createdToMs: endMs - below(20 * dayMs, random),
  };
}

/** The tasks of 30 days that begin and end at no round moment. */
export function monthOf(population: Population, random: Random): TaskFilter {
  const { beginMs, endMs } = population;
  const createdFromMs = beginMs + below(endMs - beginMs - 30 * dayMs, random);
  return { ...instantOf(population), createdFromMs, createdToMs: createdFromMs + 30 * dayMs };
}

async function countTotal({ tasks }: Store, filter: TaskFilter): Promise<number> {
  const { total } = await tasks.countTasks({ filter, groupBy: [], bucketMs: undefined });
  return total;
}

/**
 * Measures in this process, over the store as the server opens it, what pages and totals cost: no question twice. The
 * totals that were answered come back, to be compared with a look at every task.
 */
export async function measureCosts(
  stores: { readonly large: FilledStore; readonly small: FilledStore },
  random: Random,
  size: ScaleSize,
): Promise<{ readonly findings: readonly AimFinding[]; readonly answered: readonly AnsweredTotal[] }> {
  const clock = systemClock;
  const turns = { rounds: size.costRounds, callsInRound: size.costCalls };
  const open = ({ directory }: FilledStore) => openSqliteStore({ path: join(directory, storeFile), clock });
  const large = await open(stores.large);
  const small = await open(stores.small);
  try {
    const answered: AnsweredTotal[] = [];
    const names = [taskNames[service][0]];
    const statuses = ["Completed"] as const;
    /** A total of a window of 30 days that ends at any moment, and of what else is asked for. */
    const countMonth = async (more: Partial<TaskFilter> = {}): Promise<void> => {
      const filter = { ...monthOf(stores.large.population, random), ...more };
      answered.push({ filter, total: await countTotal(large, filter) });
    };
    const sizes = await compareCosts(
      { small: () => countTotal(small, monthOf(stores.small.population, random)), large: countMonth },
      turns,
    );
    const filters = await compareCosts(
      {
        plain: countMonth,
        status: () => countMonth({ statuses }),
        name: () => countMonth({ names }),
        both: () => countMonth({ names, statuses }),
      },
      turns,
    );
    const { status, name, both } = filters;
    return {
      answered,
      findings: [
        {
          number: 5,
          value: sizes.large.ofFirst,
          from: `${micros(sizes.large)} ÷ ${micros(sizes.small)}`,
        },
        {
          number: 6,
          value: Math.max(status.ofFirst, name.ofFirst, both.ofFirst),
          from: `status ${micros(status)}, name ${micros(name)}, both ${micros(both)} ÷ ${micros(filters.plain)}; the highest`,
        },
      ],
    };
  } finally {
    await large.close();
    await small.close();
  }
}

/** What a deep page costs of the first one, in this process. @throws Error where it is another page than sorting makes. */
export async function measureDeepPages(
  filled: FilledStore,
  random: Random,
  size: ScaleSize,
  during: { readonly signal: AbortSignal; readonly tell: (text: string) => void },
): Promise<{ readonly ratio: number; readonly from: string }> {
  const { population, directory } = filled;
  const store = await openSqliteStore({ path: join(directory, storeFile), clock: systemClock });
  try {
    const page = (offset: number, filter: TaskFilter): Promise<TaskPage> =>
      store.tasks.listTasks({ filter, order: "newest-first", offset, limit: pageSize, withNames: false });
    const windowed = () => ({ ...instantOf(population), ...longWindow(population, random) });
    const deep = deepOffset(population);
    const filter = windowed();
    const ids = (await page(deep, filter)).tasks.map(({ id }) => id);
    const sorted = await apart("sortIds", { directory, filter, offset: deep, limit: pageSize }, during);
    if (ids.join() !== sorted.join() || ids.length !== pageSize) {
      throw new Error(`the page at ${deep} is ${ids}, and not ${sorted}`);
    }
    const costs = await compareCosts(
      { first: () => page(0, windowed()), deep: () => page(deep, windowed()) },
      { rounds: size.costRounds, callsInRound: size.costCalls },
    );
    return { ratio: costs.deep.ofFirst, from: `${micros(costs.deep)} ÷ ${micros(costs.first)} in process` };
  } finally {
    await store.close();
  }
}

function micros(cost: { readonly micros: number }): string {
  return `${shown(cost.micros, 0)} µs`;
}
