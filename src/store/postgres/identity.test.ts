import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { openTestDatabase } from "../../../test/postgres.ts";
import type { TaskCenterError } from "../../task/error.ts";
import {
  admin,
  createFirstAndOrigin,
  domain,
  first,
  inDomain,
  inProject,
  project,
  sampleKey,
  sampleProject,
  sampleTerms,
  sampleToken,
  sampleUser,
} from "../conformance/samples.ts";
import { type IdentityStore, maxAccessKeysPerUser } from "../store.ts";
import { createIdentityStore } from "./identity.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { openSession, type Session, statement } from "./session.ts";

const rounds = 40;
const bob = sampleUser("bob");

/** Two servers on one database, each with connections of its own. */
async function openTwo(
  t: TestContext,
): Promise<{ readonly one: IdentityStore; readonly other: IdentityStore; readonly session: Session }> {
  const { url } = await openTestDatabase(t);
  const open = (): Session => openSession({ url, connections: 10, onTrouble: () => {} });
  const sessions = [open(), open()] as const;
  // A failed test closes as well, and before the database goes.
  t.after(() => Promise.all(sessions.map((session) => session.close())));
  await migrate(sessions[0], readMigrations(), () => 0);
  const [one, other] = sessions.map((session) => createIdentityStore(session, () => 0));
  assert.ok(one !== undefined && other !== undefined);
  return { one, other, session: sessions[0] };
}

/** What became of calls that were made at once: each one's answer, or the message of its refusal. */
async function outcomesOf(calls: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  return (await Promise.allSettled(calls)).map((each) =>
    each.status === "fulfilled" ? each.value : (each.reason as TaskCenterError).message,
  );
}

async function administratorsOf(identity: IdentityStore): Promise<number> {
  const held = await identity.listRoleAssignments({ ...inDomain, role: "admin", scope: inDomain });
  const users = await Promise.all(held.map(({ user }) => identity.findUser({ id: user.id })));
  return users.filter((user) => user?.enabled).length;
}

test("of two administrators who take each other's role on two servers at once, one remains", async (t) => {
  const { one, other } = await openTwo(t);
  await one.createFirstIdentity(first);
  await one.createUser(bob);
  const asAdmin = (userId: string) => ({ userId, scope: inDomain, role: "admin" }) as const;
  for (let round = 0; round < rounds; round += 1) {
    for (const { id } of [admin, bob]) await one.grantRole(asAdmin(id));
    const outcomes = await outcomesOf([one.revokeRole(asAdmin(admin.id)), other.revokeRole(asAdmin(bob.id))]);
    assert.deepEqual(new Set(outcomes), new Set([true, "The domain would have no administrator left."]));
    assert.equal(await administratorsOf(other), 1);
  }
});

test("an administrator remains, whatever two servers do to both at once", async (t) => {
  const { one, other } = await openTwo(t);
  await one.createFirstIdentity(first);
  for (let round = 0; round < rounds; round += 1) {
    const name = `admin ${round}`;
    const second = sampleUser(name);
    await one.createUser(second);
    await one.grantRole({ userId: second.id, scope: inDomain, role: "admin" });
    const removal =
      round % 2 === 0 ? other.deleteUser(second.id) : other.updateUser(second.id, { enabled: false });
    await outcomesOf([one.updateUser(admin.id, { enabled: false }), removal]);
    assert.equal(await administratorsOf(other), 1);
    await one.updateUser(admin.id, { enabled: true });
    if (round % 2 === 1) await one.updateUser(second.id, { enabled: true });
    await other.deleteUser(second.id);
  }
});

test("a token recorded on one server while another disables its user is never good for anything", async (t) => {
  const { one, other } = await openTwo(t);
  await one.createFirstIdentity(first);
  await one.createUser(bob);
  for (let round = 0; round < rounds; round += 1) {
    const hashes = Array.from({ length: 6 }, (_, index) => `${round}-${index}`);
    const record = (hash: string) => one.createToken(sampleToken({ hash, userId: bob.id }));
    await Promise.all([
      ...hashes.slice(0, 3).map(record),
      other.updateUser(bob.id, { enabled: false }),
      ...hashes.slice(3).map(record),
    ]);
    const find = (hash: string) => one.findToken(hash);
    const views = await Promise.all(hashes.map(find));
    assert.ok(views.every((view) => view === undefined || !view.user.enabled));
    await other.updateUser(bob.id, { enabled: true });
    assert.deepEqual(
      await Promise.all(hashes.map(find)),
      hashes.map(() => undefined),
    );
  }
});

test("what is recorded while its user or project is deleted is recorded before, or not at all", async (t) => {
  const { one, other } = await openTwo(t);
  await createFirstAndOrigin(one);
  for (let round = 0; round < rounds; round += 1) {
    const leaving = sampleUser(`user ${round}`);
    const closing = sampleProject(`project ${round}`);
    await Promise.all([one.createUser(leaving), one.createProject(closing)]);
    const scope = { kind: "project", projectId: closing.id } as const;
    const outcomes = await outcomesOf([
      one.createToken(sampleToken({ hash: `a ${round}`, userId: leaving.id })),
      other.deleteUser(leaving.id),
      one.createToken(sampleToken({ hash: `b ${round}`, userId: leaving.id })),
      one.createAccessKey(sampleKey({ access: `a ${round}`, temporary: sampleTerms({ scope }) })),
      other.deleteProject(closing.id),
      one.createToken(sampleToken({ hash: `c ${round}`, scope })),
      one.createAccessKey(sampleKey({ access: `b ${round}`, userId: leaving.id })),
    ]);
    assert.deepEqual([outcomes[1], outcomes[4]], [true, true]);
    assert.ok(
      outcomes.every((outcome) => typeof outcome === "boolean"),
      JSON.stringify(outcomes),
    );
    for (const name of ["a", "b", "c"]) {
      assert.equal(await other.findToken(`${name} ${round}`), undefined);
      assert.equal(await other.findAccessKey(`${name} ${round}`), undefined);
    }
  }
});

test("a temporary key does not outlive the token or key that another server deletes meanwhile", async (t) => {
  const { one, other } = await openTwo(t);
  await one.createFirstIdentity(first);
  for (let round = 0; round < rounds; round += 1) {
    const madeWith = `origin ${round}`;
    const isToken = round % 2 === 0;
    await (isToken
      ? one.createToken(sampleToken({ hash: madeWith }))
      : one.createAccessKey(sampleKey({ access: madeWith })));
    const temporary = sampleTerms({ madeWith });
    const accesses = Array.from({ length: 4 }, (_, index) => `${round}-${index}`);
    const outcomes = await outcomesOf([
      ...accesses.map((access) => one.createAccessKey(sampleKey({ access, temporary }))),
      isToken ? other.revokeToken(madeWith) : other.deleteAccessKey(madeWith),
    ]);
    assert.equal(outcomes.at(-1), true);
    const found = await Promise.all(accesses.map((access) => other.findAccessKey(access)));
    assert.deepEqual(
      found,
      accesses.map(() => undefined),
    );
  }
});

test("of one name or one first start on two servers at once, one is recorded, and the rest refused", async (t) => {
  const { one, other } = await openTwo(t);
  const starts = [one, other, one, other].map((identity, index) =>
    identity.createFirstIdentity({ ...first, user: { ...admin, id: `user ${index}` } }),
  );
  assert.equal((await Promise.all(starts)).filter((isFirst) => isFirst).length, 1);
  for (let round = 0; round < rounds; round += 1) {
    const name = `name ${round}`;
    const users = [one, other].map((identity, index) =>
      identity.createUser(sampleUser(name, { id: `user ${round}-${index}` })),
    );
    const projects = [one, other].map((identity, index) =>
      identity.createProject(sampleProject(name, { id: `project ${round}-${index}` })),
    );
    const outcomes = await outcomesOf([...users, ...projects]);
    const refusal = (kind: string) => `A ${kind} named "${name}" exists already.`;
    assert.deepEqual(new Set(outcomes.slice(0, 2)), new Set([undefined, refusal("user")]));
    assert.deepEqual(new Set(outcomes.slice(2)), new Set([undefined, refusal("project")]));
  }
});

test("two servers together give a user no more access keys than one would", async (t) => {
  const { one, other } = await openTwo(t);
  await one.createFirstIdentity(first);
  const creations = Array.from({ length: maxAccessKeysPerUser }, (_, index) =>
    [one, other].map((identity, server) =>
      identity.createAccessKey(sampleKey({ access: `${server}-${index}` })),
    ),
  ).flat();
  const outcomes = await outcomesOf(creations);
  assert.equal(outcomes.filter((outcome) => outcome === true).length, maxAccessKeysPerUser);
  assert.equal((await other.listAccessKeys(admin.id)).length, maxAccessKeysPerUser);
});

test("two servers that forget what has expired do not fail each other, and forget all of it", async (t) => {
  const { one, other, session } = await openTwo(t);
  await one.createFirstIdentity(first);
  const lapsed = Array.from({ length: 80 }, (_, index) => `lapsed ${index}`);
  const insertLapsed = statement(
    `INSERT INTO token (hash, user_id, project_id, unscoped, methods, issued_at_ms, expires_at_ms)
     SELECT unnest($1::text[]), $2, $3, false, '[]', 0, -1e9`,
  );
  await session.query(insertLapsed, [lapsed, admin.id, project.id]);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(
      [one, other, one, other].map((identity, index) =>
        identity.createToken(sampleToken({ hash: `new ${round}-${index}` })),
      ),
    );
  }
  for (const hash of lapsed) assert.equal(await one.findToken(hash), undefined);
});

test("what every request asks is one statement, whose answer is the last change's", async (t) => {
  const { one, other, session } = await openTwo(t);
  await createFirstAndOrigin(one);
  await one.createAccessKey(sampleKey({ access: "access" }));
  let asked = 0;
  const query: Session["query"] = (question, values) => {
    asked += 1;
    return session.query(question, values);
  };
  const counting = createIdentityStore({ ...session, query }, () => 0);
  const roles = async (scope: typeof inProject | typeof inDomain) =>
    (await counting.findStanding(admin.id, scope))?.roles;
  const questions = {
    token: async () => (await counting.findToken("origin"))?.roles,
    "project scope": () => roles(inProject),
    "domain scope": () => roles(inDomain),
  };
  for (const [name, ask] of Object.entries(questions)) {
    assert.deepEqual(await ask(), ["admin"], name);
    for (const scope of [inProject, inDomain]) {
      await other.grantRole({ userId: admin.id, scope, role: "reader" });
    }
    assert.deepEqual(await ask(), ["reader", "admin"], name);
    // The token goes with the role: it has been asked for by then.
    for (const scope of [inProject, inDomain]) {
      await one.revokeRole({ userId: admin.id, scope, role: "reader" });
    }
  }
  assert.equal((await counting.findAccessKey("access"))?.userId, admin.id);
  await other.deleteAccessKey("access");
  assert.equal(await counting.findAccessKey("access"), undefined);
  assert.equal(asked, 2 * Object.keys(questions).length + 2);
});

test("a text that the database cannot hold names nobody and nothing", async (t) => {
  const { one } = await openTwo(t);
  await createFirstAndOrigin(one);
  const text = "admin\u0000";
  const nowhere = { kind: "project", projectId: text } as const;
  assert.deepEqual(
    await Promise.all([
      one.findUser({ name: text, domain }),
      one.findUser({ id: text }),
      one.findProject({ name: text, domain: { name: text } }),
      one.findDomain({ name: text }),
      one.findAccessKey(text),
      one.findStanding(text, inProject),
      one.updateUser(text, { enabled: false }),
      one.updateProject(text, { enabled: false }),
    ]),
    Array.from({ length: 8 }, () => undefined),
  );
  assert.deepEqual(
    await Promise.all([
      one.deleteUser(text),
      one.deleteProject(text),
      one.deleteAccessKey(text),
      one.revokeToken(text),
      one.grantRole({ userId: admin.id, scope: nowhere, role: "admin" }),
      one.revokeRole({ userId: text, scope: inDomain, role: "admin" }),
      one.createToken(sampleToken({ hash: "hash", scope: nowhere })),
    ]),
    Array.from({ length: 7 }, () => false),
  );
  assert.deepEqual(await one.listUsers({ domainId: domain.id, name: text }), []);
  assert.deepEqual(await one.listProjectsOfUser(text), []);
});
