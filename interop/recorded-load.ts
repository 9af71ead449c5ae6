import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { checkCounts } from "../src/store/postgres/check-counts.ts";
import { openSession } from "../src/store/postgres/session.ts";
import { callServer, projectId } from "../test/start-server.ts";

/**
 * Producers that create tasks and report on them while something breaks, and write down what was acknowledged: at the
 * end the store is held against that. A lost answer leaves open whether the change was made, never how often.
 */

/** What became of a change that was sent once: whether the server said so, or no answer told. */
type Fate = "acknowledged" | "unknown";

/** A task that was created, with every report that was sent: told apart by their messages. */
interface RecordedTask {
  readonly name: string;
  readonly id: string;
  readonly reports: Map<string, Fate>;
}

/** How one change went, for the times that are told at the end. */
interface Sent {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly isAcknowledged: boolean;
}

/** Load that goes on until it is told to stop. */
export interface RecordedLoad {
  /** How many changes were acknowledged so far. */
  acknowledged(): number;
  /** How many changes got a refusal with 503, or no answer, so far. */
  failed(): number;
  /** How long, at the longest since `fromMs` of `performance.now()`, no change was acknowledged. */
  longestSilenceMs(fromMs: number): number;
  /** Rejects as soon as a producer got a wrong answer. */
  readonly ended: Promise<unknown>;
  /** Lets every producer end its task; then answers all that was recorded. Throws where one got a wrong answer. */
  stop(): Promise<readonly RecordedTask[]>;
  /** Ends it wherever it is: for a test that has failed. */
  abandon(): void;
}

const reportsPerTask = 4;
/** How long a client waits for an answer, and between a failure and its next attempt. */
const patienceMs = 30_000;
const pauseMs = 200;
/** For how long a creation is sent again before the test has failed. */
const creationMs = 90_000;

/** Starts producers, each of which uses the servers in turn. They must have logged in. */
export function startLoad(options: {
  readonly urls: readonly string[];
  readonly token: string;
  readonly producers: number;
}): RecordedLoad {
  const { urls, token } = options;
  const sent: Sent[] = [];
  const tasks: RecordedTask[] = [];
  let isStopped = false;
  let isAbandoned = false;
  let turn = 0;

  /** Sends a change once; undefined where it got no answer, or one that leaves open whether it was made. */
  async function send(
    path: string,
    change: { readonly method: string; readonly body: object; readonly key?: string },
  ) {
    const { method, body, key } = change;
    if (isAbandoned) throw new Error("the load was abandoned");
    turn += 1;
    const url = `${urls[turn % urls.length]}/v1/${projectId}/tasks${path}`;
    const headers = key === undefined ? {} : { "idempotency-key": key };
    const startedMs = performance.now();
    const answer = await Promise.race([
      callServer(url, { method, token, body, headers }).catch(() => undefined),
      wait(patienceMs, undefined, { ref: false }),
    ]);
    const isAcknowledged = answer !== undefined && answer.status < 300;
    sent.push({ startedMs, endedMs: performance.now(), isAcknowledged });
    if (isAcknowledged) return answer;
    assert.ok(answer === undefined || answer.status === 503, `${method} ${path}: ${answer?.text}`);
    await wait(pauseMs);
    return undefined;
  }

  /** Creates a task, and sends that again until it is acknowledged: by its own id or by a key, in turns. */
  async function create(name: string, withOwnId: boolean): Promise<RecordedTask> {
    const own = withOwnId ? { id: name } : {};
    const key = withOwnId ? {} : { key: name };
    const body = {
      ...own,
      service: "rds",
      name,
      instance: { id: `in-${name.split("-")[0]}` },
      status: "Running",
    };
    const untilMs = performance.now() + creationMs;
    for (;;) {
      const answer = await send("", { method: "POST", body, ...key });
      if (answer !== undefined) return { name, id: answer.json.id, reports: new Map() };
      assert.ok(performance.now() < untilMs, "a creation was refused for too long");
    }
  }

  async function report(task: RecordedTask, index: number): Promise<void> {
    const message = `report ${index}`;
    // Before the answer is there, nobody knows.
    task.reports.set(message, "unknown");
    const body = { progress: 10 * index, message };
    const answer = await send(`/${task.id}`, { method: "PATCH", body });
    if (answer !== undefined) task.reports.set(message, "acknowledged");
  }

  async function produce(producer: number): Promise<void> {
    for (let index = 0; !isStopped; index += 1) {
      const task = await create(`p${producer}-${index}`, index % 2 === 0);
      tasks.push(task);
      for (let number = 1; number <= reportsPerTask; number += 1) await report(task, number);
    }
  }

  const ended = Promise.all(Array.from({ length: options.producers }, (_, index) => produce(index)));
  // Whoever stops the load hears of it.
  ended.catch(() => {});
  return {
    ended,
    acknowledged: () => sent.filter(({ isAcknowledged }) => isAcknowledged).length,
    failed: () => sent.filter(({ isAcknowledged }) => !isAcknowledged).length,
    longestSilenceMs(fromMs) {
      const ends = sent.filter(({ isAcknowledged, endedMs }) => isAcknowledged && endedMs >= fromMs);
      const times = [fromMs, ...ends.map(({ endedMs }) => endedMs), performance.now()];
      return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
    },
    async stop() {
      isStopped = true;
      await ended;
      return tasks;
    },
    abandon() {
      isAbandoned = true;
    },
  };
}

/** A task with its history, as an export has them. */
interface Exported {
  readonly task: { readonly id: string; readonly name: string; readonly revision: number };
  readonly history: readonly { readonly revision: number; readonly message: string }[];
}

/**
 * Holds what a server tells against what was recorded: every acknowledged change is there, each once, and every total is
 * what counting one by one tells. Answers how many changes of unknown fate were made.
 */
export async function assertNothingLost(options: {
  readonly url: string;
  readonly token: string;
  readonly recorded: readonly RecordedTask[];
}): Promise<number> {
  const { url, token, recorded } = options;
  const tasksUrl = `${url}/v1/${projectId}/tasks`;
  const accept = { accept: "application/x-ndjson" };
  const { status, text } = await callServer(`${tasksUrl}?history=true`, { token, headers: accept });
  assert.equal(status, 200, text.slice(0, 500));
  const exported: readonly Exported[] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(exported.map(({ task }) => task.name).sort(), recorded.map(({ name }) => name).sort());
  const byName = new Map(exported.map((one) => [one.task.name, one]));
  let made = 0;
  for (const { name, id, reports } of recorded) {
    const { task, history } = byName.get(name) ?? assert.fail(name);
    assert.equal(task.id, id);
    const messages = history.map(({ message }) => message).filter((message) => message !== "");
    const expected = [...reports].filter(
      ([message, fate]) => fate === "acknowledged" || messages.includes(message),
    );
    assert.deepEqual(
      messages,
      expected.map(([message]) => message),
      `history of ${name}`,
    );
    assert.equal(task.revision, 1 + messages.length, `revision of ${name}`);
    made += expected.filter(([, fate]) => fate === "unknown").length;
  }
  for (const address of [tasksUrl, `${tasksUrl}?state=running&limit=1`]) {
    const { json } = await callServer(address, { token });
    assert.equal(json.total, recorded.length, address);
  }
  const stats = await callServer(`${tasksUrl}:stats?group_by=status`, { token });
  assert.deepEqual(stats.json, {
    groups: [{ status: "Running", count: recorded.length }],
    total: recorded.length,
  });
  return made;
}

/** Holds every count that a database keeps against its tasks. */
export async function assertExactCounts(databaseUrl: string): Promise<void> {
  const session = openSession({ url: databaseUrl, connections: 1, statementMs: 60_000, onTrouble: () => {} });
  try {
    const wrong: string[] = [];
    for await (const fault of checkCounts(session)) wrong.push(fault);
    assert.deepEqual(wrong, []);
  } finally {
    await session.close();
  }
}
