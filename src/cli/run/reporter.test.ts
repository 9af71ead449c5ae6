import assert from "node:assert/strict";
import test from "node:test";
import { ApiError, ConnectionError } from "../../client/index.ts";
import { ConfigError } from "../../config.ts";
import { clientReporter, type Outcome } from "./reporter.ts";

const creation = { id: "run-1", service: "rds", name: "BackupInstance", instance: { id: "db1" } } as const;

const apiError = (status: number) =>
  new ApiError({ status, code: "", detail: `status ${status}`, errors: [], requestId: "", date: "" });

const failures: readonly (readonly [Error, Outcome["kind"]])[] = [
  [new ConnectionError("nobody answers"), "undelivered"],
  [apiError(500), "undelivered"],
  [apiError(503), "undelivered"],
  [apiError(408), "undelivered"],
  [apiError(429), "undelivered"],
  [apiError(400), "refused"],
  [apiError(401), "refused"],
  [apiError(403), "refused"],
  [apiError(404), "refused"],
  [apiError(409), "refused"],
  [new ConfigError("no server found"), "refused"],
  [new TypeError("a mistake of ours"), "refused"],
];

for (const [failure, kind] of failures) {
  test(`${failure.name} "${failure.message}" makes a call ${kind}`, async () => {
    const reporter = clientReporter(async () => {
      throw failure;
    });
    for (const outcome of [
      await reporter.create(creation, new AbortController().signal),
      await reporter.report("run-1", {}, new AbortController().signal),
    ]) {
      assert.equal(outcome.kind, kind);
      assert.ok("reason" in outcome && outcome.reason.includes(failure.message));
    }
  });
}

test("a call that was broken off is undelivered, whatever it failed with", async () => {
  const reporter = clientReporter(async ({ signal }) => {
    throw signal.reason;
  });
  const outcome = await reporter.create(creation, AbortSignal.abort());
  assert.deepEqual(outcome, { kind: "undelivered", reason: "the server does not answer in time" });
});
