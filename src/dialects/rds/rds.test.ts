import assert from "node:assert/strict";
import test from "node:test";
import { sampleTask } from "../../../test/factories.ts";
import { TaskCenterError } from "../../task/error.ts";
import type { TaskStatus } from "../../task/lifecycle.ts";
import { timeFormat } from "../time.ts";
import { rds } from "./index.ts";
import { parseTaskList } from "./parse.ts";
import { renderTaskList } from "./render.ts";

function list(query: Record<string, string>) {
  return parseTaskList({ projectId: "p", params: {}, query, nowMs: Date.parse("2025-05-20T12:00:00Z") });
}

function assertRefused(query: Record<string, string>): void {
  assert.throws(
    () => list(query),
    (error) => {
      assert.ok(error instanceof TaskCenterError);
      assert.deepEqual(rds.describeError(error), {
        origin: "service",
        status: 400,
        errorCode: "DBS.280001",
        errorMessage: "Parameter error.",
      });
      return true;
    },
    JSON.stringify(query),
  );
}

const everything = {
  filter: {
    projectId: "p",
    services: ["rds"],
    kinds: ["instant"],
    statuses: undefined,
    names: undefined,
    ids: undefined,
    instanceIds: undefined,
    orderIds: undefined,
    createdFromMs: undefined,
    createdToMs: undefined,
  },
  order: "newest-first",
  offset: 0,
  limit: 10,
  withNames: true,
};

test("without parameters all instant tasks of RDS are asked for, with their names", () => {
  assert.deepEqual(list({}), everything);
});

test("empty values and unknown keys are as good as not given", () => {
  const empty = Object.fromEntries(
    [
      "offset",
      "limit",
      "id",
      "instance_id",
      "order_id",
      "name",
      "status",
      "start_time",
      "end_time",
      "skip_cache",
    ].map((name) => [name, ""]),
  );
  assert.deepEqual(list(empty), everything);
  assert.deepEqual(list({ sort: "name" }), everything);
});

test("every filter means exactly the value that is given", () => {
  const { filter } = list({ id: "t", instance_id: "i", order_id: "o", name: "n", status: "Completed" });
  assert.deepEqual(filter, {
    ...everything.filter,
    ids: ["t"],
    instanceIds: ["i"],
    orderIds: ["o"],
    names: ["n"],
    statuses: ["Completed"],
  });
});

test("a status filter knows three words; failed means canceled too", () => {
  assert.deepEqual(list({ status: "Running" }).filter.statuses, ["Running"]);
  assert.deepEqual(list({ status: "Failed" }).filter.statuses, ["Failed", "Canceled"]);
  for (const status of ["Canceled", "Pending", "failed", "Running,Failed", "constructor"]) {
    assertRefused({ status });
  }
});

test("a window may be open at either end, and its milliseconds are taken as they are", () => {
  const windowOf = (query: Record<string, string>) => {
    const { createdFromMs, createdToMs } = list(query).filter;
    return [createdFromMs, createdToMs];
  };
  assert.deepEqual(windowOf({ start_time: "1747919701390" }), [1_747_919_701_390, undefined]);
  assert.deepEqual(windowOf({ end_time: "1747919701000" }), [undefined, 1_747_919_701_000]);
  assert.deepEqual(windowOf({ start_time: "0", end_time: "0" }), [0, 0]);
  assert.deepEqual(windowOf({ start_time: "5.0", end_time: "6.0" }), [5, 6]);
  assertRefused({ start_time: "2", end_time: "1" });
  assertRefused({ start_time: "2025-05-20T12:00:00Z" });
  assertRefused({ end_time: "-1" });
});

test("offset and limit are read up to their bounds and refused beyond them", () => {
  assert.equal(list({ limit: "1" }).limit, 1);
  assert.equal(list({ limit: "50" }).limit, 50);
  assert.equal(list({ offset: "999999999999999" }).offset, 999_999_999_999_999);
  for (const limit of ["0", "51", "-1", "10.0", "ten"]) assertRefused({ limit });
  for (const offset of ["-1", "1000000000000000", "1.0", "first"]) assertRefused({ offset });
});

test("a name that no stored text can be is refused", () => {
  for (const name of ["id", "instance_id", "order_id", "name"]) assertRefused({ [name]: "a\u0000" });
});

const createdAtMs = Date.parse("2025-05-20T08:00:00Z");

function shownTask(status: TaskStatus, failReason: string) {
  const task = sampleTask({
    service: "rds",
    status,
    failReason,
    progressPercent: 60.9,
    orderId: "o-1",
    instance: { id: "in-1", name: "orders", status: "MODIFYING INSTANCE TYPE" },
    createdAtMs,
  });
  const { tasks } = renderTaskList(
    { tasks: [task], total: 1, names: [task.name] },
    { query: list({}), showTime: timeFormat(0) },
  );
  return tasks;
}

function wireTask(process: string, last: Record<string, string>) {
  return [
    {
      id: "task-1",
      name: "RestartInstance",
      instance_id: "in-1",
      instance_name: "orders",
      instance_status: "MODIFYING INSTANCE TYPE",
      order_id: "o-1",
      process,
      create_time: "2025-05-20T08:00:00+0000",
      end_time: "2025-05-20T08:00:00+0000",
      ...last,
    },
  ];
}

test("only a task that is shown as failed has a fail reason, and it comes last", () => {
  const expected = {
    Running: wireTask("60", { status: "Running" }),
    Completed: wireTask("", { status: "Completed" }),
    Failed: wireTask("", { status: "Failed", fail_reason: "no space" }),
    Canceled: wireTask("", { status: "Failed", fail_reason: "Canceled: no space" }),
  };
  for (const [status, wire] of Object.entries(expected)) {
    assert.equal(JSON.stringify(shownTask(status as TaskStatus, "no space")), JSON.stringify(wire));
  }
});

test("a failed task without a reason has an empty one", () => {
  assert.deepEqual(shownTask("Failed", ""), wireTask("", { status: "Failed", fail_reason: "" }));
  assert.deepEqual(shownTask("Canceled", ""), wireTask("", { status: "Failed", fail_reason: "Canceled" }));
});

test("the actions are the names of all matching tasks, also on a page past the end", () => {
  const body = renderTaskList(
    { tasks: [], total: 2, names: ["A", "B"] },
    { query: list({}), showTime: timeFormat(0) },
  );
  assert.equal(JSON.stringify(body), '{"tasks":[],"actions":["A","B"],"total_count":2}');
});
