import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import {
  type AppliedMigration,
  type Migration,
  type Origin,
  originOf,
  readSteps,
  sha256Of,
} from "../migration-steps.ts";
import { storeUnavailable } from "./error.ts";
import { prepare } from "./statements.ts";

/** Reads the program's migrations, first to last. */
export function readMigrations(): readonly Migration[] {
  return readSteps(new URL("migrations/", import.meta.url));
}

/** Reads whose store a file is, without changing it: its steps must be the first ones of ours. */
export function readOrigin(database: DatabaseSync, migrations: readonly Migration[]): Origin {
  const tables = prepare<[name: string]>(database, "SELECT name FROM sqlite_schema").all().flat();
  if (tables.length === 0) return { isOurs: true, made: 0 };
  if (!tables.includes("migration")) return { isOurs: false, reason: "is a database of another program" };
  const applied = prepare<AppliedMigration>(
    database,
    "SELECT number, name, sha256 FROM migration ORDER BY number",
  ).all();
  return originOf(applied, migrations);
}

/**
 * Makes the steps that a store still lacks, in order, each in a transaction of its own.
 *
 * @throws TaskCenterError `store-unavailable` where the file is not a store of this program.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[], clock: Clock): void {
  const origin = readOrigin(database, migrations);
  if (!origin.isOurs) throw storeUnavailable(`its file ${origin.reason}`);
  for (const migration of migrations.slice(origin.made)) apply(database, migration, clock);
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
