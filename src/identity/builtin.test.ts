import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { openSqliteStore } from "../store/sqlite/store.ts";
import type { IdentityStore, UserRecord } from "../store/store.ts";
import { type ErrorCode, TaskCenterError } from "../task/error.ts";
import { builtinIdentity } from "./builtin.ts";
import type { Credentials, Identity, RequestedScope } from "./identity.ts";
import { hashPassword } from "./password.ts";

const startMs = Date.UTC(2026, 0, 31, 8, 30);
const tokenLifetimeMs = 24 * 60 * 60 * 1000;
const domain = { id: "default", name: "Default" };
const project = { id: "0483b6b16e954cb88930a360d2c4e663", name: "eu-de", domain };
/** The hash of `correct horse battery`, at a cost that tests can pay at every login. */
const cheapHash = "$scrypt$ln=4,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$WInxv/g9+gR0zXM+lCkMB5MwvyXFhelwexgV4AsBAhk";

const admin: Credentials = {
  method: "password",
  user: { name: "admin", domain: { id: "default" } },
  password: "correct horse battery",
};
const inProject: RequestedScope = { kind: "project", project: { id: project.id } };

interface Fixture {
  readonly identity: Identity;
  readonly store: IdentityStore;
  /** The same identity over a store some of whose answers are others: what somebody changed meanwhile. */
  identityOver(changes: Partial<IdentityStore>): Identity;
  advance(ms: number): void;
}

async function openIdentity(context: TestContext, changes: Partial<UserRecord> = {}): Promise<Fixture> {
  let nowMs = startMs;
  const clock = (): number => nowMs;
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-identity-"));
  const opened = await openSqliteStore({ path: join(directory, "taskcenter.db"), clock });
  context.after(async () => {
    await opened.close();
    rmSync(directory, { recursive: true });
  });
  const store = opened.identity;
  const user = { id: "u1", name: "admin", domain, enabled: true, passwordHash: cheapHash, ...changes };
  await store.createFirstIdentity({ domain, project, user });
  const identityOver = (changes: Partial<IdentityStore>): Identity =>
    builtinIdentity({ store: withChanges(store, changes), clock, tokenLifetimeMs });
  return {
    identity: identityOver({}),
    store,
    identityOver,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

function withChanges(store: IdentityStore, changes: Partial<IdentityStore>): IdentityStore {
  return {
    createFirstIdentity: (first) => store.createFirstIdentity(first),
    findUser: (reference) => store.findUser(reference),
    findProject: (reference) => store.findProject(reference),
    findDomain: (reference) => store.findDomain(reference),
    listProjectsOfUser: (userId) => store.listProjectsOfUser(userId),
    listProjectIds: () => store.listProjectIds(),
    listRoles: (userId, scope) => store.listRoles(userId, scope),
    createToken: (token) => store.createToken(token),
    findToken: (hash) => store.findToken(hash),
    revokeToken: (hash) => store.revokeToken(hash),
    ...changes,
  };
}

function refusedAs(code: ErrorCode, message?: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof TaskCenterError &&
    error.code === code &&
    (message === undefined || error.message === message);
}

test("a password gives a token of its scope that lives as long as set", async (context) => {
  const { identity } = await openIdentity(context);
  const { token, ...issued } = await identity.issueToken(admin, inProject);
  assert.deepEqual(issued, {
    principal: {
      user: { id: "u1", name: "admin", domain },
      project,
      domain: undefined,
      roles: ["admin"],
    },
    methods: ["password"],
    issuedAtMs: startMs,
    expiresAtMs: startMs + tokenLifetimeMs,
  });
  assert.deepEqual(await identity.authenticate(token), issued);
});

test("users and scopes are found by id and by name, and an unnamed domain is the user's", async (context) => {
  const { identity } = await openIdentity(context);
  const { token, principal: byId } = await identity.issueToken({ ...admin, user: { id: "u1" } }, inProject);
  const byDomainName: Credentials = { ...admin, user: { name: "admin", domain: { name: "Default" } } };
  assert.deepEqual((await identity.issueToken(byDomainName, inProject)).principal, byId);

  const scopes: readonly RequestedScope[] = [
    inProject,
    { kind: "project", project: { name: "eu-de", domain: { id: "default" } } },
    { kind: "project", project: { name: "eu-de", domain: { name: "Default" } } },
    { kind: "project", project: { name: "eu-de" } },
    { kind: "domain", domain: { id: "default" } },
    { kind: "domain", domain: { name: "Default" } },
    { kind: "unscoped" },
  ];
  for (const scope of scopes) {
    const { principal } = await identity.issueToken({ method: "token", token }, scope);
    const expected =
      scope.kind === "project" ? { project, domain: undefined } : { project: undefined, domain };
    assert.deepEqual({ project: principal.project, domain: principal.domain }, expected);
  }
});

test("a token got by a token keeps the end of the first, and names both methods once", async (context) => {
  const { identity, advance } = await openIdentity(context);
  const first = await identity.issueToken(admin, { kind: "unscoped" });
  advance(60_000);
  const second = await identity.issueToken({ method: "token", token: first.token }, inProject);
  const third = await identity.issueToken({ method: "token", token: second.token }, inProject);
  assert.equal(third.issuedAtMs, startMs + 60_000);
  assert.equal(third.expiresAtMs, first.expiresAtMs);
  assert.deepEqual(third.methods, ["password", "token"]);
});

test("a token dies in the millisecond it ends, and is told apart from an unknown one", async (context) => {
  const { identity, advance } = await openIdentity(context);
  const { token } = await identity.issueToken(admin, inProject);
  advance(tokenLifetimeMs - 1);
  await identity.authenticate(token);
  advance(1);
  await assert.rejects(identity.authenticate(token), refusedAs("token-expired"));
  await assert.rejects(
    identity.issueToken({ method: "token", token }, inProject),
    refusedAs("token-expired"),
  );
});

test("a revoked token is dead at once, the others live on, and it can not be revoked again", async (context) => {
  const { identity } = await openIdentity(context);
  const { token } = await identity.issueToken(admin, inProject);
  const other = await identity.issueToken({ method: "token", token }, inProject);
  await identity.revokeToken(token);
  await assert.rejects(identity.authenticate(token), refusedAs("unauthenticated", "decrypt token fail"));
  await identity.authenticate(other.token);
  await assert.rejects(identity.revokeToken(token), refusedAs("not-found"));
});

test("a token is 256 random bits, and the store never sees it", async (context) => {
  const { identityOver, store } = await openIdentity(context);
  const seen: unknown[] = [];
  const identity = identityOver({
    createToken: (token) => {
      seen.push(token);
      return store.createToken(token);
    },
    findToken: (hash) => {
      seen.push(hash);
      return store.findToken(hash);
    },
  });
  const { token } = await identity.issueToken(admin, inProject);
  await identity.authenticate(token);
  assert.equal(Buffer.from(token, "base64url").length, 32);
  assert.equal(seen.length, 2);
  assert.ok(!JSON.stringify(seen).includes(token));
});

test("to authenticate asks the store once, and not at all for what can be no token", async (context) => {
  const { identity, store } = await openIdentity(context);
  const { token } = await identity.issueToken(admin, inProject);
  let questions = 0;
  const countingStore = new Proxy(store, {
    get(target, name) {
      questions += 1;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const watched = builtinIdentity({ store: countingStore, clock: () => startMs, tokenLifetimeMs });
  await watched.authenticate(token);
  assert.equal(questions, 1);
  const malformed = [
    "",
    "x",
    token.slice(1),
    `${token}a`,
    `${token.slice(1)}=`,
    `${token.slice(1)}ä`,
    `${token}\n`,
  ];
  for (const text of malformed) {
    await assert.rejects(watched.authenticate(text), refusedAs("unauthenticated", "decrypt token fail"));
    await assert.rejects(watched.revokeToken(text), refusedAs("not-found"));
  }
  assert.equal(questions, 1);
});

test("a token that was never issued is refused", async (context) => {
  const { identity } = await openIdentity(context);
  await assert.rejects(
    identity.authenticate("A".repeat(43)),
    refusedAs("unauthenticated", "decrypt token fail"),
  );
});

test("a token is worth nothing once its user is disabled or has no role left in its scope", async (context) => {
  const { identity, identityOver, store } = await openIdentity(context);
  const { token } = await identity.issueToken(admin, inProject);
  const disabled = identityOver({
    findToken: async (hash) => {
      const view = await store.findToken(hash);
      return view && { ...view, user: { ...view.user, enabled: false } };
    },
  });
  const withoutRole = identityOver({
    findToken: async (hash) => {
      const view = await store.findToken(hash);
      return view && { ...view, roles: [] };
    },
  });
  for (const changed of [disabled, withoutRole]) {
    await assert.rejects(changed.authenticate(token), refusedAs("unauthenticated", "decrypt token fail"));
    await assert.rejects(
      changed.issueToken({ method: "token", token }, inProject),
      refusedAs("unauthenticated"),
    );
  }
});

test("wrong password, unknown and disabled user, and a scope without a role get one answer", async (context) => {
  const { identity, identityOver } = await openIdentity(context);
  const { identity: ofDisabled } = await openIdentity(context, { enabled: false });
  const withoutRole = identityOver({ listRoles: async () => [] });
  const unknownScopes: readonly RequestedScope[] = [
    { kind: "project", project: { id: "no-such-project" } },
    { kind: "project", project: { name: "eu-de", domain: { id: "other" } } },
    { kind: "project", project: { name: "eu-nl" } },
    { kind: "domain", domain: { name: "Other" } },
  ];
  const refusals = [
    identity.issueToken({ ...admin, password: "correct horse" }, inProject),
    identity.issueToken({ ...admin, user: { id: "nobody" } }, inProject),
    identity.issueToken({ ...admin, user: { name: "admin", domain: { id: "other" } } }, inProject),
    ofDisabled.issueToken(admin, inProject),
    ofDisabled.issueToken({ ...admin, password: "wrong" }, inProject),
    withoutRole.issueToken(admin, inProject),
    ...unknownScopes.map((scope) => identity.issueToken(admin, scope)),
  ];
  const answers = new Set<string>();
  for (const refusal of await Promise.allSettled(refusals)) {
    assert.ok(refusal.status === "rejected" && refusal.reason instanceof TaskCenterError);
    answers.add(`${refusal.reason.code}: ${refusal.reason.message}`);
  }
  assert.deepEqual([...answers], ["unauthenticated: The user, the password or the scope is not right."]);
});

test("the time of a refusal does not tell whether there is such a user", async (context) => {
  const passwordHash = await hashPassword("correct horse battery");
  const { identity } = await openIdentity(context, { passwordHash });
  const shortestMs = async (credentials: Credentials): Promise<number> => {
    let shortest = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round += 1) {
      const beganMs = performance.now();
      await assert.rejects(identity.issueToken(credentials, inProject), refusedAs("unauthenticated"));
      shortest = Math.min(shortest, performance.now() - beganMs);
    }
    return shortest;
  };
  const knownMs = await shortestMs({ ...admin, password: "wrong" });
  const unknownMs = await shortestMs({ ...admin, user: { id: "nobody" } });
  // Without the hash an unknown user would be refused a hundred times faster.
  const ratio = knownMs / unknownMs;
  assert.ok(ratio > 1 / 3 && ratio < 3, `${knownMs} ms and ${unknownMs} ms`);
});

test("the projects of a user are those in which they have a role", async (context) => {
  const { identity } = await openIdentity(context);
  assert.deepEqual(await identity.listProjects("u1"), [project]);
  assert.deepEqual(await identity.listProjects("nobody"), []);
});
