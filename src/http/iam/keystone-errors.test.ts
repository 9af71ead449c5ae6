import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import test from "node:test";
import { errorCodes, invalidParameter, TaskCenterError } from "../../task/error.ts";
import { keystoneError } from "./keystone-errors.ts";

test("every code has a status of HTTP, a title and a message", () => {
  for (const code of errorCodes) {
    const { status, title, message } = keystoneError(new TaskCenterError(code, "The reason."));
    assert.ok(status >= 400 && STATUS_CODES[status] !== undefined, code);
    assert.ok(title.length > 0 && message.length > 0, code);
  }
});

test("what the caller did wrong is said in the error's own words", () => {
  assert.deepEqual(keystoneError(invalidParameter("auth.scope", "must be object")), {
    status: 400,
    title: "Bad Request",
    message: "auth.scope: must be object",
  });
});

test("why somebody was not let in, and what broke inside, is not said", () => {
  for (const code of [
    "unauthenticated",
    "token-expired",
    "forbidden",
    "store-unavailable",
    "internal",
  ] as const) {
    const { message } = keystoneError(new TaskCenterError(code, "the secret reason"));
    assert.ok(!message.includes("secret"), code);
  }
});
