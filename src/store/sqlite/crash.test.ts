import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { Readable } from "node:stream";
import test from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import { writeOlderStore } from "../../../test/older-store.ts";
import { assertSound } from "../../../test/sound-store.ts";
import { makeFolder } from "../../../test/store-files.ts";
import { isEnded, type Task } from "../../task/task.ts";
import { openDatabase } from "./database.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { openSqliteStore } from "./store.ts";

const { projectId } = taskFactory.running();
const clock = (): number => 0;

/** How many writers the process has that writes. */
const writers = 32;
/** What is said of a deleted task: nothing comes after it. */
const deletedRevision = 1000;
/** How many tasks a step of retention deletes. */
const deletedPerStep = 40;

/** What the processes do that are killed, each on a store's file, until they are killed. They tell in lines how far they are. */
const roles = {
  write: writeForEver,
  open: openOnce,
  migrate: migrateOnly,
  rebuild: rebuildForEver,
  retain: deleteEndedTasksForEver,
} as const satisfies Record<string, (path: string) => unknown>;

type Role = keyof typeof roles;

const [, , roleOfChild, pathOfChild = ""] = process.argv;
if (roleOfChild === undefined) defineTests();
else await roles[roleOfChild as Role](pathOfChild);

type Child = ChildProcessByStdio<null, Readable, null>;

function start(role: Role, path: string): Child {
  return spawn(process.execPath, [fileURLToPath(import.meta.url), role, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Waits for a process's first word. */
async function firstWord(child: Child): Promise<void> {
  for await (const _ of child.stdout) return;
  assert.fail("the process has ended without a word");
}

/** Kills a process with kill -9 as soon as it has said so many lines; answers them and those that were on their way. */
async function killAfterLines(child: Child, count: number): Promise<readonly string[]> {
  const exit = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === count) child.kill("SIGKILL");
  }
  const [, signal] = await exit;
  assert.equal(signal, "SIGKILL");
  return lines;
}

function defineTests(): void {
  test("after kill -9 every acknowledged creation, report and deletion is there, once, and counted", async (t) => {
    const path = join(makeFolder(t), "store.db");
    // Each writer has at most one write under way when it is killed.
    let underWay = 0;
    const acknowledged = new Map<string, number>();
    for (const lines of [1500, 3000, 800]) {
      underWay += writers;
      for (const line of await killAfterLines(start("write", path), lines)) {
        const [id = "", revision] = line.split(" ");
        acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, Number(revision)));
      }
      const all = await assertSound(path);
      const revisions = new Map(all.map(({ id, revision }) => [id, revision]));
      const [deleted, kept] = [new Set<string>(), new Map<string, number>()];
      for (const [id, revision] of acknowledged) {
        if (revision === deletedRevision) deleted.add(id);
        else kept.set(id, revision);
      }
      assert.deepEqual(
        all.filter(({ id }) => deleted.has(id)),
        [],
      );
      // What is there beyond the acknowledged, or gone, is what was under way.
      let beyond = 0;
      for (const [id, revision] of kept) {
        const found = revisions.get(id) ?? deletedRevision;
        assert.ok(found >= revision, `${id} has revision ${found}, and ${revision} was acknowledged`);
        beyond += found === revision ? 0 : 1;
      }
      beyond += all.filter(({ id }) => !acknowledged.has(id)).length;
      assert.ok(beyond <= underWay, `${beyond} writes were not acknowledged`);
      await assertWholeHistories(path, all);
    }
  });

  test("kill -9 in the middle of a migration, or of the first count, leaves a store that opens with everything", async (t) => {
    const folder = makeFolder(t);
    const older = join(folder, "older.db");
    writeOlderStore(older, manyTasks(20_000));
    const copyOf = (name: string): string => {
      const path = join(folder, name);
      copyFileSync(older, path);
      return path;
    };
    const opened = start("open", copyOf("opened.db"));
    const exit = once(opened, "exit");
    await firstWord(opened);
    const startedAt = performance.now();
    await exit;
    const wholeMs = performance.now() - startedAt;

    let killed = 0;
    for (const part of [0.1, 0.4, 0.7]) {
      const path = copyOf(`killed-${part}.db`);
      const child = start("open", path);
      const exit = once(child, "exit");
      await firstWord(child);
      await wait(part * wholeMs);
      child.kill("SIGKILL");
      const [, signal] = await exit;
      if (signal === "SIGKILL") killed += 1;
      assert.equal((await assertSound(path)).length, 20_000);
    }
    assert.ok(killed > 0, "the processes had opened the store before they were killed");
  });

  test("kill -9 between the migration and the first count leaves a store that is counted when it opens", async (t) => {
    const path = join(makeFolder(t), "store.db");
    writeOlderStore(path, manyTasks(2000));
    await killAfterLines(start("migrate", path), 1);
    assert.equal((await assertSound(path)).length, 2000);
  });

  test("kill -9 in the middle of a rebuild leaves the counts as they were", async (t) => {
    const path = join(makeFolder(t), "store.db");
    writeOlderStore(path, manyTasks(8000));
    for (const delayMs of [10, 60]) {
      const child = start("rebuild", path);
      const exit = once(child, "exit");
      await firstWord(child);
      await wait(delayMs);
      child.kill("SIGKILL");
      await exit;
      assert.equal((await assertSound(path)).length, 8000);
    }
  });

  test("kill -9 in the middle of retention leaves what had not been deleted, and counts it", async (t) => {
    const path = join(makeFolder(t), "store.db");
    writeOlderStore(path, manyTasks(6000));
    let before = await assertSound(path);
    for (const steps of [3, 10]) {
      const deleted = (await killAfterLines(start("retain", path), steps)).flatMap((line) => line.split(" "));
      const left = await assertSound(path);
      const ids = new Set(left.map(({ id }) => id));
      assert.deepEqual(
        deleted.filter((id) => ids.has(id)),
        [],
      );
      const gone = before.filter(({ id }) => !ids.has(id));
      assert.ok(gone.every(isEnded));
      // At most one step was made and not acknowledged.
      assert.ok(gone.length <= deleted.length + deletedPerStep);
      before = left;
    }
  });
}

/** Tasks of two names and several instances, a third of them live, dozens of them created at the same millisecond. */
function* manyTasks(count: number) {
  for (let number = 0; number < count; number += 1) {
    const make = number % 3 === 0 ? taskFactory.running : taskFactory.completed;
    const task = make({
      id: `task-${(number * 7919) % count}`,
      name: number % 5 === 0 ? "Restart" : "Backup",
      instance: { id: `instance-${number % 40}`, name: "orders", status: "" },
      createdAtMs: Math.floor(number / 50),
    });
    yield { task, history: [creationOf(task).entry] };
  }
}

/** Holds every task's history to its revision: one line for each. */
async function assertWholeHistories(path: string, all: readonly Task[]): Promise<void> {
  const { tasks, close } = await openSqliteStore({ path, clock });
  for (const { id, revision } of all) {
    const history = await tasks.listHistory({ projectId, id, afterRevision: 0, limit: 100 });
    assert.deepEqual(
      history?.entries.map((entry) => entry.revision),
      Array.from({ length: revision }, (_, index) => index + 1),
    );
  }
  await close();
}

/**
 * Says a line before anything else happens: what waits in a process that is killed is lost, and would be a write that was
 * acknowledged and not told.
 */
function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

/**
 * Creates tasks, some dozens in each millisecond, reports on each of them until it has ended, and deletes every fourth;
 * with many writers at once. Says what was acknowledged: the id, and the revision.
 */
async function writeForEver(path: string): Promise<void> {
  const { tasks } = await openSqliteStore({ path, clock });
  const write = async (writer: number): Promise<never> => {
    for (let number = 1; ; number += 1) {
      const creation = creationOf(
        taskFactory.running({
          id: `task-${process.pid}-${writer}-${number}`,
          name: `Name${writer % 2}`,
          createdAtMs: Math.floor(number / 2),
        }),
      );
      const { id, createdAtMs } = creation.task;
      await tasks.createTask(creation);
      tell(`${id} 1`);
      for (let revision = 2; revision <= 3; revision += 1) {
        const end = revision === 3 ? ({ status: "Completed", endedAtMs: createdAtMs } as const) : {};
        await tasks.changeTask({ projectId, id }, (current) => ({
          task: { ...current, ...end, revision },
          entry: { ...creation.entry, revision },
        }));
        tell(`${id} ${revision}`);
      }
      if (number % 4 !== 0) continue;
      await tasks.deleteTask({ projectId, id });
      tell(`${id} ${deletedRevision}`);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
}

/** Opens a store, which brings it to the newest schema and counts it. */
async function openOnce(path: string): Promise<void> {
  tell("opening");
  const { close } = await openSqliteStore({ path, clock });
  await close();
}

/** Brings a store to the newest schema, and then does nothing any more. */
function migrateOnly(path: string): void {
  const migrations = readMigrations();
  migrate(new DatabaseSync(path), migrations, clock);
  tell("migrated");
  setInterval(() => {}, 1000);
}

/** Counts everything anew, again and again. */
function rebuildForEver(path: string): never {
  const { database } = openDatabase(path, clock);
  tell("opened");
  for (;;) rebuildCounts(database);
}

/** Deletes what has ended, step by step, and says the ids of each step once it is acknowledged. */
async function deleteEndedTasksForEver(path: string): Promise<never> {
  const { tasks } = await openSqliteStore({ path, clock });
  const endedBeforeMs = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const { ids } = await tasks.findEndedTasks({
      projectId,
      endedBeforeMs,
      from: undefined,
      limit: deletedPerStep,
    });
    await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs });
    tell(ids.join(" "));
  }
}
