import assert from "node:assert/strict";
import test from "node:test";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { openMigratedDatabase } from "../../../test/postgres.ts";
import type { SharedStore } from "../store.ts";
import { foldChanges } from "./fold.ts";
import { openSession, statement } from "./session.ts";
import { openPostgresStore } from "./store.ts";

/** What may be lost together when a standby takes over that had not got everything yet. */
const tables = ["task", "count_node", "count_change", "count_version"];

const { projectId } = taskFactory.running();

async function create(store: SharedStore, ...ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => store.tasks.createTask(creationOf(taskFactory.running({ id })))));
}

async function totalOf(store: SharedStore): Promise<number> {
  const page = await store.tasks.listTasks({
    filter: { projectId },
    order: "newest-first",
    offset: 0,
    limit: 10,
    withNames: false,
  });
  assert.equal(page.total, page.tasks.length);
  return page.total;
}

test("a server that outlives a database whose last changes were lost tells totals as they are now", async (t) => {
  const { url } = await openMigratedDatabase(t);
  const session = openSession({ url, connections: 1, onTrouble: () => {} });
  t.after(() => session.close());
  const run = (text: string) => session.query(statement(text));
  const open = () => openPostgresStore({ url, clock: () => factoryCreatedAtMs, onTrouble: () => {} });
  const server = await open();
  await create(server, "kept");
  await foldChanges(session, projectId);
  for (const table of tables) await run(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);

  await create(server, "lost-1", "lost-2");
  await foldChanges(session, projectId);
  assert.equal(await totalOf(server), 3);

  await run(`TRUNCATE ${tables.join(", ")}, task_history`);
  for (const table of tables) await run(`INSERT INTO ${table} SELECT * FROM kept_${table}`);
  const other = await open();
  await create(other, "new");
  await foldChanges(session, projectId);
  assert.equal(await totalOf(other), 2);
  assert.equal(await totalOf(server), 2);
  await other.close();
  await server.close();
});
