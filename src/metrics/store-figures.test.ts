import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../test/factories.ts";
import { openSqliteStore } from "../store/sqlite/store.ts";
import { TaskCenterError } from "../task/error.ts";
import type { LastSuccess } from "../task/query.ts";
import { gatherStoreFigures, shareSuccesses } from "./store-figures.ts";

const nowMs = factoryCreatedAtMs + 3_600_000;
const never = new AbortController().signal;
const pause = () => Promise.resolve();

test("the figures are the sums over all projects, and every success names its own", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-figures-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = await openSqliteStore({ path: join(folder, "store.db"), clock: () => nowMs });
  t.after(() => store.close());
  const projectIds = ["a", "b", "empty"];
  const all = [
    taskFactory.running({ projectId: "a", id: "1", createdAtMs: nowMs - 9000, heardAtMs: nowMs }),
    taskFactory.running({
      projectId: "a",
      id: "2",
      createdAtMs: nowMs - 5000,
      heardAtMs: nowMs - 5000,
      leaseSeconds: 1,
    }),
    taskFactory.running({ projectId: "b", id: "1", createdAtMs: nowMs - 70_000, heardAtMs: nowMs }),
    taskFactory.toBeSwitched({ projectId: "b", id: "2", createdAtMs: nowMs - 4000 }),
    taskFactory.scheduled({ projectId: "b", id: "3" }),
    taskFactory.completed({ projectId: "a", id: "3" }),
    taskFactory.completed({ projectId: "b", id: "4", service: "geminidb" }),
    taskFactory.failed({ projectId: "b", id: "5" }),
  ];
  for (const task of all) await store.tasks.createTask(creationOf(task));
  const questions = {
    tasks: store.tasks,
    identity: { listProjectIds: async () => projectIds },
    clock: () => nowMs,
    pause,
  };
  const { tookMs, ...figures } = await gatherStoreFigures({ ...questions, withSuccesses: true }, never);
  assert.ok(tookMs >= 0);
  const none = { pending: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 };
  const success = {
    name: "RestartMysqlInstance",
    instanceId: "instance-1",
    endedAtMs: factoryCreatedAtMs + 60_000,
  };
  assert.deepEqual(figures, {
    gatheredAtMs: nowMs,
    projects: 3,
    projectsUnanswered: 0,
    tasks: {
      ddm: { ...none, running: 1 },
      rds: { pending: 1, running: 3, succeeded: 1, failed: 1, canceled: 0 },
      geminidb: { ...none, succeeded: 1 },
    },
    stale: { ddm: 0, rds: 1, geminidb: 0 },
    oldestRunningAtMs: { ddm: nowMs - 4000, rds: nowMs - 70_000, geminidb: undefined },
    successes: [
      { ...success, service: "rds", taskId: "3", projectId: "a" },
      { ...success, service: "geminidb", taskId: "4", projectId: "b" },
    ],
    projectsLeftOut: 0,
  });
  const unnamed = await gatherStoreFigures({ ...questions, withSuccesses: false }, never);
  assert.deepEqual([unnamed.successes, unnamed.projectsLeftOut, unnamed.tasks], [[], 2, figures.tasks]);

  // One project's question that is too broad costs that figure alone.
  const broad = {
    ...store.tasks,
    countTasks: (query: Parameters<typeof store.tasks.countTasks>[0]) =>
      query.filter.stale === undefined || query.filter.projectId !== "a"
        ? store.tasks.countTasks(query)
        : Promise.reject(new TaskCenterError("query-too-broad", "Too broad.")),
  };
  const partly = await gatherStoreFigures({ ...questions, tasks: broad, withSuccesses: true }, never);
  assert.deepEqual([partly.projectsUnanswered, partly.stale.rds, partly.tasks], [1, 0, figures.tasks]);
  await assert.rejects(
    gatherStoreFigures({ ...questions, withSuccesses: true }, AbortSignal.abort(new Error("closing"))),
    { message: "closing" },
  );
});

/** Projects with so many successes each, and what was asked of them. */
function projectsWith(counts: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  return {
    projectIds: Object.keys(counts),
    asked,
    ask: async (projectId: string, limit: number) => {
      asked.push(`${projectId} ${limit}`);
      const count = counts[projectId] ?? 0;
      const successes: LastSuccess[] = Array.from({ length: Math.min(count, limit) }, (_, index) => ({
        service: "rds",
        name: `task ${index}`,
        instanceId: "in",
        endedAtMs: 0,
        taskId: "id",
      }));
      return { successes, more: count > limit };
    },
  };
}

async function shared(counts: Readonly<Record<string, number>>, room: number) {
  const { projectIds, ask, asked } = projectsWith(counts);
  const { successes, projectsLeftOut } = await shareSuccesses(projectIds, ask, room);
  const told = Object.fromEntries(
    projectIds.map((id) => [id, successes.filter(({ projectId }) => projectId === id).length]),
  );
  return { told, projectsLeftOut, asked };
}

test("where there is room for all, all last successes are told", async () => {
  const { told, projectsLeftOut } = await shared({ a: 3, b: 0, c: 7 }, 30);
  assert.deepEqual([told, projectsLeftOut], [{ a: 3, b: 0, c: 7 }, 0]);
});

test("a project with many names gets what others leave, and takes nothing from anybody", async () => {
  const { told, projectsLeftOut } = await shared({ big: 1_000_000, a: 2, huge: 1_000_000, z: 3 }, 20);
  assert.deepEqual([told, projectsLeftOut], [{ big: 8, a: 2, huge: 7, z: 3 }, 2]);
});

test("with more projects than room the first ones have one each, and the others are told as left out", async () => {
  const { told, projectsLeftOut, asked } = await shared({ a: 2, b: 1, c: 1, d: 1 }, 2);
  assert.deepEqual([told, projectsLeftOut], [{ a: 1, b: 1, c: 0, d: 0 }, 3]);
  assert.deepEqual(asked, ["a 1", "b 1"]);
});

test("the room is never exceeded, nobody who fits into a share is cut, and the work is bounded", async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const counts = Object.fromEntries(
      Array.from({ length: 1 + (seed % 13) }, (_, index) => [`p${index}`, (seed * (index + 3) * 7919) % 41]),
    );
    const room = 1 + ((seed * 31) % 97);
    const { told, projectsLeftOut, asked } = await shared(counts, room);
    const total = Object.values(told).reduce((sum, count) => sum + count, 0);
    assert.ok(total <= room, `${seed}`);
    const share = Math.floor(room / Object.keys(counts).length);
    for (const [id, count] of Object.entries(counts))
      assert.ok((told[id] ?? 0) >= Math.min(count, share), `${seed} ${id}`);
    const cut = Object.entries(counts).filter(([id, count]) => (told[id] ?? 0) < count).length;
    const unasked = Object.keys(counts)
      .slice(room)
      .filter((id) => counts[id] === 0).length;
    assert.equal(projectsLeftOut, cut + unasked, `${seed}`);
    assert.ok(asked.length <= 4 * Object.keys(counts).length, `${seed}`);
  }
});
