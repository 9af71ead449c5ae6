import { type CheckEvent, maxFindings } from "../checks.ts";
import { checkCounts } from "./check-counts.ts";
import { wrongTasks } from "./check-tasks.ts";
import { storeUnavailable } from "./error.ts";
import { readMigrations, readOrigin } from "./migrations.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { faultsOfSchema } from "./schema.ts";
import { openSession, type Session, statement } from "./session.ts";

/** Looking after a store while servers work on it: what the commands of `taskcenter store` do. */

/** What is checked, in this order. The files, and every index against its table, are the database's own to check. */
export const checks = ["schema", "tasks", "counts"] as const;
export type Check = (typeof checks)[number];

/** How long one statement may take: some go through all tasks. */
const statementMs = 24 * 60 * 60 * 1000;

/** In how many series each task is counted: that of its service, of its name, and of its instance. */
const seriesPerTask = 3;

/** About how many tasks there are; less than 0 where nobody has counted. */
const estimateTasks = statement<[tasks: number]>(
  "SELECT reltuples::bigint FROM pg_catalog.pg_class WHERE oid = 'task'::regclass",
);

type FindFaults = (
  session: Session,
  tellPercent: (percent: number) => void,
) => AsyncIterable<string> | Promise<Iterable<string>>;

const findFaults = {
  schema: async (session) => (await faultsOfSchema(session)).map((fault) => `the database ${fault}`),
  tasks: (session) => wrongTasks(session.query),
  counts: wrongCounts,
} as const satisfies Record<Check, FindFaults>;

/**
 * Checks a store while servers may be writing to it, and tells of every check how far it is and what it has found. Where
 * the schema is not ours, that is the last one: the others would fail for want of it.
 *
 * @throws TaskCenterError `store-unavailable` where the database cannot be reached, or is a standby.
 */
export async function checkStore(
  { url }: { readonly url: string },
  tell: (event: CheckEvent<Check>) => void,
): Promise<void> {
  await withSession(url, async (session) => {
    for (const check of checks) {
      const tellPercent = (percent: number | undefined) => tell({ kind: "progress", check, percent });
      tellPercent(undefined);
      const findings = await firstOf(await findFaults[check](session, tellPercent));
      tell({ kind: "result", result: { check, findings } });
      if (check === "schema" && findings.length > 0) break;
    }
  });
}

/**
 * Counts all tasks anew, while servers go on. Answers how many series there are.
 *
 * @throws TaskCenterError `store-unavailable` where the database cannot be reached, or is no store of this program.
 */
export async function recountStore(
  { url }: { readonly url: string },
  tellPercent: (percent: number) => void,
): Promise<number> {
  return await withSession(url, async (session) => {
    const origin = await session.snapshot((query) => readOrigin(query, readMigrations()));
    if (!origin.isOurs) throw storeUnavailable(`its database ${origin.reason}`);
    if (origin.made === 0) throw storeUnavailable("its database is empty");
    return await rebuildCounts(session, { onTasks: await percentOfTasks(session, tellPercent) });
  });
}

async function withSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = openSession({ url, connections: 2, statementMs, onTrouble: () => {} });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

async function* wrongCounts(
  session: Session,
  tellPercent: (percent: number) => void,
): AsyncGenerator<string> {
  yield* checkCounts(session, { onTasks: await percentOfTasks(session, tellPercent) });
}

/** Tells a percentage of whoever tells how many tasks were looked at, each in all its series. */
async function percentOfTasks(
  session: Session,
  tellPercent: (percent: number) => void,
): Promise<(tasks: number) => void> {
  const [[tasks] = [0]] = await session.query(estimateTasks);
  let seen = 0;
  return (some) => {
    seen += some;
    if (tasks > 0) tellPercent(Math.min((100 * seen) / (tasks * seriesPerTask), 100));
  };
}

/** The first findings, and that there are more. */
async function firstOf(faults: AsyncIterable<string> | Iterable<string>): Promise<readonly string[]> {
  const findings: string[] = [];
  for await (const fault of faults) {
    if (findings.length === maxFindings) return [...findings, "there is more"];
    findings.push(fault);
  }
  return findings;
}
