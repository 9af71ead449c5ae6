import assert from "node:assert/strict";
import { factoryCreatedAtMs } from "../../../test/factories.ts";
import { expiredTokenMemoryMs, type FirstIdentity, type IdentityStore, type TokenRecord } from "../store.ts";
import type { Check } from "./subject.ts";

const domain = { id: "domain-id", name: "Default" };
const project = { id: "project-id", name: "eu-de", domain };
const user = { id: "user-id", name: "admin", domain, enabled: true, passwordHash: "$scrypt$hash" };
const first: FirstIdentity = { domain, project, user };

const inProject = { kind: "project", projectId: project.id } as const;
const inDomain = { kind: "domain", domainId: domain.id } as const;

function token(facts: Partial<TokenRecord>): TokenRecord {
  return {
    hash: "hash",
    userId: user.id,
    scope: inProject,
    methods: ["password"],
    issuedAtMs: factoryCreatedAtMs,
    expiresAtMs: factoryCreatedAtMs + 1,
    ...facts,
  };
}

async function isKnown(identity: IdentityStore, hash: string): Promise<boolean> {
  return (await identity.findToken(hash)) !== undefined;
}

/** The sentences of the contract that are about users, projects, roles and tokens. */
export function checkIdentity(check: Check): void {
  check("an empty store knows nobody", async ({ identity }) => {
    assert.equal(await identity.findUser({ id: user.id }), undefined);
    assert.equal(await identity.findProject({ id: project.id }), undefined);
    assert.equal(await identity.findDomain({ id: domain.id }), undefined);
    assert.deepEqual(await identity.listProjectIds(), []);
    assert.deepEqual(await identity.listProjectsOfUser(user.id), []);
    assert.deepEqual(await identity.listRoles(user.id, inProject), []);
    assert.equal(await isKnown(identity, "hash"), false);
    assert.equal(await identity.revokeToken("hash"), false);
  });

  check(
    "the first identity is recorded once, its user is admin in project and domain",
    async ({ identity }) => {
      assert.equal(await identity.createFirstIdentity(first), true);
      const second = { ...first, user: { ...user, id: "second-id", passwordHash: "other" } };
      assert.equal(await identity.createFirstIdentity(second), false);
      assert.deepEqual(await identity.findUser({ id: user.id }), user);
      assert.equal(await identity.findUser({ id: "second-id" }), undefined);
      assert.deepEqual(await identity.listProjectIds(), [project.id]);
      assert.deepEqual(await identity.listProjectsOfUser(user.id), [project]);
      assert.deepEqual(await identity.listProjectsOfUser("second-id"), []);
      assert.deepEqual(await identity.listRoles(user.id, inProject), ["admin"]);
      assert.deepEqual(await identity.listRoles(user.id, inDomain), ["admin"]);
      assert.deepEqual(await identity.listRoles(user.id, { ...inProject, projectId: domain.id }), []);
      assert.deepEqual(await identity.listRoles("second-id", inProject), []);
    },
  );

  check("of many first starts at once, one records", async ({ identity }) => {
    const starts = Array.from({ length: 8 }, (_, index) =>
      identity.createFirstIdentity({ ...first, user: { ...user, id: `user-${index}` } }),
    );
    assert.equal((await Promise.all(starts)).filter((isFirst) => isFirst).length, 1);
  });

  check(
    "users and projects are found by id, and by name in a domain named either way",
    async ({ identity }) => {
      const disabled = { ...user, enabled: false };
      await identity.createFirstIdentity({ ...first, user: disabled });
      const domains = [{ id: domain.id }, { name: domain.name }];
      for (const known of [
        { id: user.id },
        ...domains.map((within) => ({ name: user.name, domain: within })),
      ]) {
        assert.deepEqual(await identity.findUser(known), disabled);
      }
      for (const known of [
        { id: project.id },
        ...domains.map((within) => ({ name: project.name, domain: within })),
      ]) {
        assert.deepEqual(await identity.findProject(known), project);
      }
      for (const known of domains) assert.deepEqual(await identity.findDomain(known), domain);
    },
  );

  check(
    "what is found by id is not found by name, nor the other way round, nor elsewhere",
    async ({ identity }) => {
      await identity.createFirstIdentity(first);
      const unknown = [
        { id: "Default" },
        { id: user.name },
        { id: project.name },
        { name: user.id, domain: { id: domain.id } },
        { name: "Admin", domain: { id: domain.id } },
        { name: user.name, domain: { id: domain.name } },
        { name: user.name, domain: { name: domain.id } },
        { name: project.name, domain: { name: "default" } },
      ];
      for (const reference of unknown) {
        assert.equal(await identity.findUser(reference), undefined);
        assert.equal(await identity.findProject(reference), undefined);
      }
      assert.equal(await identity.findDomain({ id: domain.name }), undefined);
      assert.equal(await identity.findDomain({ name: domain.id }), undefined);
    },
  );

  check("a token is found with its user, its scope and the roles in it, expired or not", async (subject) => {
    const { identity, startMs } = subject;
    await identity.createFirstIdentity(first);
    const inTheProject = token({ hash: "1", methods: ["password", "token"], expiresAtMs: startMs + 1 });
    const inTheDomain = token({ hash: "2", scope: inDomain, issuedAtMs: 5, expiresAtMs: startMs - 1 });
    await identity.createToken(inTheProject);
    await identity.createToken(inTheDomain);
    const { passwordHash: _hash, ...bearerOf } = user;
    const bearer = { user: bearerOf, roles: ["admin"] };
    assert.deepEqual(await identity.findToken("1"), {
      ...bearer,
      token: inTheProject,
      project,
      domain: undefined,
    });
    assert.deepEqual(await identity.findToken("2"), {
      ...bearer,
      token: inTheDomain,
      project: undefined,
      domain,
    });
    assert.equal(await isKnown(identity, "3"), false);
  });

  check("a revoked token is gone, the others stay", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    await identity.createToken(token({ hash: "1" }));
    await identity.createToken(token({ hash: "2" }));
    assert.equal(await identity.revokeToken("1"), true);
    assert.equal(await identity.revokeToken("1"), false);
    assert.equal(await isKnown(identity, "1"), false);
    assert.equal(await isKnown(identity, "2"), true);
  });

  check("new tokens push out those that expired more than 7 days ago, and no other", async (subject) => {
    const { identity, startMs, setClock } = subject;
    await identity.createFirstIdentity(first);
    const lateMs = startMs + expiredTokenMemoryMs;
    await identity.createToken(token({ hash: "old", expiresAtMs: startMs - 1 }));
    await identity.createToken(token({ hash: "kept", expiresAtMs: startMs }));
    assert.equal(await isKnown(identity, "old"), true);
    setClock(lateMs);
    await identity.createToken(token({ hash: "new", expiresAtMs: lateMs + 1 }));
    assert.equal(await isKnown(identity, "old"), false);
    assert.equal(await isKnown(identity, "kept"), true);
    assert.equal(await isKnown(identity, "new"), true);
  });
}
