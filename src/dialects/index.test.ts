import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { sampleTask } from "../../test/factories.ts";
import { TaskCenterError } from "../task/error.ts";
import { lifecycleOf, lifecycles, services, type TaskStatus } from "../task/lifecycle.ts";
import type { TaskQuery } from "../task/query.ts";
import { isJsonObject, type JsonValue, type Task } from "../task/task.ts";
import type { Dialect, ServiceRequest } from "./dialect.ts";
import { describeUnchosenError, dialectOfHost, dialects } from "./index.ts";
import { timeFormat } from "./time.ts";

test("every service has exactly one dialect", () => {
  assert.deepEqual(dialects.map(({ service }) => service).sort(), [...services].sort());
});

test("every service is found under its own prefix, hosts and catalog types, and has only the documented calls", () => {
  const addresses = dialects.map(({ prefix, hostLabels, catalogTypes, routes: calls }) => ({
    prefix,
    hostLabels,
    catalogTypes,
    calls: calls.map(({ method, path }) => `${method} ${path}`),
  }));
  assert.deepEqual(addresses, [
    {
      prefix: "/ddm",
      hostLabels: ["ddm"],
      catalogTypes: ["ddmv1", "ddmv2", "ddmv3"],
      calls: ["GET /v3/:project_id/jobs", "GET /v3/:project_id/jobs/:job_id"],
    },
    {
      prefix: "/rds",
      hostLabels: ["rds"],
      catalogTypes: ["rdsv3"],
      calls: [
        "GET /v3/:project_id/tasklist",
        "GET /v3/:project_id/jobs",
        "DELETE /v3/:project_id/jobs",
        "GET /v3/:project_id/instances/:instance_id/tasklist/detail",
        "GET /v3/:project_id/schedule-tasks",
      ],
    },
    {
      prefix: "/geminidb",
      hostLabels: ["gaussdb-nosql", "geminidb"],
      catalogTypes: ["geminidb", "nosql"],
      calls: ["GET /v3/:project_id/jobs"],
    },
  ]);
});

test("the first label of a host means a service, whatever its case and whatever follows", () => {
  const serviceOf = (host: string) => dialectOfHost(host)?.service;
  for (const host of ["ddm", "ddm:8080", "ddm.eu-de.otc.t-systems.com", "DDM.Example.com:443", "ddm."]) {
    assert.equal(serviceOf(host), "ddm", host);
  }
  assert.equal(serviceOf("rds.example.com"), "rds");
  assert.equal(serviceOf("geminidb.example.com"), "geminidb");
  assert.equal(serviceOf("gaussdb-nosql.example.com"), "geminidb");
  for (const host of [
    "",
    "localhost",
    "127.0.0.1:8080",
    "[::1]:8080",
    "my.ddm",
    "ddm2",
    "ddm-x.com",
    ".ddm",
  ]) {
    assert.equal(serviceOf(host), undefined, host);
  }
});

test("an unknown path that looks like a service's names the prefixes", () => {
  const notFound = new TaskCenterError("route-not-found", "There is nothing at this address.");
  const unknownApi = "The API does not exist or has not been published in the environment.";
  const said = (path: string) => {
    const { origin, status, errorCode, errorMessage } = describeUnchosenError(notFound, path);
    assert.deepEqual([origin, status, errorCode], ["gateway", 404, "APIGW.0101"]);
    return errorMessage;
  };
  const withPrefixes = `${unknownApi} Begin the path with the prefix of a service: /ddm, /rds, /geminidb.`;
  assert.equal(said("/v3/619d3e78f61b4be68bc5aa0b59edcf7b/jobs"), withPrefixes);
  assert.equal(said("/v3/p/"), withPrefixes);
  for (const path of ["/", "/nothing", "/v3/p", "/v3//jobs", "/v2/p/jobs", "/x/v3/p/jobs"]) {
    assert.equal(said(path), unknownApi, path);
  }
});

test("only an unknown path is told the prefixes", () => {
  const error = new TaskCenterError("forbidden", "No.");
  assert.equal(
    describeUnchosenError(error, "/v3/p/jobs").errorMessage,
    "The IAM user is not authorized to access the API.",
  );
});

const nowMs = Date.parse("2025-05-20T12:00:00Z");
const reads = dialects.flatMap((dialect) =>
  dialect.routes
    .filter((route) => route.method === "GET")
    .map((route) => ({ dialect, route, address: dialect.prefix + route.path })),
);
const deletions = dialects.flatMap((dialect) =>
  dialect.routes
    .filter((route) => route.method === "DELETE")
    .map((route) => ({ dialect, route, address: dialect.prefix + route.path })),
);

/** Values that are nearly right, and any text at all. */
const anyValue = fc.oneof(
  fc.constantFrom("", "0", "1", "10", "50", "51", "128", "129", "Running", "Failed", "Canceled"),
  fc.constantFrom(
    String(nowMs),
    String(nowMs - 1),
    `${nowMs}.0`,
    "2025-05-20T12:00:00 0000",
    "2025-02-30T00:00:00Z",
  ),
  fc.string({ unit: "binary" }),
  fc.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+\- ]\d{4})?$/),
  fc.integer().map(String),
);
const anyParameters = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      "id",
      "name",
      "status",
      "offset",
      "limit",
      "start_time",
      "end_time",
      "instance_id",
      "instance_name",
      "order_id",
    ),
    fc.string(),
  ),
  anyValue,
  { maxKeys: 3 },
);

/** What must be given for a question to be whole, by the call's address. */
const mandatory: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/ddm/v3/:project_id/jobs": { start_time: String(nowMs - 1), end_time: String(nowMs) },
  "/rds/v3/:project_id/jobs": { id: "task-1" },
  "/rds/v3/:project_id/instances/:instance_id/tasklist/detail": { start_time: String(nowMs - 1) },
};

/** The only calls that are about scheduled tasks. */
const aboutScheduled: ReadonlySet<string> = new Set(["/rds/v3/:project_id/schedule-tasks"]);

for (const { dialect, route, address } of reads) {
  test(`GET ${address} makes a question of any text, or refuses it as the service does`, () => {
    const kind = aboutScheduled.has(address) ? "scheduled" : "instant";
    assertParsedOrRefused(dialect, address, route.parse, ({ filter, order, offset, limit }) => {
      assert.equal(filter.projectId, "p");
      assert.deepEqual([filter.services, filter.kinds], [[dialect.service], [kind]]);
      assert.equal(order, "newest-first");
      assert.ok(Number.isSafeInteger(offset) && offset >= 0);
      assert.ok(Number.isSafeInteger(limit) && limit >= 1 && limit <= 1000);
    });
  });
}

for (const { dialect, route, address } of deletions) {
  test(`DELETE ${address} names one instant task of its service from any text, or refuses it`, () => {
    assertParsedOrRefused(dialect, address, route.parse, ({ key, filter }) => {
      assert.equal(key.projectId, "p");
      assert.notEqual(key.id, "");
      assert.deepEqual(filter, { projectId: "p", services: [dialect.service], kinds: ["instant"] });
    });
  });
}

/** Lets a call read any text: it answers what the check accepts, or refuses it in the service's words. */
function assertParsedOrRefused<T>(
  dialect: Dialect,
  address: string,
  parse: (request: ServiceRequest) => T,
  check: (parsed: T) => void,
): void {
  fc.assert(
    fc.property(anyParameters, anyValue, (parameters, inPath) => {
      const params = { project_id: "p", job_id: inPath, instance_id: inPath };
      const query = { ...mandatory[address], ...parameters };
      const parsed = parsedOrRefused(() => parse({ projectId: "p", params, query, nowMs }));
      if (parsed instanceof TaskCenterError) {
        assert.equal(parsed.code, "invalid-parameter");
        assert.equal(dialect.describeError(parsed).status, 400);
      } else check(parsed);
    }),
    { numRuns: 500, seed: 1 },
  );
}

function parsedOrRefused<T>(parse: () => T): T | TaskCenterError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TaskCenterError) return error;
    throw error;
  }
}

/** What a producer may keep where a service expects text. */
const anyDetail = fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<JsonValue>;

/** Any task that a service may be asked for, in any status of its life. */
const anyTask: fc.Arbitrary<Task> = fc
  .record({
    subject: fc.constantFrom<Pick<Task, "service" | "kind">>(
      ...services.map((service) => ({ service, kind: "instant" as const })),
      { service: "rds", kind: "scheduled" },
    ),
    name: fc.constantFrom("RestartInstance", "migrateLogicDb"),
    progressPercent: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    failReason: fc.string(),
    plannedEndAtMs: fc.option(fc.integer({ min: nowMs, max: nowMs + 1e9 })),
    priority: fc.option(fc.integer({ min: 1, max: 100 })),
    details: fc.record(
      {
        task_detail: anyDetail,
        datastore_type: anyDetail,
        volume_type: anyDetail,
        target_config: fc.oneof(anyDetail, fc.record({ flavor: anyDetail, mem: anyDetail, cpu: anyDetail })),
      },
      { requiredKeys: [] },
    ),
  })
  .chain(({ subject, details, ...others }) => {
    const facts = { ...subject, ...others, details: { ...details } };
    return fc
      .constantFrom(...(Object.keys(lifecycles[lifecycleOf(facts)]) as TaskStatus[]))
      .map((status) => sampleTask({ ...facts, status }));
  });

const anyPageQuery: TaskQuery = {
  filter: { projectId: "p" },
  order: "newest-first",
  offset: 0,
  limit: 10,
  withNames: true,
};

for (const { route, address } of reads) {
  test(`GET ${address} shows every fact of a task as a string`, () => {
    fc.assert(
      fc.property(anyTask, fc.integer({ min: -840, max: 840 }), (task, utcOffsetMinutes) => {
        const page = { tasks: [task], total: 1, names: [task.name] };
        const body = route.render(page, { query: anyPageQuery, showTime: timeFormat(utcOffsetMinutes) });
        const shown = Object.values(body).filter((value) => typeof value !== "number");
        assert.notEqual(shown.length, 0);
        assert.ok(shown.every(holdsOnlyStrings));
      }),
      { numRuns: 200, seed: 1 },
    );
  });
}

/** The calls whose answer has no end before there is one. */
const withoutPlannedEnd: ReadonlySet<string> = new Set([
  "/rds/v3/:project_id/jobs",
  "/rds/v3/:project_id/instances/:instance_id/tasklist/detail",
]);

for (const { dialect, route, address } of reads.filter((read) => !withoutPlannedEnd.has(read.address))) {
  test(`GET ${address} shows the planned end of a running task`, () => {
    const plannedEndAtMs = Date.parse("2025-05-21T09:00:00.500Z");
    const task = sampleTask({ service: dialect.service, plannedEndAtMs });
    const page = { tasks: [task], total: 1, names: [] };
    const body = JSON.stringify(route.render(page, { query: anyPageQuery, showTime: timeFormat(60) }));
    assert.ok(body.includes('"end_time":"2025-05-21T10:00:00+0100"'), body);
  });
}

function holdsOnlyStrings(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.every(holdsOnlyStrings);
  if (isJsonObject(value)) return Object.values(value).every(holdsOnlyStrings);
  return typeof value === "string";
}
