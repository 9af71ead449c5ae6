import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { keeperVariable, startKeeper } from "./postgres.ts";

/** What `npm test` does before all tests and after them. */

const root = fileURLToPath(new URL("..", import.meta.url));

let stop: (() => Promise<void>) | undefined;

export async function globalSetup(): Promise<void> {
  await buildPages();
  // The tests share one keeper of PostgreSQL servers. It is one small process: a server is made when a test asks for it.
  const keeper = await startKeeper();
  stop = keeper.stop;
  process.env[keeperVariable] = keeper.path;
}

export async function globalTeardown(): Promise<void> {
  await stop?.();
}

/**
 * Builds the console and the documentation where a source of theirs is newer: what a browser is sent in a test is what
 * the sources say. Before all tests, since what is built lies in one place for all of them.
 *
 * @throws Error with what the build says, where it fails.
 */
async function buildPages(): Promise<void> {
  const script = ["--import", "./bin/require-node.js", "scripts/build-web.ts", "--if-stale"];
  await promisify(execFile)(process.execPath, script, { cwd: root });
}
