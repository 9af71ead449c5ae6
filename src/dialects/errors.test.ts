import assert from "node:assert/strict";
import test from "node:test";
import { type ErrorCode, errorCodes, invalidParameter, TaskCenterError } from "../task/error.ts";
import { type Service, services } from "../task/lifecycle.ts";
import { ddm } from "./ddm/index.ts";
import type { ServiceError } from "./dialect.ts";
import { describeGatewayError, missingTokenDetail } from "./gateway.ts";
import { geminidb } from "./geminidb/index.ts";
import { dialects } from "./index.ts";
import { rds } from "./rds/index.ts";

const unknownApi = "The API does not exist or has not been published in the environment.";

/** What everybody says alike, before a service is reached. */
const saidByGateway = {
  "malformed-request": "400 APIGW.0201 API request error.",
  "request-too-large": "413 APIGW.0201 Request entity too large.",
  "uri-too-long": "414 APIGW.0201 Request URI too large.",
  "headers-too-large": "431 APIGW.0201 Request headers too large.",
  "request-timeout": "408 APIGW.0201 Request timeout.",
  "unsupported-media-type": "400 APIGW.0201 API request error.",
  "route-not-found": `404 APIGW.0101 ${unknownApi}`,
  "method-not-allowed": `405 APIGW.0101 ${unknownApi}`,
  unauthenticated: "401 APIGW.0301 Incorrect IAM authentication information: decrypt token fail",
  "token-expired": "401 APIGW.0307 The token must be updated.",
  forbidden: "403 APIGW.0302 The IAM user is not authorized to access the API.",
  csrf: "403 APIGW.0302 The IAM user is not authorized to access the API.",
  "too-many-requests": "429 APIGW.0308 The throttling threshold has been reached.",
} as const satisfies Partial<Record<ErrorCode, string>>;

/** What only a service means. */
type ServiceCode = Exclude<ErrorCode, keyof typeof saidByGateway>;

const refused = "400 DBS.280001 Parameter error.";
const saidByService = {
  ddm: {
    "invalid-parameter": refused,
    conflict: refused,
    "not-found": "400 DBS.300400 The task is not found.",
    "task-not-found": "400 DBS.300400 The task is not found.",
    "task-exists": refused,
    "idempotency-key-reused": refused,
    "transition-refused": refused,
    "revision-mismatch": refused,
    "query-too-broad": refused,
    "store-unavailable": "500 DBS.300002 Server failure.",
    internal: "500 DBS.300002 Server failure.",
  },
  rds: {
    "invalid-parameter": refused,
    conflict: refused,
    "not-found": "400 DBS.200543 The job does not exist.",
    "task-not-found": "400 DBS.200543 The job does not exist.",
    "task-exists": refused,
    "idempotency-key-reused": refused,
    "transition-refused": refused,
    "revision-mismatch": refused,
    "query-too-broad": refused,
    "store-unavailable": "500 DBS.200005 Server failure.",
    internal: "500 DBS.200005 Server failure.",
  },
  geminidb: {
    "invalid-parameter": refused,
    conflict: refused,
    "not-found": refused,
    "task-not-found": refused,
    "task-exists": refused,
    "idempotency-key-reused": refused,
    "transition-refused": refused,
    "revision-mismatch": refused,
    "query-too-broad": refused,
    "store-unavailable": "500 DBS.280005 Server error. Try again later.",
    internal: "500 DBS.280005 Server error. Try again later.",
  },
} as const satisfies Record<Service, Record<ServiceCode, string>>;

const saidWithoutService = {
  "invalid-parameter": "400 APIGW.0201 API request error.",
  conflict: "400 APIGW.0201 API request error.",
  "not-found": `404 APIGW.0101 ${unknownApi}`,
  "task-not-found": `404 APIGW.0101 ${unknownApi}`,
  "task-exists": "400 APIGW.0201 API request error.",
  "idempotency-key-reused": "400 APIGW.0201 API request error.",
  "transition-refused": "400 APIGW.0201 API request error.",
  "revision-mismatch": "400 APIGW.0201 API request error.",
  "query-too-broad": "400 APIGW.0201 API request error.",
  "store-unavailable": "500 APIGW.0601 Internal server error.",
  internal: "500 APIGW.0601 Internal server error.",
} as const satisfies Record<ServiceCode, string>;

function line({ status, errorCode, errorMessage }: ServiceError): string {
  return `${status} ${errorCode} ${errorMessage}`;
}

function assertSays(
  describe: (error: TaskCenterError) => ServiceError,
  expected: Readonly<Record<ErrorCode, string>>,
): void {
  const said = Object.fromEntries(
    errorCodes.map((code) => [code, describe(new TaskCenterError(code, "An inner detail: SELECT 1."))]),
  );
  assert.deepEqual(
    Object.fromEntries(Object.entries(said).map(([code, error]) => [code, line(error)])),
    expected,
  );
  for (const { origin, errorCode } of Object.values(said)) {
    assert.equal(origin, errorCode.startsWith("APIGW.") ? "gateway" : "service");
  }
}

for (const service of services) {
  test(`${service} has words for every error, and never shows what only we should know`, () => {
    const dialect = dialects.find((candidate) => candidate.service === service);
    assert.ok(dialect);
    assertSays(dialect.describeError, { ...saidByGateway, ...saidByService[service] });
  });
}

test("where no service was chosen the gateway has words for every error", () => {
  assertSays(describeGatewayError, { ...saidByGateway, ...saidWithoutService });
});

test("a missing token, a bad token and a bad signature are told apart, and nothing else is told", () => {
  const said = {
    [missingTokenDetail]: missingTokenDetail,
    "verify aksk signature fail": "verify aksk signature fail",
    "signature expired": "signature expired",
    "ak ABCD**** not exist": "ak ABCD**** not exist",
    "decrypt token fail": "decrypt token fail",
    "ak ABCDEFGH not exist": "decrypt token fail",
    "signature expired at the secret time": "decrypt token fail",
  };
  for (const describe of [...dialects.map(({ describeError }) => describeError), describeGatewayError]) {
    for (const [detail, shown] of Object.entries(said)) {
      assert.equal(
        line(describe(new TaskCenterError("unauthenticated", detail))),
        `401 APIGW.0301 Incorrect IAM authentication information: ${shown}`,
      );
    }
  }
});

test("GeminiDB has an error of its own for four parameters, and one for all others", () => {
  const said = Object.fromEntries(
    ["limit", "offset", "start_time", "end_time", "status", "id", "name", ""].map((name) => [
      name,
      line(geminidb.describeError(invalidParameter(name, "is not accepted"))),
    ]),
  );
  assert.deepEqual(said, {
    limit: "400 DBS.280439 Invalid limit.",
    offset: "400 DBS.280440 Invalid offset.",
    start_time: "400 DBS.280067 Invalid start time.",
    end_time: "400 DBS.280068 Invalid end time.",
    status: refused,
    id: refused,
    name: refused,
    "": refused,
  });
});

test("DDM and RDS have one error for all parameters", () => {
  for (const name of ["limit", "offset", "start_time", "end_time", "status"]) {
    const error = invalidParameter(name, "is not accepted");
    assert.deepEqual(
      [ddm, rds].map(({ describeError }) => line(describeError(error))),
      [refused, refused],
    );
  }
});

test("a field of an error that is no refused parameter does not matter", () => {
  const error = new TaskCenterError("internal", "limit", { fields: [{ field: "limit", message: "" }] });
  assert.equal(geminidb.describeError(error).status, 500);
});
