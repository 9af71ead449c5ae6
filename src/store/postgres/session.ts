import { createHash } from "node:crypto";
import { Pool, type PoolClient, types } from "pg";
import { TaskCenterError } from "../../task/error.ts";
import {
  databaseCode,
  isConnectionError,
  lostAgainstAnother,
  storeError,
  storeUnavailable,
} from "./error.ts";

/** A statement with the rows that it answers, as arrays. */
export interface Statement<Row extends readonly unknown[] = readonly []> {
  readonly text: string;
  /** The name under which the database keeps it prepared: the same text always has the same. Empty: it is not kept. */
  readonly name: string;
  readonly rows?: Row;
}

/** What a statement may be given. Arrays are arrays there, too. */
export type Value = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** Has a statement run, and answers its rows. */
export type Query = <Row extends readonly unknown[]>(
  statement: Statement<Row>,
  values?: readonly Value[],
) => Promise<readonly Row[]>;

/**
 * The only way to the database. Every method throws `store-unavailable` where the database cannot be reached or fails,
 * where no connection is free in time, and when the session is closed.
 */
export interface Session {
  /** How many connections it has at most. */
  readonly connections: number;
  /** Has one statement run, in a transaction of its own. */
  query: Query;
  /**
   * Reads in one snapshot: all statements see the store as it stood at the first of them. Statements that are asked for
   * at once go to the database at once. Throws `store-unavailable` with the code 57014 for its cause after `timeoutMs`.
   */
  snapshot<T>(read: (query: Query) => Promise<T>, timeoutMs?: number): Promise<T>;
  /**
   * Makes a change whole or not at all; what `change` throws undoes it, and is thrown on. It is called again where the
   * database undid it because of somebody else's change.
   */
  transaction<T>(change: (query: Query) => Promise<T>, isolation?: Isolation): Promise<T>;
  /** Ends every connection. Closing again does nothing. */
  close(): Promise<void>;
}

/** READ COMMITTED: each statement sees what is committed when it begins. REPEATABLE READ: all see the same. */
export type Isolation = "READ COMMITTED" | "REPEATABLE READ";

/** How long a request waits for a free connection, and a new connection may take. */
const connectMs = 3000;
/** How long a statement of a request may take, and how long its transaction may be silent. */
const requestMs = 5000;
/** How much longer than that the database's answer is waited for: then the network has lost it. */
const graceMs = 3000;
/** How long an unused connection is kept. */
const idleMs = 30_000;
/** How often a change is made again that lost against somebody else's. */
const mostAttempts = 10;

/** Numbers of the database that are whole numbers here too: every one that this program writes is a safe integer. */
const int8 = 20;
const int8Array = 1016;
const parseArray = types.getTypeParser(int8Array as never) as (text: string) => readonly string[];

/** Reads what the database answers. */
const typeParsers = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === int8) return Number;
    if (oid === int8Array) return (text: string) => parseArray(text).map(Number);
    return types.getTypeParser(oid, format as never);
  },
};

/** Whatever goes wrong while a connection is made, certificates and logins among it, means that there is none. */
function connectError(error: unknown): TaskCenterError {
  const known = storeError(error);
  return known instanceof TaskCenterError ? known : storeUnavailable("its database cannot be reached", error);
}

/** Gives a statement its name. */
export function statement<Row extends readonly unknown[] = readonly []>(text: string): Statement<Row> {
  return { text, name: `tc_${createHash("sha256").update(text).digest("hex").slice(0, 32)}` };
}

/** Opens a session of at most so many connections, which are made when they are needed. */
export function openSession(options: {
  /** `postgres://user@host:port/database`. */
  readonly url: string;
  readonly connections: number;
  /** How long a statement may take: by default as long as a request may wait. */
  readonly statementMs?: number;
  /** Told of connections that break while nobody uses them. */
  readonly onTrouble: (error: unknown) => void;
}): Session {
  const { statementMs = requestMs } = options;
  const pool = new Pool({
    connectionString: options.url,
    max: options.connections,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: idleMs,
    query_timeout: statementMs + graceMs,
    keepAlive: true,
    allowExitOnIdle: false,
    application_name: "taskcenter",
    types: typeParsers,
    pipeline: true,
  } as ConstructorParameters<typeof Pool>[0]);
  let closed: Promise<void> | undefined;
  pool.on("error", (error) => {
    if (closed === undefined) options.onTrouble(error);
  });
  /** The connections that have not ended yet: the pool forgets them when it begins to end them. */
  const open = new Map<PoolClient, Promise<unknown>>();
  pool.on("connect", (client) => {
    // One that breaks between the moment it is made and that of its use has no other listener, and an error that nobody
    // hears ends the process. Its first statement says so.
    client.on("error", () => {});
    // An error of a connection is not that of its end: its user is told of it, or the pool.
    const ended = new Promise<void>((resolve) => client.once("end", resolve));
    open.set(
      client,
      ended.then(() => open.delete(client)),
    );
  });
  /**
   * The connections that were there when another one broke. What broke that, as a failover or a network that is cut off
   * without a word, has probably broken them too, and each would keep a request waiting until that shows: they are used
   * again only where they have answered since.
   */
  const suspects = new WeakSet<PoolClient>();
  /** Whether statements are kept prepared: a pooler may not be able to. */
  let keepsStatements = true;
  /** How many connections are in use. Those that are being made are not, so they do not hide that there is no database. */
  let inUse = 0;

  function queryOn(client: PoolClient): Query {
    return async <Row extends readonly unknown[]>(
      { text, name }: Statement<Row>,
      values: readonly Value[] = [],
    ) => {
      const named = keepsStatements ? { name } : {};
      const { rows } = await client.query<unknown[]>({
        ...named,
        text,
        values: [...values],
        rowMode: "array",
      });
      return rows as unknown as readonly Row[];
    };
  }

  async function connect(): Promise<PoolClient> {
    for (;;) {
      const client = await pool.connect();
      if (!suspects.has(client)) return client;
      client.release(true);
      // A farewell would not arrive where the connection is dead, and its end would be waited for.
      client.connection.stream.destroy();
    }
  }

  /** Uses a connection, which is given up where it cannot be trusted any more. */
  async function withClient<T>(use: (client: PoolClient) => Promise<T>): Promise<T> {
    if (closed !== undefined) throw storeUnavailable("it is closed");
    let client: PoolClient;
    try {
      client = await connect();
    } catch (error) {
      throw inUse >= options.connections
        ? storeUnavailable("none of its connections is free", error)
        : connectError(error);
    }
    inUse += 1;
    let broken = false;
    // A connection that breaks between two statements says so here; the next statement is refused then.
    const onError = (): void => {
      broken = true;
    };
    client.on("error", onError);
    try {
      return await use(client);
    } catch (error) {
      // A standby that once was the primary keeps its connections: only a new one finds the new primary.
      broken ||=
        isConnectionError(error) || ["25006", "57P"].some((code) => databaseCode(error)?.startsWith(code));
      throw error;
    } finally {
      inUse -= 1;
      client.off("error", onError);
      if (broken) for (const other of open.keys()) suspects.add(other);
      else suspects.delete(client);
      client.release(broken);
    }
  }

  /** Tries again where a pooler gave the statements of one connection to another, without keeping any from now on. */
  async function withStatements<T>(attempt: () => Promise<T>): Promise<T> {
    // Of several that are under way at once each learns it for itself.
    const mayBeLost = keepsStatements;
    try {
      return await attempt();
    } catch (error) {
      const isLost = ["26000", "42P05"].includes(databaseCode(error) ?? "");
      if (!isLost || !mayBeLost) throw storeError(error);
      keepsStatements = false;
      return await attempt().catch((again: unknown) => {
        throw storeError(again);
      });
    }
  }

  /**
   * A transaction on a connection of its own; begun together with its first statement. Where there is nothing to commit,
   * nobody waits for its end: whatever uses the connection next comes after it.
   */
  function inTransaction<T>(
    begin: string,
    work: (query: Query) => Promise<T>,
    { commits }: { readonly commits: boolean },
  ): Promise<T> {
    return withClient(async (client) => {
      const begun = client.query(begin);
      begun.catch(() => {});
      const query = queryOn(client);
      let result: T;
      try {
        result = await work(query);
        await begun;
      } catch (error) {
        // Nothing that the failure left under way may reach into somebody else's transaction.
        if (!isConnectionError(error)) await client.query("ROLLBACK").catch(() => {});
        throw error;
      }
      const ended = client.query("COMMIT");
      if (!commits) ended.catch(() => {});
      // Where a statement has failed and the change went on, the database undoes it all, and says so only here.
      else if ((await ended).command !== "COMMIT") throw storeUnavailable("its database undid a change");
      return result;
    });
  }

  return {
    connections: options.connections,

    query: (asked, values) => withStatements(() => withClient((client) => queryOn(client)(asked, values))),

    snapshot: (read, timeoutMs = statementMs) =>
      withStatements(() =>
        inTransaction(
          // Compiling a statement takes longer than most that it would make faster.
          `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = ${timeoutMs};
            SET LOCAL jit = off`,
          read,
          { commits: false },
        ),
      ),

    async transaction(change, isolation = "READ COMMITTED") {
      const begin = `BEGIN ISOLATION LEVEL ${isolation}; SET LOCAL statement_timeout = ${statementMs};
        SET LOCAL idle_in_transaction_session_timeout = ${statementMs}`;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await withStatements(() => inTransaction(begin, change, { commits: true }));
        } catch (error) {
          if (attempt >= mostAttempts || !lostAgainstAnother(error)) throw error;
        }
      }
    },

    close() {
      closed ??= pool.end().then(async () => {
        await Promise.allSettled(open.values());
      });
      return closed;
    },
  };
}
