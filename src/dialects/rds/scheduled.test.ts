import assert from "node:assert/strict";
import test from "node:test";
import { sampleProjectId, sampleTask } from "../../../test/factories.ts";
import { TaskCenterError } from "../../task/error.ts";
import { statusesOf } from "../../task/lifecycle.ts";
import { applyReport, type TaskCreation } from "../../task/report.ts";
import type { JsonValue, Task } from "../../task/task.ts";
import { timeFormat } from "../time.ts";
import { rds } from "./index.ts";
import { parseScheduledTaskList } from "./parse.ts";
import { renderScheduledTaskList } from "./render.ts";

function list(query: Record<string, string>) {
  return parseScheduledTaskList({ projectId: "p", params: {}, query, nowMs: 0 });
}

function assertRefused(query: Record<string, string>): void {
  assert.throws(
    () => list(query),
    (error) => {
      assert.ok(error instanceof TaskCenterError);
      const { status, errorCode, errorMessage } = rds.describeError(error);
      assert.deepEqual([status, errorCode, errorMessage], [400, "DBS.280001", "Parameter error."]);
      return true;
    },
    JSON.stringify(query),
  );
}

const everything = {
  filter: {
    projectId: "p",
    services: ["rds"],
    kinds: ["scheduled"],
    statuses: undefined,
    instanceIds: undefined,
    instanceNames: undefined,
    createdFromMs: undefined,
    createdToMs: undefined,
  },
  order: "newest-first",
  offset: 0,
  limit: 10,
  withNames: false,
};

test("without parameters, or with empty and unknown ones, all scheduled tasks are asked for", () => {
  assert.deepEqual(list({}), everything);
  const parameters = ["offset", "limit", "instance_id", "instance_name", "status", "start_time", "end_time"];
  assert.deepEqual(list(Object.fromEntries(parameters.map((name) => [name, ""]))), everything);
  assert.deepEqual(list({ id: "t", name: "n", order_id: "o", skip_cache: "True" }), everything);
});

test("every filter means exactly the value that is given", () => {
  assert.deepEqual(list({ instance_id: "i", instance_name: "orders", status: "Pending" }).filter, {
    ...everything.filter,
    instanceIds: ["i"],
    instanceNames: ["orders"],
    statuses: ["Pending"],
  });
  for (const name of ["instance_id", "instance_name"]) assertRefused({ [name]: "a\u0000" });
});

test("a status filter knows every word of a scheduled task's life, and each means itself", () => {
  const words = statusesOf({ service: "rds", kind: "scheduled", name: "" });
  assert.equal(words.length, 7);
  for (const word of words) assert.deepEqual(list({ status: word }).filter.statuses, [word]);
  for (const status of ["Expanding", "pending", "Pending,Running", "constructor"]) assertRefused({ status });
});

test("a window may be open at either end, and its milliseconds are taken as they are", () => {
  const windowOf = (query: Record<string, string>) => {
    const { createdFromMs, createdToMs } = list(query).filter;
    return [createdFromMs, createdToMs];
  };
  assert.deepEqual(windowOf({ start_time: "1747919701390" }), [1_747_919_701_390, undefined]);
  assert.deepEqual(windowOf({ end_time: "1747919701000.0" }), [undefined, 1_747_919_701_000]);
  assert.deepEqual(windowOf({ start_time: "5", end_time: "5" }), [5, 5]);
  assertRefused({ start_time: "6", end_time: "5" });
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

const createdAtMs = Date.parse("2025-05-20T08:00:00Z");

function scheduled(facts: Partial<TaskCreation> = {}): Task {
  return sampleTask({
    service: "rds",
    kind: "scheduled",
    name: "RESIZE_FLAVOR",
    instance: { id: "in-1", name: "orders", status: "ACTIVE" },
    createdAtMs,
    ...facts,
  });
}

function shownText(task: Task): string {
  return JSON.stringify(
    renderScheduledTaskList(
      { tasks: [task], total: 7, names: [] },
      { query: list({}), showTime: timeFormat(0) },
    ),
  );
}

function shown(task: Task) {
  return JSON.parse(shownText(task)).schedule_tasks[0];
}

test("a scheduled task is shown whole, keys in order, numbers as text", () => {
  const task = scheduled({
    plannedStartAtMs: createdAtMs + 3_600_000,
    plannedEndAtMs: createdAtMs + 7_200_000,
    priority: 100,
    details: {
      datastore_type: "mysql",
      target_config: { cpu: 4, flavor: "rds.mysql.s1.xlarge.ha", mem: 16.5 },
      volume_type: "ULTRAHIGH",
    },
  });
  assert.equal(
    shownText(task),
    JSON.stringify({
      schedule_tasks: [
        {
          id: "task-1",
          instance_id: "in-1",
          instance_name: "orders",
          instance_status: "ACTIVE",
          project_id: sampleProjectId,
          name: "RESIZE_FLAVOR",
          create_time: "2025-05-20T08:00:00+0000",
          start_time: "2025-05-20T09:00:00+0000",
          end_time: "2025-05-20T10:00:00+0000",
          order: "100",
          status: "Pending",
          datastore_type: "mysql",
          target_config: { flavor: "rds.mysql.s1.xlarge.ha", mem: "16.5", cpu: "4" },
          volume_type: "ULTRAHIGH",
        },
      ],
      total_count: 7,
    }),
  );
});

test("what a producer did not give is empty text, also within the target", () => {
  assert.deepEqual(shown(scheduled()), {
    id: "task-1",
    instance_id: "in-1",
    instance_name: "orders",
    instance_status: "ACTIVE",
    project_id: sampleProjectId,
    name: "RESIZE_FLAVOR",
    create_time: "2025-05-20T08:00:00+0000",
    start_time: "",
    end_time: "2025-05-20T08:00:00+0000",
    order: "",
    status: "Pending",
    datastore_type: "",
    target_config: { flavor: "", mem: "", cpu: "" },
    volume_type: "",
  });
});

test("what is neither text nor a number is empty text", () => {
  const others: readonly JsonValue[] = [null, true, [4], { value: 4 }];
  for (const value of others) {
    const { datastore_type, volume_type, target_config } = shown(
      scheduled({
        details: {
          datastore_type: value,
          volume_type: value,
          target_config: { flavor: value, mem: value, cpu: 0 },
        },
      }),
    );
    assert.deepEqual(
      { datastore_type, volume_type, target_config },
      { datastore_type: "", volume_type: "", target_config: { flavor: "", mem: "", cpu: "0" } },
    );
    assert.deepEqual(shown(scheduled({ details: { target_config: value } })).target_config, {
      flavor: "",
      mem: "",
      cpu: "",
    });
  }
});

test("every status is shown as itself, a canceled one too", () => {
  for (const status of statusesOf(scheduled())) assert.equal(shown(scheduled({ status })).status, status);
});

test("a start is the real one once there is one, an end the real one, else the planned, else the last change", () => {
  const planned = { plannedStartAtMs: createdAtMs + 60_000, plannedEndAtMs: createdAtMs + 120_000 };
  const timesOf = (task: Task) => {
    const { start_time, end_time } = shown(task);
    return [start_time, end_time].map((time) => time.slice("2025-05-20T".length, -"+0000".length));
  };
  const reported = (task: Task, status: "Running" | "Completed" | "Failed", nowMs: number) =>
    applyReport(task, { status }, { by: "producer", nowMs }).task;
  const running = reported(scheduled(planned), "Running", createdAtMs + 90_000);
  assert.deepEqual(timesOf(scheduled(planned)), ["08:01:00", "08:02:00"]);
  assert.deepEqual(timesOf(running), ["08:01:30", "08:02:00"]);
  assert.deepEqual(timesOf(reported(running, "Completed", createdAtMs + 100_000)), ["08:01:30", "08:01:40"]);
  assert.deepEqual(timesOf(reported(scheduled(), "Running", createdAtMs + 5000)), ["08:00:05", "08:00:05"]);
  assert.deepEqual(timesOf(reported(scheduled(planned), "Failed", createdAtMs + 5000)), [
    "08:01:00",
    "08:00:05",
  ]);
});

test("a page past the end keeps the total", () => {
  const body = renderScheduledTaskList(
    { tasks: [], total: 2, names: [] },
    { query: list({}), showTime: timeFormat(0) },
  );
  assert.equal(JSON.stringify(body), '{"schedule_tasks":[],"total_count":2}');
});
