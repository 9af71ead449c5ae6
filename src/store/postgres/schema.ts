import { createTable, type Migration, readMigrations, readOrigin } from "./migrations.ts";
import { type Query, type Session, statement } from "./session.ts";

/**
 * How the tables of one schema are made, and everything that hangs on them. Where they are stored and how they are
 * cleaned up is left out, and so is what else the schema holds, such as the views of an extension.
 */
const readDefinitions = statement<[name: string, definition: string]>(
  `WITH relation AS (
     SELECT class.* FROM pg_catalog.pg_class AS class
     WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p') AND relname = ANY ($2::text[])
   )
   SELECT 'table ' || relname, concat_ws(' ',
     (SELECT json_agg(json_build_array(attname, format_type(atttypid, atttypmod), attnotnull, collname,
         pg_get_expr(adbin, adrelid)) ORDER BY attnum)
      FROM pg_catalog.pg_attribute
      LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
      LEFT JOIN pg_catalog.pg_collation AS collated ON collated.oid = attcollation
      WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped),
     CASE WHEN relrowsecurity THEN 'some rows are hidden' END,
     CASE WHEN relhasrules THEN 'rules change what is done' END,
     (SELECT 'references are not held' FROM pg_catalog.pg_trigger
      WHERE tgrelid = relation.oid AND tgisinternal AND tgenabled <> 'O' LIMIT 1))
   FROM relation
   UNION ALL
   SELECT 'index ' || class.relname,
     concat_ws(' ', regexp_replace(pg_get_indexdef(indexrelid), ' ON \\S+\\.', ' ON '),
       CASE WHEN NOT indisvalid THEN 'not finished' END)
   FROM relation JOIN pg_catalog.pg_index ON indrelid = relation.oid
   JOIN pg_catalog.pg_class AS class ON class.oid = indexrelid
   UNION ALL
   SELECT 'constraint ' || conname, pg_get_constraintdef(pg_constraint.oid)
   FROM relation JOIN pg_catalog.pg_constraint ON conrelid = relation.oid
   WHERE contype IN ('p', 'u', 'f', 'c')
   UNION ALL
   SELECT 'trigger ' || tgname, pg_get_triggerdef(pg_trigger.oid)
   FROM relation JOIN pg_catalog.pg_trigger ON tgrelid = relation.oid WHERE NOT tgisinternal
   ORDER BY 1`,
);

const readSchema = statement<[name: string]>("SELECT current_schema()");
const useTemporary = statement("SET LOCAL search_path = pg_temp");
const readTemporary = statement<[schema: string, tables: readonly string[]]>(
  `SELECT nspname::text, array_agg(relname::text)
   FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relnamespace
   WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' GROUP BY nspname`,
);

/**
 * Holds what the tables are made of against what this program's steps make, and tells the difference: each text follows
 * what the database is called, as "lacks index task_by_name". For that the steps are made once more, in temporary tables
 * that nobody else sees and that go at once.
 */
export async function faultsOfSchema(session: Session): Promise<readonly string[]> {
  const migrations = readMigrations();
  const origin = await session.snapshot((query) => readOrigin(query, migrations));
  if (!origin.isOurs) return [origin.reason];
  if (origin.made === 0) return ["is empty"];
  // A newer program's further steps are not known here; what they make goes together with this program.
  if (origin.made > migrations.length) return [];
  const undone = new Error("Nothing stays of what was made for the comparison.");
  let faults: readonly string[] = [];
  await session
    .transaction(async (query) => {
      faults = await compare(query, migrations.slice(0, origin.made));
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return faults;
}

async function compare(query: Query, steps: readonly Migration[]): Promise<readonly string[]> {
  const [[own] = [""]] = await query(readSchema);
  await query(useTemporary);
  await query(createTable);
  for (const { sql } of steps) await query({ text: sql, name: "" });
  const [[temporary, tables] = ["", []]] = await query(readTemporary);
  const made = new Map(await query(readDefinitions, [temporary, tables]));
  // Names are told with their schema where the path does not lead to them.
  await query({ text: `SET LOCAL search_path = ${quoted(own)}, pg_temp`, name: "" });
  const found = new Map(await query(readDefinitions, [own, tables]));
  return [
    ...[...made.keys()].filter((name) => !found.has(name)).map((name) => `lacks ${name}`),
    ...[...made]
      .filter(([name, definition]) => found.has(name) && found.get(name) !== definition)
      .map(([name]) => `has another ${name} than this program makes`),
    ...[...found.keys()]
      .filter((name) => !made.has(name))
      .map((name) => `has ${name}, which this program does not make`),
  ];
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
