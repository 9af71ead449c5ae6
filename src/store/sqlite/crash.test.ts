import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import { openSqliteStore } from "./store.ts";

/** How many writers the process that is killed has, and after how many acknowledged writes it is killed. */
const writers = 32;
const acknowledgementsBeforeKill = 3000;

const { projectId } = taskFactory.running();
const [, , role, pathOfWriter] = process.argv;

if (role === "writer") await writeForEver(String(pathOfWriter));
else {
  test("after kill -9 every acknowledged task and report is there, once, with its whole history", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "taskcenter-crash-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "store.db");
    const acknowledged = await killAWriter(path);
    assert.ok(acknowledged.size > writers);

    const { tasks, close } = await openSqliteStore({ path, clock: () => 0 });
    try {
      const found = await tasks.listTasks({
        filter: { projectId },
        order: "newest-first",
        offset: 0,
        limit: 1_000_000,
        withNames: false,
      });
      const ids = found.tasks.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      assert.deepEqual(
        [...acknowledged.keys()].filter((id) => !ids.includes(id)),
        [],
      );
      // Each writer has at most one write under way: what is there beyond the acknowledged is not more than that.
      const revisions = found.tasks.reduce((sum, { revision }) => sum + revision, 0);
      const revisionsAcknowledged = [...acknowledged.values()].reduce((sum, revision) => sum + revision, 0);
      assert.ok(revisions - revisionsAcknowledged <= writers);
      for (const task of found.tasks) {
        assert.ok(task.revision >= (acknowledged.get(task.id) ?? 0));
        const history = await tasks.listHistory({ projectId, id: task.id, afterRevision: 0, limit: 100 });
        assert.deepEqual(
          history?.entries.map(({ revision }) => revision),
          Array.from({ length: task.revision }, (_, index) => index + 1),
        );
      }
    } finally {
      await close();
    }
  });
}

/** Kills a writing process in the middle of its work. Answers the last revision that it acknowledged of each task. */
async function killAWriter(path: string): Promise<ReadonlyMap<string, number>> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "writer", path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const acknowledged = new Map<string, number>();
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [id = "", revision] = line.split(" ");
    acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, Number(revision)));
    count += 1;
    if (count === acknowledgementsBeforeKill) child.kill("SIGKILL");
  }
  const [, signal] = await exit;
  assert.equal(signal, "SIGKILL");
  return acknowledged;
}

/** Creates tasks and reports on each of them four times, with many writers at once, and prints what was acknowledged. */
async function writeForEver(path: string): Promise<void> {
  const { tasks } = await openSqliteStore({ path, clock: () => 0 });
  const write = async (writer: number): Promise<never> => {
    for (let number = 1; ; number += 1) {
      const creation = creationOf(taskFactory.running({ id: `task-${writer}-${number}` }));
      const { id } = creation.task;
      await tasks.createTask(creation);
      console.log(`${id} 1`);
      for (let report = 0; report < 4; report += 1) {
        const { revision } = await tasks.changeTask({ projectId, id }, (current) => {
          const next = current.revision + 1;
          return { task: { ...current, revision: next }, entry: { ...creation.entry, revision: next } };
        });
        console.log(`${id} ${revision}`);
      }
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
}
