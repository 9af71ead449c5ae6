import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertProblem } from "./problems.ts";
import { type Answer, projectId, startServer, type TestServer } from "./start-server.ts";

/** Scheduled tasks through the whole server: reported over our own API, read through RDS's. */
const startMs = Date.parse("2026-03-01T12:00:00Z");
let nowMs = startMs;
let server: TestServer;

/** Gives the tests of one `describe` a server without tasks. */
function startEmptyServer(): void {
  before(async () => {
    nowMs = startMs;
    server = await startServer({ clock: () => nowMs });
  });
  after(() => server.close());
}

const tasks = `/v1/${projectId}/tasks`;
const minimal = {
  service: "rds",
  kind: "scheduled",
  name: "RESIZE_FLAVOR",
  instance: { id: "in01", name: "orders", status: "ACTIVE" },
};

async function create(body: object = {}): Promise<Answer> {
  const answer = await server.call(tasks, { body: { ...minimal, ...body } });
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

const report = (id: string, body: object) => server.call(`${tasks}/${id}`, { method: "PATCH", body });
const scheduleTasks = (query = "") => server.call(`/rds/v3/${projectId}/schedule-tasks${query}`);

/** The ids of a list, and its total. */
async function listed(query: string): Promise<readonly [readonly string[], number]> {
  const { status, text, json } = await scheduleTasks(query);
  assert.equal(status, 200, text);
  return [json.schedule_tasks.map(({ id }: { id: string }) => id), json.total_count];
}

describe("a scheduled task's life", () => {
  startEmptyServer();

  test("begins as Pending, and is shown as its service and as our API show it", async () => {
    const { json } = await create({
      id: "whole",
      planned_start_at: "2026-03-02T01:00:00Z",
      planned_end_at: "2026-03-02T02:00:00Z",
      priority: 7,
      details: {
        datastore_type: "mysql",
        volume_type: "ULTRAHIGH",
        target_config: { flavor: "rds.mysql.s1.xlarge.ha", mem: 16, cpu: 4 },
      },
    });
    const { kind, status, state, operations, started_at, planned_start_at, planned_end_at, priority } = json;
    assert.deepEqual(
      { kind, status, state, operations, started_at, planned_start_at, planned_end_at, priority },
      {
        kind: "scheduled",
        status: "Pending",
        state: "pending",
        operations: ["cancel"],
        started_at: null,
        planned_start_at: "2026-03-02T01:00:00.000Z",
        planned_end_at: "2026-03-02T02:00:00.000Z",
        priority: 7,
      },
    );
    assert.equal(
      (await scheduleTasks("?instance_id=in01")).text,
      JSON.stringify({
        schedule_tasks: [
          {
            id: "whole",
            instance_id: "in01",
            instance_name: "orders",
            instance_status: "ACTIVE",
            project_id: projectId,
            name: "RESIZE_FLAVOR",
            create_time: "2026-03-01T12:00:00+0000",
            start_time: "2026-03-02T01:00:00+0000",
            end_time: "2026-03-02T02:00:00+0000",
            order: "7",
            status: "Pending",
            datastore_type: "mysql",
            target_config: { flavor: "rds.mysql.s1.xlarge.ha", mem: "16", cpu: "4" },
            volume_type: "ULTRAHIGH",
          },
        ],
        total_count: 1,
      }),
    );
  });

  /** What a report makes of a task, as our own API shows it. */
  interface Step {
    readonly status: string;
    readonly state: string;
    readonly operations: readonly string[];
    readonly start: string;
    readonly end: string;
  }

  const planned = { start: "2026-03-02T01:00:00+0000", end: "2026-03-02T02:00:00+0000" };
  const waits = { state: "pending", operations: ["cancel"], ...planned };
  const runs = { status: "Running", state: "running", operations: ["cancel"], end: planned.end };
  const lives: Readonly<Record<string, readonly Step[]>> = {
    "is authorized, waits, runs and completes": [
      { ...waits, status: "Initing" },
      { ...waits, status: "Unauthorized", operations: ["cancel", "approve"] },
      { ...waits, status: "Pending" },
      { ...runs, start: "2026-03-01T12:03:00+0000" },
      {
        status: "Completed",
        state: "succeeded",
        operations: [],
        start: "2026-03-01T12:03:00+0000",
        end: "2026-03-01T12:04:00+0000",
      },
    ],
    "waits at once, and fails while it runs": [
      { ...waits, status: "Initing" },
      { ...waits, status: "Pending" },
      { ...runs, start: "2026-03-01T12:02:00+0000" },
      {
        status: "Failed",
        state: "failed",
        operations: [],
        start: "2026-03-01T12:02:00+0000",
        end: "2026-03-01T12:03:00+0000",
      },
    ],
    "is refused": [
      { ...waits, status: "Unauthorized", operations: ["cancel", "approve"] },
      {
        status: "Canceled",
        state: "canceled",
        operations: [],
        start: planned.start,
        end: "2026-03-01T12:01:00+0000",
      },
    ],
  };

  for (const [life, steps] of Object.entries(lives)) {
    test(`${life}, each status shown and found as itself`, async () => {
      nowMs = startMs;
      const instance = { id: `in-${life.replaceAll(/\W/g, "-")}` };
      const { json: created } = await create({
        instance,
        status: steps[0]?.status,
        planned_start_at: "2026-03-02T01:00:00Z",
        planned_end_at: "2026-03-02T02:00:00Z",
      });
      for (const { status, state, operations, start, end } of steps) {
        const { json: own } = await report(created.id, { status });
        assert.deepEqual([own.status, own.state, own.operations], [status, state, operations]);
        const answer = await scheduleTasks(`?instance_id=${instance.id}&status=${status}`);
        assert.equal(answer.json.total_count, 1, status);
        const [shown] = answer.json.schedule_tasks;
        assert.deepEqual(
          [shown.status, shown.start_time, shown.end_time],
          [status, start, end],
          JSON.stringify(shown),
        );
        nowMs += 60_000;
      }
    });
  }

  test("goes no way that its lifecycle does not know; the refusal names both statuses", async () => {
    const refused = [
      ["Initing", "Running"],
      ["Unauthorized", "Running"],
      ["Unauthorized", "Failed"],
      ["Pending", "Completed"],
      ["Pending", "Initing"],
      ["Running", "Pending"],
      ["Canceled", "Pending"],
      ["Completed", "Failed"],
    ] as const;
    for (const [from, to] of refused) {
      const { json: task } = await create({ status: from, instance: { id: "in-refused" } });
      const answer = await report(task.id, { status: to });
      assertProblem(answer, 409, "transition-refused");
      assert.equal(answer.json.detail, `The task is ${from}; it cannot become ${to}.`);
      assert.equal((await server.call(`${tasks}/${task.id}`)).json.status, from);
    }
  });

  test("is planned anew by a report, and never to end before it starts", async () => {
    nowMs = startMs;
    const instance = { id: "in-replanned" };
    const { json: task } = await create({ instance, planned_start_at: "2026-03-02T01:00:00Z" });
    const replanned = await report(task.id, {
      planned_start_at: "2026-03-03T01:00:00Z",
      planned_end_at: "2026-03-03T01:00:00Z",
      details: { target_config: { flavor: "large" } },
    });
    assert.equal(replanned.status, 200, replanned.text);
    const [shown] = (await scheduleTasks("?instance_id=in-replanned")).json.schedule_tasks;
    assert.deepEqual(
      [shown.start_time, shown.end_time, shown.target_config],
      ["2026-03-03T01:00:00+0000", "2026-03-03T01:00:00+0000", { flavor: "large", mem: "", cpu: "" }],
    );
    const early = await report(task.id, { planned_end_at: "2026-03-03T00:59:59.999Z" });
    assertProblem(early, 400, "invalid-parameter", ["planned_end_at"]);
  });
});

describe("creating a scheduled task", () => {
  startEmptyServer();

  test("is for RDS alone, and in a status of its own life", async () => {
    const refusals: readonly (readonly [object, string])[] = [
      [{ service: "ddm" }, "kind"],
      [{ service: "geminidb" }, "kind"],
      [{ status: "Expanding" }, "status"],
      [{ kind: "instant", status: "Pending" }, "status"],
      [{ priority: 0 }, "priority"],
      [{ priority: 101 }, "priority"],
      [
        { planned_start_at: "2026-03-02T01:00:00Z", planned_end_at: "2026-03-02T00:59:59.999Z" },
        "planned_end_at",
      ],
    ];
    for (const [body, field] of refusals) {
      const answer = await server.call(tasks, { body: { ...minimal, ...body } });
      assertProblem(answer, 400, "invalid-parameter", [field]);
    }
    for (const priority of [1, 100, null]) {
      assert.equal((await create({ priority, instance: { id: "in-priority" } })).json.priority, priority);
    }
  });
});

describe("lists of scheduled tasks", () => {
  startEmptyServer();
  const at = (ageMs: number) => ({ created_at: new Date(startMs - ageMs).toISOString() });

  before(async () => {
    const orders = { id: "in01", name: "orders" };
    const stock = { id: "in02", name: "stock" };
    await create({ id: "s1", instance: orders, ...at(4), status: "Completed" });
    await create({ id: "s2", instance: stock, ...at(3), status: "Canceled" });
    await create({ id: "s3", instance: { ...orders, id: "in03" }, ...at(2), status: "Failed" });
    await create({ id: "s4", instance: orders, ...at(1) });
    await create({ id: "s5", instance: stock, ...at(0), status: "Running" });
    await create({ id: "i1", kind: "instant", instance: orders, ...at(2), status: "Running" });
    await create({
      id: "d1",
      kind: "instant",
      service: "ddm",
      instance: orders,
      ...at(2),
      status: "Running",
    });
  });

  test("hold every filter exactly, newest first, with the whole total", async () => {
    const expectations: readonly (readonly [string, readonly string[], number])[] = [
      ["", ["s5", "s4", "s3", "s2", "s1"], 5],
      ["?instance_id=in01", ["s4", "s1"], 2],
      ["?instance_name=orders", ["s4", "s3", "s1"], 3],
      ["?instance_name=orders&instance_id=in03", ["s3"], 1],
      ["?instance_name=Orders", [], 0],
      ["?instance_name=", ["s5", "s4", "s3", "s2", "s1"], 5],
      ["?status=Pending", ["s4"], 1],
      ["?status=Failed", ["s3"], 1],
      ["?status=Canceled", ["s2"], 1],
      ["?status=Initing", [], 0],
      ["?status=Running&instance_name=orders", [], 0],
      [`?start_time=${startMs - 2}`, ["s5", "s4", "s3"], 3],
      [`?end_time=${startMs - 3}`, ["s2", "s1"], 2],
      [`?start_time=${startMs - 3}&end_time=${startMs - 2}`, ["s3", "s2"], 2],
      [`?start_time=${startMs - 3}&instance_name=orders&limit=1`, ["s4"], 2],
      ["?limit=2", ["s5", "s4"], 5],
      ["?limit=2&offset=3", ["s2", "s1"], 5],
      ["?offset=5", [], 5],
    ];
    for (const [query, ids, total] of expectations) {
      assert.deepEqual([query, await listed(query)], [query, [ids, total]]);
    }
  });

  test("have ten tasks unless more are wanted, and at most fifty", async () => {
    for (let index = 0; index < 11; index += 1) await create({ instance: { id: "in-many" } });
    const lengthOf = async (query: string) => (await listed(`?instance_id=in-many${query}`))[0].length;
    assert.deepEqual([await lengthOf(""), await lengthOf("&limit=50")], [10, 11]);
    for (const query of [
      "?limit=51",
      "?limit=0",
      "?offset=-1",
      "?status=Waiting",
      "?start_time=2&end_time=1",
    ]) {
      const answer = await scheduleTasks(query);
      assert.equal(answer.status, 400, query);
      assert.deepEqual(answer.json, { error_msg: "Parameter error.", error_code: "DBS.280001" });
    }
  });

  test("are never mixed: RDS's other lists have none of them, and ours keeps the kinds apart", async () => {
    const ids = (answer: Answer, list: string) => answer.json[list].map(({ id }: { id: string }) => id);
    assert.deepEqual(ids(await server.call(`/rds/v3/${projectId}/tasklist`), "tasks"), ["i1"]);
    const detail = `/rds/v3/${projectId}/instances/in01/tasklist/detail?start_time=0`;
    assert.deepEqual(ids(await server.call(detail), "jobs"), ["i1"]);
    const ours = async (query: string) =>
      ids(await server.call(`${tasks}?instance_id=in01&${query}`), "tasks");
    assert.deepEqual(await ours("kind=scheduled"), ["s4", "s1"]);
    assert.deepEqual(await ours("kind=instant&service=rds"), ["i1"]);
    assert.deepEqual(await ours("kind=scheduled&kind=instant&service=rds"), ["s4", "i1", "s1"]);
    assert.deepEqual(await ours("kind=scheduled&state=pending"), ["s4"]);
  });
});
