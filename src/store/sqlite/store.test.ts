import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../../test/factories.ts";
import { writeOlderStore } from "../../../test/older-store.ts";
import { findingsIn } from "../../../test/sound-store.ts";
import { compareBytewise, compareNewestFirst, matchesFilter, type TaskFilter } from "../../task/query.ts";
import type { HistoryEntry, Task } from "../../task/task.ts";
import { naiveLastSuccesses } from "../conformance/naive-answers.ts";
import {
  admin,
  domain,
  first,
  inDomain,
  project,
  sampleKey,
  sampleTerms,
  sampleToken,
  shown,
} from "../conformance/samples.ts";
import { testStore } from "../conformance.ts";
import { expiredTokenMemoryMs, idempotencyKeyLifetimeMs, type Store } from "../store.ts";
import { rowOfEntry, rowOfTask } from "../task-rows.ts";
import { openDatabase } from "./database.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { openSqliteStore } from "./store.ts";

const nowMs = factoryCreatedAtMs;
const clock = (): number => nowMs;

testStore("SQLite", (t, clockOfTest) => openSqliteStore({ path: newPath(t), clock: clockOfTest }));

function newPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-store-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "store.db");
}

/** Opens a store for as long as `use` takes. */
async function withStore<T>(path: string, use: (store: Store) => Promise<T>, at = clock): Promise<T> {
  const store = await openSqliteStore({ path, clock: at });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Looks into a store's file, past the store. */
function look<T>(path: string, question: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    return question(database);
  } finally {
    database.close();
  }
}

/** Starts a process that opens the store, says so, and keeps it open. */
async function openElsewhere(t: TestContext, path: string): Promise<ChildProcess> {
  const code = `
    import { openSqliteStore } from ${JSON.stringify(new URL("store.ts", import.meta.url).href)};
    await openSqliteStore({ path: process.argv[1], clock: () => 0 });
    console.log("open");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [said] = await once(child.stdout, "data");
  assert.equal(String(said), "open\n");
  return child;
}

test("a store that another process has open is refused, until that process is gone, even by kill -9", async (t) => {
  const path = newPath(t);
  const other = await openElsewhere(t, path);
  const refusal = {
    code: "store-unavailable",
    message: "The store is unavailable: its file is in use by another process.",
  };
  await assert.rejects(openSqliteStore({ path, clock }), refusal);
  symlinkSync(path, `${path}-link`);
  await assert.rejects(openSqliteStore({ path: `${path}-link`, clock }), refusal);
  other.kill("SIGKILL");
  await once(other, "exit");
  await withStore(path, (store) => store.ping());
});

test("a store is opened once in a process, too", async (t) => {
  const path = newPath(t);
  await withStore(path, async (store) => {
    await assert.rejects(openSqliteStore({ path, clock }), { code: "store-unavailable" });
    await store.ping();
  });
  await withStore(path, (store) => store.ping());
});

test("what was recorded is there when the store is opened again", async (t) => {
  const path = newPath(t);
  const token = sampleToken({ hash: "hash" });
  const key = sampleKey({ access: "access" });
  const creation = creationOf(taskFactory.running(), { idempotencyKey: "key" });
  await withStore(path, async ({ tasks, identity }) => {
    await tasks.createTask(creation);
    await identity.createFirstIdentity(first);
    await identity.createToken(token);
    await identity.createAccessKey(key);
  });
  await withStore(path, async ({ tasks, identity }) => {
    assert.deepEqual(await tasks.getTask(creation.task), creation.task);
    const { projectId, id } = creation.task;
    const history = await tasks.listHistory({ projectId, id, afterRevision: 0, limit: 9 });
    assert.deepEqual(history, { entries: [creation.entry], more: false });
    const again = { receipt: creation.receipt, foundBy: "key" };
    assert.deepEqual(await tasks.createTask(creation), again);
    assert.deepEqual((await identity.findToken("hash"))?.token, token);
    assert.deepEqual(await identity.findAccessKey("access"), key);
  });
});

test("a commit is flushed to disk, in a write-ahead log, with foreign keys enforced", (t) => {
  const { database, lock } = openDatabase(newPath(t), clock);
  const settings = {
    journal_mode: "wal",
    synchronous: 2,
    fullfsync: 1,
    checkpoint_fullfsync: 1,
    foreign_keys: 1,
  };
  try {
    for (const [name, value] of Object.entries(settings)) {
      assert.deepEqual({ ...database.prepare(`PRAGMA ${name}`).get() }, { [name]: value });
    }
  } finally {
    database.close();
    lock.release();
  }
});

test("only its owner may read a store, also one that others could read before", async (t) => {
  const path = newPath(t);
  await withStore(path, async () => undefined);
  chmodSync(path, 0o644);
  await withStore(path, async (store) => {
    await store.tasks.createTask(creationOf(taskFactory.running()));
    for (const file of [path, `${path}-wal`]) assert.equal(statSync(file).mode & 0o777, 0o600);
  });
});

test("what cannot be opened as a store is refused in words without paths, and left as it is", async (t) => {
  const path = newPath(t);
  const refused = async (file: string, reason: string): Promise<void> => {
    const message = `The store is unavailable: ${reason}.`;
    await assert.rejects(openSqliteStore({ path: file, clock }), { code: "store-unavailable", message });
  };
  await refused(join(path, "no-such-folder", "store.db"), "its file cannot be opened");
  const folder = join(path, "..", "folder");
  mkdirSync(folder, { mode: 0o755 });
  await refused(folder, "its file cannot be opened");
  assert.equal(statSync(folder).mode & 0o777, 0o755);
  writeFileSync(
    path,
    "This is a text, and long enough to be taken for the header of a database file: yes, it is.".repeat(9),
  );
  await refused(path, "its file is no SQLite database");
  rmSync(path);
  look(path, (database) => database.exec("CREATE TABLE theirs (a)"));
  await refused(path, "its file is a database of another program");
  assert.deepEqual(look(path, tablesOf), ["theirs"]);
});

test("a store that a newer program wrote, or whose migration has changed, is refused", async (t) => {
  const path = newPath(t);
  const refused = async (reason: string): Promise<void> => {
    const message = `The store is unavailable: ${reason}.`;
    await assert.rejects(openSqliteStore({ path, clock }), { code: "store-unavailable", message });
  };
  await withStore(path, (store) => store.ping());
  look(path, (database) => database.exec("INSERT INTO migration VALUES (9999, '9999_later', 'hash', 0)"));
  await refused("its file was written by a newer program, which made migration 9999_later");
  look(path, (database) => database.exec("DELETE FROM migration WHERE number = 9999"));
  await withStore(path, (store) => store.ping());
  look(path, (database) => database.exec("UPDATE migration SET sha256 = 'other' WHERE number = 1"));
  await refused("its file has a migration 0001_tasks that is not the one which this program would have made");
});

test("a store from before administration keeps its users, projects, roles, tokens and tasks", async (t) => {
  const path = newPath(t);
  const creation = creationOf(taskFactory.running({ projectId: project.id }));
  const token = sampleToken({ hash: "hash" });
  const tokenInDomain = sampleToken({ hash: "hash in domain", scope: inDomain });
  look(path, (database) => {
    migrate(database, readMigrations().slice(0, 2), clock);
    const insert = (table: string, ...values: readonly SQLInputValue[]): void => {
      database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => "?").join(", ")})`).run(...values);
    };
    const { task, entry, receipt } = creation;
    insert("task", ...rowOfTask(task), null, receipt.digest, receipt.acceptedAtMs);
    insert("task_history", task.projectId, task.id, ...rowOfEntry(entry));
    insert("domain", domain.id, domain.name);
    insert("project", project.id, domain.id, project.name);
    insert("user_account", admin.id, domain.id, admin.name, 1, admin.passwordHash);
    insert("project_role", admin.id, project.id, "reporter");
    insert("domain_role", admin.id, domain.id, "admin");
    for (const { hash, issuedAtMs, expiresAtMs } of [token, tokenInDomain]) {
      const scope = hash === token.hash ? [project.id, null] : [null, domain.id];
      insert("token", hash, admin.id, ...scope, '["password"]', issuedAtMs, expiresAtMs);
    }
  });
  await withStore(path, async ({ tasks, identity }) => {
    const kept = { ...admin, description: "", email: "" };
    const standing = { user: shown(kept), project: undefined, domain: undefined, administers: true };
    assert.deepEqual(await identity.findUser({ id: admin.id }), kept);
    assert.deepEqual(await identity.findToken(token.hash), {
      ...standing,
      token,
      project: { ...project, description: "" },
      roles: ["reporter"],
    });
    assert.deepEqual(await identity.findToken(tokenInDomain.hash), {
      ...standing,
      token: tokenInDomain,
      domain,
      roles: ["admin"],
    });
    assert.deepEqual(await tasks.getTask(creation.task), creation.task);
  });
});

/** Tasks of every kind and state, with their histories, and enough of one series for several blocks. */
function tasksWithHistories(projectId: string) {
  const line = (task: Task, facts: Partial<HistoryEntry>): HistoryEntry => ({
    ...creationOf(task).entry,
    message: "",
    ...facts,
  });
  const running = taskFactory.running({ projectId, id: "running", revision: 3, details: { step: 2 } });
  const lost = taskFactory.failed({
    projectId,
    id: "lost",
    revision: 2,
    lostStatus: "Running",
    orderId: "o",
    parentId: "running",
  });
  const others = [
    taskFactory.completed({ projectId, id: "completed", service: "geminidb", labels: { team: "a" } }),
    taskFactory.canceled({ projectId, id: "canceled", service: "ddm", name: "Ünïcode, 'quoted'" }),
    taskFactory.toBeSwitched({ projectId, id: "to-be-switched" }),
    taskFactory.scheduled({ projectId, id: "scheduled" }),
    ...Array.from({ length: 1200 }, (_, index) =>
      taskFactory.running({ projectId, id: `many-${index}`, createdAtMs: nowMs + (index % 7) }),
    ),
  ];
  return [
    {
      task: running,
      history: [
        line(running, { revision: 1 }),
        line(running, {
          revision: 2,
          message: "Half of it is done.",
          changes: { progress: { from: 0, to: 50 } },
        }),
        line(running, { revision: 3, atMs: nowMs + 9, by: "operator", message: "Seen.", changes: {} }),
      ],
    },
    {
      task: lost,
      history: [
        // What a task was created with need not be what it is now.
        line(lost, { revision: 1, changes: { status: { from: null, to: "Running" } } }),
        line(lost, { revision: 2, changes: { status: { from: "Running", to: "Failed" } } }),
      ],
    },
    ...others.map((task) => ({ task, history: [creationOf(task).entry] })),
  ];
}

test("a store from before series and counts keeps its tasks and histories, and is counted", async (t) => {
  const path = newPath(t);
  const projectIds = [project.id, "other"];
  const kept = projectIds.flatMap(tasksWithHistories);
  writeOlderStore(path, kept);
  await withStore(path, async ({ tasks }) => {
    for (const { task, history } of kept) {
      assert.deepEqual(await tasks.getTask(task), task);
      const { projectId, id } = task;
      const page = await tasks.listHistory({ projectId, id, afterRevision: 0, limit: 10 });
      assert.deepEqual(page, { entries: history, more: false });
      // A creation that comes again gets its first answer.
      assert.equal((await tasks.createTask(creationOf(task))).foundBy, "id");
    }
    for (const projectId of projectIds) {
      const own = kept.map(({ task }) => task).filter((task) => task.projectId === projectId);
      const conditions: readonly Partial<TaskFilter>[] = [
        {},
        { services: ["rds"], kinds: ["instant"] },
        { kinds: ["scheduled"] },
        { statuses: ["Failed", "ToBeSwitched"] },
        { instanceIds: ["instance-1"], createdFromMs: nowMs + 3 },
        { names: ["Ünïcode, 'quoted'"] },
        { orderIds: ["o"] },
        { parentIds: ["running"] },
      ];
      for (const condition of conditions) {
        const filter = { projectId, ...condition };
        const query = { filter, order: "newest-first", offset: 0, limit: 2000, withNames: true } as const;
        const matching = own.filter((task) => matchesFilter(task, filter)).sort(compareNewestFirst);
        assert.deepEqual(await tasks.listTasks(query), {
          tasks: matching,
          total: matching.length,
          names: [...new Set(matching.map(({ name }) => name))].sort(compareBytewise),
        });
      }
      const successes = { projectId, limit: 10 };
      assert.deepEqual(await tasks.listLastSuccesses(successes), naiveLastSuccesses(own, successes));
    }
  });
  assert.deepEqual(findingsIn(path), []);
  // The first lines are told by the tasks themselves.
  const lines = look(path, (database) => count(database, "task_history"));
  assert.equal(lines, 3 * projectIds.length);
});

/** What each of the tasks' tables may be searched by first. A series is one project's, and so are its nodes. */
const firstColumns = {
  task: ["instance_series", "name_series", "project_id", "service_series"],
  task_history: ["project_id"],
  remembered_creation: ["project_id"],
  series: ["project_id"],
  count_node: ["series_id"],
} as const;

test("every key and index of the tasks' tables starts with the project, or with a series, which is one project's", async (t) => {
  const path = newPath(t);
  await withStore(path, (store) => store.ping());
  look(path, (database) => {
    for (const [table, columns] of Object.entries(firstColumns)) {
      const found = database
        .prepare(
          `SELECT DISTINCT info.name FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info
           WHERE info.seqno = 0 ORDER BY info.name`,
        )
        .all(table)
        .map(({ name }) => name);
      assert.deepEqual({ table, columns: found }, { table, columns });
    }
  });
});

test("every table is strict", async (t) => {
  const path = newPath(t);
  await withStore(path, (store) => store.ping());
  const lax = look(path, (database) =>
    database
      .prepare(
        "SELECT name FROM pragma_table_list WHERE NOT strict AND schema = 'main' AND name <> 'sqlite_schema'",
      )
      .all(),
  );
  assert.deepEqual(lax, []);
});

test("idempotency keys, tokens and temporary access keys past their time become fewer with every new one, a few at a time", async (t) => {
  const path = newPath(t);
  let timeMs = nowMs;
  await withStore(
    path,
    async ({ tasks, identity }) => {
      const use = async (number: number): Promise<void> => {
        const creation = creationOf(taskFactory.running({ id: `${number}` }), {
          idempotencyKey: `${number}`,
        });
        await tasks.createTask(creation);
        await identity.createToken(sampleToken({ hash: `${number}`, expiresAtMs: timeMs }));
        const temporary = sampleTerms({ expiresAtMs: timeMs, madeWith: `${number}` });
        await identity.createAccessKey(sampleKey({ access: `${number}`, temporary }));
      };
      await identity.createFirstIdentity(first);
      for (let number = 0; number < 10; number += 1) await use(number);
      timeMs += expiredTokenMemoryMs + idempotencyKeyLifetimeMs;
      for (const left of [10 - 4 + 1, 10 - 8 + 2, 3]) {
        await use(100 + left);
        const counts = look(path, (database) =>
          ["remembered_creation", "token", "access_key"].map((table) => count(database, table)),
        );
        assert.deepEqual(counts, [left, left, left]);
      }
    },
    () => timeMs,
  );
});

test("the idempotency keys of a deleted project are forgotten, and no other's", async (t) => {
  const path = newPath(t);
  await withStore(path, async ({ tasks, identity }) => {
    await identity.createFirstIdentity(first);
    for (const projectId of [first.project.id, "other"]) {
      const creation = creationOf(taskFactory.running({ projectId }), { idempotencyKey: "key" });
      await tasks.createTask(creation);
      await tasks.deleteTask(creation.task);
    }
    await identity.deleteProject(first.project.id);
    await identity.forgetCreations({ projectId: first.project.id, after: "", limit: 10 });
    assert.equal(
      look(path, (database) => count(database, "remembered_creation")),
      1,
    );
  });
});

function count(database: DatabaseSync, table: string): unknown {
  return database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count;
}

function tablesOf(database: DatabaseSync): readonly unknown[] {
  return database
    .prepare("SELECT name FROM sqlite_schema")
    .all()
    .map(({ name }) => name);
}

test("a task that is reopened in the transaction of its deletion stays", async (t) => {
  await withStore(newPath(t), async ({ tasks }) => {
    const ended = [taskFactory.failed({ id: "1" }), taskFactory.failed({ id: "2" })];
    const [first, second] = ended as [Task, Task];
    for (const task of ended) await tasks.createTask(creationOf(task));
    const running: Task = { ...first, status: "Running", endedAtMs: null, revision: 2 };
    // Asked for together, so that both are made in one commit.
    const [, deleted] = await Promise.all([
      tasks.changeTask(first, () => ({ task: running, entry: undefined })),
      tasks.deleteEndedTasks({
        projectId: first.projectId,
        ids: [first.id, second.id],
        endedBeforeMs: (first.endedAtMs ?? 0) + 1,
      }),
    ]);
    assert.equal(deleted, 1);
    assert.deepEqual(await tasks.getTask(first), running);
  });
});
