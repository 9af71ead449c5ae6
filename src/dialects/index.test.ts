import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { sampleTask } from "../../test/factories.ts";
import { TaskCenterError } from "../task/error.ts";
import { lifecycleOf, lifecycles, type Service, services, type TaskStatus } from "../task/lifecycle.ts";
import type { TaskQuery } from "../task/query.ts";
import { isJsonObject, type JsonValue, type Task } from "../task/task.ts";
import type { DialectRoute } from "./dialect.ts";
import { describeUnchosenError, dialectOfHost, dialects } from "./index.ts";

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
      calls: ["GET /v3/:project_id/tasklist"],
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
const routes = dialects.flatMap((dialect) => dialect.routes.map((route) => ({ dialect, route })));

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
      "order_id",
    ),
    fc.string(),
  ),
  anyValue,
  { maxKeys: 3 },
);

/** What must be given for a question to be whole. */
const mandatory: Readonly<Record<Service, Readonly<Record<string, string>>>> = {
  ddm: { start_time: String(nowMs - 1), end_time: String(nowMs) },
  rds: {},
  geminidb: {},
};

for (const { dialect, route } of routes) {
  test(`${dialect.prefix}${route.path} makes a question of any text, or refuses it as the service does`, () => {
    fc.assert(
      fc.property(anyParameters, anyValue, (parameters, jobId) => {
        const query = { ...mandatory[dialect.service], ...parameters };
        const asked = parsedOrRefused(route, query, jobId);
        if (asked instanceof TaskCenterError) {
          assert.equal(asked.code, "invalid-parameter");
          assert.equal(dialect.describeError(asked).status, 400);
          return;
        }
        assert.equal(asked.filter.projectId, "p");
        assert.deepEqual(asked.filter.services, [dialect.service]);
        assert.deepEqual(asked.filter.kinds, ["instant"]);
        assert.equal(asked.order, "newest-first");
        assert.ok(Number.isSafeInteger(asked.offset) && asked.offset >= 0);
        assert.ok(Number.isSafeInteger(asked.limit) && asked.limit >= 1 && asked.limit <= 128);
      }),
      { numRuns: 500, seed: 1 },
    );
  });
}

function parsedOrRefused(route: DialectRoute, query: Record<string, string>, jobId: string) {
  try {
    return route.parse({ projectId: "p", params: { project_id: "p", job_id: jobId }, query, nowMs });
  } catch (error) {
    if (error instanceof TaskCenterError) return error;
    throw error;
  }
}

/** Any task that a service may be asked for, in any status of its life. */
const anyTask: fc.Arbitrary<Task> = fc
  .record({
    service: fc.constantFrom(...services),
    name: fc.constantFrom("RestartInstance", "migrateLogicDb"),
    progressPercent: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    failReason: fc.string(),
    plannedEndAtMs: fc.option(fc.integer({ min: nowMs, max: nowMs + 1e9 })),
  })
  .chain((facts) => {
    const life = lifecycles[lifecycleOf({ ...facts, kind: "instant" })];
    return fc
      .constantFrom(...(Object.keys(life) as TaskStatus[]))
      .map((status) => sampleTask({ ...facts, status }));
  });

const anyPageQuery: TaskQuery = {
  filter: { projectId: "p" },
  order: "newest-first",
  offset: 0,
  limit: 10,
  withNames: true,
};

for (const { dialect, route } of routes) {
  test(`${dialect.prefix}${route.path} shows every fact of a task as a string`, () => {
    fc.assert(
      fc.property(anyTask, fc.integer({ min: -840, max: 840 }), (task, utcOffsetMinutes) => {
        const page = { tasks: [task], total: 1, names: [task.name] };
        const body = route.render(page, { query: anyPageQuery, utcOffsetMinutes });
        const shown = Object.values(body).filter((value) => typeof value !== "number");
        assert.notEqual(shown.length, 0);
        assert.ok(shown.every(holdsOnlyStrings));
      }),
      { numRuns: 200, seed: 1 },
    );
  });
}

for (const { dialect, route } of routes) {
  test(`${dialect.prefix}${route.path} shows the planned end of a running task`, () => {
    const plannedEndAtMs = Date.parse("2025-05-21T09:00:00.500Z");
    const task = sampleTask({ service: dialect.service, plannedEndAtMs });
    const page = { tasks: [task], total: 1, names: [] };
    const body = JSON.stringify(route.render(page, { query: anyPageQuery, utcOffsetMinutes: 60 }));
    assert.ok(body.includes('"end_time":"2025-05-21T10:00:00+0100"'), body);
  });
}

function holdsOnlyStrings(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.every(holdsOnlyStrings);
  if (isJsonObject(value)) return Object.values(value).every(holdsOnlyStrings);
  return typeof value === "string";
}
