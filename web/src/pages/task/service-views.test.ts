import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { curlLine, prettyJson, viewsOf } from "./service-views.ts";

const createdMs = Date.UTC(2026, 2, 1, 12);
const day = 24 * 60 * 60 * 1000;

function pathsOf(parts: Partial<TaskDocument>, nowMs = createdMs + day): readonly string[] {
  const task = {
    id: "t-1",
    project_id: "p",
    kind: "instant",
    created_at: new Date(createdMs).toISOString(),
    instance: { id: "db 1", name: "", status: "" },
    ...parts,
  } as TaskDocument;
  return viewsOf(task, nowMs).map(({ path }) => path);
}

test("a task is shown by the calls of its own service, and by ours", () => {
  assert.deepEqual(pathsOf({ service: "rds" }), [
    "/rds/v3/p/jobs?id=t-1",
    "/rds/v3/p/tasklist?id=t-1",
    "/v1/p/tasks/t-1",
  ]);
  assert.deepEqual(pathsOf({ service: "geminidb" }), [
    "/geminidb/v3/p/jobs?id=t-1&start_time=2026-03-01T12:00:00Z&end_time=2026-03-01T12:00:01Z",
    "/v1/p/tasks/t-1",
  ]);
});

test("DDM's list is asked only within the 30 days that it takes", () => {
  assert.deepEqual(pathsOf({ service: "ddm" }), [
    "/ddm/v3/p/jobs/t-1",
    `/ddm/v3/p/jobs?start_time=${createdMs}&end_time=${createdMs}`,
    "/v1/p/tasks/t-1",
  ]);
  assert.deepEqual(pathsOf({ service: "ddm" }, createdMs + 31 * day), [
    "/ddm/v3/p/jobs/t-1",
    "/v1/p/tasks/t-1",
  ]);
});

test("a scheduled task is shown by RDS's call for those, and by no other service's", () => {
  assert.deepEqual(pathsOf({ service: "rds", kind: "scheduled" }), [
    `/rds/v3/p/schedule-tasks?instance_id=db%201&start_time=${createdMs}&end_time=${createdMs}`,
    "/v1/p/tasks/t-1",
  ]);
  assert.deepEqual(pathsOf({ service: "ddm", kind: "scheduled" }), ["/v1/p/tasks/t-1"]);
});

test("a command to copy is one word for the shell after its header, whatever is in the address", () => {
  const path = "/v1/p/tasks/it's;$(reboot)`x`";
  const line = curlLine("https://tasks.example.com/tc/", path).replace(/^curl/, "printf '%s\\n'");
  const words = execFileSync("sh", ["-c", line], { env: { TOKEN: "t" }, encoding: "utf8" }).split("\n");
  assert.deepEqual(words.slice(0, 4), ["-s", "-H", "X-Auth-Token: t", `https://tasks.example.com/tc${path}`]);
});

test("an answer is laid out with its numbers as they were spelled, and what is no JSON is left as it is", () => {
  assert.equal(
    prettyJson('{"a":12345678901234567890,"b":1.0}'),
    '{\n  "a": 12345678901234567890,\n  "b": 1.0\n}',
  );
  assert.equal(prettyJson("<html>"), "<html>");
});
