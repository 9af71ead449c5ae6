import { keeperVariable, startKeeper } from "./postgres.ts";

/** What `npm test` does before all tests and after them: they share one keeper of PostgreSQL servers. */

let stop: (() => Promise<void>) | undefined;

/** Costs one small process: a server is made when the first test asks for it. */
export async function globalSetup(): Promise<void> {
  const keeper = await startKeeper();
  stop = keeper.stop;
  process.env[keeperVariable] = keeper.path;
}

export async function globalTeardown(): Promise<void> {
  await stop?.();
}
