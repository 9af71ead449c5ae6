import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../../test/factories.ts";
import { domain, first, project, sampleProject } from "../store/conformance/samples.ts";
import { openSqliteStore } from "../store/sqlite/store.ts";
import type { Store, TaskStore } from "../store/store.ts";
import type { Task } from "../task/task.ts";
import { type Deletions, retentionSweep } from "./retention.ts";
import type { Pause } from "./timer.ts";

const retentionMs = 30 * 24 * 60 * 60 * 1000;
const nowMs = factoryCreatedAtMs + 365 * 24 * 60 * 60 * 1000;
/** What ended then is exactly as old as the retention. */
const boundMs = nowMs - retentionMs;

const projectIds = ["a", "b", "c"].map((name) => sampleProject(name).id);
const [projectA = "", projectB = "", projectC = ""] = projectIds;

/** A store of three projects. */
async function openStore(t: TestContext): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-retention-"));
  const store = await openSqliteStore({ path: join(folder, "store.db"), clock: () => nowMs });
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  await store.identity.createFirstIdentity({ ...first, domain, project: { ...project, id: projectA } });
  await store.identity.createProject(sampleProject("b"));
  await store.identity.createProject(sampleProject("c"));
  return store;
}

/** Tasks that ended one after the other, the last of them just before the retention. */
function oldTasks(count: number, projectId: string): readonly Task[] {
  return Array.from({ length: count }, (_, index) => {
    const endedAtMs = boundMs - count + index;
    return taskFactory.completed({ projectId, id: `old-${index}`, createdAtMs: endedAtMs - 5, endedAtMs });
  });
}

async function record(store: Store, ...created: readonly (readonly Task[])[]): Promise<void> {
  await Promise.all(created.flat().map((task) => store.tasks.createTask(creationOf(task))));
}

async function totalOf({ tasks }: Store, projectId: string): Promise<number> {
  const filter = { projectId };
  const page = await tasks.listTasks({
    filter,
    order: "newest-first",
    offset: 0,
    limit: 1,
    withNames: false,
  });
  return page.total;
}

/** One round over a store, parts of which a test may replace; answers what it told, and throws what the round throws. */
async function round(
  store: Store,
  options: {
    readonly tasks?: Partial<TaskStore>;
    readonly pause?: Pause;
    readonly stopping?: AbortSignal;
    readonly atMs?: number;
    readonly told?: Deletions[];
  } = {},
): Promise<readonly Deletions[]> {
  const { told = [] } = options;
  const sweep = retentionSweep({
    tasks: { ...store.tasks, ...options.tasks },
    identity: store.identity,
    clock: () => options.atMs ?? nowMs,
    retentionMs,
    pause: options.pause ?? (async () => undefined),
    onDeleted: (deletions) => told.push(deletions),
  });
  await sweep(options.stopping ?? new AbortController().signal);
  return told;
}

/** What was told, without the time that it took. */
function counted(told: readonly Deletions[]): readonly Omit<Deletions, "tookMs">[] {
  return told.map(({ tookMs, ...counts }) => {
    assert.ok(Number.isInteger(tookMs) && tookMs >= 0);
    return counts;
  });
}

test("a round deletes what ended before the retention in every project, and nothing else", async (t) => {
  const store = await openStore(t);
  const createdAtMs = boundMs - 1_000_000;
  const kept = [
    taskFactory.completed({ projectId: projectA, id: "at", createdAtMs, endedAtMs: boundMs }),
    taskFactory.failed({ projectId: projectB, id: "later", createdAtMs, endedAtMs: nowMs }),
    taskFactory.running({ projectId: projectB, id: "running", createdAtMs }),
    taskFactory.running({ projectId: projectC, id: "running", createdAtMs }),
  ];
  await record(store, kept, oldTasks(40, projectA), oldTasks(3, projectB));
  assert.deepEqual(counted(await round(store)), [{ tasks: 43, projects: 2 }]);
  for (const task of kept) assert.deepEqual(await store.tasks.getTask(task), task);
  assert.deepEqual(await Promise.all(projectIds.map((id) => totalOf(store, id))), [1, 2, 1]);
});

test("a round that finds nothing to delete tells nothing", async (t) => {
  const store = await openStore(t);
  await record(store, [taskFactory.running({ projectId: projectA, createdAtMs: 0 })]);
  assert.deepEqual(await round(store), []);
});

test("each round looks at the clock anew", async (t) => {
  const store = await openStore(t);
  await record(store, oldTasks(10, projectA));
  // The first four ended 10 to 7 ms before the bound, which is 6 ms earlier then.
  assert.deepEqual(counted(await round(store, { atMs: nowMs - 6 })), [{ tasks: 4, projects: 1 }]);
  assert.deepEqual(counted(await round(store)), [{ tasks: 6, projects: 1 }]);
});

test("a step deletes a handful at most, and after each the total is what is left", async (t) => {
  const store = await openStore(t);
  const running = taskFactory.running({ projectId: projectA, id: "running", createdAtMs: boundMs - 50 });
  await record(store, oldTasks(100, projectA), [running]);
  let left = 101;
  const totals: number[] = [];
  const steps: number[] = [];
  await round(store, {
    tasks: {
      deleteEndedTasks: async (query) => {
        const deleted = await store.tasks.deleteEndedTasks(query);
        steps.push(deleted);
        left -= deleted;
        return deleted;
      },
    },
    pause: async () => {
      const total = await totalOf(store, projectA);
      assert.equal(total, left);
      totals.push(total);
    },
  });
  assert.equal(totals.at(-1), 1);
  assert.ok(steps.length >= 4 && Math.max(...steps) <= 32, `steps of ${steps.join(", ")}`);
});

test("the pause after a step is three times as long as its deletion", async (t) => {
  const store = await openStore(t);
  await record(store, oldTasks(40, projectA));
  const spendMs = (ms: number): void => {
    const startedMs = performance.now();
    while (performance.now() < startedMs + ms);
  };
  let [resumedMs, begunMs, tookMs] = [performance.now(), 0, 0];
  const pauses: number[] = [];
  await round(store, {
    tasks: {
      findEndedTasks: (query) => store.tasks.findEndedTasks(query),
      deleteEndedTasks: async (query) => {
        begunMs = performance.now();
        const deleted = await store.tasks.deleteEndedTasks(query);
        spendMs(10);
        tookMs = performance.now() - begunMs;
        return deleted;
      },
    },
    pause: async (ms) => {
      const atMostMs = performance.now() - resumedMs;
      assert.ok(ms >= 3 * tookMs && ms <= 3 * atMostMs, `${ms} after ${tookMs} to ${atMostMs}`);
      pauses.push(ms);
      // The pause itself is no part of the next step.
      spendMs(5);
      resumedMs = performance.now();
    },
  });
  assert.ok(Math.max(...pauses) >= 30);
});

test("a stop ends the round after the step under way, and the next round does the rest", async (t) => {
  const store = await openStore(t);
  await record(store, oldTasks(100, projectA), oldTasks(10, projectB));
  const stop = new AbortController();
  let steps = 0;
  const told = await round(store, {
    stopping: stop.signal,
    tasks: {
      deleteEndedTasks: (query) => {
        steps += 1;
        if (steps === 2) stop.abort();
        return store.tasks.deleteEndedTasks(query);
      },
    },
  });
  assert.equal(steps, 2);
  const [{ tasks: deleted } = { tasks: 0 }] = told;
  assert.equal(await totalOf(store, projectA), 100 - deleted);
  assert.equal(await totalOf(store, projectB), 10);
  assert.deepEqual(counted(await round(store)), [{ tasks: 110 - deleted, projects: 2 }]);
});

test("trouble in a project is thrown when the others are done, and what was deleted before is told", async (t) => {
  const store = await openStore(t);
  await record(store, oldTasks(40, projectA), oldTasks(5, projectB), oldTasks(5, projectC));
  const trouble = new Error("the disk is full");
  let steps = 0;
  const told: Deletions[] = [];
  const troubled = round(store, {
    told,
    tasks: {
      findEndedTasks: async (query) => {
        if (query.projectId === projectB) throw new Error("later trouble");
        return store.tasks.findEndedTasks(query);
      },
      deleteEndedTasks: async (query) => {
        steps += 1;
        if (steps === 2) throw trouble;
        return store.tasks.deleteEndedTasks(query);
      },
    },
  });
  await assert.rejects(troubled, (error) => error === trouble);
  const left = await totalOf(store, projectA);
  assert.ok(left > 0 && left < 40);
  assert.deepEqual(counted(told), [{ tasks: 40 - left + 5, projects: 2 }]);
  assert.equal(await totalOf(store, projectB), 5);
  assert.equal(await totalOf(store, projectC), 0);
});

test("a round forgets the keys of deleted projects in steps, and not those of the others", async (t) => {
  const store = await openStore(t);
  const use = async (projectId: string, key: string): Promise<string> => {
    const task = taskFactory.running({ projectId, id: `task-${key}`, createdAtMs: nowMs });
    const { foundBy } = await store.tasks.createTask(creationOf(task, { idempotencyKey: key }));
    await store.tasks.deleteTask(task).catch(() => {});
    return foundBy;
  };
  const keys = Array.from({ length: 250 }, (_, index) => `key-${index}`);
  await Promise.all(keys.map((key) => use(projectB, key)));
  await use(projectA, "key");
  await store.identity.deleteProject(projectB);
  let steps = 0;
  const told = await round(store, {
    pause: async () => {
      steps += 1;
    },
  });
  assert.deepEqual([told, steps], [[], 3]);
  const { forgetCreations } = store.identity;
  assert.equal(await forgetCreations({ projectId: projectB, after: "", limit: 1 }), undefined);
  assert.equal(await use(projectA, "key"), "key");
});

test("a task that is reopened after it was found stays", async (t) => {
  const store = await openStore(t);
  const old = oldTasks(3, projectA);
  await record(store, old);
  const [reopened] = old;
  assert.ok(reopened !== undefined);
  const told = await round(store, {
    tasks: {
      deleteEndedTasks: async (query) => {
        await store.tasks.changeTask(reopened, (current) => ({
          task: { ...current, status: "Running", endedAtMs: null, revision: current.revision + 1 },
          entry: undefined,
        }));
        return store.tasks.deleteEndedTasks(query);
      },
    },
  });
  assert.deepEqual(counted(told), [{ tasks: 2, projects: 1 }]);
  assert.equal((await store.tasks.getTask(reopened))?.status, "Running");
});
