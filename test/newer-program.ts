import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import type * as Migrations from "../src/store/postgres/migrations.ts";
import type * as PostgresStore from "../src/store/postgres/store.ts";

/** What a program opens and reads a PostgreSQL store with. */
export interface NewerProgram {
  readonly openPostgresStore: typeof PostgresStore.openPostgresStore;
  readonly readMigrations: typeof Migrations.readMigrations;
}

/** Makes a newer version of this program: a copy whose PostgreSQL store has more steps, by their files' names. */
export async function makeNewerProgram(
  t: TestContext,
  steps: Readonly<Record<string, string>>,
): Promise<NewerProgram> {
  const root = join(import.meta.dirname, "..");
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-newer-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const part of ["task", "counts", "store"]) {
    cpSync(join(root, "src", part), join(folder, "src", part), {
      recursive: true,
      filter: (path) => !path.endsWith(".test.ts"),
    });
  }
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const store = join(folder, "src", "store", "postgres");
  mkdirSync(join(store, "migrations"), { recursive: true });
  for (const [file, sql] of Object.entries(steps)) writeFileSync(join(store, "migrations", file), sql);
  const load = (file: string) => import(pathToFileURL(join(store, file)).href);
  const { openPostgresStore }: typeof PostgresStore = await load("store.ts");
  const { readMigrations }: typeof Migrations = await load("migrations.ts");
  return { openPostgresStore, readMigrations };
}
