import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { startPostgres } from "./postgres.ts";

/** A PostgreSQL server that writes down every statement of the programs that use it, with its first value. */

/** A statement as it was carried out. */
export interface LoggedStatement {
  readonly database: string;
  /** The same for all statements of one transaction, and for no others. */
  readonly transaction: string;
  readonly text: string;
  /** As it stands in the log: a long one is cut off. Undefined where the statement has none. */
  readonly firstValue: string | undefined;
}

/** A line of the server's log in JSON, as far as it matters here. */
interface LogLine {
  readonly dbname?: string;
  readonly application_name?: string;
  readonly vxid?: string;
  readonly message?: string;
  readonly detail?: string;
}

/** How much of the log is read at once. */
const readBytes = 4 * 1024 * 1024;

/** Starts a server of the test's own, and answers how to read what the store's connections have asked of it. */
export async function startLoggedPostgres(t: TestContext): Promise<{
  readonly url: string;
  /** Those that came since the last time. */
  readStatements(): Promise<readonly LoggedStatement[]>;
}> {
  const settings = {
    fsync: "off",
    logging_collector: "on",
    log_destination: "jsonlog",
    log_filename: "statements.log",
    log_rotation_size: "0",
    log_rotation_age: "0",
    log_statement: "all",
    // The project is the first value, and short; tasks are many and long.
    log_parameter_max_length: "100",
  };
  const { url } = await startPostgres(t, { settings });
  let lines = 0;
  return {
    url,
    async readStatements() {
      const all = await linesUpToNow(url);
      const statements = all.slice(lines).map((text) => statementIn(JSON.parse(text)));
      lines = all.length;
      return statements.filter((statement) => statement !== undefined);
    },
  };
}

/**
 * The log's lines up to now. A process of the server's writes what the others tell it, in that order and later than they
 * answer: so everything is there as soon as a last statement is.
 */
async function linesUpToNow(url: string): Promise<readonly string[]> {
  const last = `the last statement: ${randomUUID()}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`SELECT '${last}'`);
  await client.end();
  for (;;) {
    const lines: string[] = [];
    for await (const line of linesOf(url)) lines.push(line);
    if (lines.some((line) => line.includes(last))) return lines;
    await wait(20);
  }
}

/** The log's lines so far. The server itself reads its file, which only its user may. */
async function* linesOf(url: string): AsyncGenerator<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rest = Buffer.alloc(0);
    for (let offset = 0; ; offset += readBytes) {
      const { rows } = await client.query<{ part: Buffer }>(
        "SELECT pg_read_binary_file(pg_current_logfile('jsonlog'), $1, $2) AS part",
        [offset, readBytes],
      );
      const part = rows[0]?.part ?? Buffer.alloc(0);
      const read = Buffer.concat([rest, part]);
      const end = read.lastIndexOf("\n") + 1;
      yield* read.toString("utf8", 0, end).split("\n").filter(Boolean);
      rest = read.subarray(end);
      if (part.length < readBytes) return;
    }
  } finally {
    await client.end();
  }
}

function statementIn(line: LogLine): LoggedStatement | undefined {
  const { dbname, application_name, vxid, message = "", detail = "" } = line;
  const [, text] = /^(?:statement|execute [^:]+): (.*)$/s.exec(message) ?? [];
  if (application_name !== "taskcenter" || text === undefined) return undefined;
  if (dbname === undefined || vxid === undefined) throw new Error("the log does not say who asked");
  const [, firstValue] = /^parameters: \$1 = ('(?:[^']|'')*'|NULL)/i.exec(detail) ?? [];
  return { database: dbname, transaction: vxid, text, firstValue };
}
