import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TaskKey } from "../../src/task/task.ts";
import { shown } from "../finding.ts";
import { openIdentity } from "../identity.ts";
import { fillStore } from "./fill.ts";
import { type Population, populationOf } from "./population.ts";

/** A data folder whose store is full of generated tasks, and what is known of them. */
export interface FilledStore {
  readonly directory: string;
  readonly population: Population;
  /** Some of the tasks. */
  readonly keys: readonly TaskKey[];
}

/** What is written beside a store. */
export interface Inventory {
  readonly endMs: number;
  readonly keys: readonly TaskKey[];
}

export const storeFile = "taskcenter.db";
export const inventoryFile = "inventory.json";
const seed = 4;

/** Makes a store in a new data folder. */
export async function makeStore(
  plan: { readonly directory: string; readonly tasks: number; readonly endMs: number },
  tell: (text: string) => void,
): Promise<FilledStore> {
  const { directory, tasks, endMs } = plan;
  const population = populationOf({ tasks, endMs });
  const startedMs = performance.now();
  await addProjects(directory, population);
  const keys = fillStore(join(directory, storeFile), { population, seed }, tell);
  const inventory: Inventory = { endMs, keys };
  writeFileSync(join(directory, inventoryFile), JSON.stringify(inventory));
  tell(`${sizeText(directory)} made in ${secondsSince(startedMs)}`);
  return { directory, population, keys };
}

/** Makes the projects, in all of which the first user may do everything. */
async function addProjects(directory: string, { projects }: Population): Promise<void> {
  await using local = await openIdentity(directory);
  const { store, principal } = local;
  const [, ...others] = projects;
  const { id: userId, domain } = principal.user;
  await Promise.all(
    others.map(async ({ id }) => {
      await store.createProject({ id, name: id, domain, description: "", enabled: true });
      await store.grantRole({ userId, scope: { kind: "project", projectId: id }, role: "admin" });
    }),
  );
}

/** How large a store is, as people read it. */
export function sizeText(directory: string): string {
  return `${shown(statSync(join(directory, storeFile)).size / 2 ** 20, 0)} MiB`;
}

/** How long ago something began, as people read it. */
export function secondsSince(startedMs: number): string {
  return `${shown((performance.now() - startedMs) / 1000, 0)} s`;
}
