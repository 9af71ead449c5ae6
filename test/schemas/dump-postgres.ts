import { writeFileSync } from "node:fs";
import { argv, exit, stderr } from "node:process";
import { project } from "../../src/store/conformance/samples.ts";
import { foldChanges } from "../../src/store/postgres/fold.ts";
import { readMigrations } from "../../src/store/postgres/migrations.ts";
import { openSession, type Session, statement } from "../../src/store/postgres/session.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { answersOf, fillSample, reportMore, sampleNowMs } from "./sample-store.ts";

/**
 * Makes the dump of a release's schema that the tests keep: `node test/schemas/dump-postgres.ts postgres://…`, with an
 * empty database. It writes the tables as the migrations of this checkout make them, with the rows of a sample store, and
 * what that store answers, into `test/schemas/postgres/`.
 */

/** What others refer to comes before them. */
const referredTo = ["domain", "user_account", "project", "task"];

const readTables = statement<[name: string, columns: readonly string[]]>(
  `SELECT relname, array_agg(attname::text ORDER BY attnum) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
   WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
   GROUP BY relname ORDER BY relname`,
);

async function dumpRows(session: Session): Promise<string> {
  const inserts: string[] = [];
  const place = (table: string): number => (referredTo.indexOf(table) + 1 || Number.POSITIVE_INFINITY) - 1;
  const tables = await session.query(readTables);
  for (const [table, columns] of tables.toSorted(([one], [other]) => place(one) - place(other) || 0)) {
    const values = columns.map((column) => `quote_nullable(${column}::text)`).join(", ");
    const rows = await session.query(
      statement<[row: string]>(
        `SELECT concat_ws(', ', ${values}) FROM ${table} ORDER BY ${columns.join(", ")}`,
      ),
    );
    if (rows.length === 0) throw new Error(`the sample has nothing in ${table}`);
    const lines = rows.map(([row]) => `  (${row})`).join(",\n");
    inserts.push(`INSERT INTO ${table} (${columns.join(", ")}) VALUES\n${lines};\n`);
  }
  return inserts.join("\n");
}

/** The table of migrations, which the program makes by itself, as it stood. */
const migrationTable = `CREATE TABLE migration (
  number integer NOT NULL PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  compatible_from integer NOT NULL,
  applied_at_ms bigint NOT NULL
);
`;

async function main(url: string): Promise<void> {
  const open = () =>
    openPostgresStore({ url, clock: () => sampleNowMs, onTrouble: (error) => stderr.write(`${error}\n`) });
  const session = openSession({ url, connections: 1, onTrouble: () => {} });
  const filled = await open();
  await fillSample(filled);
  while ((await foldChanges(session, project.id)) > 0);
  await filled.agree("encryption key", "01234567");
  await reportMore(filled);
  await filled.close();
  const migrations = readMigrations();
  const rows = await dumpRows(session);
  const head = `-- The store as released with step ${migrations.length}.\n`;
  const text = `${head}${migrationTable}\n${migrations.map(({ sql }) => sql).join("\n")}
${rows}`;
  const asked = await open();
  const answers = await answersOf(asked);
  await asked.close();
  await session.close();
  const file = new URL(`postgres/step-${migrations.length}`, import.meta.url);
  writeFileSync(new URL(`${file}.sql`), text);
  writeFileSync(new URL(`${file}.answers.json`), `${JSON.stringify(answers, null, 2)}\n`);
}

const [, , url] = argv;
if (url === undefined) {
  stderr.write("usage: node test/schemas/dump-postgres.ts postgres://user@host:port/empty-database\n");
  exit(2);
}
await main(url);
