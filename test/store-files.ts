import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import type { CopyWatch } from "../src/store/sqlite/upkeep/index.ts";
import { creationOf, taskFactory } from "./factories.ts";

/** Store files, as tests of their upkeep make them, look into them and damage them. */

const { projectId } = taskFactory.running();

/** Nobody follows a copy, and nobody stops it. */
export const unwatched: CopyWatch = {
  signal: new AbortController().signal,
  tellProgress() {},
  tellChecking() {},
};

/** A folder that goes with the test. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Adds tasks to a store, which is made where there is none. */
export async function addTasks(path: string, ids: readonly string[]): Promise<void> {
  const { tasks, close } = await openSqliteStore({ path, clock: () => 0 });
  await Promise.all(ids.map((id) => tasks.createTask(creationOf(taskFactory.running({ id })))));
  await close();
}

/** The ids of all tasks of a store, which must be one that a server can open; in order. */
export async function taskIdsIn(path: string): Promise<readonly string[]> {
  const { tasks, close } = await openSqliteStore({ path, clock: () => 0 });
  const filter = { projectId };
  const page = await tasks.listTasks({
    filter,
    order: "newest-first",
    offset: 0,
    limit: 1_000_000,
    withNames: false,
  });
  await close();
  return page.tasks.map(({ id }) => id).sort();
}

/** `task-000`, `task-001`, … */
export function idsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `task-${String(index).padStart(3, "0")}`);
}

/** Runs statements on a file, as whoever plays with it in a shell. */
export function change(path: string, sql: string): void {
  const database = new DatabaseSync(path, { defensive: false });
  database.exec(sql);
  database.close();
}

/** Makes the first page of a table one that can be none. */
export function damageTable(path: string, table: string): void {
  const database = new DatabaseSync(path);
  const { page_size } = { ...database.prepare("PRAGMA page_size").get() };
  const { rootpage } = {
    ...database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(table),
  };
  database.close();
  flipByte(path, (Number(rootpage) - 1) * Number(page_size));
}

export function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = ~(bytes[at] ?? 0);
  writeFileSync(path, bytes);
}

/** What lies in a folder, in order. */
export function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).sort();
}
