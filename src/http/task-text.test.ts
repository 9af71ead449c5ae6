import assert from "node:assert/strict";
import test from "node:test";
import { taskFactory } from "../../test/factories.ts";
import { longDetails, withLongDetails } from "../task/task.ts";
import { taskDocument } from "./task-documents.ts";
import { taskText } from "./task-text.ts";

const nowMs = Date.UTC(2026, 2, 1, 12);

test("long details stand in the text as they are kept, whatever else the task says", () => {
  const confusing = ',"details":{}';
  const details = { text: `${confusing} $& $1 "${"é".repeat(longDetails)}`, list: [1, null, { a: "\\" }] };
  const task = taskFactory.failed({
    name: confusing,
    failReason: confusing,
    instance: { id: confusing, name: confusing, status: "" },
    labels: { details: "{}", other: confusing },
    details,
  });
  const read = withLongDetails({ ...task, details: {} }, JSON.stringify(details));
  assert.equal(taskText(read, nowMs), JSON.stringify(taskDocument(task, nowMs)));
  assert.equal(taskText(task, nowMs), JSON.stringify(taskDocument(task, nowMs)));
});

test("long details are not parsed to be passed on", () => {
  const read = withLongDetails(taskFactory.running(), `not JSON ${"x".repeat(longDetails)}`);
  assert.ok(taskText(read, nowMs).includes('"details":not JSON xxx'));
  assert.throws(() => read.details, SyntaxError);
});
