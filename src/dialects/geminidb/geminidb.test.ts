import assert from "node:assert/strict";
import test from "node:test";
import { sampleTask } from "../../../test/factories.ts";
import { TaskCenterError } from "../../task/error.ts";
import { timeFormat } from "../time.ts";
import { geminidb } from "./index.ts";
import { parseTaskList } from "./parse.ts";
import { renderTaskList } from "./render.ts";

const nowMs = Date.parse("2023-09-12T12:00:00.500Z");
const dayMs = 24 * 60 * 60 * 1000;

function list(query: Record<string, string>) {
  return parseTaskList({ projectId: "p", params: {}, query, nowMs });
}

function windowOf(query: Record<string, string>): readonly string[] {
  const { createdFromMs = Number.NaN, createdToMs = Number.NaN } = list(query).filter;
  return [new Date(createdFromMs).toISOString(), new Date(createdToMs).toISOString()];
}

const refusals = {
  limit: ["DBS.280439", "Invalid limit."],
  offset: ["DBS.280440", "Invalid offset."],
  start: ["DBS.280067", "Invalid start time."],
  end: ["DBS.280068", "Invalid end time."],
  other: ["DBS.280001", "Parameter error."],
} as const;

function assertRefused(query: Record<string, string>, refusal: keyof typeof refusals): void {
  assert.throws(
    () => list(query),
    (error) => {
      assert.ok(error instanceof TaskCenterError);
      const [errorCode, errorMessage] = refusals[refusal];
      assert.deepEqual(geminidb.describeError(error), {
        origin: "service",
        status: 400,
        errorCode,
        errorMessage,
      });
      return true;
    },
    JSON.stringify(query),
  );
}

const lastThirtyDays = {
  filter: {
    projectId: "p",
    services: ["geminidb"],
    kinds: ["instant"],
    statuses: undefined,
    names: undefined,
    ids: undefined,
    createdFromMs: nowMs - 30 * dayMs,
    createdToMs: nowMs,
  },
  order: "newest-first",
  offset: 0,
  limit: 50,
  withNames: false,
};

test("without parameters the instant tasks of GeminiDB of the last 30 days are asked for", () => {
  assert.deepEqual(list({}), lastThirtyDays);
});

test("empty values and unknown keys are as good as not given", () => {
  const empty = { id: "", name: "", status: "", start_time: "", end_time: "", offset: "", limit: "" };
  assert.deepEqual(list(empty), lastThirtyDays);
  assert.deepEqual(list({ skip_cache: "True", instance_id: "x" }), lastThirtyDays);
});

test("an id filter means exactly that id", () => {
  assert.deepEqual(list({ id: "6f85e061" }).filter.ids, ["6f85e061"]);
  assertRefused({ id: "a\u0000" }, "other");
});

test("the creation of an instance has a name for every engine, every other name means itself", () => {
  assert.deepEqual(list({ name: "CreateInstance" }).filter.names, [
    "CreateInstance",
    "CreateCassandra",
    "CreateMongodb",
    "CreateRedis",
    "CreateInfluxdb",
  ]);
  for (const name of ["CreateCassandra", "DeleteInstance", "createinstance", "constructor", "Täsk"]) {
    assert.deepEqual(list({ name }).filter.names, [name]);
  }
  assertRefused({ name: "a\u0000" }, "other");
});

test("a status filter knows three words; failed means canceled too", () => {
  assert.deepEqual(list({ status: "Running" }).filter.statuses, ["Running"]);
  assert.deepEqual(list({ status: "Completed" }).filter.statuses, ["Completed"]);
  assert.deepEqual(list({ status: "Failed" }).filter.statuses, ["Failed", "Canceled"]);
  for (const status of ["Canceled", "completed", "Running ", "__proto__"]) {
    assertRefused({ status }, "other");
  }
});

test("a limit is 10, 20 or 50", () => {
  for (const limit of [10, 20, 50]) assert.equal(list({ limit: String(limit) }).limit, limit);
  for (const limit of ["0", "1", "9", "11", "19", "21", "49", "51", "100", "-10", "10.0", "ten"]) {
    assertRefused({ limit }, "limit");
  }
});

test("an offset is an integer from 0", () => {
  assert.equal(list({ offset: "0" }).offset, 0);
  assert.equal(list({ offset: "999999999999999" }).offset, 999_999_999_999_999);
  for (const offset of ["-1", "1000000000000000", "1.0", "first"]) assertRefused({ offset }, "offset");
});

test("a window covers its first and its last second whole", () => {
  assert.deepEqual(
    windowOf({ start_time: "2023-09-12T06:44:01+0000", end_time: "2023-09-12T06:44:02+0000" }),
    ["2023-09-12T06:44:01.000Z", "2023-09-12T06:44:02.999Z"],
  );
});

test("a time is read with its plus as a space, with Z, without a zone, and in other zones", () => {
  const start_time = "2023-09-12T00:00:00Z";
  for (const end of [
    "2023-09-12T06:44:01+0000",
    "2023-09-12T06:44:01 0000",
    "2023-09-12T06:44:01Z",
    "2023-09-12T06:44:01",
    "2023-09-12T14:44:01 0800",
    "2023-09-12T03:14:01-0330",
  ]) {
    assert.deepEqual(windowOf({ start_time, end_time: end })[1], "2023-09-12T06:44:01.999Z", end);
  }
});

test("a time that no calendar or clock shows is refused as the parameter it is", () => {
  const start_time = "2023-02-01T00:00:00Z";
  for (const time of ["2023-02-30T00:00:00Z", "2023-02-20T24:00:00Z", "2023-02-20", "1694500000000", "now"]) {
    assertRefused({ start_time: time }, "start");
    assertRefused({ start_time, end_time: time }, "end");
    assertRefused({ start_time: time, end_time: time }, "start");
  }
});

test("a start alone ends now", () => {
  assert.deepEqual(windowOf({ start_time: "2023-09-12T11:59:59Z" }), [
    "2023-09-12T11:59:59.000Z",
    "2023-09-12T12:00:00.500Z",
  ]);
  assert.equal(windowOf({ start_time: "2023-09-12T12:00:00Z" })[0], "2023-09-12T12:00:00.000Z");
  assertRefused({ start_time: "2023-09-12T12:00:01Z" }, "end");
});

test("an end alone begins 30 days before now", () => {
  assert.deepEqual(windowOf({ end_time: "2023-08-13T12:00:01Z" }), [
    "2023-08-13T12:00:00.500Z",
    "2023-08-13T12:00:01.999Z",
  ]);
  assertRefused({ end_time: "2023-08-13T12:00:00Z" }, "end");
});

test("a window ends later than it begins", () => {
  const start_time = "2023-09-12T06:00:00Z";
  assert.equal(windowOf({ start_time, end_time: "2023-09-12T06:00:01Z" })[1], "2023-09-12T06:00:01.999Z");
  assertRefused({ start_time, end_time: "2023-09-12T06:00:00Z" }, "end");
  assertRefused({ start_time, end_time: "2023-09-12T05:59:59Z" }, "end");
});

test("a window spans at most 30 days and 5 minutes, wherever it lies", () => {
  const start_time = "2019-01-01T00:00:00Z";
  assert.equal(windowOf({ start_time, end_time: "2019-01-31T00:05:00Z" })[1], "2019-01-31T00:05:00.999Z");
  assertRefused({ start_time, end_time: "2019-01-31T00:05:01Z" }, "end");
});

test("a start of 30 days and 5 minutes ago ends now, an older one needs an end", () => {
  assert.equal(windowOf({ start_time: "2023-08-13T11:55:01Z" })[0], "2023-08-13T11:55:01.000Z");
  assertRefused({ start_time: "2023-08-13T11:55:00Z" }, "end");
});

test("an end in the future is within 30 days and 5 minutes of the default start", () => {
  assert.equal(windowOf({ end_time: "2023-09-12T12:05:00Z" })[1], "2023-09-12T12:05:00.999Z");
  assertRefused({ end_time: "2023-09-12T12:05:01Z" }, "end");
});

test("a canceled task is a failed one with the reason", () => {
  const task = sampleTask({
    service: "geminidb",
    status: "Canceled",
    progressPercent: 40,
    createdAtMs: Date.parse("2023-09-12T06:44:01.900Z"),
    endedAtMs: Date.parse("2023-09-12T06:44:03.100Z"),
  });
  const body = renderTaskList(
    { tasks: [task], total: 11, names: [] },
    { query: list({}), showTime: timeFormat(480) },
  );
  assert.equal(
    JSON.stringify(body),
    JSON.stringify({
      total_count: 11,
      jobs: [
        {
          id: "task-1",
          name: "RestartInstance",
          status: "Failed",
          start_time: "2023-09-12T14:44:01+0800",
          end_time: "2023-09-12T14:44:03+0800",
          progress: "",
          instance: { id: "in-1", name: "orders" },
          fail_reason: "Canceled",
        },
      ],
    }),
  );
});
