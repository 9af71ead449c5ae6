import assert from "node:assert/strict";
import type { Answer } from "./start-server.ts";

/** Holds an answer to be a problem document of our own API, with this code, and these fields where they are given. */
export function assertProblem(
  answer: Answer,
  status: number,
  code: string,
  fields?: readonly string[],
): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
  assert.match(answer.json.type, new RegExp(`^http://[^/]+/docs/errors#${code}$`));
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.request_id, answer.headers.get("x-request-id"));
  if (fields !== undefined) {
    assert.deepEqual(
      answer.json.errors.map((problem: { field: string }) => problem.field),
      fields,
    );
  }
}
