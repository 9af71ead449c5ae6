import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { startPostgres } from "../../test/postgres.ts";
import { serverCpuMs } from "./cpu.ts";

/** A PostgreSQL server to measure on. Disposing of it ends what was made for this run: the server, or its databases. */
export interface DatabaseServer extends AsyncDisposable {
  /** Which one it is, and how it is set. */
  readonly description: string;
  /** Makes an empty database. */
  createDatabase(): Promise<Database>;
}

/** A database, seen past Task Center. */
export interface Database {
  /** It may hold a password, so it is never shown. */
  readonly url: string;
  /** Answers the rows of a statement, as arrays. */
  query(text: string): Promise<readonly (readonly unknown[])[]>;
  /** The CPU time that the whole database server has used so far; undefined where this machine does not tell. */
  cpuMs(): number | undefined;
}

/** What the tests' servers set otherwise than PostgreSQL does by itself: everything here is as it comes. */
const asItComes = { shared_buffers: "128MB" } as const;
const shownSettings = ["shared_buffers", "fsync", "synchronous_commit"] as const;

/** Starts a server with files in a temporary folder; where `TEST_POSTGRES_URL` names one, that is used. */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  await using starting = new AsyncDisposableStack();
  const { TEST_POSTGRES_URL: given } = process.env;
  const owner = {
    after: (end: () => Promise<unknown>) => void starting.defer(async () => void (await end())),
  };
  const { url } = given === undefined ? await startPostgres(owner, { settings: asItComes }) : { url: given };
  const admin = await connectedTo(url);
  starting.defer(() => admin.end());
  const description = await describe(admin, given === undefined ? "embedded, over TCP on loopback" : "given");
  const started = starting.move();
  return {
    description,
    async createDatabase() {
      const name = `taskcenter_bench_${randomBytes(8).toString("hex")}`;
      await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
      if (given !== undefined) started.defer(() => admin.query(`DROP DATABASE ${name} WITH (FORCE)`).then());
      const own = new URL(url);
      own.pathname = name;
      const client = await connectedTo(own.href);
      started.defer(() => client.end());
      const [[pid] = [0]] = await rowsOf(client, "SELECT pg_backend_pid()");
      let last: Promise<unknown> = Promise.resolve();
      return {
        url: own.href,
        query(text) {
          // One connection has one statement at a time.
          const rows = last.then(() => rowsOf(client, text));
          last = rows.catch(() => {});
          return rows;
        },
        cpuMs: () => serverCpuMs(own.hostname, Number(pid)),
      };
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function connectedTo(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  // Whoever asks it something is told of what has become of it.
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function rowsOf(client: Client, text: string): Promise<readonly (readonly unknown[])[]> {
  const { rows } = await client.query({ text, rowMode: "array" });
  return rows;
}

async function describe(client: Client, place: string): Promise<string> {
  const show = async (name: string) => String((await rowsOf(client, `SHOW ${name}`))[0]?.[0]);
  const settings: string[] = [];
  for (const name of shownSettings) settings.push(`${name} = ${await show(name)}`);
  const [version = ""] = (await show("server_version")).split(" ");
  return `PostgreSQL ${version} (${place}), ${settings.join(", ")}`;
}
