import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { adminPassword, projectId, startServer, type TestServer } from "../../test/start-server.ts";
import { systemClock } from "../task/clock.ts";
import {
  ApiError,
  connect,
  connectIam,
  type IamClient,
  type IamCredentials,
  roleNames,
  WrongPasswordError,
} from "./index.ts";

/** How far the server's clock is ahead: it must not be far while something is signed. */
let aheadMs = 0;
let server: TestServer;
let iam: IamClient;

before(async () => {
  server = await startServer({ clock: () => systemClock() + aheadMs, flags: { "token-lifetime": "1h" } });
  iam = await connectIam({ credentials: login("admin", adminPassword) });
});
after(() => server.close());

function login(name: string, password: string): IamCredentials {
  return {
    kind: "password",
    authUrl: `${server.url}/v3`,
    user: { name, domain: { id: "default" } },
    password,
  };
}

async function refusedWith(promise: Promise<unknown>): Promise<number> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  return assert.fail("nothing was refused");
}

test("a user is added, found, changed and deleted", async () => {
  const added = await iam.createUser({ name: "ann", email: "ann@example.com", description: "on call" });
  assert.deepEqual(
    [added.name, added.domain_id, added.enabled, added.description, added.email],
    ["ann", "default", true, "on call", "ann@example.com"],
  );
  assert.deepEqual(await iam.listUsers({ name: "ann" }), [added]);
  assert.deepEqual(await iam.listUsers({ name: "nobody" }), []);
  assert.ok((await iam.listUsers()).some(({ name }) => name === "admin"));
  assert.equal(await refusedWith(iam.createUser({ name: "ann" })), 409);

  const changed = await iam.updateUser(added.id, { enabled: false, email: "" });
  assert.deepEqual([changed.enabled, changed.email, changed.description], [false, "", "on call"]);
  assert.deepEqual(await iam.getUser(added.id), changed);
  assert.equal(await iam.deleteUser(added.id), undefined);
  assert.equal(await refusedWith(iam.getUser(added.id)), 404);
});

test("a project is added, found, changed and deleted, unless it has tasks", async () => {
  const added = await iam.createProject({ name: "shop", description: "the shop" });
  assert.deepEqual([added.name, added.enabled, added.description], ["shop", true, "the shop"]);
  assert.deepEqual(await iam.listProjects({ name: "shop" }), [added]);
  assert.deepEqual(
    (await iam.listProjects()).map(({ name }) => name),
    ["eu-de", "shop"],
  );
  const changed = await iam.updateProject(added.id, { enabled: false });
  assert.deepEqual([changed.enabled, changed.description], [false, "the shop"]);
  assert.deepEqual(await iam.getProject(added.id), changed);
  assert.equal(await iam.deleteProject(added.id), undefined);
  assert.equal(await refusedWith(iam.getProject(added.id)), 404);

  const client = await connect({ credentials: { kind: "token", url: server.url, token: server.token } });
  await client.createTask({ service: "rds", name: "BackupInstance", instance: { id: "db1" } });
  assert.equal(await refusedWith(iam.deleteProject(projectId)), 409);
});

test("every role is given and taken, in a project and in the domain", async () => {
  const { id: userId } = await iam.createUser({ name: "roles" });
  for (const scope of [{ projectId }, { domainId: "default" }]) {
    for (const role of roleNames) await iam.grantRole({ userId, role, scope });
  }
  const held = await iam.listRoleAssignments({ userId });
  assert.deepEqual(
    held.map(({ role, user, scope }) => [
      role.name,
      user.name,
      "project" in scope ? scope.project.name : scope.domain.name,
    ]),
    [
      ...["admin", "operator", "reader", "reporter"].map((role) => [role, "roles", "Default"]),
      ...["admin", "operator", "reader", "reporter"].map((role) => [role, "roles", "eu-de"]),
    ],
  );
  assert.equal((await iam.listRoleAssignments({ userId, projectId })).length, 4);
  const grant = { userId, role: "operator", scope: { projectId } } as const;
  await iam.revokeRole(grant);
  assert.equal(await refusedWith(iam.revokeRole(grant)), 404);
  assert.equal((await iam.listRoleAssignments({ userId, projectId })).length, 3);
  await iam.deleteUser(userId);
});

test("an access key shows its secret once, and is listed and deleted by its public half", async () => {
  const { id: userId } = await iam.createUser({ name: "machine" });
  const { secret, ...key } = await iam.createAccessKey({ userId, description: "nightly" });
  assert.deepEqual([key.user_id, key.description, key.status], [userId, "nightly", "active"]);
  assert.notEqual(secret, "");
  assert.deepEqual(await iam.listAccessKeys({ userId }), [key]);
  assert.deepEqual(await iam.listAccessKeys(), []);
  await iam.deleteAccessKey(key.access);
  assert.deepEqual(await iam.listAccessKeys({ userId }), []);
});

test("everybody changes their own password, by whatever they have logged in with", async () => {
  const { id: userId } = await iam.createUser({ name: "ben", password: "first password" });
  await iam.grantRole({ userId, role: "reader", scope: { projectId } });
  const { access: accessKey, secret: secretKey } = await iam.createAccessKey({ userId });
  const issued = await server.call("/v3/auth/tokens", {
    token: null,
    body: {
      auth: {
        identity: { methods: ["password"], password: { user: { id: userId, password: "first password" } } },
      },
    },
  });
  const token = issued.headers.get("x-subject-token") ?? "";
  const logins: readonly IamCredentials[] = [
    { kind: "token", url: server.url, token },
    { kind: "access-key", url: `${server.url}/v1/${projectId}`, accessKey, secretKey },
  ];
  let original = "first password";
  for (const [index, credentials] of [...logins, undefined].entries()) {
    const own = await connectIam({ credentials: credentials ?? login("ben", original) });
    assert.equal(own.server, server.url);
    const password = `password number ${index}`;
    await assert.rejects(own.changeOwnPassword({ original: "not this one", password }), WrongPasswordError);
    await own.changeOwnPassword({ original, password });
    original = password;
    // Every token has died with the old password: a client that has the new one gets itself another.
    if (credentials === undefined) assert.equal((await own.getOwnUser()).name, "ben");
  }
  await connectIam({ credentials: login("ben", original) });
  assert.equal(await refusedWith(connectIam({ credentials: login("ben", "first password") })), 401);
});

test("whoever is no administrator is refused with 403", async () => {
  await iam.createUser({ name: "carl", password: "some password" });
  const own = await connectIam({ credentials: login("carl", "some password") });
  const id = "0".repeat(32);
  for (const call of [
    () => own.createUser({ name: "friend" }),
    () => own.deleteUser(id),
    () => own.createProject({ name: "mine" }),
    () => own.grantRole({ userId: id, role: "admin", scope: { domainId: "default" } }),
    () => own.listAccessKeys({ userId: id }),
  ]) {
    assert.equal(await refusedWith(call()), 403, String(call));
  }
});

test("a login for no project survives that its project is disabled", async () => {
  await iam.updateProject(projectId, { enabled: false });
  const again = await connectIam({ credentials: login("admin", adminPassword) });
  assert.equal((await again.updateProject(projectId, { enabled: true })).enabled, true);
});

test("an id leads to its thing only, whatever is in it", async () => {
  for (const id of ["", ".", "..", "../projects", "a/b", "a?b", "a#b", "%2e%2e", "é"]) {
    assert.equal(await refusedWith(iam.getUser(id)), 404, id);
    assert.equal(await refusedWith(iam.deleteProject(id)), 404, id);
    assert.equal(await refusedWith(iam.deleteAccessKey(id)), 404, id);
  }
});

test("when its token ends, a client logs in again and goes on", async (t) => {
  t.after(() => {
    aheadMs = 0;
  });
  aheadMs = 3_600_001;
  assert.equal((await iam.listUsers({ name: "admin" })).length, 1);
});
