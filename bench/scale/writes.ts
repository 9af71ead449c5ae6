import type { CreateTaskBody } from "../../src/client/types.ts";
import { systemClock } from "../../src/task/clock.ts";
import { shown } from "../finding.ts";
import { ask, type Load, load, type Target } from "../load.ts";
import { median } from "../statistics.ts";
import { writers } from "../tasks.ts";
import { expectAccepted, loadByReporters, reporterOf } from "../writes.ts";
import type { AimFinding } from "./aims.ts";
import { type GeneratedTask, generateTask } from "./generator.ts";
import type { Population } from "./population.ts";
import { type Random, weightedPick } from "./random.ts";
import type { Parties } from "./reads.ts";

/** Makes tasks that have just begun, in random projects. */
export function newTasks(population: Population, random: Random): () => GeneratedTask {
  const pickProject = weightedPick(population.projects, ({ share }) => share);
  return () => {
    const nowMs = systemClock();
    return generateTask({ project: pickProject(random), createdAtMs: nowMs, nowMs }, random);
  };
}

/** Measures durable creates by many writers, in random projects, and counts that the largest one has each of its own. */
export async function measureCreates(parties: Parties): Promise<AimFinding> {
  const { store, headersOf, random, size } = parties;
  const [{ id: largest }] = store.population.projects;
  const next = newTasks(store.population, random);
  const before = await countTasks(parties, largest);
  let inLargest = 0;
  const loads: Load[] = [];
  for (let round = 0; round < size.writeRounds; round += 1) {
    const requests = Array.from({ length: size.createsInRound }, () => {
      const task = next();
      if (task.projectId === largest) inLargest += 1;
      return { ...creationOf(task), headers: { ...headersOf(task.projectId), ...jsonHeader } };
    });
    loads.push(await loadOnce(parties.server, requests));
  }
  const created = (await countTasks(parties, largest)) - before;
  if (created !== inLargest)
    throw new Error(`${inLargest} tasks were created, and there are ${created} more`);
  return { number: 8, ...rateOf(loads) };
}

/** Measures durable reports, each reporter on a running task of its own, and asks the tasks how many they accepted. */
export async function measureReports({
  server,
  store,
  headersOf,
  random,
  size,
}: Parties): Promise<AimFinding> {
  const next = newTasks(store.population, random);
  const tasks = Array.from({ length: writers }, next);
  await loadOnce(
    server,
    tasks.map((task) => ({ ...creationOf(task), headers: { ...headersOf(task.projectId), ...jsonHeader } })),
  );
  const paths = tasks.map(({ projectId, id }) => `/v1/${projectId}/tasks/${id}`);
  const reporters = tasks.map(({ projectId }, n) => reporterOf(paths[n] ?? "", headersOf(projectId)));
  const loads = await loadByReporters(server, reporters, size);
  const standing = await Promise.all(
    tasks.map(({ projectId }, n) => ask({ ...server, headers: headersOf(projectId) }, paths[n] ?? "")),
  );
  expectAccepted(
    loads,
    standing.map(({ body }) => body),
  );
  return { number: 9, ...rateOf(loads) };
}

const jsonHeader = { "content-type": "application/json" } as const;

/** Sends each request once, by many writers at a time. */
function loadOnce(
  server: Target,
  requests: readonly {
    readonly path: string;
    readonly body: string;
    readonly headers: Record<string, string>;
  }[],
): Promise<Load> {
  const waiting = requests.values();
  return load(server, {
    connections: Math.min(writers, requests.length),
    requestsOf: () => [
      { method: "POST", setupRequest: (request) => ({ ...request, ...waiting.next().value }) },
    ],
    until: { answers: requests.length },
  });
}

/** A creation as a producer sends it that has just begun. */
export function creationOf({ projectId, id, creation }: GeneratedTask): {
  readonly path: string;
  readonly body: string;
} {
  const { service, kind, name, instance, databaseName = "", orderId = "", labels = {} } = creation;
  const body: CreateTaskBody = {
    id,
    service,
    name,
    instance,
    database_name: databaseName,
    order_id: orderId,
    labels,
    ...(kind === undefined ? {} : { kind }),
  };
  return { path: `/v1/${projectId}/tasks`, body: JSON.stringify(body) };
}

async function countTasks({ server, headersOf }: Parties, projectId: string): Promise<number> {
  const { body } = await ask({ ...server, headers: headersOf(projectId) }, `/v1/${projectId}/tasks?limit=1`);
  return Number(body.total);
}

function rateOf(loads: readonly Load[]): Pick<AimFinding, "value" | "from"> {
  const p99Ms = median(loads.map((one) => one.p99Ms));
  return {
    value: median(loads.map((one) => one.perSecond)),
    from: `${writers} at once, p99 ${shown(p99Ms, 1)} ms`,
  };
}
