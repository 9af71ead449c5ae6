import { hash } from "node:crypto";
import { constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { readMigrations } from "../../src/store/sqlite/migrations.ts";
import { shown } from "../finding.ts";
import { apart } from "./apart.ts";
import { type FilledStore, type Inventory, inventoryFile, secondsSince, sizeText } from "./filled-store.ts";
import { dayMs, populationOf } from "./population.ts";

/** Its newest tasks must be recent: DDM is asked for the last 30 days only. */
const longestKeptMs = 10 * dayMs;
/** What decides what the tasks are, beside the schema: another text makes another store. */
const generatorFiles = [
  "arrivals",
  "fill",
  "filled-store",
  "generator",
  "population",
  "random",
  "vocabulary",
] as const;

/**
 * Answers a store of so many tasks that is kept in the cache, and makes it where there is none of this schema, or where
 * it has become too old. What was kept before of the same size goes then.
 */
export async function keepStore(
  cache: string,
  { tasks, nowMs }: { readonly tasks: number; readonly nowMs: number },
  during: { readonly signal: AbortSignal; readonly tell: (text: string) => void },
): Promise<FilledStore> {
  const { tell } = during;
  const name = `store-${tasks}-`;
  const directory = join(cache, name + hash("sha256", sourceOfStore()).slice(0, 12));
  const kept = readInventory(directory);
  if (kept !== undefined && nowMs - kept.endMs < longestKeptMs) {
    tell(`the store of ${shown(tasks)} tasks is kept in ${directory}, ${sizeText(directory)}`);
    return { directory, population: populationOf({ tasks, endMs: kept.endMs }), keys: kept.keys };
  }
  mkdirSync(cache, { recursive: true });
  for (const old of readdirSync(cache).filter((entry) => entry.startsWith(name))) {
    rmSync(join(cache, old), { recursive: true });
  }
  tell(`making the store of ${shown(tasks)} tasks in ${directory}, once`);
  // Finished apart and then renamed: a folder that is there is whole.
  const unfinished = `${directory}.unfinished`;
  try {
    const made = await apart("makeStore", { directory: unfinished, tasks, endMs: nowMs }, during);
    renameSync(unfinished, directory);
    return { ...made, directory };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Copies a store, sharing its blocks where the file system can, so that the kept one is never written to. */
export async function copyStore(
  store: FilledStore,
  directory: string,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: (text: string) => void },
): Promise<FilledStore> {
  const startedMs = performance.now();
  await cp(store.directory, directory, { recursive: true, mode: constants.COPYFILE_FICLONE });
  signal.throwIfAborted();
  tell(`copied in ${secondsSince(startedMs)}: this run works on the copy`);
  return { ...store, directory };
}

function sourceOfStore(): string {
  const generator = generatorFiles.map((name) =>
    readFileSync(new URL(`${name}.ts`, import.meta.url), "utf8"),
  );
  return [...readMigrations().map(({ sql }) => sql), ...generator].join("\n");
}

function readInventory(directory: string): Inventory | undefined {
  const path = join(directory, inventoryFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Inventory) : undefined;
}
