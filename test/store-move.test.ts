import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { type MoveWatch, moveStore, type RowCounts } from "../src/store/move/move.ts";
import { openMoveTarget } from "../src/store/postgres/move-target.ts";
import { openPostgresStore } from "../src/store/postgres/store.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import { openMoveSource } from "../src/store/sqlite/upkeep/index.ts";
import type { Store } from "../src/store/store.ts";
import { creationOf, taskFactory } from "./factories.ts";
import { openTestDatabase } from "./postgres.ts";
import { runProgram } from "./run-program.ts";
import { change, makeFolder } from "./store-files.ts";

const domain = { id: "default", name: "Default" };
const project = {
  id: taskFactory.running().projectId,
  name: "eu-de",
  domain,
  description: "",
  enabled: true,
};
const user = {
  id: "u1",
  name: "admin",
  domain,
  description: "",
  email: "",
  enabled: true,
  passwordHash: "none",
};
const scope = { kind: "project", projectId: project.id } as const;

/** Makes a store with something in every table; a few batches of tasks in it. */
async function makeStore(t: TestContext, { tasks = 2500 } = {}): Promise<string> {
  const path = join(makeFolder(t), "taskcenter.db");
  const store = await openSqliteStore({ path, clock: () => 1000 });
  await store.identity.createFirstIdentity({ domain, project, user });
  await store.identity.createProject({ ...project, id: "gone", name: "gone" });
  await store.identity.deleteProject("gone");
  await store.identity.createToken({
    hash: "h",
    userId: user.id,
    scope,
    unscoped: false,
    methods: ["password"],
    issuedAtMs: 0,
    expiresAtMs: 10_000,
  });
  const key = { userId: user.id, description: "", createdAtMs: 5 };
  await store.identity.createAccessKey({
    ...key,
    access: "AK",
    sealedSecret: "0a1b.x",
    temporary: undefined,
  });
  await store.identity.createAccessKey({
    ...key,
    access: "TMP",
    sealedSecret: "0a1b.y",
    temporary: { scope, madeWith: "AK", securityTokenHash: "s", expiresAtMs: 10_000 },
  });
  const ids = Array.from({ length: tasks }, (_, index) => `task-${index}`);
  const made = ids.map((id, index) =>
    store.tasks.createTask({
      ...creationOf(
        taskFactory.running({
          id,
          name: `N${index % 3}`,
          service: index % 4 === 0 ? "ddm" : "rds",
          createdAtMs: 1000 + Math.floor(index / 7),
          progressPercent: index % 2 === 0 ? null : 12.5,
          details: index % 5 === 0 ? { text: 'ü😀"\\{},NULL\n', list: [1, null] } : {},
          labels: index % 6 === 0 ? { team: "a,b" } : {},
        }),
      ),
      ...(index % 10 === 0 && { idempotencyKey: `key ${index}` }),
    }),
  );
  await Promise.all(made);
  for (const id of ids.slice(0, 20)) {
    await store.tasks.changeTask({ projectId: project.id, id }, (current) => ({
      task: { ...current, revision: current.revision + 1, updatedAtMs: 2000, failReason: "none" },
      entry: {
        revision: current.revision + 1,
        atMs: 2000,
        reportedAtMs: 2000,
        by: "somebody",
        message: "half done",
        changes: { fail_reason: { from: "", to: "none" } },
      },
    }));
  }
  await store.close();
  return path;
}

/** Moves until it is done, or until so many batches were told of. */
async function move(
  path: string,
  { url, batches = Number.POSITIVE_INFINITY }: { readonly url: string; readonly batches?: number },
): Promise<RowCounts> {
  const source = openMoveSource(path);
  const target = await openMoveTarget({ url, clock: () => 0 });
  const stop = new AbortController();
  let told = 0;
  const watch: MoveWatch = {
    signal: stop.signal,
    tell() {
      told += 1;
      if (told >= batches) stop.abort(new Error("interrupted"));
    },
  };
  try {
    return await moveStore({ source, target, watch });
  } finally {
    await target.close();
    source.close();
  }
}

/** What the store tells of its tasks, and of who may do what. */
async function everythingIn(store: Store): Promise<unknown> {
  const { tasks, identity } = store;
  const page = await tasks.listTasks({
    filter: { projectId: project.id },
    order: "newest-first",
    offset: 0,
    limit: 10_000,
    withNames: true,
  });
  const histories = page.tasks
    .slice(-25)
    .map(({ id }) => tasks.listHistory({ projectId: project.id, id, afterRevision: 0, limit: 100 }));
  return {
    page,
    histories: await Promise.all(histories),
    token: await identity.findToken("h"),
    standing: await identity.findStanding(user.id, scope),
    keys: [await identity.findAccessKey("AK"), await identity.findAccessKey("TMP")],
    user: await identity.findUser({ id: user.id }),
    again: await tasks.createTask({
      ...creationOf(taskFactory.running({ id: "another" })),
      idempotencyKey: "key 10",
    }),
    closed: await tasks
      .createTask(creationOf(taskFactory.running({ projectId: "gone" })))
      .catch(({ code }) => code),
  };
}

test("a store that was moved tells the same, and stays as it was", async (t) => {
  const path = await makeStore(t);
  const before = hash("sha256", readFileSync(path));
  const { url } = await openTestDatabase(t);
  const counts = await move(path, { url });
  assert.deepEqual([counts.get("task"), counts.get("user_account"), counts.get("token")], [2500, 1, 1]);
  assert.equal(hash("sha256", readFileSync(path)), before);
  const moved = await openPostgresStore({ url, clock: () => 1000, onTrouble: () => {} });
  const original = await openSqliteStore({ path, clock: () => 1000 });
  try {
    assert.deepEqual(await everythingIn(moved), await everythingIn(original));
    assert.equal(await moved.agree("encryption key", "other."), "0a1b.");
  } finally {
    await Promise.all([moved.close(), original.close()]);
  }
});

test("a move that is interrupted again and again goes on where it was, and no server starts meanwhile", async (t) => {
  const path = await makeStore(t);
  const { url } = await openTestDatabase(t);
  await assert.rejects(move(path, { url, batches: 1 }), /interrupted/);
  await assert.rejects(openPostgresStore({ url, clock: () => 0, onTrouble: () => {} }), /only in part/);
  for (const batches of [1, 1, 1, 2, 3]) await assert.rejects(move(path, { url, batches }), /interrupted/);
  const counts = await move(path, { url });
  assert.equal(counts.get("task"), 2500);
  assert.equal(counts.get("remembered_creation"), 250);
});

test("a store that was changed while it was moved is found out in the end", async (t) => {
  const path = await makeStore(t, { tasks: 10 });
  const { url } = await openTestDatabase(t);
  await assert.rejects(move(path, { url, batches: 3 }), /interrupted/);
  change(path, "UPDATE task SET progress_percent = 13.5 WHERE id = 'task-3'");
  await assert.rejects(move(path, { url }), /differ in rows of task: one of them was changed/);
});

test("only an empty database is moved into, and only by one store", async (t) => {
  const [path, other] = [await makeStore(t, { tasks: 10 }), await makeStore(t, { tasks: 5 })];
  change(other, "UPDATE domain SET name = 'Another'");
  const { url } = await openTestDatabase(t);
  await assert.rejects(move(path, { url, batches: 1 }), /interrupted/);
  await assert.rejects(move(other, { url }), /another store is being moved/);
  await move(path, { url });
  await assert.rejects(move(path, { url }), /not empty/);
});

test("a store is not moved while a server has it open", async (t) => {
  const path = await makeStore(t, { tasks: 1 });
  const store = await openSqliteStore({ path, clock: () => 0 });
  t.after(() => store.close());
  assert.throws(() => openMoveSource(path), /A server has the store open/);
});

test("the command says what it has moved, and shows no password", async (t) => {
  const path = await makeStore(t);
  const { url } = await openTestDatabase(t);
  const folder = makeFolder(t);
  const args = ["store", "move", "--store", `sqlite:${path}`, "--to"];
  const done = await runProgram(folder, [...args, url]);
  assert.deepEqual([done.code, done.stderr], [0, ""]);
  assert.match(done.stdout, /^moved, and every row compared: 2500 tasks, 20 lines of history, 1 user, in /);
  const again = await runProgram(folder, [...args, url]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^taskcenter: [^\n]*not empty[^\n]*\n$/);
  const refused = await runProgram(folder, [...args, "postgres://u:hunter2@host"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^taskcenter: --to: "postgres:\/\/u:\*\*\*@host" is not usable/);
});

test("the commands on the store's file say what to do where the store is in PostgreSQL", async (t) => {
  const folder = makeFolder(t);
  const env = { TASKCENTER_STORE: "postgres://u:hunter2@host/db" };
  for (const command of [
    ["backup", "x.db"],
    ["restore", "x.db"],
  ]) {
    const { code, stderr } = await runProgram(folder, ["store", ...command], { env });
    assert.equal(code, 2);
    assert.match(stderr, /pg_dump/);
    assert.ok(!stderr.includes("hunter2"));
  }
});
