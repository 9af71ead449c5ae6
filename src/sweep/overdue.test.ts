import assert from "node:assert/strict";
import test from "node:test";
import { taskFactory } from "../../test/factories.ts";
import type { Store } from "../store/store.ts";
import { TaskCenterError } from "../task/error.ts";
import type { Task } from "../task/task.ts";
import { overdueSweep } from "./overdue.ts";

const leaseMs = 60_000;

/** A server with a clock of its own that a test moves, and a task whose producer was heard at 0 and fell silent. */
function makeServer() {
  let nowMs = 0;
  let task: Task = {
    ...taskFactory.running(),
    leaseSeconds: leaseMs / 1000,
    onStale: "fail",
    heardAtMs: 0,
    createdAtMs: 0,
  };
  const state = { leads: true, isAway: false, rounds: 0 };
  const store = {
    identity: { listProjectIds: async () => [task.projectId] },
    tasks: {
      async listOverdueTasks() {
        state.rounds += 1;
        return [task.id];
      },
      async changeTask(_key: unknown, decide: (current: Task) => { readonly task: Task }) {
        task = decide(task).task;
        return task;
      },
    },
    async ping() {},
    async lead(_work: string, body: (lost: AbortSignal) => Promise<unknown>) {
      if (state.isAway) throw new TaskCenterError("store-unavailable", "It is away.");
      return state.leads ? await body(stop.signal) : undefined;
    },
  } as unknown as Store;
  let stop = new AbortController();
  // After the first round of a term the lead is lost, so that each turn is one round.
  const sweep = overdueSweep({ store, clock: () => nowMs, pause: async () => stop.abort() });
  return {
    state,
    /** Lets the time pass in steps of ten seconds, with a turn after each. */
    async pass(ms: number): Promise<void> {
      for (const endMs = nowMs + ms; nowMs < endMs; ) {
        nowMs += 10_000;
        stop = new AbortController();
        await sweep(new AbortController().signal).catch(() => {});
      }
    },
    /** Lets the time pass while the server does nothing. */
    sleep(ms: number): void {
      nowMs += ms;
    },
    hasFailed: () => task.status === "Failed",
  };
}

test("a server that leads fails what was silent for longer than its lease", async () => {
  const server = makeServer();
  await server.pass(leaseMs);
  assert.equal(server.hasFailed(), false);
  await server.pass(20_000);
  assert.equal(server.hasFailed(), true);
});

test("a server that leads late has listened all the while, and gives nobody another lease", async () => {
  const server = makeServer();
  server.state.leads = false;
  await server.pass(10 * leaseMs);
  assert.deepEqual([server.hasFailed(), server.state.rounds], [false, 0]);
  server.state.leads = true;
  await server.pass(10_000);
  assert.equal(server.hasFailed(), true);
});

test("a server that slept gives everybody a whole lease, whether it leads or not", async () => {
  for (const leads of [true, false]) {
    const server = makeServer();
    server.state.leads = leads;
    await server.pass(leaseMs - 10_000);
    server.sleep(10 * leaseMs);
    await server.pass(10_000);
    server.state.leads = true;
    await server.pass(leaseMs - 10_000);
    assert.equal(server.hasFailed(), false);
    await server.pass(20_000);
    assert.equal(server.hasFailed(), true);
  }
});

test("while the store is away nobody can report, so everybody has a whole lease after that", async () => {
  const server = makeServer();
  await server.pass(leaseMs - 10_000);
  server.state.isAway = true;
  await server.pass(30_000);
  server.state.isAway = false;
  await server.pass(leaseMs);
  assert.equal(server.hasFailed(), false);
  await server.pass(20_000);
  assert.equal(server.hasFailed(), true);
});

test("a term has an end, so that another server may lead", async () => {
  let rounds = 0;
  const store = {
    identity: {
      async listProjectIds() {
        rounds += 1;
        return [];
      },
    },
    lead: (_work: string, body: (lost: AbortSignal) => Promise<unknown>) =>
      body(new AbortController().signal),
  } as unknown as Store;
  await overdueSweep({ store, clock: () => 0, pause: async () => {} })(new AbortController().signal);
  assert.equal(rounds, 60);
});

/** The work of a server that leads one round, over so many projects, whose tasks a test stands in for. */
function oneRound(parts: {
  readonly projects: number;
  readonly clock?: () => number;
  readonly tasks: Partial<Store["tasks"]>;
  readonly ping?: () => Promise<void>;
}): (stopping?: AbortSignal) => Promise<void> {
  let lost = new AbortController();
  const store = {
    identity: {
      listProjectIds: async () => Array.from({ length: parts.projects }, (_, index) => `project-${index}`),
    },
    tasks: parts.tasks,
    ping: parts.ping ?? (async () => {}),
    lead: (_work: string, body: (lost: AbortSignal) => Promise<unknown>) => {
      lost = new AbortController();
      return body(lost.signal);
    },
  } as unknown as Store;
  const sweep = overdueSweep({ store, clock: parts.clock ?? (() => 0), pause: async () => lost.abort() });
  return (stopping = new AbortController().signal) => sweep(stopping);
}

test("a round that takes longer than a machine may sleep is no sleep: leases go on", async () => {
  let nowMs = 0;
  let task: Task = {
    ...taskFactory.running({ projectId: "project-39", createdAtMs: 0 }),
    leaseSeconds: leaseMs / 1000,
    onStale: "fail",
    heardAtMs: 0,
  };
  const round = oneRound({
    projects: 40,
    clock: () => nowMs,
    tasks: {
      async listOverdueTasks({ projectId }) {
        nowMs += 1000;
        return projectId === task.projectId ? [task.id] : [];
      },
      async changeTask(_key, decide) {
        task = decide(task).task;
        return task;
      },
    },
  });
  await round();
  assert.equal(task.status, "Running");
  await round();
  assert.equal(task.status, "Failed");
});

test("a round asks a few projects at once, and each of them once", async () => {
  const asked: string[] = [];
  let [atOnce, most] = [0, 0];
  const round = oneRound({
    projects: 20,
    tasks: {
      async listOverdueTasks({ projectId }) {
        asked.push(projectId);
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
        return [];
      },
    },
  });
  await round();
  assert.deepEqual([asked.length, new Set(asked).size, most], [20, 20, 4]);
});

test("trouble in a project is thrown when the others are done", async () => {
  const asked: string[] = [];
  const trouble = new Error("trouble");
  const round = oneRound({
    projects: 20,
    tasks: {
      async listOverdueTasks({ projectId }) {
        asked.push(projectId);
        if (projectId === "project-3") throw trouble;
        return [];
      },
    },
  });
  await assert.rejects(round(), (error) => error === trouble);
  assert.equal(asked.length, 20);
});

test("a round ends where the store goes away, and everybody has a whole lease when it is back", async () => {
  let nowMs = 0;
  let isAway = false;
  let asked = 0;
  let task: Task = {
    ...taskFactory.running({ projectId: "project-0", createdAtMs: 0 }),
    leaseSeconds: leaseMs / 1000,
    onStale: "fail",
    heardAtMs: 0,
  };
  const beAway = async () => {
    if (isAway) throw new TaskCenterError("store-unavailable", "It is away.");
  };
  const round = oneRound({
    projects: 100,
    clock: () => nowMs,
    ping: beAway,
    tasks: {
      async listOverdueTasks({ projectId }) {
        asked += 1;
        await beAway();
        return projectId === task.projectId ? [task.id] : [];
      },
      async changeTask(_key, decide) {
        task = decide(task).task;
        return task;
      },
    },
  });
  const passTo = async (ms: number): Promise<void> => {
    for (; nowMs < ms; nowMs += 10_000) await round();
  };
  await passTo(leaseMs - 10_000);
  [isAway, asked] = [true, 0];
  await assert.rejects(round(), { code: "store-unavailable" });
  assert.ok(asked < 10, `${asked} projects were asked`);
  nowMs += 10_000;
  isAway = false;
  await passTo(2 * leaseMs);
  assert.equal(task.status, "Running");
  await passTo(2 * leaseMs + 20_000);
  assert.equal(task.status, "Failed");
});

test("a stop is seen within a round, which asks no more projects then", async () => {
  let asked = 0;
  const stop = new AbortController();
  const round = oneRound({
    projects: 100,
    tasks: {
      async listOverdueTasks() {
        asked += 1;
        if (asked === 8) stop.abort();
        await new Promise((resolve) => setImmediate(resolve));
        return [];
      },
    },
  });
  await round(stop.signal);
  assert.equal(asked, 8);
});
