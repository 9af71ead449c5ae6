import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import test from "node:test";
import { sampleTask } from "../../test/factories.ts";
import { compareNewestFirst, matchesFilter, type TaskPage, type TaskQuery } from "../task/query.ts";
import { applyReport } from "../task/report.ts";
import type { JsonObject, Task } from "../task/task.ts";
import { dialects } from "./index.ts";

/** A documented call: what is asked, and what is answered, whole and with the keys in order. */
interface Example {
  readonly now: string;
  readonly utc_offset_minutes: number;
  readonly request: string;
  readonly response: JsonObject;
}

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

test("every call of every service has an example", () => {
  assert.deepEqual(files, Object.keys(tasksOfExample).sort());
  const calls = dialects.reduce((count, { routes }) => count + routes.length, 0);
  assert.equal(files.length, calls);
});

for (const file of files) {
  test(`${file} is answered whole, keys in order`, () => {
    const example: Example = JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, "utf8"));
    const nowMs = Date.parse(example.now);
    const dialect = dialects.find(({ service }) => file.startsWith(`${service}/`));
    const { route, params, query } = routed(example.request, dialect?.routes ?? []);
    const projectId = params.project_id ?? "";
    const asked = route.parse({ projectId, params, query, nowMs });
    const tasks = (tasksOfExample[file] ?? []).map((task) => ({ ...task, projectId }));
    const answer = route.render(pageOf(tasks, asked), {
      query: asked,
      utcOffsetMinutes: example.utc_offset_minutes,
    });
    assert.equal(JSON.stringify(answer, null, 2), JSON.stringify(example.response, null, 2));
  });
}

/** Finds the call that a request line means, and its parameters. */
function routed<Route extends { readonly method: string; readonly path: string }>(
  request: string,
  routes: readonly Route[],
) {
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
