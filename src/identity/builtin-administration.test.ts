import assert from "node:assert/strict";
import test from "node:test";
import { sampleTask } from "../../test/factories.ts";
import {
  admin,
  cheapHash,
  domain,
  type OpenIdentity,
  openIdentity,
  project,
  startMs,
} from "../../test/open-identity.ts";
import type { RoleName, Scope } from "../store/store.ts";
import { type ErrorCode, TaskCenterError } from "../task/error.ts";
import type { Caller, Principal } from "./identity.ts";

const inProject = { kind: "project", projectId: project.id } as const satisfies Scope;
const inDomain = { kind: "domain", domainId: domain.id } as const satisfies Scope;

function refusedAs(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof TaskCenterError && error.code === code;
}

/** A new user with a password and roles in the first project, and their principal there. */
async function addUser(
  { administration, identity, root }: OpenIdentity,
  name: string,
  roles: readonly RoleName[] = ["reader"],
): Promise<{ readonly id: string; readonly principal: Principal }> {
  const password = `${name}'s password`;
  const { id } = await administration.createUser(root, { name, password });
  for (const role of roles) await administration.grantRole(root, { userId: id, scope: inProject, role });
  const issued = await identity.issueToken(
    { method: "password", user: { id }, password },
    { kind: "project", project: { id: project.id } },
  );
  return { id, principal: issued.principal };
}

test("an administrator makes a user who logs in, is changed, and is gone", async (context) => {
  const { administration, identity, root } = await openIdentity(context);
  const user = await administration.createUser(root, {
    name: "ann",
    password: "first password",
    email: "a@b",
  });
  assert.deepEqual(user, {
    id: user.id,
    name: "ann",
    domain,
    description: "",
    email: "a@b",
    enabled: true,
  });
  assert.match(user.id, /^[0-9a-f]{32}$/);
  const logIn = (password: string) =>
    identity.issueToken({ method: "password", user: { id: user.id }, password }, { kind: "unscoped" });
  await logIn("first password");
  assert.equal((await administration.updateUser(root, user.id, { name: "anna" })).name, "anna");
  await administration.updateUser(root, user.id, { password: "second password" });
  await assert.rejects(logIn("first password"), refusedAs("unauthenticated"));
  const { token } = await logIn("second password");
  assert.deepEqual(
    (await administration.listUsers(root, {})).map(({ name }) => name),
    ["admin", "anna"],
  );
  await administration.deleteUser(root, user.id);
  await assert.rejects(identity.authenticate(token), refusedAs("unauthenticated"));
  await assert.rejects(administration.getUser(root, user.id), refusedAs("not-found"));
});

test("a user without a password cannot log in by any", async (context) => {
  const { administration, identity, root } = await openIdentity(context);
  const { id } = await administration.createUser(root, { name: "robot" });
  for (const password of ["", "robot", "\u0000".repeat(32)]) {
    await assert.rejects(
      identity.issueToken({ method: "password", user: { id }, password }, { kind: "unscoped" }),
      refusedAs("unauthenticated"),
    );
  }
});

test("who is no administrator sees and changes themselves only, and learns nothing of others", async (context) => {
  const open = await openIdentity(context);
  const { administration } = open;
  const ann = await addUser(open, "ann", ["admin"]);
  const bob = await addUser(open, "bob");
  const by = ann.principal;
  assert.equal(by.administers, false);
  assert.equal((await administration.getUser(by, ann.id)).name, "ann");
  assert.deepEqual(
    (await administration.listProjects(by, {})).map(({ id }) => id),
    [project.id],
  );
  const grant = { userId: ann.id, scope: inDomain, role: "admin" } as const;
  const refusals = [
    administration.listUsers(by, {}),
    administration.getUser(by, bob.id),
    administration.getUser(by, "nobody"),
    administration.createUser(by, { name: "eve" }),
    administration.updateUser(by, ann.id, { enabled: true }),
    administration.updateUser(by, bob.id, { password: "taken over" }),
    administration.deleteUser(by, ann.id),
    administration.changePassword(by, bob.id, { original: "bob's password", password: "taken over" }),
    administration.getProject(by, "another"),
    administration.createProject(by, { name: "another" }),
    administration.updateProject(by, project.id, { enabled: false }),
    administration.deleteProject(by, project.id),
    administration.grantRole(by, grant),
    administration.revokeRole(by, { ...grant, userId: "u1" }),
    administration.listRoleAssignments(by, {}),
    administration.listRoleAssignments(by, { userId: bob.id }),
    administration.listAccessKeys(by, bob.id),
    administration.createAccessKey(by, { userId: bob.id }),
    administration.getAccessKey(by, "NOSUCHKEY"),
    administration.deleteAccessKey(by, "NOSUCHKEY"),
  ];
  for (const [number, refusal] of refusals.entries()) {
    await assert.rejects(refusal, refusedAs("forbidden"), `call ${number}`);
  }
  assert.deepEqual(
    (await administration.listRoleAssignments(by, { userId: ann.id })).map(({ role }) => role),
    ["admin"],
  );
});

test("one's own password is changed with the old one, and every token dies with it", async (context) => {
  const open = await openIdentity(context);
  const { administration, identity } = open;
  const { id, principal } = await addUser(open, "ann");
  const logIn = (password: string) =>
    identity.issueToken({ method: "password", user: { id }, password }, { kind: "unscoped" });
  const { token } = await logIn("ann's password");
  await assert.rejects(
    administration.changePassword(principal, id, { original: "wrong", password: "a new password" }),
    refusedAs("unauthenticated"),
  );
  await identity.authenticate(token);
  await administration.changePassword(principal, id, {
    original: "ann's password",
    password: "a new password",
  });
  await assert.rejects(identity.authenticate(token), refusedAs("unauthenticated"));
  await logIn("a new password");
});

test("roles in several projects differ, and what is taken away is gone at once", async (context) => {
  const open = await openIdentity(context);
  const { administration, identity, root } = open;
  const ann = await addUser(open, "ann", ["reader"]);
  const other = await administration.createProject(root, { name: "other" });
  const inOther = { kind: "project", projectId: other.id } as const;
  const grant = { userId: ann.id, scope: inOther, role: "reporter" } as const;
  await administration.grantRole(root, grant);
  await administration.grantRole(root, grant);
  const credentials = { method: "password", user: { id: ann.id }, password: "ann's password" } as const;
  const tokenFor = (id: string) => identity.issueToken(credentials, { kind: "project", project: { id } });
  const [first, second] = [await tokenFor(project.id), await tokenFor(other.id)];
  assert.deepEqual([first.principal.roles, second.principal.roles], [["reader"], ["reporter"]]);
  await administration.revokeRole(root, grant);
  await assert.rejects(identity.authenticate(second.token), refusedAs("unauthenticated"));
  await identity.authenticate(first.token);
  await assert.rejects(administration.revokeRole(root, grant), refusedAs("not-found"));
});

test("an administrator is told what does not exist, and what stands against a change", async (context) => {
  const { administration, root, tasks } = await openIdentity(context);
  const grant = { userId: root.user.id, scope: inProject, role: "reader" } as const;
  const unknown = [
    administration.getUser(root, "nobody"),
    administration.updateUser(root, "nobody", { name: "x" }),
    administration.deleteUser(root, "nobody"),
    administration.getProject(root, "nowhere"),
    administration.deleteProject(root, "nowhere"),
    administration.getDomain(root, "elsewhere"),
    administration.grantRole(root, { ...grant, userId: "nobody" }),
    administration.grantRole(root, { ...grant, scope: { kind: "project", projectId: "nowhere" } }),
    administration.grantRole(root, { ...grant, scope: { kind: "domain", domainId: "elsewhere" } }),
    administration.getAccessKey(root, "NOSUCHKEY"),
    administration.deleteAccessKey(root, "NOSUCHKEY"),
  ];
  for (const [number, call] of unknown.entries()) {
    await assert.rejects(call, refusedAs("not-found"), `call ${number}`);
  }
  const task = { ...sampleTask({ service: "rds" }), projectId: project.id };
  const entry = { revision: 1, atMs: 0, reportedAtMs: 0, by: "", message: "", changes: {} };
  const receipt = { taskId: task.id, digest: "", acceptedAtMs: 0, createdBy: "" };
  await tasks.createTask({ projectId: project.id, make: () => ({ task, history: [entry] }), receipt });
  const refused = [
    administration.createUser(root, { name: "admin" }),
    administration.createProject(root, { name: "eu-de" }),
    administration.deleteProject(root, project.id),
    administration.updateUser(root, root.user.id, { enabled: false }),
    administration.deleteUser(root, root.user.id),
    administration.revokeRole(root, { userId: root.user.id, scope: inDomain, role: "admin" }),
  ];
  for (const [number, call] of refused.entries()) {
    await assert.rejects(call, refusedAs("conflict"), `call ${number}`);
  }
  await assert.rejects(
    administration.createUser(root, { name: "eve", domainId: "elsewhere" }),
    refusedAs("forbidden"),
  );
});

test("an access key shows its secret once, and is the vendor's form", async (context) => {
  const open = await openIdentity(context);
  const { administration, store, secrets } = open;
  const ann = await addUser(open, "ann");
  const { secret, ...key } = await administration.createAccessKey(ann.principal, { description: "cron" });
  assert.match(key.access, /^[A-Z0-9]{20}$/);
  assert.match(secret, /^[A-Za-z0-9]{40}$/);
  assert.deepEqual(await administration.listAccessKeys(ann.principal, undefined), [key]);
  assert.deepEqual(await administration.getAccessKey(open.root, key.access), key);
  assert.deepEqual(key, {
    access: key.access,
    userId: ann.id,
    description: "cron",
    createdAtMs: startMs,
  });
  const record = await store.findAccessKey(key.access);
  assert.ok(record !== undefined && !JSON.stringify(record).includes(secret));
  assert.equal(secrets.open(record.sealedSecret, key.access), secret);
  await administration.deleteAccessKey(ann.principal, key.access);
  assert.deepEqual(await administration.listAccessKeys(open.root, ann.id), []);
});

test("a user has ten access keys at most, so that every one is known to somebody", async (context) => {
  const { administration, identity, root } = await openIdentity(context);
  for (let count = 0; count < 10; count += 1) await administration.createAccessKey(root, {});
  await assert.rejects(administration.createAccessKey(root, {}), refusedAs("conflict"));
  const { token: _token, ...caller } = await identity.issueToken(admin, { kind: "unscoped" });
  await administration.createTemporaryKey(caller, {});
});

test("a temporary key ends when it says, with its token at the latest, and looks after nothing", async (context) => {
  const open = await openIdentity(context);
  const { administration, identity, root, store } = open;
  const { token: _token, ...byToken } = await identity.issueToken(admin, { kind: "unscoped" });
  const key = await administration.createAccessKey(root, {});
  const byKey = { principal: root, proof: key.access, expiresAtMs: undefined };
  const lifetimeOf = async (caller: Caller, durationSeconds?: number) =>
    (await administration.createTemporaryKey(caller, { durationSeconds })).expiresAtMs - startMs;
  assert.equal(await lifetimeOf(byKey), 900_000);
  assert.equal(await lifetimeOf(byKey, 86_400), 86_400_000);
  assert.equal(await lifetimeOf({ ...byToken, expiresAtMs: startMs + 60_000 }, 3600), 60_000);
  for (const seconds of [899, 86_401]) {
    await assert.rejects(lifetimeOf(byKey, seconds), refusedAs("invalid-parameter"));
  }
  await identity.revokeToken(_token);
  await assert.rejects(lifetimeOf(byToken), refusedAs("unauthenticated"));

  const temporary = { ...root, temporary: true, administers: false };
  for (const call of [
    administration.createTemporaryKey({ ...byKey, principal: temporary }, {}),
    administration.createAccessKey(temporary, {}),
    administration.changePassword(temporary, "u1", { original: admin.password, password: "a new password" }),
    administration.deleteAccessKey(temporary, key.access),
    administration.updateUser(temporary, "u1", { password: "a new password" }),
    administration.createUser(temporary, { name: "eve" }),
  ]) {
    await assert.rejects(call, refusedAs("forbidden"));
  }
  assert.notEqual(await store.findAccessKey(key.access), undefined);
});

test("a temporary key is seen and deleted by its owner and an administrator, and goes with what made it", async (context) => {
  const open = await openIdentity(context);
  const { administration, store } = open;
  const ann = await addUser(open, "ann");
  const bob = await addUser(open, "bob");
  const lasting = await administration.createAccessKey(ann.principal, {});
  const byKey = { principal: ann.principal, proof: lasting.access, expiresAtMs: undefined };
  const make = async () => (await administration.createTemporaryKey(byKey, {})).access;
  for (const by of [ann.principal, open.root]) {
    const access = await make();
    assert.equal((await administration.getAccessKey(by, access)).access, access);
    await assert.rejects(administration.deleteAccessKey(bob.principal, access), refusedAs("forbidden"));
    await administration.deleteAccessKey(by, access);
    assert.equal(await store.findAccessKey(access), undefined);
  }
  const access = await make();
  await administration.deleteAccessKey(ann.principal, lasting.access);
  assert.equal(await store.findAccessKey(access), undefined);
});

test("whoever stops administering while a password is hashed for them has it refused", async (context) => {
  const open = await openIdentity(context);
  const { administration, store } = open;
  const eve = await addUser(open, "eve");
  const inOwnDomain = { userId: eve.id, scope: inDomain, role: "admin" } as const;
  await store.grantRole(inOwnDomain);
  const by = { ...eve.principal, administers: true };
  const calls = [
    () => administration.createUser(by, { name: "mallory", password: "some password" }),
    () => administration.updateUser(by, "u1", { password: "some password" }),
  ];
  for (const call of calls) {
    const underWay = call();
    await store.revokeRole(inOwnDomain);
    await assert.rejects(underWay, refusedAs("forbidden"));
    await store.grantRole(inOwnDomain);
  }
  assert.equal(await store.findUser({ name: "mallory", domain }), undefined);
});

test("what is set meanwhile wins over the user's own change of the password", async (context) => {
  const losses = [{ passwordHash: cheapHash }, { enabled: false }] as const;
  for (const [number, loss] of losses.entries()) {
    const open = await openIdentity(context);
    const { administration, identity, store } = open;
    const ann = await addUser(open, `ann${number}`);
    const own = administration.changePassword(ann.principal, ann.id, {
      original: `ann${number}'s password`,
      password: "the thief's password",
    });
    await store.updateUser(ann.id, loss);
    await assert.rejects(own, refusedAs("forbidden"));
    await store.updateUser(ann.id, { enabled: true });
    await assert.rejects(
      identity.issueToken(
        { method: "password", user: { id: ann.id }, password: "the thief's password" },
        { kind: "unscoped" },
      ),
      refusedAs("unauthenticated"),
    );
  }
});

test("a temporary key lists the project of its scope alone", async (context) => {
  const open = await openIdentity(context);
  const { administration, root } = open;
  const ann = await addUser(open, "ann");
  const other = await administration.createProject(root, { name: "other" });
  await administration.grantRole(root, {
    userId: ann.id,
    scope: { kind: "project", projectId: other.id },
    role: "reader",
  });
  const temporary = { ...ann.principal, temporary: true };
  assert.deepEqual(
    (await administration.listProjects(temporary, {})).map(({ name }) => name),
    ["eu-de"],
  );
  await assert.rejects(administration.getProject(temporary, other.id), refusedAs("forbidden"));
});
