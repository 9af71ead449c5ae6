import type { JsonObject } from "../src/task/task.ts";
import { atLeast, describeLoads, type Finding } from "./finding.ts";
import { ask, type Load, load, type Request, type Target } from "./load.ts";
import { largeProjectTasks, type Size } from "./sizes.ts";
import { median } from "./statistics.ts";
import { createTasks, taskId, tasksPath, writers } from "./tasks.ts";

/** How many durable creates a second should be acknowledged. */
const createAim = 3000;

/** Measures durable creates, which grow the small project to the large one, and counts that each one is there. */
export async function measureCreates(server: Target, size: Size): Promise<Finding> {
  const { smallProject, largeProject, writeRounds } = size;
  const boundary = (round: number) =>
    smallProject + Math.round(((largeProject - smallProject) * round) / writeRounds);
  const loads: Load[] = [];
  for (let round = 0; round < writeRounds; round += 1) {
    loads.push(await createTasks(server, { from: boundary(round), to: boundary(round + 1) }));
  }
  const { total } = (await ask(server, `${tasksPath}?limit=1`)).body;
  const expected = largeProjectTasks(size);
  if (total !== expected) throw new Error(`${total} tasks are there after the creates, not ${expected}`);
  const rate = median(loads.map(({ perSecond }) => perSecond));
  return {
    what: `durable creates, ${writers} writers`,
    ...describeLoads(loads),
    aim: atLeast(createAim, rate),
  };
}

/**
 * Measures durable progress reports, each reporter on a running task of its own, and asks the tasks how many they have
 * accepted: every report changes the progress, and every accepted change raises the revision by one.
 */
export async function measureReports(server: Target, size: Size): Promise<Finding> {
  const paths = Array.from(
    { length: writers },
    (_, n) => `${tasksPath}/${taskId("rds", size.smallProject + n)}`,
  );
  const reporters = paths.map((path) => reporterOf(path));
  const loads = await loadByReporters(server, reporters, size);
  const tasks = await Promise.all(paths.map((path) => ask(server, path)));
  expectAccepted(
    loads,
    tasks.map(({ body }) => body),
  );
  return { what: `durable reports, ${writers} reporters`, ...describeLoads(loads) };
}

/** @throws Error where the tasks have not accepted just what was acknowledged, each since its creation. */
export function expectAccepted(loads: readonly Load[], tasks: readonly JsonObject[]): void {
  const accepted = tasks.reduce((sum, { revision }) => sum + Number(revision) - 1, 0);
  const acknowledged = loads.reduce((sum, { answers }) => sum + answers, 0);
  if (accepted !== acknowledged) {
    throw new Error(`${acknowledged} reports were acknowledged, and the tasks have ${accepted}`);
  }
}

/** The reports on the task at a path, each with another progress than the one before. */
export function reporterOf(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  let reports = 0;
  return {
    method: "PATCH",
    path,
    headers: { ...headers, "content-type": "application/json" },
    setupRequest(request) {
      const body = JSON.stringify({ progress: reports % 101 });
      reports += 1;
      return { ...request, body };
    },
  };
}

/** The rounds of reports, each connection one reporter's. */
export async function loadByReporters(
  server: Target,
  reporters: readonly Request[],
  { writeRounds, reportsInRound }: Pick<Size, "writeRounds" | "reportsInRound">,
): Promise<readonly Load[]> {
  const loads: Load[] = [];
  for (let round = 0; round < writeRounds; round += 1) {
    loads.push(
      await load(server, {
        connections: writers,
        requestsOf: (connection) => reporters.slice(connection, connection + 1),
        until: { answers: reportsInRound },
      }),
    );
  }
  return loads;
}
