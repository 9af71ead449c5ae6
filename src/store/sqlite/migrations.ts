import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { storeUnavailable } from "./error.ts";
import { prepare } from "./statements.ts";

/** One step from a schema to the next. */
export interface Migration {
  readonly number: number;
  /** The file's name without its ending: `0001_tasks`. */
  readonly name: string;
  readonly sql: string;
}

/** What a store remembers of a step that was made. */
type AppliedMigration = readonly [number: number, name: string, sha256: string];

/** Reads the program's migrations, first to last. */
export function readMigrations(): readonly Migration[] {
  const folder = new URL("migrations/", import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => ({
      number: Number.parseInt(file, 10),
      name: file.slice(0, -".sql".length),
      sql: readFileSync(new URL(file, folder), "utf8"),
    }));
}

/**
 * Makes the steps that a store still lacks, in order, each in a transaction of its own.
 *
 * @throws TaskCenterError `store-unavailable` where the file belongs to another program, where its steps are not the
 * first ones of ours, or where it has more of them: it was written by a newer program.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[], clock: Clock): void {
  const applied = readApplied(database);
  for (const [index, [number, name, sha256]] of applied.entries()) {
    const migration = migrations[index];
    if (migration === undefined) {
      throw storeUnavailable(`it was written by a newer program, which made migration ${name}`);
    }
    if (migration.number !== number || migration.name !== name || sha256Of(migration) !== sha256) {
      throw storeUnavailable(`its migration ${name} is not the one that this program would have made`);
    }
  }
  for (const migration of migrations.slice(applied.length)) apply(database, migration, clock);
}

function readApplied(database: DatabaseSync): readonly AppliedMigration[] {
  const tables = prepare<[name: string]>(database, "SELECT name FROM sqlite_schema").all();
  if (tables.length === 0) return [];
  if (!tables.some(([name]) => name === "migration")) {
    throw storeUnavailable("its file is a database of another program");
  }
  return prepare<AppliedMigration>(
    database,
    "SELECT number, name, sha256 FROM migration ORDER BY number",
  ).all();
}

function apply(database: DatabaseSync, migration: Migration, clock: Clock): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(`CREATE TABLE IF NOT EXISTS migration (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      sha256 TEXT NOT NULL,
      applied_at_ms INTEGER NOT NULL
    ) STRICT`);
    database.exec(migration.sql);
    prepare(database, "INSERT INTO migration (number, name, sha256, applied_at_ms) VALUES (?, ?, ?, ?)").run(
      migration.number,
      migration.name,
      sha256Of(migration),
      clock(),
    );
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function sha256Of(migration: Migration): string {
  return createHash("sha256").update(migration.sql).digest("hex");
}
