import assert from "node:assert/strict";
import { hash } from "node:crypto";
import test from "node:test";
import { signedHeaders } from "../../test/identities.ts";
import { admin, domain, openIdentity, project, startMs, tokenLifetimeMs } from "../../test/open-identity.ts";
import { type ErrorCode, TaskCenterError } from "../task/error.ts";
import type { Credentials, RequestedScope } from "./identity.ts";
import { hashPassword } from "./password.ts";

const inProject: RequestedScope = { kind: "project", project: { id: project.id } };

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
      administers: true,
      temporary: false,
    },
    proof: hash("sha256", token),
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

test("a revoked token is dead at once, the others live on, and it cannot be revoked again", async (context) => {
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
  const { identity, identityOver, store } = await openIdentity(context);
  const { token } = await identity.issueToken(admin, inProject);
  let questions = 0;
  const watched = identityOver(
    new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...values: unknown[]) => {
          questions += 1;
          return member.apply(target, values);
        };
      },
    }),
  );
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

test("who is disabled, or loses the role, loses the token for good", async (context) => {
  for (const loss of ["disabled", "role", "password"] as const) {
    const { identity, store } = await openIdentity(context);
    // Somebody else must remain who looks after the domain.
    const { passwordHash } = (await store.findUser({ id: "u1" })) ?? assert.fail();
    const other = { description: "", email: "", enabled: true, domain, passwordHash };
    await store.createUser({ id: "u2", name: "other", ...other });
    await store.grantRole({ userId: "u2", scope: { kind: "domain", domainId: "default" }, role: "admin" });
    const { token } = await identity.issueToken(admin, inProject);
    const grant = {
      userId: "u1",
      scope: { kind: "project", projectId: project.id },
      role: "admin",
    } as const;
    if (loss === "disabled") {
      await store.updateUser("u1", { enabled: false });
      await store.updateUser("u1", { enabled: true });
    } else if (loss === "role") {
      await store.revokeRole(grant);
      await store.grantRole(grant);
    } else {
      await store.updateUser("u1", { passwordHash });
    }
    await assert.rejects(identity.authenticate(token), refusedAs("unauthenticated", "decrypt token fail"));
    await assert.rejects(
      identity.issueToken({ method: "token", token }, inProject),
      refusedAs("unauthenticated"),
    );
    await identity.issueToken(admin, inProject);
  }
});

test("a login whose password is changed while it is checked gets no token", async (context) => {
  const { identity, identityOver, store } = await openIdentity(context);
  const hashes = new Set<string>();
  const overtaken = identityOver({
    findStanding: async (userId, scope) => {
      await store.updateUser("u1", {
        passwordHash: "$scrypt$ln=4,r=1,p=1$MDEy$c29tZWJvZHkgZWxzZSdzIGhhc2ggb2YgMzIgYnl0ZXM",
      });
      return store.findStanding(userId, scope);
    },
    createToken: (token) => {
      hashes.add(token.hash);
      return store.createToken(token);
    },
  });
  await identity.issueToken(admin, inProject);
  await assert.rejects(overtaken.issueToken(admin, inProject), refusedAs("unauthenticated"));
  assert.equal(hashes.size, 1);
  for (const hash of hashes) assert.equal(await store.findToken(hash), undefined);
});

test("a user with roles in projects alone logs in without a scope, finds them, and may nothing else", async (context) => {
  const { identity, administration, store, root } = await openIdentity(context);
  const { id } = await administration.createUser(root, { name: "ann", password: "ann's password" });
  const ann: Credentials = { method: "password", user: { id }, password: "ann's password" };
  const { token, principal } = await identity.issueToken(ann, { kind: "unscoped" });
  assert.deepEqual([principal.domain, principal.roles, principal.administers], [domain, [], false]);
  assert.deepEqual((await identity.authenticate(token)).principal, principal);
  await assert.rejects(
    identity.issueToken(ann, { kind: "domain", domain: { id: "default" } }),
    refusedAs("unauthenticated"),
  );
  await assert.rejects(
    identity.issueToken({ method: "token", token }, inProject),
    refusedAs("unauthenticated"),
  );
  const scope = { kind: "project", projectId: project.id } as const;
  await administration.grantRole(root, { userId: id, scope, role: "reader" });
  assert.deepEqual(await store.listProjectsOfUser(id), [project]);
  const scoped = await identity.issueToken({ method: "token", token }, inProject);
  assert.deepEqual(scoped.principal.roles, ["reader"]);
});

test("wrong password, unknown and disabled user, and a scope without a role get one answer", async (context) => {
  const { identity, identityOver, store } = await openIdentity(context);
  const { identity: ofDisabled } = await openIdentity(context, { enabled: false });
  const withoutRole = identityOver({
    findStanding: async (userId, scope) => {
      const standing = await store.findStanding(userId, scope);
      return standing && { ...standing, roles: [] };
    },
  });
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
  const refusalMs = async (credentials: Credentials): Promise<number> => {
    const beganMs = performance.now();
    await assert.rejects(identity.issueToken(credentials, inProject), refusedAs("unauthenticated"));
    return performance.now() - beganMs;
  };
  let [knownMs, unknownMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // In turns: what else the machine does then slows both.
  for (let round = 0; round < 4; round += 1) {
    knownMs = Math.min(knownMs, await refusalMs({ ...admin, password: "wrong" }));
    unknownMs = Math.min(unknownMs, await refusalMs({ ...admin, user: { id: "nobody" } }));
  }
  // Without the hash an unknown user would be refused a hundred times faster.
  const ratio = knownMs / unknownMs;
  assert.ok(ratio > 1 / 3 && ratio < 3, `${knownMs} ms and ${unknownMs} ms`);
});

test("a temporary key that ends while its request's body comes is too late", async (context) => {
  const { identity, administration, advance, nowMs } = await openIdentity(context);
  const { token: _token, ...caller } = await identity.issueToken(admin, inProject);
  const key = await administration.createTemporaryKey(caller, {});
  advance(15 * 60 * 1000 - 1);
  const url = `https://tasks.example.com/v1/${project.id}/tasks`;
  const securitytoken = key.securityToken;
  const signed = signedHeaders({ key: { ...key, securitytoken }, method: "POST", url, nowMs: nowMs() });
  const { host, pathname } = new URL(url);
  const request = (comesAfterMs: number) => ({
    method: "POST",
    target: pathname,
    headers: { host, ...signed },
    hashBody: async () => {
      advance(comesAfterMs);
      return hash("sha256", "");
    },
  });
  const wanted = { kind: "project", projectId: project.id } as const;
  const { principal } = await identity.authenticateSignature(request(0), wanted);
  assert.equal(principal.temporary, true);
  await assert.rejects(identity.authenticateSignature(request(1), wanted), refusedAs("token-expired"));
});
