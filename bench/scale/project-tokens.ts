import { logIn } from "../processes.ts";
import type { ServerProcess } from "../server-process.ts";
import type { Population } from "./population.ts";

/** What opens the door to each project: a token is good for one only. */
export type ProjectHeaders = (projectId: string) => Readonly<Record<string, string>>;

const loginsAtOnce = 32;

/** Logs in for every project of a population. */
export async function logInEverywhere(
  server: ServerProcess,
  population: Population,
): Promise<ProjectHeaders> {
  const headers = new Map<string, Readonly<Record<string, string>>>();
  const left = population.projects.values();
  // The first one alone: a password that has been seen is recognised, and one that has not is hashed.
  await logInFor(1);
  await Promise.all(Array.from({ length: loginsAtOnce }, () => logInFor(population.projects.length)));
  return (projectId) => headers.get(projectId) ?? {};

  async function logInFor(projects: number): Promise<void> {
    for (const { id } of left.take(projects)) headers.set(id, (await logIn(server, id)).headers);
  }
}
