import { startBareServer, startTaskCenter } from "../processes.ts";
import type { ServerProcess } from "../server-process.ts";
import type { FilledStore } from "./filled-store.ts";
import { logInEverywhere } from "./project-tokens.ts";
import type { Random } from "./random.ts";
import type { Parties } from "./reads.ts";
import type { ScaleSize } from "./sizes.ts";

/** A server over a filled store, and the bare one beside it. Disposing of it kills both. */
export interface ServedStore extends AsyncDisposable {
  readonly process: ServerProcess;
  readonly parties: Parties;
  /** The most memory that the server had when anybody looked: before and after each load. */
  highestBytes(): number;
}

/** Starts both, and logs in for every project. */
export async function serve(
  store: FilledStore,
  how: { readonly random: Random; readonly size: ScaleSize; readonly settings: readonly string[] },
  signal: AbortSignal,
): Promise<ServedStore> {
  const { random, size, settings } = how;
  await using starting = new AsyncDisposableStack();
  const bareServer = starting.use(await startBareServer(signal));
  const server = starting.use(await startTaskCenter(store.directory, signal, { settings }));
  const headersOf = await logInEverywhere(server, store.population);
  let highestBytes = 0;
  const vitals = async () => {
    const taken = await server.vitals();
    highestBytes = Math.max(highestBytes, taken.residentBytes);
    return taken;
  };
  const bare = { ...bareServer, headers: {} };
  const parties = { server: { url: server.url, headers: {}, vitals }, bare, headersOf, store, random, size };
  const started = starting.move();
  return {
    process: server,
    parties,
    highestBytes: () => highestBytes,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
