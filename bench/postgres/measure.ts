import { join } from "node:path";
import { checkCounts } from "../../src/store/postgres/check-counts.ts";
import { rebuildCounts } from "../../src/store/postgres/rebuild-counts.ts";
import { openSession, type Session } from "../../src/store/postgres/session.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { createTaskStore } from "../../src/store/postgres/tasks.ts";
import { systemClock } from "../../src/task/clock.ts";
import { shown } from "../finding.ts";
import { type AimFinding, tellAim } from "../scale/aims.ts";
import { type Population, populationOf } from "../scale/population.ts";
import { type Random, seededRandom } from "../scale/random.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { measureFilterCosts, measureListCosts, type OpenTasks } from "./costs.ts";
import { type Database, startDatabaseServer } from "./database-server.ts";
import type { Figure } from "./figures.ts";
import { fillDatabase } from "./fill.ts";
import { measureFolds } from "./folds.ts";
import { measureListsDuringWrites } from "./lists-during-writes.ts";
import { serveDatabase } from "./served-database.ts";
import type { PostgresSize } from "./sizes.ts";
import { growthFigures, readStorage, storageFigures } from "./storage.ts";
import { compareWithLook } from "./totals-by-look.ts";
import { measureCreates, measureReports } from "./writes.ts";

/** What a run over a large PostgreSQL store has found. */
export interface PostgresFindings {
  readonly aims: readonly AimFinding[];
  readonly figures: readonly Figure[];
  /** Of which server, and how it is set. */
  readonly description: string;
}

export interface PostgresRun {
  readonly size: PostgresSize;
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
}

/** Of the tasks, and of the questions. */
const seeds = { tasks: 4, questions: 15 } as const;
/** How many servers share the database. */
const servers = 4;
/** How long a statement of this program's own may take: some go through all tasks. */
const statementMs = 60 * 60 * 1000;
const connections = 16;

/**
 * Makes a large store, and measures it: first what reads, in this process; then what writes, through several servers; and
 * at last whether the store is still whole.
 */
export async function measurePostgres(run: PostgresRun): Promise<PostgresFindings> {
  const { size, signal, tell } = run;
  await using server = await startDatabaseServer();
  tell(server.description);
  const database = await server.createDatabase();
  const random = seededRandom(seeds.questions);
  const aims: AimFinding[] = [];
  const figures: Figure[] = [];
  const found = (some: {
    readonly aims?: readonly AimFinding[];
    readonly figures: readonly Figure[];
  }): void => {
    signal.throwIfAborted();
    aims.push(...(some.aims ?? []));
    figures.push(...some.figures);
    for (const aim of some.aims ?? []) tell(tellAim(aim));
    for (const { what, figure, from } of some.figures) tell(`${what}: ${figure} (${from})`);
  };

  const population = await makeStore(database, run);
  const filled = await readStorage(database);
  found({ figures: storageFigures(filled) });
  await withOpenTasks({ database, population, random, size }, async (open) => {
    found(await measureListCosts(open));
    found(await measureFilterCosts(open));
    await compareWithLook(open);
    tell(`${size.comparedTotals} totals are those of a look at every task`);
  });
  await measureServed(run, { database, population, random, found, filled });
  await withOpenTasks({ database, population, random, size }, async (open) => {
    found({ figures: await measureFolds(open) });
  });
  await withLongSession(database, async (session) => {
    for await (const finding of checkCounts(session)) throw new Error(`the store is not whole: ${finding}`);
    tell("checked: counts");
    const startedMs = performance.now();
    const series = await rebuildCounts(session);
    const value = (performance.now() - startedMs) / 1000;
    found({
      aims: [{ number: 15, value, from: `${shown(series)} series, project by project` }],
      figures: [],
    });
  });
  return { aims, figures, description: server.description };
}

/** Everything over HTTP. The first server makes the first user and the project of which everything is asked. */
async function measureServed(
  { size, signal }: PostgresRun,
  on: {
    readonly database: Database;
    readonly population: Population;
    readonly random: Random;
    readonly found: (some: {
      readonly aims?: readonly AimFinding[];
      readonly figures: readonly Figure[];
    }) => void;
    readonly filled: Awaited<ReturnType<typeof readStorage>>;
  },
): Promise<void> {
  const { database, population, random, found, filled } = on;
  using folder = temporaryFolder();
  await using served = await serveDatabase(
    database,
    { servers, directory: join(folder.path, "data") },
    signal,
  );
  const parties = { targets: served.targets, database, population, random, size };
  found(await measureCreates(parties));
  found({ figures: growthFigures(filled, await readStorage(database)) });
  found(await measureReports(parties));
  found({ figures: await measureListsDuringWrites(parties) });
  const mebibytes = (await served.largestBytes()) / 2 ** 20;
  found({
    aims: [{ number: 12, value: mebibytes, from: `the largest of ${servers} servers, after all loads` }],
    figures: [],
  });
  await served.stop();
}

async function makeStore(database: Database, { size, signal, tell }: PostgresRun): Promise<Population> {
  const { url } = database;
  const store = await openPostgresStore({ url, clock: systemClock, onTrouble });
  await store.close();
  const population = populationOf({ tasks: size.tasks, endMs: systemClock() });
  await withLongSession(database, (session) =>
    fillDatabase({ session, database }, { population, seed: seeds.tasks }, { signal, tell }),
  );
  return population;
}

async function withLongSession(database: Database, use: (session: Session) => Promise<void>): Promise<void> {
  const session = openSession({ url: database.url, connections: 3, statementMs, onTrouble });
  try {
    await use(session);
  } finally {
    await session.close();
  }
}

async function withOpenTasks(
  of: Pick<OpenTasks, "database" | "population" | "random" | "size">,
  use: (open: OpenTasks) => Promise<void>,
): Promise<void> {
  const { url } = of.database;
  const session = openSession({ url, connections, onTrouble });
  const long = openSession({ url, connections: 2, onTrouble });
  const { store: tasks, close } = createTaskStore({
    session,
    long,
    folds: session,
    clock: systemClock,
    onTrouble,
  });
  try {
    await use({ ...of, tasks, session });
  } finally {
    await close();
    await Promise.all([session.close(), long.close()]);
  }
}

/** What waits for a connection that breaks says so itself. */
function onTrouble(): void {}
