import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import test from "node:test";
import { sampleTask } from "../../test/factories.ts";
import { compareNewestFirst, matchesFilter, type TaskPage, type TaskQuery } from "../task/query.ts";
import { applyReport } from "../task/report.ts";
import type { JsonObject, Task } from "../task/task.ts";
import type { DialectRead } from "./dialect.ts";
import { dialects } from "./index.ts";
import { timeFormat } from "./time.ts";

/** A documented call: what is asked, and what is answered, whole and with the keys in order. */
interface Example {
  readonly now: string;
  readonly utc_offset_minutes: number;
  readonly request: string;
  readonly response: JsonObject;
}

const sqlserver = { id: "4d00c7e9d22145deb889937a72b59c8ein01", name: "rds-local-scale" };
const ddmInstance = { id: "733c7e8d73a54c27b8308ec784a8be8cin09", name: "UTS-ddm-dtc-src" };

/** The tasks that each example's answer tells of. */
const tasksOfExample: Readonly<Record<string, readonly Task[]>> = {
  "ddm/examples/list-tasks.json": [
    sampleTask({
      service: "ddm",
      id: "57933931-9323-422d-8f3d-20a62eb00c4e",
      name: "CreateInstance",
      status: "Completed",
      instance: ddmInstance,
      progressPercent: 100,
      createdAtMs: Date.parse("2025-05-20T07:51:47Z"),
      endedAtMs: Date.parse("2025-05-20T07:56:54Z"),
    }),
    sampleTask({
      service: "ddm",
      id: "10501cd3-0c19-498b-9ba4-8935ed447542",
      name: "migrateLogicDb",
      status: "Completed",
      instance: ddmInstance,
      databaseName: "db_e487",
      createdAtMs: Date.parse("2025-05-20T14:48:09Z"),
      endedAtMs: Date.parse("2025-05-20T15:03:45Z"),
    }),
    sampleTask({
      service: "ddm",
      id: "92370d30-3ddc-4e05-b8ab-51662d824318",
      name: "migrateLogicDb",
      status: "ToBeSwitched",
      instance: ddmInstance,
      databaseName: "db_e487",
      createdAtMs: Date.parse("2025-05-20T15:05:13Z"),
      details: { shard: { switch_route_is_manual: false } },
    }),
  ],
  "ddm/examples/get-task.json": [
    sampleTask({
      service: "ddm",
      id: "31b8ae23-c687-4d80-b7b4-42a66c9bb886",
      name: "CreateInstance",
      progressPercent: 60,
      instance: { id: "a48e43ff268f4c0e879652d65e63d0fbin09", name: "DDM-test" },
      createdAtMs: Date.parse("2018-08-06T10:41:14+01:00"),
      plannedEndAtMs: Date.parse("2018-08-06T16:41:14+01:00"),
    }),
  ],
  "rds/examples/list-tasks.json": [
    sampleTask({
      service: "rds",
      id: "676e9f17f9b74289883a44a47b8101f5",
      name: "RestoreSqlserverInInstance",
      status: "Completed",
      instance: { id: "4d00c7e9d22145deb889937a72b59c8ein01", name: "rds-local-scale", status: "FAILED" },
      createdAtMs: Date.parse("2020-07-15T07:46:10Z"),
      endedAtMs: Date.parse("2020-07-15T09:46:10Z"),
    }),
  ],
  "rds/examples/get-task.json": [
    sampleTask({
      service: "rds",
      id: "a9767ede-fe0f-4888-9003-e843a4c90514",
      name: "CreateMysqlSingleHAInstance",
      status: "Completed",
      instance: { id: "2b7a4d1be8f04b0d9c0bb5f0d2a6e6c1in01", name: "orders-mysql" },
      createdAtMs: Date.parse("2020-08-01T07:00:00Z"),
      endedAtMs: Date.parse("2020-08-01T07:09:21Z"),
      details: { entities: { datastore: { type: "mysql", version: "8.0" }, nodes: 2 } },
    }),
  ],
  "rds/examples/list-instance-tasks.json": [
    sampleTask({
      service: "rds",
      id: "0f8d2c5e-6d0a-4c39-8f7d-7b0c7a1f6b11",
      name: "BackupDbSqlserverInInstance",
      progressPercent: 35,
      instance: sqlserver,
      createdAtMs: Date.parse("2020-08-02T02:00:00Z"),
      details: { task_detail: { databases: ["orders", "stock"] } },
    }),
    sampleTask({
      service: "rds",
      id: "5b0d7e7a-1c43-4c0e-9d0b-3a2f5d7c9e20",
      name: "RestoreSqlserverInInstance",
      status: "Failed",
      failReason: "The backup is incomplete.",
      instance: sqlserver,
      createdAtMs: Date.parse("2020-08-01T22:00:00Z"),
      endedAtMs: Date.parse("2020-08-01T22:14:03Z"),
      details: { task_detail: "backup 42, point in time 21:55" },
    }),
    sampleTask({
      service: "rds",
      id: "e1c2b3a4-9a8b-4c7d-8e6f-5a4b3c2d1e0f",
      name: "RestartInstance",
      status: "Completed",
      instance: sqlserver,
      createdAtMs: Date.parse("2020-08-01T08:00:00Z"),
      endedAtMs: Date.parse("2020-08-01T08:01:30Z"),
    }),
  ],
  "rds/examples/list-scheduled-tasks.json": [
    sampleTask({
      service: "rds",
      kind: "scheduled",
      id: "9c1d4f0e-2b3a-4d5c-8e7f-6a5b4c3d2e1f",
      name: "RESIZE_FLAVOR",
      instance: { id: "2b7a4d1be8f04b0d9c0bb5f0d2a6e6c1in01", name: "orders-mysql", status: "ACTIVE" },
      createdAtMs: Date.parse("2020-08-01T09:00:00Z"),
      plannedStartAtMs: Date.parse("2020-08-02T01:00:00Z"),
      plannedEndAtMs: Date.parse("2020-08-02T03:00:00Z"),
      priority: 5,
      details: {
        datastore_type: "mysql",
        volume_type: "ULTRAHIGH",
        target_config: { flavor: "rds.mysql.s1.xlarge.ha", mem: 16, cpu: 4 },
      },
    }),
  ],
  "geminidb/examples/list-tasks.json": [
    applyReport(
      sampleTask({
        service: "geminidb",
        id: "6f85e061-04dd-42e7-86d6-d3b1e40aac2e",
        name: "CreateCassandra",
        instance: { id: "27a045b6bf9e46f691f81366d398cb04in06", name: "nosql-12f5" },
        createdAtMs: Date.parse("2023-09-12T06:44:01Z"),
      }),
      { progressPercent: 14 },
      { by: "producer", nowMs: Date.parse("2023-09-12T06:44:03.250Z") },
    ).task,
  ],
};

const files = globSync("*/examples/*.json", { cwd: import.meta.dirname }).sort();

test("every call that reads has an example", () => {
  assert.deepEqual(files, Object.keys(tasksOfExample).sort());
  const reads = dialects.flatMap(({ routes }) => routes.filter(({ method }) => method === "GET"));
  assert.equal(files.length, reads.length);
});

for (const file of files) {
  test(`${file} is answered whole, keys in order`, () => {
    const example: Example = JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, "utf8"));
    const nowMs = Date.parse(example.now);
    const dialect = dialects.find(({ service }) => file.startsWith(`${service}/`));
    const reads = dialect?.routes.filter((route) => route.method === "GET") ?? [];
    const { route, params, query } = routed(example.request, reads);
    const projectId = params.project_id ?? "";
    const asked = route.parse({ projectId, params, query, nowMs });
    const tasks = (tasksOfExample[file] ?? []).map((task) => ({ ...task, projectId }));
    const answer = route.render(pageOf(tasks, asked), {
      query: asked,
      showTime: timeFormat(example.utc_offset_minutes),
    });
    assert.equal(JSON.stringify(answer, null, 2), JSON.stringify(example.response, null, 2));
  });
}

/** Finds the call that a request line means, and its parameters. */
function routed(request: string, routes: readonly DialectRead[]) {
  const [method = "", target = ""] = request.split(" ");
  const url = new URL(target, "http://localhost");
  for (const route of routes) {
    const pattern = new RegExp(`^${route.path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
    const match = pattern.exec(url.pathname);
    if (route.method === method && match !== null) {
      return { route, params: { ...match.groups }, query: Object.fromEntries(url.searchParams) };
    }
  }
  assert.fail(`no call answers ${request}`);
}

/** What a store answers, by the definition of a filter. */
function pageOf(tasks: readonly Task[], { filter, offset, limit, withNames }: TaskQuery): TaskPage {
  const meant = tasks.filter((task) => matchesFilter(task, filter)).sort(compareNewestFirst);
  return {
    tasks: meant.slice(offset, offset + limit),
    total: meant.length,
    names: withNames ? [...new Set(meant.map(({ name }) => name))].sort() : [],
  };
}
