import { escapeIdentifier } from "pg";
import type { Clock } from "../../task/clock.ts";
import {
  type AppliedMigration,
  type Origin,
  originOf,
  readSteps,
  type Migration as Step,
  sha256Of,
} from "../migration-steps.ts";
import { storeUnavailable } from "./error.ts";
import { type Query, type Session, statement } from "./session.ts";

/** One step from a schema to the next, on which servers of several versions may work. */
export interface Migration extends Step {
  /**
   * How many steps a program must know to work with the schema after this one. A step that only adds has the number of an
   * earlier one: servers of the version before go on beside newer ones until they have been replaced. What they still
   * need goes in a later version's step.
   */
  readonly compatibleFrom: number;
}

/** Reads the program's migrations, first to last. */
export function readMigrations(): readonly Migration[] {
  return readSteps(new URL("migrations/", import.meta.url)).map(withCompatibility);
}

/** The first line of a step says with whom it is compatible: `-- Compatible from step 1.` */
export function withCompatibility(step: Step): Migration {
  const [, compatibleFrom] = /^-- Compatible from step ([0-9]+)\.\n/.exec(step.sql) ?? [];
  if (compatibleFrom === undefined) throw new Error(`${step.name} does not say with whom it is compatible`);
  return { ...step, compatibleFrom: Number(compatibleFrom) };
}

/** Held while the schema is changed, by one server at a time: "taskcntr" in ASCII. */
const lock = statement("SELECT pg_advisory_xact_lock(8386103215362766450)");

/**
 * How long a step waits for a table that somebody reads for long, such as a dump: whoever asks for the table meanwhile
 * waits behind the step. The start fails then, and may be tried again.
 */
const boundWaits = statement("SET LOCAL lock_timeout = '5s'");

const hasMigrations = statement<[isThere: boolean, tables: number]>(
  `SELECT to_regclass('migration') IS NOT NULL,
     (SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema())`,
);
const readEncoding = statement<[encoding: string]>("SELECT current_setting('server_encoding')");
export const createTable = statement(`CREATE TABLE migration (
  number integer NOT NULL PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  compatible_from integer NOT NULL,
  applied_at_ms bigint NOT NULL
)`);
const readApplied = statement<[...applied: AppliedMigration, compatibleFrom: number]>(
  "SELECT number, name, sha256, compatible_from FROM migration ORDER BY number",
);
const insertApplied = statement(
  `INSERT INTO migration (number, name, sha256, compatible_from, applied_at_ms) VALUES ($1, $2, $3, $4, $5)`,
);

/**
 * Makes the steps that a database still lacks, in order, each in a transaction of its own. Any number of servers may do
 * so at once: one makes a step, and the others see that it was made.
 *
 * @throws TaskCenterError `store-unavailable` where the database is not a store of this program, or one of a newer
 * program with which this one cannot work any more.
 */
export async function migrate(
  session: Session,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<void> {
  const [[encoding] = [""]] = await session.query(readEncoding);
  if (encoding !== "UTF8") throw storeUnavailable("its database is not encoded in UTF-8");
  for (const migration of migrations) {
    await session.transaction(async (query) => {
      await query(lock);
      const origin = await readOrigin(query, migrations);
      if (!origin.isOurs) throw storeUnavailable(`its database ${origin.reason}`);
      if (origin.made > migrations.indexOf(migration)) return;
      if (origin.made === 0) await query(createTable);
      await query(boundWaits);
      await query({ text: migration.sql, name: "" });
      await query(insertApplied, [
        migration.number,
        migration.name,
        sha256Of(migration),
        migration.compatibleFrom,
        clock(),
      ]);
    });
  }
}

/**
 * What this user's connections to this database have set. Settings of the user's, and not of each connection: a pooler may
 * not pass those on.
 *
 * - Each prepared statement is planned once. Every statement has one plan that is right for all values, since its index
 *   is the one made for it; left to itself, the database would make a new plan with every question, which takes longer
 *   than to answer it.
 * - A statement for whose answer nobody waits any more is ended: its server may have given up, or died.
 */
const roleSettings = { plan_cache_mode: "force_generic_plan", client_connection_check_interval: "5s" };

const readSettings = statement<[database: string, ...settings: string[]]>(
  `SELECT ${["current_database()", ...Object.keys(roleSettings).map((name) => `current_setting('${name}')`)].join(", ")}`,
);

/** Gives this user's connections to this database their settings, where they have others. */
export async function settleRole(session: Session): Promise<void> {
  await session.transaction(async (query) => {
    await query(lock);
    const [[database, ...current] = [""]] = await query(readSettings);
    for (const [index, [name, value]] of Object.entries(roleSettings).entries()) {
      if (current[index] === value) continue;
      const ofUser = `ALTER ROLE CURRENT_USER IN DATABASE ${escapeIdentifier(database)}`;
      await query({ text: `${ofUser} SET ${name} = '${value}'`, name: "" });
    }
  });
}

/** Reads what a database says about itself; the reason follows what it is called, as "belongs to another program". */
export async function readOrigin(query: Query, migrations: readonly Migration[]): Promise<Origin> {
  const [[isThere, tables] = [false, 0]] = await query(hasMigrations);
  if (!isThere) {
    return tables > 0 ? { isOurs: false, reason: "belongs to another program" } : { isOurs: true, made: 0 };
  }
  const knows = migrations.length;
  return originOf(await query(readApplied), migrations, ([, , , compatibleFrom]) => compatibleFrom <= knows);
}
