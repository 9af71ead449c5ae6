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
  const loads: Load[] = [];
  for (const range of creationRounds(size)) loads.push(await createTasks(server, range));
  await expectAllCreated(server, size);
  const rate = median(loads.map(({ perSecond }) => perSecond));
  return {
    what: `durable creates, ${writers} writers`,
    ...describeLoads(loads),
    aim: atLeast(createAim, rate),
  };
}

/** The numbers of the tasks that each round of creates makes. */
export function creationRounds(size: Size): readonly { readonly from: number; readonly to: number }[] {
  const { smallProject, largeProject, writeRounds } = size;
  const boundary = (round: number) =>
    smallProject + Math.round(((largeProject - smallProject) * round) / writeRounds);
  return Array.from({ length: writeRounds }, (_, round) => ({
    from: boundary(round),
    to: boundary(round + 1),
  }));
}

/** @throws Error where not just the tasks are there that all rounds of creates have made. */
export async function expectAllCreated(server: Target, size: Size): Promise<void> {
  const { total } = (await ask(server, `${tasksPath}?limit=1`)).body;
  const expected = largeProjectTasks(size);
  if (total !== expected) throw new Error(`${total} tasks are there after the creates, not ${expected}`);
}

/**
 * Measures durable progress reports, each reporter on a running task of its own, and asks the tasks how many they have
 * accepted: every report changes the progress, and every accepted change raises the revision by one.
 */
export async function measureReports(server: Target, size: Size): Promise<Finding> {
  const paths = reportedPaths(size);
  const reporters = paths.map((path) => reporterOf(path));
  const loads = await loadByReporters(server, reporters, size);
  await expectReported(server, paths, loads);
  return { what: `durable reports, ${writers} reporters`, ...describeLoads(loads) };
}

/** The running tasks that are reported on: the first ones of the rounds of creates. */
export function reportedPaths({ smallProject }: Size): readonly string[] {
  return Array.from({ length: writers }, (_, n) => `${tasksPath}/${taskId("rds", smallProject + n)}`);
}

/** @throws Error where the tasks at some paths have not accepted just what was acknowledged. */
export async function expectReported(
  server: Target,
  paths: readonly string[],
  loads: readonly Load[],
): Promise<void> {
  const tasks = await Promise.all(paths.map((path) => ask(server, path)));
  expectAccepted(
    loads,
    tasks.map(({ body }) => body),
  );
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
