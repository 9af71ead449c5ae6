import { type Service, services } from "../../src/task/lifecycle.ts";
import type { TaskFilter } from "../../src/task/query.ts";
import { dayMs, type Population } from "./population.ts";
import { below, type Random, weightedPick } from "./random.ts";

/** A list call of a service's API, and what it means. */
export interface ListQuestion {
  readonly projectId: string;
  readonly path: string;
  readonly filter: TaskFilter & { readonly projectId: string };
}

export const pageSize = 10;
const longestWindowMs = 30 * dayMs;

/**
 * Makes list calls of all three services, each of a random project, more often one with many tasks, and of a random
 * window that the service accepts: DDM's lies in the last 30 days, GeminiDB's is 30 days long at most, RDS's any.
 */
export function listQuestions(population: Population, nowMs: number): (random: Random) => ListQuestion {
  const { beginMs, endMs, projects } = population;
  const pickProject = weightedPick(projects, ({ share }) => share);
  return (random) => {
    const { id: projectId } = pickProject(random);
    const service = services[below(services.length, random)] ?? "ddm";
    const earliestMs = service === "ddm" ? nowMs - longestWindowMs : beginMs;
    const fromMs = earliestMs + below(endMs - earliestMs, random);
    const longestMs = service === "rds" ? endMs - beginMs : longestWindowMs;
    const toMs = fromMs + 1000 + below(Math.min(longestMs, endMs - fromMs), random);
    return ask[service](projectId, fromMs, toMs);
  };
}

/** How each service is asked for a window. GeminiDB knows seconds only, and a second that ends one is within it. */
const ask = {
  ddm: (projectId, fromMs, toMs) => ({
    projectId,
    path: `/ddm/v3/${projectId}/jobs?start_time=${fromMs}&end_time=${toMs}&offset=0&limit=${pageSize}`,
    filter: filterOf("ddm", projectId, fromMs, toMs),
  }),
  rds: (projectId, fromMs, toMs) => ({
    projectId,
    path: `/rds/v3/${projectId}/tasklist?start_time=${fromMs}&end_time=${toMs}&offset=0&limit=${pageSize}`,
    filter: filterOf("rds", projectId, fromMs, toMs),
  }),
  geminidb: (projectId, fromMs, toMs) => ({
    projectId,
    path: `/geminidb/v3/${projectId}/jobs?start_time=${secondText(fromMs)}&end_time=${secondText(toMs)}&limit=${pageSize}`,
    filter: filterOf("geminidb", projectId, startOfSecond(fromMs), startOfSecond(toMs) + 999),
  }),
} as const satisfies Record<Service, (projectId: string, fromMs: number, toMs: number) => ListQuestion>;

function filterOf(service: Service, projectId: string, fromMs: number, toMs: number): ListQuestion["filter"] {
  return { projectId, services: [service], kinds: ["instant"], createdFromMs: fromMs, createdToMs: toMs };
}

function startOfSecond(timeMs: number): number {
  return timeMs - (timeMs % 1000);
}

function secondText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}
