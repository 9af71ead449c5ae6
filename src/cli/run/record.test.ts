import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { ReportTaskBody } from "../../client/index.ts";
import { type RecordTiming, TaskRecord } from "./record.ts";
import type { Outcome, TaskReporter } from "./reporter.ts";

const accepted: Outcome = { kind: "accepted" };
const undelivered: Outcome = { kind: "undelivered", reason: "nobody answers" };
const refused: Outcome = { kind: "refused", reason: "not allowed" };

const creation = { id: "run-1", service: "rds", name: "BackupInstance", instance: { id: "db1" } } as const;
const timing: RecordTiming = { reportMs: 1000, heartbeatMs: 20_000, patienceMs: 5000, closingMs: 10_000 };

/** A record on a server that answers as a test says, and on a time that passes only when a test lets it. */
function startRecord(
  t: TestContext,
  answer: (call: "create" | ReportTaskBody, signal: AbortSignal) => Outcome | Promise<Outcome>,
) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  const calls: { readonly atMs: number; readonly call: "create" | ReportTaskBody }[] = [];
  const warnings: string[] = [];
  const ask = async (call: "create" | ReportTaskBody, signal: AbortSignal) => {
    calls.push({ atMs: nowMs, call });
    return answer(call, signal);
  };
  const reporter: TaskReporter = {
    create: (_creation, signal) => ask("create", signal),
    report: (_id, { reported_at: _time, ...report }, signal) => ask(report, signal),
  };
  const record = new TaskRecord({
    creation,
    reporter,
    timing,
    now: () => nowMs,
    warn: (message) => warnings.push(message),
  });
  const pass = async (ms: number) => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      await setImmediate();
      nowMs += 50;
      t.mock.timers.tick(50);
    }
    await setImmediate();
  };
  return { record, calls, warnings, pass, reports: () => calls.filter(({ call }) => call !== "create") };
}

const completed: ReportTaskBody = { status: "Completed", progress: 100 };

test("a task is created at once, and its end reported at once", async (t) => {
  const { record, calls, warnings } = startRecord(t, () => accepted);
  await record.end(completed);
  assert.deepEqual(calls, [
    { atMs: 0, call: "create" },
    { atMs: 0, call: completed },
  ]);
  assert.deepEqual(warnings, []);
});

test("progress is reported at most once a second, the latest only, and only when the whole percent changes", async (t) => {
  const { record, reports, pass } = startRecord(t, () => accepted);
  record.progress(1);
  record.progress(2.5);
  await pass(1000);
  record.progress(2.9);
  await pass(3000);
  record.progress(3);
  await pass(100);
  record.progress(7);
  await pass(1000);
  record.progress(4);
  await pass(1000);
  assert.deepEqual(reports(), [
    { atMs: 1000, call: { progress: 2.5 } },
    { atMs: 5000, call: { progress: 7 } },
    { atMs: 6000, call: { progress: 4 } },
  ]);
});

test("a silent command sends heartbeats, in time before the lease ends", async (t) => {
  const { record, reports, pass } = startRecord(t, () => accepted);
  await pass(30_000);
  record.progress(1);
  await pass(30_000);
  assert.deepEqual(reports(), [
    { atMs: 20_000, call: {} },
    { atMs: 31_000, call: { progress: 1 } },
    { atMs: 51_000, call: {} },
  ]);
});

test("a slow server hears the latest next, and never two things at once", async (t) => {
  const answers: (() => void)[] = [];
  const { record, reports, pass } = startRecord(t, (call) =>
    call === "create" ? accepted : new Promise((resolve) => answers.push(() => resolve(accepted))),
  );
  for (let percent = 1; percent <= 8; percent += 1) {
    record.progress(percent);
    await pass(1000);
  }
  assert.deepEqual(reports(), [{ atMs: 1000, call: { progress: 1 } }]);
  answers[0]?.();
  await pass(1000);
  assert.deepEqual(reports().slice(1), [{ atMs: 9000, call: { progress: 8 } }]);
});

test("what happened is reported with its time by the clock that created the task", async (t) => {
  const times: (string | undefined)[] = [];
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const record = new TaskRecord({
    creation,
    reporter: {
      create: async () => accepted,
      report: async (_id, { reported_at }) => {
        times.push(reported_at);
        return times.length < 3 ? undelivered : accepted;
      },
    },
    timing,
    now: () => 1_700_000_000_000 + times.length,
    warn: assert.fail,
  });
  const ended = record.end(completed);
  for (let step = 0; step < 20; step += 1) {
    await setImmediate();
    t.mock.timers.tick(100);
  }
  await ended;
  assert.deepEqual(times, Array(3).fill("2023-11-14T22:13:20.000Z"));
});

test("a server that is away for a moment is no trouble", async (t) => {
  let isAway = true;
  const { record, calls, warnings, pass } = startRecord(t, () => (isAway ? undelivered : accepted));
  await pass(3000);
  isAway = false;
  await pass(3000);
  isAway = true;
  record.progress(50);
  await pass(5000);
  isAway = false;
  await pass(20_000);
  isAway = true;
  const ended = record.end(completed);
  await pass(5000);
  isAway = false;
  await pass(5000);
  await ended;
  assert.deepEqual(warnings, []);
  assert.deepEqual(calls.at(-1)?.call, completed);
});

test("tries to reach a server that is away become rarer", async (t) => {
  const { calls, pass } = startRecord(t, () => undelivered);
  await pass(60_000);
  assert.deepEqual(
    calls.map(({ atMs }) => atMs),
    [0, 250, 750, 1750, 3750, 7750, 15_750, 31_750, 51_750],
  );
});

test("a task that cannot be created for long is told while the command runs, once", async (t) => {
  let isAway = true;
  const { record, warnings, calls, pass } = startRecord(t, () => (isAway ? undelivered : accepted));
  await pass(4950);
  assert.deepEqual(warnings, []);
  await pass(50);
  assert.deepEqual(warnings, ["this run is not recorded yet: nobody answers"]);
  isAway = false;
  await pass(10_000);
  isAway = true;
  const ended = record.end(completed);
  await pass(20_000);
  await ended;
  assert.equal(warnings.length, 1);
  assert.ok(calls.length > 5);
});

test("a server that does not answer at all is told of too", async (t) => {
  const { warnings, pass } = startRecord(t, () => new Promise(() => {}));
  await pass(5000);
  assert.deepEqual(warnings, ["this run is not recorded yet: the server has not answered"]);
});

test("a short command does not wait for a server that was never there", async (t) => {
  const { record, calls, warnings, pass } = startRecord(t, () => undelivered);
  await pass(100);
  await record.end(completed);
  assert.deepEqual(calls, [
    { atMs: 0, call: "create" },
    { atMs: 100, call: "create" },
  ]);
  assert.deepEqual(warnings, ["this run is not recorded: nobody answers"]);
});

test("a refused creation ends the matter", async (t) => {
  const { record, calls, warnings, pass } = startRecord(t, () => refused);
  await pass(60_000);
  record.progress(5);
  await record.end(completed);
  assert.equal(calls.length, 1);
  assert.deepEqual(warnings, ["this run is not recorded: not allowed"]);
});

test("a refused report ends the matter", async (t) => {
  const { record, calls, warnings, pass } = startRecord(t, (call) =>
    call === "create" ? accepted : refused,
  );
  record.progress(5);
  await pass(60_000);
  await record.end(completed);
  assert.equal(calls.length, 2);
  assert.deepEqual(warnings, ["task run-1 takes no more reports from this run: not allowed"]);
});

test("the end is reported once more and again while there is time, then given up", async (t) => {
  const { record, reports, warnings, pass } = startRecord(t, (call) =>
    call === "create" ? accepted : undelivered,
  );
  await pass(100);
  const ended = record.end(completed);
  await pass(10_000);
  await ended;
  assert.deepEqual(
    reports().map(({ atMs }) => atMs - 100),
    [0, 250, 750, 1750, 3750, 7750],
  );
  assert.deepEqual(warnings, ["task run-1 does not know how this run ended: nobody answers"]);
});

test("a call that hangs at the end is broken off", async (t) => {
  const { record, warnings, pass } = startRecord(t, (call, signal) => {
    if (call === "create") return accepted;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undelivered)));
  });
  const ended = record.end(completed);
  await pass(10_000);
  await ended;
  assert.deepEqual(warnings, ["task run-1 does not know how this run ended: nobody answers"]);
});

test("the end takes the last progress along, and waits for what is under way", async (t) => {
  let answer = (_outcome: Outcome) => {};
  const { record, reports, pass } = startRecord(t, (call) =>
    call !== "create" && call.status === undefined
      ? new Promise((resolve) => {
          answer = resolve;
        })
      : accepted,
  );
  record.progress(10);
  await pass(1000);
  record.progress(20);
  const ended = record.end({ status: "Failed", fail_reason: "exit status 3" });
  await pass(500);
  assert.equal(reports().length, 1);
  answer(accepted);
  await ended;
  assert.deepEqual(reports().at(-1)?.call, { status: "Failed", fail_reason: "exit status 3", progress: 20 });
});
