import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/**
 * Every list call over HTTP against the most naive thing that could answer it: an array, filtered, sorted and cut with
 * no knowledge of the code under test. Any sequence of creations and reports, any query: same rows, same order, same
 * total, same names.
 */
const nowMs = Date.parse("2026-03-01T12:00:00Z");
const secondMs = 1000;
const tasksPath = `/v1/${projectId}/tasks`;
let server: TestServer;

before(async () => {
  server = await startServer({ clock: () => nowMs });
});
after(() => server.close());

interface Known {
  readonly id: string;
  readonly service: "ddm" | "rds" | "geminidb";
  readonly name: string;
  readonly instanceId: string;
  readonly orderId: string;
  readonly createdMs: number;
  /** The body that created it, as JSON text. */
  readonly body: string;
  status: string;
}

const names = ["CreateInstance", "CreateCassandra", "RestartInstance", "Ünïcode \u{1F4BE}"];
const endings = ["Completed", "Failed", "Canceled"];
const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);

const creation = fc.record({
  id: fc.string({ unit: pick("a", "b", "Z", "0", "-", "_"), minLength: 1, maxLength: 3 }),
  service: pick("ddm" as const, "rds" as const, "geminidb" as const),
  name: pick(...names),
  instanceId: pick("in01", "in02"),
  orderId: pick("", "o1"),
  // Few distinct times, so that ties are common; some are in the same second.
  ageMs: pick(0, 1, 999, 1000, 1001, 5000, 86_400_000, 29 * 86_400_000),
  status: pick("Running", ...endings),
});
const report = fc.record({ target: fc.nat(), status: pick(...endings) });
const commands = fc.array(fc.oneof({ weight: 3, arbitrary: creation }, { weight: 1, arbitrary: report }), {
  maxLength: 30,
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const bound = fc.integer({ min: -6000, max: 6000 }).map((offset) => nowMs + offset);
const query = fc.record({
  face: pick("own" as const, "ddm" as const, "rds" as const, "geminidb" as const),
  status: maybe(pick("Running", "Completed", "Failed")),
  name: maybe(pick(...names)),
  instanceId: maybe(pick("in01", "in02")),
  orderId: maybe(pick("o1", "none")),
  id: maybe(pick("a", "b", "Z0")),
  fromMs: maybe(bound),
  lengthMs: maybe(fc.nat(12_000)),
  offset: fc.nat(12),
  limit: pick(1, 2, 10, 20, 50),
  oldestFirst: fc.boolean(),
});
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Query = Drawn<typeof query>;

/** What the naive answer is made of: the query in one service's words, and who matches it. */
interface Asked {
  readonly path: string;
  readonly matches: (task: Known) => boolean;
  readonly limit: number;
  readonly oldestFirst: boolean;
}

const shownStatus = (task: Known): string => (task.status === "Canceled" ? "Failed" : task.status);
const given = (parameters: Record<string, string | number | undefined>): string =>
  new URLSearchParams(
    Object.entries(parameters).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  ).toString();
const equal = (wanted: string | undefined, value: string): boolean =>
  wanted === undefined || wanted === value;
const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "+0000");

function asked(wanted: Query): Asked {
  const { offset, limit, status, name, id, instanceId, orderId } = wanted;
  const fromMs = wanted.fromMs ?? nowMs - 3000;
  const toMs = fromMs + (wanted.lengthMs ?? 3000);
  const within = (task: Known, from: number, to: number) => task.createdMs >= from && task.createdMs <= to;
  switch (wanted.face) {
    case "own":
      return {
        path: `${tasksPath}?${given({ status, name, instance_id: instanceId, order_id: orderId, offset, limit, sort: wanted.oldestFirst ? "created_at" : undefined, created_from: wanted.fromMs === undefined ? undefined : new Date(fromMs).toISOString(), created_to: wanted.lengthMs === undefined ? undefined : new Date(toMs).toISOString() })}`,
        matches: (task) =>
          equal(status, task.status) &&
          equal(name, task.name) &&
          equal(instanceId, task.instanceId) &&
          equal(orderId, task.orderId) &&
          (wanted.fromMs === undefined || task.createdMs >= fromMs) &&
          (wanted.lengthMs === undefined || task.createdMs <= toMs),
        limit,
        oldestFirst: wanted.oldestFirst,
      };
    case "ddm":
      return {
        path: `/ddm/v3/${projectId}/jobs?${given({ start_time: fromMs, end_time: toMs, offset, limit })}`,
        matches: (task) => task.service === "ddm" && within(task, fromMs, toMs),
        limit,
        oldestFirst: false,
      };
    case "rds":
      return {
        path: `/rds/v3/${projectId}/tasklist?${given({ id, status, name, instance_id: instanceId, order_id: orderId, start_time: wanted.fromMs, end_time: wanted.fromMs === undefined ? undefined : toMs, offset, limit })}`,
        matches: (task) =>
          task.service === "rds" &&
          equal(id, task.id) &&
          equal(status, shownStatus(task)) &&
          equal(name, task.name) &&
          equal(instanceId, task.instanceId) &&
          equal(orderId, task.orderId) &&
          (wanted.fromMs === undefined || within(task, fromMs, toMs)),
        limit,
        oldestFirst: false,
      };
    case "geminidb": {
      const fromSecond = Math.floor(fromMs / secondMs) * secondMs;
      const toSecond = Math.floor(toMs / secondMs) * secondMs + secondMs;
      const accepted = name === "CreateInstance" ? ["CreateInstance", "CreateCassandra"] : [name];
      const pageSize = Math.max(limit, 10);
      return {
        path: `/geminidb/v3/${projectId}/jobs?${given({ id, status, name, start_time: isoSeconds(fromSecond), end_time: isoSeconds(toSecond), offset, limit: pageSize })}`,
        matches: (task) =>
          task.service === "geminidb" &&
          equal(id, task.id) &&
          equal(status, shownStatus(task)) &&
          (name === undefined || accepted.includes(task.name)) &&
          within(task, fromSecond, toSecond + 999),
        limit: pageSize,
        oldestFirst: false,
      };
    }
  }
}

function naiveOrder(a: Known, b: Known): number {
  if (a.createdMs !== b.createdMs) return b.createdMs - a.createdMs;
  return a.id < b.id ? 1 : -1;
}

async function apply(known: Map<string, Known>, command: Drawn<typeof creation> | Drawn<typeof report>) {
  if ("target" in command) {
    const task = [...known.values()][command.target % Math.max(1, known.size)];
    if (task === undefined) return;
    const body = { status: command.status };
    const answer = await server.call(`${tasksPath}/${task.id}`, { method: "PATCH", body });
    const allowed = task.status === "Running" || task.status === command.status;
    assert.equal(answer.status, allowed ? 200 : 409);
    if (allowed) task.status = command.status;
    return;
  }
  const createdMs = nowMs - command.ageMs;
  const body = JSON.stringify({
    id: command.id,
    service: command.service,
    name: command.name,
    instance: { id: command.instanceId },
    order_id: command.orderId,
    status: command.status,
    created_at: new Date(createdMs).toISOString(),
  });
  const answer = await server.call(tasksPath, { body });
  const taken = known.get(command.id);
  assert.equal(answer.status, taken === undefined || taken.body === body ? 201 : 409, answer.text);
  if (taken === undefined) known.set(command.id, { ...command, createdMs, body });
}

async function compare(known: ReadonlyMap<string, Known>, wanted: Query): Promise<void> {
  const { path, matches, limit, oldestFirst } = asked(wanted);
  const matching = [...known.values()].filter(matches).sort(naiveOrder);
  if (oldestFirst) matching.reverse();
  const expected = matching.slice(wanted.offset, wanted.offset + limit).map(({ id }) => id);

  const answer = await server.call(path);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  const { tasks, jobs, total, total_count: totalCount, actions } = answer.json;
  assert.deepEqual(
    (tasks ?? jobs).map((task: { id: string }) => task.id),
    expected,
    path,
  );
  assert.equal(total ?? totalCount, matching.length, path);
  if (actions !== undefined) {
    const distinct = [...new Set(matching.map(({ name }) => name))];
    assert.deepEqual(
      actions,
      distinct.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  }
}

test("every list call answers what an array would", async () => {
  await fc.assert(
    fc.asyncProperty(
      commands,
      fc.array(query, { minLength: 5, maxLength: 20 }),
      async (sequence, queries) => {
        const known = new Map<string, Known>();
        for (const command of sequence) await apply(known, command);
        for (const wanted of queries) await compare(known, wanted);
        for (const id of known.keys()) await server.call(`${tasksPath}/${id}`, { method: "DELETE" });
      },
    ),
    { numRuns: 40, endOnFailure: true },
  );
});
