import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { readCreation } from "../src/http/task-documents.ts";
import type { CreateTaskBody } from "../src/http/task-schemas.ts";
import { statusesMeaning, type TaskState } from "../src/task/lifecycle.ts";
import { compareNewestFirst, matchesFilter, type TaskFilter } from "../src/task/query.ts";
import { createTask } from "../src/task/report.ts";
import type { Task } from "../src/task/task.ts";
import { assertProblem } from "./problems.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/** The filters of our own list, over HTTP, against the definition of what a filter means. */

const startMs = Date.UTC(2026, 2, 1, 12);
let nowMs = startMs;
let server: TestServer;

before(async () => {
  server = await startServer({ clock: () => nowMs });
});
after(() => server.close());

const tasksPath = `/v1/${projectId}/tasks`;
const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);

/** Few values, so that conditions often hold together; parts of one text begin in another. */
const names = ["Backup", "backup 50%", "a_c", "ABC", "Ünïcode"];
const instanceNames = ["orders", "Orders", ""];
const databaseNames = ["shop", "", "50%"];
const failReasons = ["", "Disk FULL: a_c", "ÜBER"];
const labels: readonly Record<string, string>[] = [
  {},
  { team: "a" },
  { team: "b", "x.y-z_0": "" },
  { team: "", constructor: "a" },
];

const bodies = fc.record({
  service: pick("ddm", "rds", "geminidb"),
  name: pick(...names),
  instance: fc.record({ id: pick("in01", "IN02"), name: pick(...instanceNames) }),
  database_name: pick(...databaseNames),
  order_id: pick("", "o1"),
  parent_id: pick(null, "task-1", "task-2", "gone"),
  fail_reason: pick(...failReasons),
  status: pick("Running", "Completed", "Failed"),
  lease_seconds: pick(null, 60),
  labels: pick(...labels),
});

/** Mostly a key is not given, so that the others find something. */
const sometimes = <T>(values: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, { arbitrary: values, weight: 1 });
/** A list of values, as a repeated key gives them. */
const some = <T>(...values: readonly T[]) =>
  sometimes(fc.array(pick(...values), { minLength: 1, maxLength: 2 }));

const queries = fc.record({
  service: some("ddm", "rds"),
  state: some<TaskState>("running", "failed", "canceled"),
  status: some("Running", "Completed"),
  name: some(...names, "none"),
  instance_id: some("in01", "in02"),
  instance_name: some(...instanceNames, "none"),
  database_name: some(...databaseNames),
  order_id: some("", "o1"),
  parent_id: some("task-1", "task-2", "gone", "none", ""),
  q: some("a_c", "A", "50%", "%", "_", "full: A", "ü", "Ü", "task-", "kB", "in0", "\\", "orders"),
  "label.team": some("a", "b", "", "c"),
  "label.x.y-z_0": some("", "a"),
  "label.constructor": some("a"),
  stale: sometimes(fc.boolean()),
});
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

function addressOf(query: Drawn<typeof queries>): string {
  const parameters = Object.entries(query).flatMap(([key, values]) =>
    values === undefined ? [] : [values].flat().map((value) => [key, String(value)]),
  );
  return `${tasksPath}?${new URLSearchParams([...parameters, ["limit", "500"]])}`;
}

function filterOf(query: Drawn<typeof queries>): TaskFilter {
  const { status, state } = query;
  const given = Object.entries(query).filter(
    ([key, values]) => key.startsWith("label.") && values !== undefined,
  );
  const filter = {
    projectId,
    services: query.service,
    names: query.name,
    instanceIds: query.instance_id,
    instanceNames: query.instance_name,
    databaseNames: query.database_name,
    orderIds: query.order_id,
    parentIds: query.parent_id,
    texts: query.q,
    labels: Object.fromEntries(
      given.map(([key, values]) => [key.slice("label.".length), values as string[]]),
    ),
    stale: query.stale === undefined ? undefined : { wanted: query.stale, atMs: nowMs },
  } as TaskFilter;
  const meant = state === undefined ? undefined : statusesMeaning(state);
  return {
    ...filter,
    statuses: (status as TaskFilter["statuses"])?.filter((word) => meant?.includes(word) ?? true) ?? meant,
  };
}

test("every filter, and all of them together, find the tasks that match by definition", async () => {
  const tasks: Task[] = [];
  for (const [index, drawn] of fc.sample(bodies, { numRuns: 60, seed: 7 }).entries()) {
    // What was created in the first half is stale when the questions are asked, if it has a lease.
    nowMs = startMs + (index < 30 ? 0 : 61_000);
    const body = { ...drawn, id: `task-${index}` };
    const answer = await server.call(tasksPath, { body });
    assert.equal(answer.status, 201, answer.text);
    tasks.push(
      createTask(readCreation(body as CreateTaskBody), { projectId, id: body.id, createdBy: "admin", nowMs })
        .task,
    );
  }
  tasks.sort(compareNewestFirst);
  let found = 0;
  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      const filter = filterOf(query);
      const expected = tasks.filter((task) => matchesFilter(task, filter)).map(({ id }) => id);
      const { status, json, text } = await server.call(addressOf(query));
      assert.equal(status, 200, text);
      assert.deepEqual(
        json.tasks.map((task: { id: string }) => task.id),
        expected,
      );
      assert.equal(json.total, expected.length);
      found += expected.length;
    }),
    { numRuns: 200, seed: 11, endOnFailure: true },
  );
  assert.ok(found > 1000, `the questions found ${found} tasks in all`);
});

test("a task shows itself stale exactly where the filter finds it so", async () => {
  for (const stale of [true, false]) {
    const { json } = await server.call(`${tasksPath}?stale=${stale}&limit=500`);
    assert.ok(json.tasks.length > 0);
    assert.ok(json.tasks.every((task: { stale: boolean }) => task.stale === stale));
  }
});

test("both questions about many tasks refuse the same filters, naming them", async () => {
  const long = "x".repeat(257);
  for (const path of [tasksPath, `${tasksPath}:stats`]) {
    for (const [field, query] of [
      ["stale", "stale=yes"],
      ["stale", "stale="],
      ["stale", "stale=1"],
      ["stale", "stale=true&stale=true"],
      ["q", "q="],
      ["q", `q=${long}`],
      ["q", "q=a%00b"],
      ["q", Array.from({ length: 101 }, () => "q=a").join("&")],
      ["instance_name", `instance_name=${long}`],
      ["database_name", `database_name=${long}`],
      ["parent_id", `parent_id=${long}`],
      ["parent_id", Array.from({ length: 101 }, () => "parent_id=a").join("&")],
      ["parent", "parent=task-1"],
      ["label.team", `label.team=${long}`],
      ["label.Team", "label.Team=a"],
      ["label.", "label.=a"],
      ["label", "label=a"],
      ["labels", "labels=a"],
      [`label.${"k".repeat(64)}`, `label.${"k".repeat(64)}=a`],
      ["label_team", "label_team=a"],
      ["xlabel.team", "xlabel.team=a"],
      ["id", "id=task-1"],
      ["constructor", "constructor=a"],
      ["created_from", "created_from=2026-03-01"],
      ["created_to", "created_to=2026-03-01T00:00:00Z&created_to=2026-03-01T00:00:00Z"],
      ["status", "status=running"],
    ] as const) {
      assertProblem(await server.call(`${path}?${query}`), 400, "invalid-parameter", [field]);
    }
  }
});

test("the longest values are accepted, and a label's key may be anything that a label's may be", async () => {
  const long = "x".repeat(256);
  const key = `label.${"k".repeat(63)}`;
  for (const query of [`q=${long}`, `label.team=${long}`, `${key}=a`, "label.__proto__=a", "label.a.b=a"]) {
    const { status, json } = await server.call(`${tasksPath}?${query}`);
    assert.equal(status, 200, query);
    assert.deepEqual(json, { tasks: [], total: 0, next_cursor: null });
  }
});
