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

/** Whose store a file is, as the steps tell that were made in it. */
export type Origin =
  /** A store of this program, in which so many of its steps were made; none in an empty file. */
  | { readonly isOurs: true; readonly made: number }
  /** The reason follows what the file is called: "is a database of another program". */
  | { readonly isOurs: false; readonly reason: string };

/** Reads whose store a file is, without changing it: its steps must be the first ones of ours. */
export function readOrigin(database: DatabaseSync, migrations: readonly Migration[]): Origin {
  const tables = prepare<[name: string]>(database, "SELECT name FROM sqlite_schema").all().flat();
  if (tables.length === 0) return { isOurs: true, made: 0 };
  if (!tables.includes("migration")) return { isOurs: false, reason: "is a database of another program" };
  const applied = prepare<AppliedMigration>(
    database,
    "SELECT number, name, sha256 FROM migration ORDER BY number",
  ).all();
  for (const [index, [number, name, sha256]] of applied.entries()) {
    const own = migrations[index];
    if (own === undefined) {
      return { isOurs: false, reason: `was written by a newer program, which made migration ${name}` };
    }
    if (own.number !== number || own.name !== name || sha256Of(own) !== sha256) {
      const reason = `has a migration ${name} that is not the one which this program would have made`;
      return { isOurs: false, reason };
    }
  }
  return { isOurs: true, made: applied.length };
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

function sha256Of(migration: Migration): string {
  return createHash("sha256").update(migration.sql).digest("hex");
}
