import assert from "node:assert/strict";
import {
  admin,
  domain,
  first,
  inDomain,
  inProject,
  project,
  sampleProject,
  sampleUser,
  shown,
} from "./samples.ts";
import type { Check } from "./subject.ts";

/** The sentences of the contract that are about the first identity, and about what a user is in a scope. */
export function checkIdentity(check: Check): void {
  check("an empty store knows nobody", async ({ identity }) => {
    assert.equal(await identity.findUser({ id: admin.id }), undefined);
    assert.equal(await identity.findProject({ id: project.id }), undefined);
    assert.equal(await identity.findDomain({ id: domain.id }), undefined);
    assert.deepEqual(await identity.listUsers({ domainId: domain.id }), []);
    assert.deepEqual(await identity.listProjects({ domainId: domain.id }), []);
    assert.deepEqual(await identity.listProjectIds(), []);
    assert.deepEqual(await identity.listProjectsOfUser(admin.id), []);
    assert.deepEqual(await identity.listRoleAssignments({ domainId: domain.id }), []);
    assert.deepEqual(await identity.listAccessKeys(admin.id), []);
    assert.equal(await identity.findStanding(admin.id, inProject), undefined);
    assert.equal(await identity.findToken("hash"), undefined);
    assert.equal(await identity.findAccessKey("access"), undefined);
    assert.equal(await identity.countAccessKeysSealedOtherwise("v1"), 0);
  });

  check("what does not exist is neither changed nor deleted", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    assert.equal(await identity.updateUser("nobody", { name: "somebody" }), undefined);
    assert.equal(await identity.updateProject("none", { name: "some" }), undefined);
    assert.equal(await identity.deleteUser("nobody"), false);
    assert.equal(await identity.deleteProject("none"), false);
    assert.equal(await identity.revokeToken("hash"), false);
    assert.equal(await identity.deleteAccessKey("access"), false);
  });

  check(
    "the first identity is recorded once, its user is admin in project and domain",
    async ({ identity }) => {
      assert.equal(await identity.createFirstIdentity(first), true);
      const second = { ...first, user: { ...admin, id: "second-id", passwordHash: "other" } };
      assert.equal(await identity.createFirstIdentity(second), false);
      assert.deepEqual(await identity.findUser({ id: admin.id }), admin);
      assert.equal(await identity.findUser({ id: "second-id" }), undefined);
      assert.deepEqual(await identity.listProjectIds(), [project.id]);
      assert.deepEqual(await identity.listProjectsOfUser(admin.id), [project]);
      assert.deepEqual(await identity.listProjectsOfUser("second-id"), []);
      assert.deepEqual((await identity.findStanding(admin.id, inProject))?.roles, ["admin"]);
      assert.deepEqual((await identity.findStanding(admin.id, inDomain))?.roles, ["admin"]);
    },
  );

  check("of many first starts at once, one records", async ({ identity }) => {
    const starts = Array.from({ length: 8 }, (_, index) =>
      identity.createFirstIdentity({ ...first, user: { ...admin, id: `user-${index}` } }),
    );
    assert.equal((await Promise.all(starts)).filter((isFirst) => isFirst).length, 1);
  });

  check("every domain is listed, and found by id and by name", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    assert.deepEqual(await identity.findDomain({ id: domain.id }), domain);
    assert.deepEqual(await identity.findDomain({ name: domain.name }), domain);
    assert.equal(await identity.findDomain({ id: domain.name }), undefined);
    assert.equal(await identity.findDomain({ name: domain.id }), undefined);
  });

  check(
    "users and projects are found by id, and by name in a domain named either way",
    async ({ identity }) => {
      await identity.createFirstIdentity(first);
      for (const within of [{ id: domain.id }, { name: domain.name }]) {
        assert.deepEqual(await identity.findUser({ name: admin.name, domain: within }), admin);
        assert.deepEqual(await identity.findProject({ name: project.name, domain: within }), project);
      }
      assert.deepEqual(await identity.findUser({ id: admin.id }), admin);
      assert.deepEqual(await identity.findProject({ id: project.id }), project);
    },
  );

  check(
    "what is found by id is not found by name, nor the other way round, nor elsewhere",
    async ({ identity }) => {
      await identity.createFirstIdentity(first);
      const unknown = [
        { id: domain.name },
        { id: admin.name },
        { id: project.name },
        { name: admin.id, domain: { id: domain.id } },
        { name: "Admin", domain: { id: domain.id } },
        { name: admin.name, domain: { id: domain.name } },
        { name: admin.name, domain: { name: domain.id } },
        { name: project.name, domain: { name: "default" } },
      ];
      for (const reference of unknown) {
        assert.equal(await identity.findUser(reference), undefined);
        assert.equal(await identity.findProject(reference), undefined);
      }
    },
  );

  check("a user's standing tells everything about user, scope and roles there", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    const user = sampleUser("bob", { description: "Robert", email: "bob@example.com", enabled: false });
    const other = sampleProject("other", { description: "Another project", enabled: false });
    await identity.createUser(user);
    await identity.createProject(other);
    const inOther = { kind: "project", projectId: other.id } as const;
    for (const role of ["admin", "reporter", "operator", "reader"] as const) {
      await identity.grantRole({ userId: user.id, scope: inOther, role });
    }
    await identity.grantRole({ userId: user.id, scope: inDomain, role: "reader" });
    const standing = { user: shown(user), project: undefined, domain: undefined, administers: false };
    assert.deepEqual(await identity.findStanding(user.id, inOther), {
      ...standing,
      project: other,
      roles: ["reader", "operator", "reporter", "admin"],
    });
    assert.deepEqual(await identity.findStanding(user.id, inDomain), {
      ...standing,
      domain,
      roles: ["reader"],
    });
    assert.deepEqual(await identity.findStanding(user.id, inProject), { ...standing, project, roles: [] });
  });

  check("in a scope that does not exist a user has no roles, and nobody has a standing", async (subject) => {
    const { identity } = subject;
    await identity.createFirstIdentity(first);
    const nowhere = { user: shown(admin), project: undefined, domain: undefined, roles: [] };
    for (const scope of [
      { kind: "project", projectId: domain.id },
      { kind: "domain", domainId: project.id },
    ] as const) {
      assert.deepEqual(await identity.findStanding(admin.id, scope), { ...nowhere, administers: true });
    }
    assert.equal(await identity.findStanding(admin.name, inProject), undefined);
  });

  check("whoever has the role admin in their domain administers, in whatever scope", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    const user = sampleUser("bob");
    await identity.createUser(user);
    const administers = async (): Promise<readonly unknown[]> => [
      (await identity.findStanding(user.id, inProject))?.administers,
      (await identity.findStanding(user.id, inDomain))?.administers,
    ];
    await identity.grantRole({ userId: user.id, scope: inProject, role: "admin" });
    await identity.grantRole({ userId: user.id, scope: inDomain, role: "operator" });
    assert.deepEqual(await administers(), [false, false]);
    await identity.grantRole({ userId: user.id, scope: inDomain, role: "admin" });
    assert.deepEqual(await administers(), [true, true]);
    await identity.revokeRole({ userId: user.id, scope: inDomain, role: "admin" });
    assert.deepEqual(await administers(), [false, false]);
  });

  check(
    "every change of user, project and roles shows in the next answer about a standing",
    async (subject) => {
      const { identity } = subject;
      await identity.createFirstIdentity(first);
      const ask = () => identity.findStanding(admin.id, inProject);
      const before = await ask();
      const user = await identity.updateUser(admin.id, { name: "root" });
      assert.deepEqual(await ask(), { ...before, user });
      const changed = await identity.updateProject(project.id, { enabled: false });
      assert.deepEqual(await ask(), { ...before, user, project: changed });
      await identity.revokeRole({ userId: admin.id, scope: inProject, role: "admin" });
      assert.deepEqual(await ask(), { ...before, user, project: changed, roles: [] });
      await identity.deleteProject(project.id);
      assert.deepEqual(await ask(), { ...before, user, project: undefined, roles: [] });
    },
  );
}
