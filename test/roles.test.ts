import assert from "node:assert/strict";
import { hash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { type RoleName, roleNames } from "../src/store/store.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/**
 * What each role may do on each call, through the whole server. The only user that the server makes by itself is an
 * admin, so the others are put into its store.
 */
let server: TestServer;
const tokens = new Map<RoleName, string>();

before(async () => {
  server = await startServer();
  using store = new DatabaseSync(join(server.directory, "taskcenter.db"));
  for (const role of roleNames) {
    const token = randomBytes(32).toString("base64url");
    store
      .prepare(
        "INSERT INTO user_account (id, domain_id, name, enabled, password_hash) VALUES (?, 'default', ?, 1, '')",
      )
      .run(role, `user-${role}`);
    store
      .prepare("INSERT INTO project_role (user_id, project_id, role) VALUES (?, ?, ?)")
      .run(role, projectId, role);
    store
      .prepare(
        `INSERT INTO token (hash, user_id, project_id, methods, issued_at_ms, expires_at_ms)
         VALUES (?, ?, ?, '["password"]', 0, 9999999999999)`,
      )
      .run(hash("sha256", token), role, projectId);
    tokens.set(role, token);
  }
});
after(() => server.close());

const tasks = `/v1/${projectId}/tasks`;
const nobody: readonly RoleName[] = [];
const readers: readonly RoleName[] = roleNames;
const reporters: readonly RoleName[] = ["reporter", "admin"];
const operators: readonly RoleName[] = ["operator", "admin"];

const calls: readonly [method: string, path: string, allowed: readonly RoleName[]][] = [
  ["POST", tasks, reporters],
  ["PATCH", `${tasks}/absent`, reporters],
  ["GET", tasks, readers],
  ["GET", `${tasks}/absent`, readers],
  ["GET", `${tasks}/absent/history`, readers],
  ["DELETE", `${tasks}/absent`, operators],
  ["GET", `/ddm/v3/${projectId}/jobs`, readers],
  ["GET", `/ddm/v3/${projectId}/jobs/absent`, readers],
  ["GET", `/rds/v3/${projectId}/tasklist`, readers],
  ["GET", `/geminidb/v3/${projectId}/jobs`, readers],
  ["GET", `/v1/${"0".repeat(32)}/tasks`, nobody],
  ["GET", `/rds/v3/${"0".repeat(32)}/tasklist`, nobody],
];

for (const [method, path, allowed] of calls) {
  test(`${method} ${path} is for ${allowed.join(", ") || "nobody of another project"}`, async () => {
    for (const role of roleNames) {
      const { status } = await server.call(path, { method, token: tokens.get(role) ?? null });
      assert.equal(status !== 403, allowed.includes(role), `${role}: ${status}`);
      assert.notEqual(status, 401, role);
    }
  });
}

test("a task and its history name the user who made and changed it", async () => {
  const body = { id: "named", service: "rds", name: "BackupInstance", instance: { id: "in01" } };
  const token = tokens.get("reporter") ?? null;
  assert.equal((await server.call(tasks, { body, token })).json.created_by, "user-reporter");
  await server.call(`${tasks}/named`, { method: "PATCH", body: { progress: 5 } });
  const { json } = await server.call(`${tasks}/named/history`);
  assert.deepEqual(
    json.history.map((entry: { by: string }) => entry.by),
    ["user-reporter", "admin"],
  );
});
