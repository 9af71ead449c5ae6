import assert from "node:assert/strict";
import test, { suite } from "node:test";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { openMigratedDatabase } from "../../../test/postgres.ts";
import {
  assertCounted,
  changesIn,
  nextRevision,
  openServers,
  runningTasks,
} from "../../../test/task-servers.ts";
import { checkChanges } from "../conformance/changes.ts";
import { checkCreations } from "../conformance/creations.ts";
import { type Check, checkWith, historyOf } from "../conformance/subject.ts";
import type { Store, TaskStore } from "../store.ts";
import { openSession, statement } from "./session.ts";
import { replaceTasks } from "./task-statements.ts";
import { createTaskWriting } from "./task-writing.ts";

suite("writing tasks on PostgreSQL", () => {
  /** What needs the whole store is checked with the whole store. */
  const needsMore = /found by what it is now|closed store refuses|closing finishes/;
  const check = checkWith(async (t, clock) => {
    const { url } = await openMigratedDatabase(t);
    const session = openSession({ url, connections: 5, onTrouble: () => {} });
    const tasks = createTaskWriting({ session, clock, onCountChanges: () => {} });
    return { tasks: tasks as unknown as TaskStore, close: () => session.close() } as Store;
  });
  const checkOwn: Check = (sentence, body) => {
    if (!needsMore.test(sentence)) check(sentence, body);
  };
  checkCreations(checkOwn);
  checkChanges(checkOwn);
});

test("of servers that create the same ids at once, one creates each, and all get its receipt", async (t) => {
  const servers = await openServers(t, 3);
  const standing = await Promise.all(
    servers.map(({ tasks }, server) =>
      Promise.all(
        runningTasks(300).map((task) =>
          tasks.createTask(creationOf(task, { digest: `of server ${server}` })),
        ),
      ),
    ),
  );
  for (const index of runningTasks(300).keys()) {
    const same = standing.map((answers) => answers[index]);
    const winners = same.filter((answer) => answer?.foundBy === "new");
    assert.equal(winners.length, 1);
    for (const answer of same) assert.deepEqual(answer?.receipt, winners[0]?.receipt);
  }
  await assertCounted(servers[0]);
  assert.equal(await changesIn(servers[0]), 300);
  assert.equal(
    servers.reduce((sum, { appended }) => sum + appended.rows, 0),
    300,
  );
});

test("of servers that use the same keys at once, one creates a task with each", async (t) => {
  const servers = await openServers(t, 3);
  const keys = Array.from({ length: 100 }, (_, index) => `key ${(index * 37) % 100}`);
  const standing = await Promise.all(
    servers.map(({ tasks }, server) =>
      Promise.all(
        keys.map((idempotencyKey, index) =>
          tasks.createTask(
            creationOf(taskFactory.running({ id: `task-${server}-${index}` }), { idempotencyKey }),
          ),
        ),
      ),
    ),
  );
  for (const index of keys.keys()) {
    const same = standing.map((answers) => answers[index]);
    const winners = same.filter((answer) => answer?.foundBy === "new");
    assert.equal(winners.length, 1);
    for (const answer of same) {
      assert.deepEqual(answer?.receipt, winners[0]?.receipt);
      if (answer !== winners[0]) assert.equal(answer?.foundBy, "key");
    }
  }
  assert.equal(await changesIn(servers[0]), 100);
  await assertCounted(servers[0]);
});

test("a creation that is not acceptable is refused only where its key and id are free", async (t) => {
  const [{ tasks }] = await openServers(t, 1);
  const taken = creationOf(taskFactory.running(), { idempotencyKey: "key" });
  const make = (): never => {
    throw new RangeError("not acceptable");
  };
  await tasks.createTask(taken);
  assert.equal((await tasks.createTask({ ...taken, make, idempotencyKey: "key" })).foundBy, "key");
  assert.equal((await tasks.createTask({ ...taken, make, idempotencyKey: "other" })).foundBy, "id");
  const free = creationOf(taskFactory.running({ id: "free" }), { idempotencyKey: "free" });
  await assert.rejects(tasks.createTask({ ...free, make }), RangeError);
  assert.equal((await tasks.createTask(free)).foundBy, "new");
});

test("no task is created in a project that is disabled or was deleted", async (t) => {
  const [{ session, tasks }] = await openServers(t, 1);
  await session.query(statement("INSERT INTO domain (id, name) VALUES ('d', 'd')"));
  await session.query(
    statement(
      "INSERT INTO project (id, domain_id, name, description, enabled) VALUES ('disabled', 'd', 'd', '', FALSE)",
    ),
  );
  await session.query(statement("INSERT INTO deleted_project (id) VALUES ('deleted')"));
  for (const closed of ["disabled", "deleted"]) {
    const creation = creationOf(taskFactory.running({ projectId: closed }), { idempotencyKey: "key" });
    await assert.rejects(tasks.createTask(creation), {
      code: "forbidden",
      message: "The project is closed.",
    });
    assert.equal(await tasks.getTask(creation.task), undefined);
  }
});

test("what the database cannot store is refused alone, among many at once", async (t) => {
  const [server] = await openServers(t, 1);
  const { tasks } = server;
  const all = runningTasks(100);
  const isGuilty = (index: number): boolean => index === 41;
  const created = await Promise.allSettled(
    all.map((task, index) =>
      tasks.createTask(
        creationOf(isGuilty(index) ? { ...task, priority: 0.5 } : task, { idempotencyKey: `key ${index}` }),
      ),
    ),
  );
  for (const [index, { status }] of created.entries()) {
    assert.equal(status, isGuilty(index) ? "rejected" : "fulfilled");
  }
  await tasks.createTask(creationOf(taskFactory.running({ id: "task-41" }), { idempotencyKey: "key 41" }));
  const changed = await Promise.allSettled(
    all.map((task, index) =>
      tasks.changeTask(task, (current) => {
        const { task: next, entry } = nextRevision(current);
        return { task: isGuilty(index) ? { ...next, attempt: 0.5 } : next, entry };
      }),
    ),
  );
  for (const [index, { status }] of changed.entries()) {
    assert.equal(status, isGuilty(index) ? "rejected" : "fulfilled");
  }
  for (const [index, task] of all.entries()) {
    assert.equal((await tasks.getTask(task))?.revision, isGuilty(index) ? 1 : 2);
  }
  await assertCounted(server);
});

test("64 reporters at each of three servers have their turn on one task", async (t) => {
  const servers = await openServers(t, 3);
  const creation = creationOf(taskFactory.running());
  await servers[0].tasks.createTask(creation);
  const changed = await Promise.all(
    servers.flatMap(({ tasks }) =>
      Array.from({ length: 64 }, () => tasks.changeTask(creation.task, nextRevision)),
    ),
  );
  const revisions = changed.map(({ revision }) => revision).sort((a, b) => a - b);
  assert.deepEqual(
    revisions,
    Array.from({ length: 192 }, (_, index) => index + 2),
  );
  const history = await historyOf(servers[0].tasks as unknown as TaskStore, creation.task);
  assert.deepEqual(
    history?.map(({ revision }) => revision),
    [1, ...revisions],
  );
  assert.equal(await changesIn(servers[0]), 1, "progress changes no count");
});

test("servers that report on the same tasks, move and delete them at once lose nothing", async (t) => {
  const servers = await openServers(t, 2);
  const all = runningTasks(120);
  await Promise.all(all.map((task) => servers[0].tasks.createTask(creationOf(task))));
  const rounds = 8;
  await Promise.all(
    servers.flatMap(({ tasks }, server) =>
      Array.from({ length: rounds }, async (_, round) => {
        const ordered = server === 0 ? all : all.toReversed();
        await Promise.all(
          ordered.map((task, index) =>
            tasks.changeTask(task, (current) => {
              const { task: next, entry } = nextRevision(current);
              if ((index + round) % 5 === 0) return { task: { ...next, name: `Name${round}` }, entry };
              const status = next.status === "Running" ? "Canceling" : "Running";
              return { task: (index + round) % 3 === 0 ? { ...next, status } : next, entry };
            }),
          ),
        );
      }),
    ),
  );
  for (const task of all) {
    const lines = await historyOf(servers[0].tasks as unknown as TaskStore, task);
    assert.equal(lines?.length, 1 + servers.length * rounds);
    for (const { tasks } of servers) {
      assert.equal((await tasks.getTask(task))?.revision, 1 + servers.length * rounds);
    }
  }
  await assertCounted(servers[0]);
  const deleted = await Promise.all(
    servers.map(({ tasks }) => Promise.all(all.slice(0, 30).map((task) => tasks.deleteTask(task)))),
  );
  assert.equal(deleted.flat().filter((was) => was).length, 30);
  await assertCounted(servers[0]);
  assert.equal(
    servers.reduce((sum, { appended }) => sum + appended.rows, 0),
    await changesIn(servers[0]),
  );
});

test("a task that somebody else has changed or deleted is decided on as it stands", async (t) => {
  const [one, other] = await openServers(t, 2);
  assert.ok(other);
  const [changed, refused] = [taskFactory.running({ id: "changed" }), taskFactory.running({ id: "refused" })];
  const heardAtMs = changed.heardAtMs + 5;
  for (const task of [changed, refused]) {
    await one.tasks.createTask(creationOf(task));
    // A heartbeat, which leaves the revision as it is.
    await other.tasks.changeTask(task, (current) => ({ task: { ...current, heardAtMs }, entry: undefined }));
  }
  assert.deepEqual(await one.tasks.changeTask(changed, nextRevision), {
    ...nextRevision(changed).task,
    heardAtMs,
  });
  const refusedBefore = one.tasks.changeTask(refused, (current) => {
    if (current.heardAtMs < heardAtMs) throw new RangeError("not heard of");
    return nextRevision(current);
  });
  assert.equal((await refusedBefore).heardAtMs, heardAtMs);
  await other.tasks.deleteTask(changed);
  await assert.rejects(one.tasks.changeTask(changed, nextRevision), { code: "task-not-found" });
});

test("a task that somebody else has deleted and created again is not taken for the one that was seen", async (t) => {
  const [one, other] = await openServers(t, 2);
  assert.ok(other);
  const seen = taskFactory.running();
  await one.tasks.createTask(creationOf(seen, { digest: "of the one that was seen" }));
  await other.tasks.deleteTask(seen);
  // An import, which brings its revision and its times.
  const imported = { ...seen, name: "OtherName", createdAtMs: seen.createdAtMs - 1000 };
  await other.tasks.createTask(creationOf(imported, { digest: "of the other one" }));
  const expected = nextRevision(imported).task;
  assert.deepEqual(await one.tasks.changeTask(seen, nextRevision), expected);
  assert.deepEqual(await one.tasks.getTask(seen), expected);
  await assertCounted(one);
});

test("long details that no report touches stay where they are, and are read back", async (t) => {
  const [{ tasks }] = await openServers(t, 1);
  const details = { log: "x".repeat(50_000), 'quoted \\ "': ["{", null] };
  const labels = { team: "dba" };
  const all = Array.from({ length: 60 }, (_, index) =>
    taskFactory.running({ id: `task-${index}`, details, labels }),
  );
  await Promise.all(all.map((task) => tasks.createTask(creationOf(task))));
  await Promise.all(all.map((task) => tasks.changeTask(task, nextRevision)));
  await Promise.all(
    all.map((task) =>
      tasks.changeTask(task, (current) => ({
        task: { ...current, labels: { team: "sre" }, revision: 3 },
        entry: undefined,
      })),
    ),
  );
  for (const task of all) {
    const expected = { ...task, progressPercent: 2, labels: { team: "sre" }, revision: 3 };
    assert.deepEqual(await tasks.getTask(task), expected);
  }
});

test("a task is found by its key, however few there were when the statement was planned", async (t) => {
  const { url } = await openMigratedDatabase(t);
  const session = openSession({ url, connections: 1, onTrouble: () => {} });
  t.after(() => session.close());
  const tasks = createTaskWriting({ session, clock: () => factoryCreatedAtMs, onCountChanges: () => {} });
  await session.query(statement("SET plan_cache_mode = force_generic_plan"));
  for (const task of runningTasks(20)) {
    await tasks.createTask(creationOf(task));
    await tasks.changeTask(task, nextRevision);
  }
  const parameters = replaceTasks.text.match(/\$\d+(?=::)/g)?.length ?? 0;
  const nothing = Array.from({ length: parameters + 1 }, () => "NULL").join(", ");
  const lines = await session.query(
    statement<[line: string]>(`EXPLAIN EXECUTE ${replaceTasks.name} (${nothing})`),
  );
  const plan = lines.join("\n");
  assert.match(plan, /Index Scan using task_pkey on task/);
  assert.doesNotMatch(plan, /Seq Scan/);
});
