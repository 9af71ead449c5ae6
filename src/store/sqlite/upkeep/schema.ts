import { DatabaseSync } from "node:sqlite";
import type { Migration } from "../../migration-steps.ts";
import { migrate, readMigrations, readOrigin } from "../migrations.ts";
import { prepare } from "../statements.ts";

/**
 * Holds what a file is made of against what this program's steps make, and tells the difference: each text follows what
 * the file is called, as "lacks index task_by_name". The steps that a file says were made in it are not enough: whoever
 * can write the file can add a trigger that keeps revoked tokens, or put a view in a table's place.
 *
 * @throws the engine's errors.
 */
export function* faultsOfSchema(store: DatabaseSync): Generator<string> {
  const migrations = readMigrations();
  const origin = readOrigin(store, migrations);
  if (!origin.isOurs) return yield origin.reason;
  if (origin.made === 0) return yield "is an empty database";
  const made = schemaAfter(migrations.slice(0, origin.made));
  const found = schemaOf(store);
  for (const name of made.keys()) {
    if (!found.has(name)) yield `lacks ${name}`;
  }
  for (const [name, definition] of made) {
    if (found.has(name) && found.get(name) !== definition)
      yield `has another ${name} than this program makes`;
  }
  for (const name of found.keys()) {
    if (!made.has(name)) yield `has ${name}, which this program does not make`;
  }
}

/** How everything in a database is defined, by its type and name: `index task_by_name`. Tables come first. */
type Schema = ReadonlyMap<string, string>;

function schemaAfter(steps: readonly Migration[]): Schema {
  // The same settings as where a store is migrated: they have a say in what a renamed table's references become.
  using database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: false });
  migrate(database, steps, () => 0);
  return schemaOf(database);
}

/**
 * The engine's own tables are left out, in exactly the form that it gives them: the statistics of an ANALYZE, and the
 * numbers of AUTOINCREMENT columns, which stay when the last of these is gone. Our tables have none.
 */
function schemaOf(database: DatabaseSync): Schema {
  const rows = prepare<[name: string, table: string, sql: string | null]>(
    database,
    `SELECT type || ' ' || name, tbl_name, sql FROM sqlite_schema
     WHERE (type, name, tbl_name, sql) NOT IN (VALUES
       ('table', 'sqlite_stat1', 'sqlite_stat1', 'CREATE TABLE sqlite_stat1(tbl,idx,stat)'),
       ('table', 'sqlite_stat4', 'sqlite_stat4', 'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)'),
       ('table', 'sqlite_sequence', 'sqlite_sequence', 'CREATE TABLE sqlite_sequence(name,seq)'))
     ORDER BY type <> 'table', type, name`,
  );
  return new Map(rows.all().map(([name, table, sql]) => [name, JSON.stringify([table, sql])]));
}
