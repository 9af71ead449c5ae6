import { DatabaseError } from "pg";
import { TaskCenterError } from "../../task/error.ts";

/**
 * What the database's error codes say, to whoever runs the server: by code, else by class.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const databaseReasons: Readonly<Record<string, string>> = {
  "25006": "its database is a standby, and cannot be written",
  "28": "its database refuses the login",
  "3D": "its database does not exist",
  "40": "its database could not bring two changes into an order",
  "42501": "its database does not allow it to this user",
  "53100": "its database has no room: a disk is full",
  "53300": "its database has too many connections",
  "53": "its database has too little of something",
  "55P03": "another change took too long",
  "57014": "its database took too long",
  "57P": "its database is stopping or starting",
  "08": "its database cannot be reached",
};

/** What the driver says where it could not make a connection, or had none to give: nothing was asked by then. */
export const messagesOfConnecting: readonly string[] = [
  "timeout exceeded when trying to connect",
  "Connection terminated due to connection timeout",
  "timeout expired",
  "Cannot use a pool after calling end on the pool",
  "The server does not support SSL connections",
  "There was an error establishing an SSL connection",
];

/** What the driver says where a connection broke, or gave no answer. */
export const messagesOfBreaking: readonly string[] = [
  "Connection terminated",
  "Connection terminated unexpectedly",
  "Query read timeout",
  "Client has encountered a connection error and is not queryable",
  "Client was closed and is not queryable",
];

/** What Node says of broken connections without naming a system call. */
const codesOfBreaking: readonly unknown[] = ["ECONNRESET", "EPIPE"];

/**
 * The one place where a driver's error becomes one of ours; ours stay as they are. What the driver and the database say,
 * which may hold SQL, addresses and names, goes no further than the cause.
 */
export function storeError(error: unknown): unknown {
  if (error instanceof TaskCenterError) return error;
  if (error instanceof DatabaseError) return storeUnavailable(reasonOf(error.code ?? ""), error);
  return isConnectionError(error) ? storeUnavailable("its database cannot be reached", error) : error;
}

/** The refusal of everything that needs the store, with the reason in a few words. */
export function storeUnavailable(reason: string, cause?: unknown): TaskCenterError {
  return new TaskCenterError("store-unavailable", `The store is unavailable: ${reason}.`, { cause });
}

/** The database's code for what went wrong; undefined where it is not the database's error, or one of ours made of it. */
export function databaseCode(error: unknown): string | undefined {
  if (error instanceof DatabaseError) return error.code;
  return error instanceof TaskCenterError ? databaseCode(error.cause) : undefined;
}

function reasonOf(code: string): string {
  for (let length = 5; length >= 2; length -= 1) {
    const reason = databaseReasons[code.slice(0, length)];
    if (reason !== undefined) return reason;
  }
  return "its database failed";
}

/**
 * Whether the driver or the network says that there is no database, or not any more. Nobody else is taken for them: what
 * is wrong with a request, and our own mistakes, may name connections and pools, too.
 */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Whoever has an answer from the database has a connection to it; a pooler says in its place that it has none.
  if (error instanceof DatabaseError) return error.code?.startsWith("08") === true;
  if ("syscall" in error || error instanceof AggregateError) return true;
  if ("code" in error && codesOfBreaking.includes(error.code)) return true;
  return messagesOfBreaking.includes(error.message) || messagesOfConnecting.includes(error.message);
}

/** Whether the database ended a statement since it took longer than it may. */
export function isTimeout(error: unknown): boolean {
  return databaseCode(error) === "57014";
}

/** Whether the same may be tried again at once, since the database undid it: it lost against somebody else's change. */
export function lostAgainstAnother(error: unknown): boolean {
  const code = databaseCode(error);
  return code === "40001" || code === "40P01";
}

/** Whether what was asked may have been done all the same: the connection broke before the answer came. */
export function mayBeDone(error: unknown): boolean {
  if (!(error instanceof TaskCenterError)) return false;
  const { cause } = error;
  const code = databaseCode(cause);
  if (code !== undefined) return /^(08|57P0[12])/.test(code);
  return isConnectionError(cause) && !isOfConnecting(cause);
}

/** While a connection is made, nothing is asked yet. */
function isOfConnecting(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("syscall" in error) return error.syscall === "connect" || error.syscall === "getaddrinfo";
  return error instanceof AggregateError || messagesOfConnecting.includes(error.message);
}

/** Whether the database refused some value itself, so that others may be written where this one cannot. */
export function isOfValues(error: unknown): boolean {
  return /^(22|23|54)/.test(databaseCode(error) ?? "");
}
