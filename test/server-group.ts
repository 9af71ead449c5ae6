import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Pool } from "pg";
import { type BlockedLink, openBlockedLink } from "./blocked-link.ts";
import { startPostgres, type TestServer as TestPostgres } from "./postgres.ts";
import { startServerProcess, type TestProcess } from "./start-server.ts";

/** A project, and a token of its admin, which is good at every server. */
export interface Place {
  readonly projectId: string;
  readonly token: string;
}

/** A task to create where it does not matter which. */
export const anyTask = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };

/** One of several servers on one database: a process of its own, with a way of its own to the database. */
export interface GroupServer {
  readonly name: string;
  readonly link: BlockedLink;
  /** Where it listens: another address after each start. */
  url(): string;
  process(): TestProcess;
  /** Starts it again after it was killed. */
  restart(): Promise<void>;
}

/** Servers on one database, and that. */
export interface ServerGroup {
  readonly servers: readonly [GroupServer, GroupServer, GroupServer, GroupServer];
  readonly database: TestPostgres;
  /** Runs a statement on the database, past every link, and answers its rows. */
  administer(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

/** Starts four servers at once on a new, empty database whose commits survive a crash; they go with the test. */
export async function startServerGroup(t: TestContext): Promise<ServerGroup> {
  const database = await startPostgres(t);
  const pool = new Pool({ connectionString: database.url, max: 1 }).on("error", () => {});
  t.after(() => pool.end());
  const start = (name: string) => startServerOfGroup(t, { name, database });
  const servers = await Promise.all([start("first"), start("second"), start("third"), start("fourth")]);
  return {
    servers,
    database,
    administer: async (text, values = []) => (await pool.query(text, [...values])).rows,
  };
}

async function startServerOfGroup(
  t: TestContext,
  { name, database }: { readonly name: string; readonly database: TestPostgres },
): Promise<GroupServer> {
  const link = await openBlockedLink(t, database.port);
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-group-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const address = new URL(database.url);
  address.port = String(link.port);
  const env = { TASKCENTER_STORE: address.href, TASKCENTER_ENCRYPTION_KEY: "0f".repeat(32) };
  let process = await startServerProcess({ directory, env });
  t.after(() => process.stop("SIGKILL"));
  return {
    name,
    link,
    url: () => process.url,
    process: () => process,
    async restart() {
      process = await startServerProcess({ directory, env });
    },
  };
}

/** Looks again and again until there is something to be seen; fails where there is not in time. */
export async function until<T>(look: () => Promise<T | undefined>, withinMs: number): Promise<T> {
  for (const endMs = performance.now() + withinMs; performance.now() < endMs; await wait(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  assert.fail(`it did not come to that within ${withinMs} ms`);
}
