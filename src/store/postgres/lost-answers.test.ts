import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { startPostgres } from "../../../test/postgres.ts";
import { assertCounted, nextRevision, openServers, runningTasks } from "../../../test/task-servers.ts";
import { historyOf } from "../conformance/subject.ts";
import type { TaskStore } from "../store.ts";
import { storeUnavailable } from "./error.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { openSession, type Session, statement } from "./session.ts";
import { replaceTasks } from "./task-statements.ts";
import { createTaskWriting } from "./task-writing.ts";

const readWaits = statement<[waiting: number]>(
  "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
);
const commitSomething = statement("SELECT pg_logical_emit_message(true, 'probe', '')");
const endWaits = statement(
  "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
);

/** A session of which one write, when it is told so, is carried out, but its answer is lost with the connection. */
function losingAnswers(session: Session) {
  let meanwhile: (() => Promise<unknown>) | undefined;
  async function losing<T>(answer: Promise<T>): Promise<T> {
    const happens = meanwhile;
    meanwhile = undefined;
    const answered = await answer;
    if (happens === undefined) return answered;
    await happens();
    throw storeUnavailable("its database cannot be reached", new Error("Connection terminated unexpectedly"));
  }
  const losingSession: Session = {
    ...session,
    query: (asked, values) =>
      asked.name === replaceTasks.name ? losing(session.query(asked, values)) : session.query(asked, values),
    transaction: (change, isolation) => losing(session.transaction(change, isolation)),
  };
  return {
    session: losingSession,
    /** What somebody else does before anybody looks again may be said. */
    loseNext(happens: () => Promise<unknown> = async () => {}): void {
      meanwhile = happens;
    },
  };
}

test("a write whose answer is lost with its connection is answered once, and done once", async (t) => {
  const [server] = await openServers(t, 1);
  const losing = losingAnswers(server.session);
  const tasks = createTaskWriting({
    session: losing.session,
    clock: () => factoryCreatedAtMs,
    onCountChanges: () => {},
  });
  for (const key of [{}, { idempotencyKey: "key" }]) {
    const creation = creationOf(taskFactory.running({ id: `with ${Object.keys(key).length}` }), key);
    losing.loseNext();
    assert.deepEqual(await tasks.createTask(creation), { receipt: creation.receipt, foundBy: "new" });
    losing.loseNext();
    assert.equal((await tasks.changeTask(creation.task, nextRevision)).revision, 2);
    assert.equal((await tasks.getTask(creation.task))?.revision, 2);
    losing.loseNext();
    const heartbeat = { ...creation.task, heardAtMs: creation.task.heardAtMs + 1 };
    await tasks.changeTask(creation.task, (current) => ({
      task: { ...current, heardAtMs: heartbeat.heardAtMs },
      entry: undefined,
    }));
    assert.equal((await tasks.getTask(creation.task))?.heardAtMs, heartbeat.heardAtMs);
    losing.loseNext();
    assert.equal(await tasks.deleteTask(creation.task), true);
    assert.equal(await tasks.deleteTask(creation.task), false);
  }
  await assertCounted(server);
});

test("a change whose answer is lost, and that somebody else has changed since, is not made twice", async (t) => {
  const [server, other] = await openServers(t, 2);
  assert.ok(other);
  const losing = losingAnswers(server.session);
  const tasks = createTaskWriting({
    session: losing.session,
    clock: () => factoryCreatedAtMs,
    onCountChanges: () => {},
  });
  const creation = creationOf(taskFactory.running());
  await tasks.createTask(creation);
  losing.loseNext(() =>
    other.tasks.changeTask(creation.task, (current) => {
      const { task, entry } = nextRevision(current);
      return { task, entry: entry && { ...entry, by: "somebody else" } };
    }),
  );
  assert.equal((await tasks.changeTask(creation.task, nextRevision)).revision, 2);
  assert.equal((await tasks.getTask(creation.task))?.revision, 3);
  const lines = await historyOf(tasks as unknown as TaskStore, creation.task);
  assert.deepEqual(
    lines?.map(({ by }) => by),
    ["producer", "reporter", "somebody else"],
  );
});

test("what a failover would undo is not acknowledged, though another one wrote it", async (t) => {
  const { url } = await startPostgres(t);
  const session = openSession({ url, connections: 3, onTrouble: () => {} });
  t.after(() => session.close());
  await migrate(session, readMigrations(), () => 0);
  const losing = losingAnswers(session);
  const tasks = createTaskWriting({
    session: losing.session,
    clock: () => factoryCreatedAtMs,
    onCountChanges: () => {},
  });
  const setStandby = async (name: string): Promise<void> => {
    await session.query(statement(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`));
    await session.query(statement("SELECT pg_reload_conf()"));
  };
  /** How many commits wait for the standby: asked until one does, or until `isAnswered`. */
  const seeWaits = async (isAnswered: () => boolean): Promise<number> => {
    for (;;) {
      const [[waits] = [0]] = await session.query(readWaits);
      if (waits > 0 || isAnswered()) return waits;
      await wait(10);
    }
  };
  /** A setting counts when the database's checkpointer has taken it up, which no answer tells: a commit that waits does. */
  const losePrimary = async (): Promise<void> => {
    await setStandby("absent");
    for (let waits = 0; waits === 0; ) {
      let isCommitted = false;
      const committed = session.query(commitSomething).then(() => {
        isCommitted = true;
      });
      waits = await seeWaits(() => isCommitted);
      await session.query(endWaits);
      await committed;
    }
  };
  const creation = creationOf(taskFactory.running());
  const writes = [() => tasks.createTask(creation), () => tasks.deleteTask(creation.task)];
  for (const write of writes) {
    const lost = new Promise<void>((resolve, reject) => {
      losing.loseNext(() => losePrimary().then(resolve, reject));
    });
    let isAnswered = false;
    const answered = write().finally(() => {
      isAnswered = true;
    });
    await lost;
    assert.equal(await seeWaits(() => isAnswered), 1);
    assert.equal(isAnswered, false);
    await setStandby("");
    await answered;
  }
});

test("connections that break at any moment lose and double nothing", async (t) => {
  const [server] = await openServers(t, 1);
  const { tasks, session } = server;
  const all = runningTasks(20);
  await Promise.all(all.map((task) => tasks.createTask(creationOf(task))));
  const breakOthers = statement(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  const answered = new Map<string, number>();
  let answers = 0;
  let isOver = false;
  const breaking = (async () => {
    for (let times = 0; times < 15; times += 1) {
      // However long connections take to be made: between two breaks something is done.
      const before = answers;
      do await wait(20);
      while (answers === before);
      await session.query(breakOthers).catch(() => {});
    }
    isOver = true;
  })();
  await Promise.all(
    all.map(async (task) => {
      while (!isOver) {
        const changed = await tasks.changeTask(task, nextRevision).catch(() => undefined);
        if (changed === undefined) continue;
        answered.set(task.id, (answered.get(task.id) ?? 0) + 1);
        answers += 1;
      }
    }),
  );
  await breaking;
  for (const task of all) {
    const revisions = (await tasks.getTask(task))?.revision ?? 0;
    assert.ok(revisions - 1 >= (answered.get(task.id) ?? 0), "what was answered is there");
    const lines = await historyOf(tasks as unknown as TaskStore, task);
    assert.equal(lines?.length, revisions);
  }
  await assertCounted(server);
});
