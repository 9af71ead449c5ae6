import assert from "node:assert/strict";
import test from "node:test";
import { sampleTask } from "../../../test/factories.ts";
import { TaskCenterError } from "../../task/error.ts";
import { operations, type TaskStatus } from "../../task/lifecycle.ts";
import type { Task } from "../../task/task.ts";
import type { RenderContext } from "../dialect.ts";
import { timeFormat } from "../time.ts";
import { ddm } from "./index.ts";
import { parseTaskDetail, parseTaskList } from "./parse.ts";
import { renderTaskDetail, renderTaskList } from "./render.ts";
import { shownOperations } from "./vocabulary.ts";

const nowMs = Date.parse("2025-05-20T12:00:00Z");
const earliestMs = nowMs - (30 * 24 * 60 + 5) * 60 * 1000;
const window = { start_time: String(nowMs - 1000), end_time: String(nowMs) };

function list(query: Record<string, string>) {
  return parseTaskList({ projectId: "p", params: {}, query, nowMs });
}

function assertRefused(query: Record<string, string>): void {
  assert.throws(
    () => list(query),
    (error) => {
      assert.ok(error instanceof TaskCenterError);
      assert.deepEqual(ddm.describeError(error), {
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

test("a list asks for the instant tasks of DDM in the window, the ten newest unless told otherwise", () => {
  assert.deepEqual(list({ start_time: "1747740000001", end_time: "1747740000002" }), {
    filter: {
      projectId: "p",
      services: ["ddm"],
      kinds: ["instant"],
      createdFromMs: 1_747_740_000_001,
      createdToMs: 1_747_740_000_002,
    },
    order: "newest-first",
    offset: 0,
    limit: 10,
    withNames: false,
  });
});

test("unknown keys are ignored, also the filters that only other services have", () => {
  assert.deepEqual(list({ ...window, skip_cache: "True", status: "Nonsense", id: "x" }), list(window));
});

test("offset and limit are read up to their bounds and refused beyond them", () => {
  const page = ({ offset, limit }: { offset: number; limit: number }) => ({ offset, limit });
  assert.deepEqual(page(list({ ...window, offset: "0", limit: "1" })), { offset: 0, limit: 1 });
  assert.deepEqual(page(list({ ...window, offset: "999999999999999", limit: "128" })), {
    offset: 999_999_999_999_999,
    limit: 128,
  });
  assert.deepEqual(page(list({ ...window, offset: "", limit: "" })), { offset: 0, limit: 10 });
  for (const limit of ["0", "129", "-1", "10.0", "ten"]) assertRefused({ ...window, limit });
  for (const offset of ["-1", "1000000000000000", "0.0", "first"]) assertRefused({ ...window, offset });
});

test("both ends of the window are mandatory, and an empty one is not given", () => {
  const { start_time, end_time } = window;
  assertRefused({});
  assertRefused({ start_time });
  assertRefused({ end_time });
  assertRefused({ start_time: "", end_time });
  assertRefused({ start_time, end_time: "" });
});

test("a window begins at most 30 days and 5 minutes ago", () => {
  const end_time = String(nowMs);
  assert.equal(list({ start_time: String(earliestMs), end_time }).filter.createdFromMs, earliestMs);
  assertRefused({ start_time: String(earliestMs - 1), end_time });
});

test("a window may be one instant and may lie in the future, but does not end before it begins", () => {
  const instant = String(nowMs + 1000);
  assert.equal(list({ start_time: instant, end_time: instant }).filter.createdToMs, nowMs + 1000);
  assertRefused({ start_time: instant, end_time: String(nowMs + 999) });
});

test("one task is asked for by its id, whatever the query says", () => {
  assert.deepEqual(
    parseTaskDetail({ projectId: "p", params: { job_id: "t" }, query: { limit: "x" }, nowMs }),
    {
      filter: { projectId: "p", services: ["ddm"], kinds: ["instant"], ids: ["t"] },
      order: "newest-first",
      offset: 0,
      limit: 1,
      withNames: false,
    },
  );
});

test("an empty task id is a parameter that was not given", () => {
  assert.throws(
    () => parseTaskDetail({ projectId: "p", params: { job_id: "" }, query: {}, nowMs }),
    (error) => error instanceof TaskCenterError && ddm.describeError(error).errorCode === "DBS.280001",
  );
});

const context: RenderContext = {
  query: list({ ...window, offset: "7", limit: "3" }),
  showTime: timeFormat(-210),
};

test("a page past the end is empty, and tells where it is and how much there is", () => {
  const body = renderTaskList({ tasks: [], total: 5, names: [] }, context);
  assert.equal(JSON.stringify(body), '{"jobs":[],"offset":7,"limit":3,"total":5}');
});

test("a canceled task is a failed one, in the list with the reason", () => {
  const task = sampleTask({
    service: "ddm",
    status: "Canceled",
    progressPercent: 40,
    failReason: "not needed",
    instance: { id: "in-1" },
    createdAtMs: Date.parse("2025-05-20T08:00:00Z"),
    endedAtMs: Date.parse("2025-05-20T08:00:05.999Z"),
  });
  const page = { tasks: [task], total: 1, names: [] };
  const { jobs } = renderTaskList(page, context);
  assert.equal(
    JSON.stringify(jobs),
    JSON.stringify([
      {
        id: "task-1",
        name: "RestartInstance",
        status: "Failed",
        created_time: "2025-05-20T04:30:00-0330",
        end_time: "2025-05-20T04:30:05-0330",
        process: "",
        instance_name: "",
        instance_id: "in-1",
        operations: [],
        database_name: "",
        fail_reason: "Canceled: not needed",
      },
    ]),
  );
  assert.equal(
    JSON.stringify(renderTaskDetail(page, context)),
    JSON.stringify({
      job: {
        id: "task-1",
        name: "RestartInstance",
        status: "Failed",
        created_time: "2025-05-20T04:30:00-0330",
        end_time: "2025-05-20T04:30:05-0330",
        process: "",
        instance: { id: "in-1", name: "" },
      },
    }),
  );
});

test("an unknown task is an error of its own", () => {
  assert.throws(
    () => renderTaskDetail({ tasks: [], total: 0, names: [] }, context),
    (error) => {
      assert.ok(error instanceof TaskCenterError);
      assert.deepEqual(ddm.describeError(error), {
        origin: "service",
        status: 400,
        errorCode: "DBS.300400",
        errorMessage: "The task is not found.",
      });
      return true;
    },
  );
});

function shardTask(status: TaskStatus, details: Task["details"] = {}): Task {
  return sampleTask({ service: "ddm", name: "migrateLogicDb", status, details });
}

test("a shard configuration task offers its operations in the manual's order", () => {
  const offered = Object.fromEntries(
    (["Running", "ToBeSwitched", "Switching", "ToBeCleaned", "Completed", "Failed"] as const).map(
      (status) => [status, shownOperations(shardTask(status))],
    ),
  );
  assert.deepEqual(offered, {
    Running: ["toBeCanceled"],
    ToBeSwitched: ["modifySwitchingStrategy", "toBeCanceled", "toBeSwitched"],
    Switching: [],
    ToBeCleaned: ["toBeCleaned"],
    Completed: [],
    Failed: ["toBeCanceled", "toBeRetried", "toBeRolled"],
  });
});

test("a task that switches by itself is not switched by hand", () => {
  const automatic = shardTask("ToBeSwitched", { shard: { switch_route_is_manual: false } });
  assert.deepEqual(shownOperations(automatic), ["modifySwitchingStrategy", "toBeCanceled"]);
});

test("no other task offers operations, although our own API may cancel it", () => {
  assert.ok(operations.includes("cancel"));
  assert.deepEqual(shownOperations(sampleTask({ service: "ddm" })), []);
});
