import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readCreation, readReport } from "../../http/task-documents.ts";
import { services, statusesOf, type TaskStatus, taskStatuses } from "../../task/lifecycle.ts";
import { applyReport, createTask } from "../../task/report.ts";
import type { Task } from "../../task/task.ts";
import { Agenda } from "./agenda.ts";
import { makeFleet, operationNames } from "./fleet.ts";
import { statusesToEnd } from "./runner.ts";
import type { Scenario } from "./scenario.ts";
import { Tally } from "./tally.ts";
import { type FleetEvent, timeline } from "./timeline.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
// A Wednesday, so that every night of the stories is there, and working days before it.
const startMs = Date.parse("2026-03-04T12:00:00Z");

const usual: Scenario = {
  seed: 1,
  startMs,
  historyMs: 7 * dayMs,
  instances: 40,
  services,
  only: [],
  ratePerMinute: 4,
  speed: 1,
};

/** Everything that happens up to some time after the start. */
function eventsOf(changes: Partial<Scenario> = {}, afterMs = 2 * hourMs): readonly FleetEvent[] {
  const scenario = { ...usual, ...changes };
  const events: FleetEvent[] = [];
  for (const event of timeline(makeFleet(scenario), scenario)) {
    if (event.atMs > scenario.startMs + afterMs) break;
    events.push(event);
  }
  return events;
}

const lettersOf = (events: readonly FleetEvent[]): string =>
  events.map(({ atMs, line }) => `${atMs} ${JSON.stringify(line)}\n`).join("");

const creations = (events: readonly FleetEvent[]) =>
  events.flatMap(({ line }) => ("create" in line ? [line.create] : []));

/** The tasks as a server has them that is told everything at once; it throws where it would refuse something. */
function recorded(events: readonly FleetEvent[]): ReadonlyMap<string, Task> {
  const tasks = new Map<string, Task>();
  const nowMs = Math.max(...events.map(({ atMs }) => atMs));
  for (const { line } of events) {
    if ("create" in line) {
      const context = { projectId: "p", id: line.create.id ?? "", createdBy: "producer", nowMs };
      const { task } = createTask(readCreation(line.create as Parameters<typeof readCreation>[0]), context);
      assert.ok(!tasks.has(task.id), `${task.id} is created twice`);
      tasks.set(task.id, task);
    } else {
      const { id, ...report } = line.report;
      const standing = tasks.get(id);
      assert.ok(standing, `${id} is reported on before it is created`);
      const said = readReport(report as Parameters<typeof readReport>[0]);
      tasks.set(id, applyReport(standing, said, { by: "producer", nowMs }).task);
    }
  }
  return tasks;
}

test("the same scenario is the same tasks to the letter, and any other one has other ids", () => {
  const letters = lettersOf(eventsOf());
  assert.equal(lettersOf(eventsOf()), letters);
  const seen = new Set(creations(eventsOf()).map(({ id }) => id));
  const others: readonly Partial<Scenario>[] = [
    { seed: 2 },
    { startMs: startMs + 1000 },
    { historyMs: 6 * dayMs },
    { instances: 41 },
    { services: ["rds"] },
    { only: ["BackupInstance"] },
    { ratePerMinute: 5 },
    { speed: 2 },
  ];
  for (const changes of others) {
    const ids = creations(eventsOf(changes)).map(({ id }) => id);
    assert.ok(ids.length > 100, JSON.stringify(changes));
    assert.deepEqual(
      ids.filter((id) => seen.has(id)),
      [],
      JSON.stringify(changes),
    );
  }
});

test("a larger fleet of a seed has the instances of a smaller one", () => {
  const idsOf = (instances: number) => makeFleet({ ...usual, instances }).instances.map(({ id }) => id);
  const larger = new Set(idsOf(120));
  assert.ok(larger.size > idsOf(40).length);
  assert.deepEqual(
    idsOf(40).filter((id) => !larger.has(id)),
    [],
  );
});

test("everything that is told comes in the order of its time and is allowed by the lifecycle", () => {
  const reached = new Set<TaskStatus>();
  for (const seed of [1, 4294967295]) {
    const events = eventsOf({ seed, ratePerMinute: 2 }, 14 * hourMs);
    for (const [index, { atMs }] of events.entries()) assert.ok(atMs >= (events[index - 1]?.atMs ?? 0));
    const tasks = recorded(events);
    for (const { line } of events) {
      const status = "create" in line ? (line.create.status ?? "Running") : line.report.status;
      if (status !== undefined) reached.add(status);
    }
    const tally = new Tally();
    for (const event of events) tally.follow(event);
    const ended = [...tasks.values()].filter(({ endedAtMs }) => endedAtMs !== null).length;
    assert.equal(tally.counts().live, tasks.size - ended);
    assert.equal(tally.counts().all, tasks.size);
  }
  assert.deepEqual([...reached].sort(), [...taskStatuses].sort());
});

test("faster, the same life goes through the same statuses in shorter time", () => {
  const events = eventsOf({ speed: 100, historyMs: 0 }, 3 * 60_000);
  assert.ok(Math.min(...events.map(({ atMs }) => atMs)) > startMs);
  const ended = [...recorded(events).values()].filter(({ endedAtMs }) => endedAtMs !== null);
  assert.ok(ended.length > 700);
  const seconds = ended
    .filter(({ kind, status }) => kind === "instant" && status === "Completed")
    .map(({ createdAtMs, endedAtMs }) => ((endedAtMs ?? 0) - createdAtMs) / 1000)
    .sort((a, b) => a - b);
  assert.ok((seconds[Math.floor(seconds.length / 2)] ?? 99) < 10);
});

test("the past has a backup of each instance in each night, one that fails, one that is missing, and a bad night", () => {
  const fleet = makeFleet(usual);
  const { failing, forgotten } = fleet;
  assert.ok(failing && forgotten);
  const tasks = [...recorded(eventsOf({}, 0)).values()];
  const backups = tasks.filter(({ name, labels }) => /^Backup/.test(name) && labels.trigger === "schedule");
  const day = (daysAgo: number): string => new Date(startMs - daysAgo * dayMs).toISOString().slice(0, 10);
  const ofNight = (daysAgo: number): readonly Task[] =>
    backups.filter(({ createdAtMs }) => new Date(createdAtMs).toISOString().startsWith(day(daysAgo)));
  const backedUp = fleet.instances.filter(
    ({ target, engine }) => target === "primary" && engine.service !== "ddm",
  );
  for (const daysAgo of [0, 1, 2, 3, 4, 5, 6]) {
    const night = ofNight(daysAgo);
    const instances = new Set(night.map(({ instance }) => instance.id));
    const missing = backedUp.filter(({ id }) => !instances.has(id)).map(({ name }) => name);
    assert.deepEqual(missing, daysAgo < 3 ? [forgotten.name] : [], `${daysAgo} days ago`);
    const ofFailing: readonly Task[] = night.filter(({ instance }) => instance.id === failing.id);
    assert.equal(
      ofFailing.some(({ status }) => status === "Completed"),
      daysAgo >= 4,
      `${failing.name}, ${daysAgo} days ago`,
    );
  }
  const failures = (daysAgo: number) =>
    ofNight(daysAgo).filter(({ status, instance }) => status === "Failed" && instance.id !== failing.id)
      .length;
  assert.ok(failures(2) >= 8);
  for (const daysAgo of [1, 3, 5]) assert.ok(failures(daysAgo) < failures(2) / 2);
});

test("at the start some tasks are running, some wait for their window, and two have gone silent", () => {
  const events = eventsOf({}, 0);
  const tasks = [...recorded(events).values()];
  const count = (statuses: readonly TaskStatus[]) =>
    tasks.filter(({ status }) => statuses.includes(status)).length;
  assert.ok(count(["Running"]) >= 15);
  assert.ok(count(["Expanding", "ToBeSwitched", "ToBeCleaned"]) >= 1);
  assert.ok(count(["Pending"]) >= 3);
  const silent = tasks.filter(
    ({ status, leaseSeconds, labels }) =>
      status === "Running" && leaseSeconds === 20 && labels.trigger === "automation",
  );
  for (const { updatedAtMs } of silent.slice(-2)) assert.ok(updatedAtMs < startMs - 5 * 60_000);
  assert.ok(silent.length >= 2);
});

test("a retry names the task that failed before it, and is on the same instance", () => {
  const tasks = recorded(eventsOf());
  const retries = [...tasks.values()].filter(({ parentId }) => parentId !== null);
  assert.ok(retries.length > 20);
  for (const { parentId, attempt, instance, createdAtMs } of retries) {
    const parent = tasks.get(parentId ?? "");
    assert.ok(parent !== undefined && parent.status === "Failed", parentId ?? "");
    assert.equal(parent.attempt, attempt - 1);
    assert.equal(parent.instance.id, instance.id);
    assert.ok(createdAtMs > (parent.endedAtMs ?? Number.POSITIVE_INFINITY));
  }
});

test("ids, hosts and configurations have the forms of their services", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const suffixes = { ddm: /in09$/, rds: /in0[134]$/, geminidb: /in(06|10|12)$/ } as const;
  const all = creations(eventsOf());
  for (const { id = "", service, name, instance, details, kind } of all) {
    assert.match(id, service === "rds" ? /^[0-9a-f]{32}$/ : uuid);
    assert.match(instance.id, /^[0-9a-f]{32}in[0-9]{2}$/);
    assert.match(instance.id, suffixes[service]);
    assert.ok(kind !== "scheduled" || service === "rds");
    if (name === "migrateLogicDb") assert.ok((details?.shard ?? null) !== null);
  }
  const hosts = [...lettersOf(eventsOf()).matchAll(/[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net)\b/g)];
  assert.ok(hosts.length > 0);
  assert.deepEqual(
    hosts.map(([host]) => host).filter((host) => !host.endsWith("example.com")),
    [],
  );
});

test("only the operations that were asked for are begun, and retries of them", () => {
  const names = new Set(
    creations(eventsOf({ only: ["migrateLogicDb"], services: ["ddm"] })).map(({ name }) => name),
  );
  assert.deepEqual([...names].sort(), ["migrateLogicDb", "retryMigrateLogicDb"]);
  assert.ok(operationNames(["rds"]).includes("BackupInstance"));
  assert.ok(!operationNames(["rds"]).includes("migrateLogicDb"));
});

test("what was left unfinished comes to an end on a way that the lifecycle allows, from every status", () => {
  for (const subject of [
    { service: "rds", kind: "instant", name: "BackupInstance" },
    { service: "ddm", kind: "instant", name: "migrateLogicDb" },
    { service: "rds", kind: "scheduled", name: "RESIZE_FLAVOR" },
  ] as const) {
    for (const status of statusesOf(subject)) {
      const creation = { ...subject, instance: { id: "i" }, status };
      const context = { projectId: "p", id: "t", createdBy: "p", nowMs: startMs };
      let { task } = createTask(creation, context);
      for (const next of statusesToEnd(task)) {
        task = applyReport(task, { status: next }, { by: "p", nowMs: startMs }).task;
      }
      assert.notEqual(task.endedAtMs, null, `${subject.name} ${status}`);
    }
  }
});

test("an agenda gives out everything by its time, and what has the same time as it was put in", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(10), (times, takenEarly) => {
      const agenda = new Agenda<{ readonly atMs: number; readonly index: number }>();
      const early: number[] = [];
      for (const [index, atMs] of times.entries()) {
        agenda.add(atMs, { atMs, index });
        if (index === takenEarly) early.push(agenda.take()?.index ?? -1);
      }
      const taken: (readonly [number, number])[] = [];
      for (let item = agenda.take(); item !== undefined; item = agenda.take())
        taken.push([item.atMs, item.index]);
      const left = times
        .map((atMs, index) => [atMs, index] as const)
        .filter(([, index]) => !early.includes(index));
      assert.deepEqual(
        taken,
        left.sort((a, b) => a[0] - b[0] || a[1] - b[1]),
      );
      assert.equal(taken.length + early.length, times.length);
    }),
  );
});
