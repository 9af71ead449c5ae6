import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import test from "node:test";
import { TaskCenterError } from "../../task/error.ts";
import {
  isConnectionError,
  mayBeDone,
  messagesOfBreaking,
  messagesOfConnecting,
  storeError,
} from "./error.ts";

test("an error that only names connections or pools is not taken for a broken connection", () => {
  const errors = [
    new TaskCenterError("conflict", "A user is named pool, and has a timeout for each connection."),
    new TypeError("Cannot read properties of undefined (reading 'connection')"),
    new Error("The pool is empty."),
  ];
  for (const error of errors) {
    assert.equal(isConnectionError(error), false);
    assert.equal(storeError(error), error);
  }
});

test("what the driver and the network say of a broken connection makes the store unavailable", () => {
  const reset = Object.assign(new Error("read ECONNRESET"), { syscall: "read" });
  const ended = Object.assign(new Error("This socket has been ended by the other party"), { code: "EPIPE" });
  for (const error of [...messagesOfBreaking.map((message) => new Error(message)), reset, ended]) {
    const unavailable = storeError(error);
    assert.ok(unavailable instanceof TaskCenterError);
    assert.equal(unavailable.code, "store-unavailable");
    assert.ok(mayBeDone(unavailable), error.message);
  }
});

test("where no connection came about, nothing can have been done", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { syscall: "connect" });
  const unknown = Object.assign(new Error("getaddrinfo ENOTFOUND"), { syscall: "getaddrinfo" });
  for (const error of [...messagesOfConnecting.map((message) => new Error(message)), refused, unknown]) {
    const unavailable = storeError(error);
    assert.ok(unavailable instanceof TaskCenterError);
    assert.equal(unavailable.code, "store-unavailable");
    assert.equal(mayBeDone(unavailable), false, error.message);
  }
});

test("the driver says what it is expected to say", () => {
  const driver = createRequire(import.meta.url).resolve("pg");
  const pool = createRequire(driver).resolve("pg-pool");
  const files = ["client.js", "connection.js"].map((file) => join(dirname(driver), file));
  const sources = [...files, pool].map((file) => readFileSync(file, "utf8")).join("\n");
  for (const message of [...messagesOfConnecting, ...messagesOfBreaking]) {
    assert.ok(sources.includes(`Error('${message}'`), message);
  }
});
