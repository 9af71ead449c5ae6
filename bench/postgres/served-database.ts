import type { Target } from "../load.ts";
import { logIn, startTaskCenter } from "../processes.ts";
import { keepEverything } from "../scale/retention.ts";
import type { ServerProcess } from "../server-process.ts";
import type { Database } from "./database-server.ts";

/** Several servers over one database. Disposing of it kills them. */
export interface ServedDatabase extends AsyncDisposable {
  readonly targets: readonly Target[];
  /** The most memory that one of them has now. */
  largestBytes(): Promise<number>;
  /** Asks them to stop as their user would. */
  stop(): Promise<void>;
}

/** Starts as many servers with one data folder, which holds their encryption key, and logs in once for all of them. */
export async function serveDatabase(
  { url }: Database,
  how: { readonly servers: number; readonly directory: string },
  signal: AbortSignal,
): Promise<ServedDatabase> {
  await using starting = new AsyncDisposableStack();
  const servers: ServerProcess[] = [];
  const start = { settings: keepEverything, databaseUrl: url };
  for (let n = 0; n < how.servers; n += 1) {
    servers.push(starting.use(await startTaskCenter(how.directory, signal, start)));
  }
  const [first] = servers;
  if (first === undefined) throw new Error("there is no server to log in at");
  const { headers } = await logIn(first);
  const started = starting.move();
  return {
    targets: servers.map(({ url: of, vitals }) => ({ url: of, headers, vitals })),
    async largestBytes() {
      const vitals = await Promise.all(servers.map((server) => server.vitals()));
      return Math.max(...vitals.map(({ residentBytes }) => residentBytes));
    },
    async stop() {
      for (const server of servers) await server.stop();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
