import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { insertMany } from "../../../test/counted-tasks.ts";
import { factoryCreatedAtMs } from "../../../test/factories.ts";
import { openMigratedDatabase } from "../../../test/postgres.ts";
import type { TaskFilter, TaskQuery } from "../../task/query.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { openSession, type Session, statement } from "./session.ts";
import { createTaskStore } from "./tasks.ts";

/**
 * A store with two tasks of each name, of which projects have so many; and how often it has asked aside. A question may
 * hold its connection for as long as it takes, until `hurry`: on a busy machine a quick one is not always as quick.
 */
async function open(t: TestContext, names: Readonly<Record<string, number>>) {
  const { url } = await openMigratedDatabase(t);
  const openOne = (connections: number) => openSession({ url, connections, onTrouble: () => {} });
  const [patient, aside, folds] = [openOne(4), openOne(2), openOne(1)];
  let isHurried = false;
  const session: Session = {
    ...patient,
    snapshot: (read, timeoutMs) => patient.snapshot(read, isHurried ? timeoutMs : undefined),
  };
  let asides = 0;
  const long: Session = {
    ...aside,
    snapshot(read, timeoutMs) {
      asides += 1;
      return aside.snapshot(read, timeoutMs);
    },
  };
  const onTrouble = (error: unknown) => {
    throw error;
  };
  const clock = () => factoryCreatedAtMs;
  const { store, close } = createTaskStore({ session, long, folds, clock, onTrouble });
  t.after(async () => {
    await close();
    await Promise.all([session, aside, folds].map((each) => each.close()));
  });
  for (const [projectId, count] of Object.entries(names)) {
    const differ = `'id', 'task-' || number, 'name', 'Name' || number % ${count}, 'created_at_ms', number`;
    await insertMany(session.query, { count: 2 * count, differ, facts: { projectId, service: "rds" } });
  }
  await rebuildCounts(session);
  return {
    session,
    list: (filter: TaskFilter, asked: Partial<TaskQuery> = {}) =>
      store.listTasks({ filter, order: "newest-first", offset: 0, limit: 1, withNames: false, ...asked }),
    asides: () => asides,
    hurry: () => {
      isHurried = true;
    },
  };
}

test("a list with more names than are quickly looked up is answered aside, with all of them", async (t) => {
  const { list, asides } = await open(t, { some: 500, many: 501 });
  const withNames = { withNames: true };
  const some = await list({ projectId: "some" }, withNames);
  assert.deepEqual([some.total, some.names.length, asides()], [1000, 500, 0]);
  const many = await list({ projectId: "many" }, withNames);
  assert.deepEqual([many.total, new Set(many.names).size, asides()], [1002, 501, 1]);
  assert.deepEqual(many.names, many.names.toSorted());
  // Names without a task in the window are looked into, too.
  const last = await list({ projectId: "many", createdFromMs: 1002 }, withNames);
  assert.deepEqual([last.total, last.names, asides()], [1, ["Name0"], 2]);
  const none = await list({ projectId: "nowhere" }, withNames);
  assert.deepEqual([none.total, none.names, asides()], [0, [], 2]);
});

test("a list that may have to pass over very many tasks soon gives its connection back, and is asked aside", async (t) => {
  const { session, list, asides, hurry } = await open(t, { project: 2 });
  const filter = { projectId: "project", names: ["Name1"], statuses: ["Failed"] } as const;
  const expected = { tasks: [], total: 0, names: [] };
  // From now on, the trees that are held tell the total.
  assert.deepEqual([await list(filter), asides()], [expected, 0]);
  hurry();
  const answer = await session.transaction(async (query) => {
    await query(statement("LOCK TABLE task IN ACCESS EXCLUSIVE MODE"));
    const asked = list(filter);
    while (asides() === 0) await wait(20);
    assert.equal(asides(), 1);
    return { asked };
  });
  assert.deepEqual(await answer.asked, expected);
});
