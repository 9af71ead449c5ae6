import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Pool } from "pg";
import { migrate, readMigrations } from "../src/store/postgres/migrations.ts";
import { openSession } from "../src/store/postgres/session.ts";
import type { PostgresVersion } from "./postgres-cluster.ts";
import type { Answer, Request, Settings } from "./postgres-keeper.ts";

/** Databases for tests, on real PostgreSQL servers: those of the keeper, or the one that `TEST_POSTGRES_URL` names. */

/** What a database or server goes with: a test, or whoever else ends what it is told to. */
export interface Owner {
  after(end: () => Promise<unknown>): void;
}

/** A database of a test's own. */
export interface TestDatabase {
  readonly url: string;
}

/** A server of a test's own, to be stopped and killed. */
export interface TestServer extends TestDatabase {
  readonly port: number;
  start(): Promise<void>;
  /** Stops it in good order. */
  stop(): Promise<void>;
  /** Sends its main process a signal, and waits for its end where it is one that ends it. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Where the tests of one run find their keeper. */
export const keeperVariable = "TASKCENTER_TEST_POSTGRES_KEEPER";
const { TEST_POSTGRES_URL: givenUrl } = process.env;

/** The servers that a test runs against that must hold for every version. */
export const postgresServers: readonly { readonly name: string; readonly version: PostgresVersion }[] =
  givenUrl === undefined
    ? [
        { name: "PostgreSQL 15", version: 15 },
        { name: "PostgreSQL 18", version: 18 },
      ]
    : [{ name: "PostgreSQL at TEST_POSTGRES_URL", version: 18 }];

/** A fresh, empty database, which goes with the test. */
export function openTestDatabase(t: Owner, version: PostgresVersion = 18): Promise<TestDatabase> {
  return createDatabase(t, { version, from: "template0" });
}

/** A fresh database with the program's schema, which goes with the test: a few times faster than to make the schema. */
export async function openMigratedDatabase(t: Owner, version: PostgresVersion = 18): Promise<TestDatabase> {
  return createDatabase(t, { version, from: await templateOf(version) });
}

/** A server of the test's own, whose commits survive a crash; it goes with the test. */
export async function startPostgres(
  t: Owner,
  options: { readonly version?: PostgresVersion; readonly settings?: Settings } = {},
): Promise<TestServer> {
  const { version = 18, settings = {} } = options;
  const conversation = await talk();
  t.after(conversation.end);
  const { url, port } = await conversation.ask({ do: "create", version, settings });
  const tell = async (request: Request): Promise<void> => {
    await conversation.ask(request);
  };
  return {
    url,
    port,
    start: () => tell({ do: "start" }),
    stop: () => tell({ do: "stop" }),
    kill: (signal) => tell({ do: "kill", signal }),
  };
}

/**
 * Starts a keeper, which ends with this process, in whatever way that ends, and with `stop`. It is in a process group of
 * its own: what interrupts the tests from a terminal must not end it before its servers.
 */
export async function startKeeper(): Promise<{ path: string; stop: () => Promise<void> }> {
  const file = fileURLToPath(new URL("postgres-keeper.ts", import.meta.url));
  const keeper = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const ended = once(keeper, "exit");
  const [said] = await Promise.race([
    once(keeper.stdout, "data"),
    ended.then(() => Promise.reject(new Error("the keeper of the PostgreSQL servers has ended at once"))),
  ]);
  keeper.unref();
  for (const stream of [keeper.stdin, keeper.stdout]) (stream as unknown as Socket).unref();
  return {
    path: String(said).trim(),
    async stop() {
      keeper.ref();
      keeper.stdin.end();
      await ended;
    },
  };
}

let keeperPath: Promise<string> | undefined;

/** The keeper of this run; one of this process's own where a test is run by itself. */
function findKeeper(): Promise<string> {
  const given = process.env[keeperVariable];
  keeperPath ??= given === undefined ? startKeeper().then(({ path }) => path) : Promise.resolve(given);
  return keeperPath;
}

/** A connection to the keeper, and what is said over it: one question at a time. */
async function talk() {
  const socket = connect(await findKeeper());
  await once(socket, "connect");
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  return {
    async ask(request: Request): Promise<{ url: string; port: number }> {
      socket.write(`${JSON.stringify(request)}\n`);
      const line = await lines.next();
      if (line.done) throw new Error("the keeper of the PostgreSQL servers has ended");
      const answer: Answer = JSON.parse(line.value);
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    },
    /** Answers when what lived with the connection is gone. */
    async end(): Promise<void> {
      socket.end();
      await lines.next();
    },
  };
}

const serverUrls = new Map<PostgresVersion, Promise<string>>();
const administrations = new Map<PostgresVersion, Pool>();
const templates = new Map<PostgresVersion, Promise<string>>();

async function findServer(version: PostgresVersion): Promise<string> {
  if (givenUrl !== undefined) return givenUrl;
  const conversation = await talk();
  try {
    return (await conversation.ask({ do: "share", version })).url;
  } finally {
    await conversation.end();
  }
}

function urlOf(version: PostgresVersion): Promise<string> {
  const url = serverUrls.get(version) ?? findServer(version);
  serverUrls.set(version, url);
  return url;
}

/** Runs a statement on a server, as its administrator. */
async function administer(version: PostgresVersion, statement: string): Promise<void> {
  const connectionString = await urlOf(version);
  const pool =
    administrations.get(version) ??
    new Pool({ connectionString, max: 2, allowExitOnIdle: true }).on("error", () => {});
  administrations.set(version, pool);
  await pool.query(statement);
}

function newName(): string {
  return `taskcenter_test_${randomBytes(8).toString("hex")}`;
}

async function urlOfDatabase(version: PostgresVersion, name: string): Promise<string> {
  const url = new URL(await urlOf(version));
  url.pathname = name;
  return url.href;
}

async function createDatabase(
  t: Owner,
  options: { readonly version: PostgresVersion; readonly from: string },
): Promise<TestDatabase> {
  const { version, from } = options;
  const name = newName();
  await administer(version, `CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY FILE_COPY`);
  t.after(() => administer(version, `DROP DATABASE ${name} WITH (FORCE)`));
  return { url: await urlOfDatabase(version, name) };
}

/** The name of a database with the program's schema and nothing in it, which goes with this process. */
function templateOf(version: PostgresVersion): Promise<string> {
  const template = templates.get(version) ?? createTemplate(version);
  templates.set(version, template);
  return template;
}

async function createTemplate(version: PostgresVersion): Promise<string> {
  const name = newName();
  await administer(version, `CREATE DATABASE ${name} TEMPLATE template0 STRATEGY FILE_COPY`);
  process.once("beforeExit", () => administer(version, `DROP DATABASE ${name} WITH (FORCE)`));
  const url = await urlOfDatabase(version, name);
  const session = openSession({ url, connections: 1, onTrouble: () => {} });
  await migrate(session, readMigrations(), () => 0);
  await session.close();
  return name;
}
