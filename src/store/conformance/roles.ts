import assert from "node:assert/strict";
import type { IdentityStore, RoleAssignment, RoleGrant } from "../store.ts";
import {
  admin,
  createUsers,
  domain,
  first,
  inDomain,
  inProject,
  project,
  sampleProject,
  sampleToken,
  sampleUser,
} from "./samples.ts";
import type { Check } from "./subject.ts";

const bob = sampleUser("bob");
const other = sampleProject("a project before eu-de");
const inOther = { kind: "project", projectId: other.id } as const;

/** The first identity, and a second user and project. */
async function openWithBob(identity: IdentityStore): Promise<void> {
  await identity.createFirstIdentity(first);
  await identity.createUser(bob);
  await identity.createProject(other);
}

const bobAsAdmin: RoleGrant = { userId: bob.id, scope: inDomain, role: "admin" };

/** Whatever takes the administration of the domain away from a user. */
const waysToLoseAnAdministrator: Readonly<
  Record<string, (identity: IdentityStore, userId: string) => Promise<unknown>>
> = {
  deleted: (identity, id) => identity.deleteUser(id),
  disabled: (identity, id) => identity.updateUser(id, { enabled: false }),
  "disabled among other changes": (identity, id) =>
    identity.updateUser(id, { name: "root", passwordHash: "other", enabled: false }),
  "relieved of the role": (identity, userId) => identity.revokeRole({ ...bobAsAdmin, userId }),
};

/** The sentences of the contract that are about roles, and about the administrator that every domain keeps. */
export function checkRoles(check: Check): void {
  check("a role is given once, and taken away once", async ({ identity }) => {
    await openWithBob(identity);
    for (const scope of [inProject, inDomain]) {
      const grant = { userId: bob.id, scope, role: "reader" } as const;
      const roles = async () => (await identity.findStanding(bob.id, scope))?.roles;
      assert.equal(await identity.revokeRole(grant), false);
      assert.equal(await identity.grantRole(grant), true);
      assert.equal(await identity.grantRole(grant), true);
      assert.deepEqual(await roles(), ["reader"]);
      assert.equal(await identity.revokeRole({ ...grant, role: "operator" }), false);
      assert.equal(await identity.revokeRole({ ...grant, userId: "nobody" }), false);
      assert.equal(await identity.revokeRole(grant), true);
      assert.equal(await identity.revokeRole(grant), false);
      assert.deepEqual(await roles(), []);
    }
    assert.deepEqual((await identity.findStanding(admin.id, inProject))?.roles, ["admin"]);
  });

  check(
    "no role is given to nobody, and none in a project or domain that does not exist",
    async (subject) => {
      const { identity } = subject;
      await openWithBob(identity);
      const grants: readonly Omit<RoleGrant, "role">[] = [
        { userId: "nobody", scope: inProject },
        { userId: "nobody", scope: inDomain },
        { userId: bob.id, scope: { kind: "project", projectId: domain.id } },
        { userId: bob.id, scope: { kind: "domain", domainId: project.id } },
      ];
      for (const grant of grants) assert.equal(await identity.grantRole({ ...grant, role: "reader" }), false);
      assert.deepEqual(await identity.listRoleAssignments({ domainId: domain.id, userId: bob.id }), []);
    },
  );

  check("a user's projects are those in which the user has a role", async ({ identity }) => {
    await openWithBob(identity);
    await identity.grantRole({ userId: bob.id, scope: inDomain, role: "reader" });
    assert.deepEqual(await identity.listProjectsOfUser(bob.id), []);
    for (const role of ["reader", "reporter"] as const) {
      await identity.grantRole({ userId: bob.id, scope: inOther, role });
    }
    assert.deepEqual(await identity.listProjectsOfUser(bob.id), [other]);
  });

  check(
    "roles are listed by user, project and role, those in a domain first, as the filter says",
    async (subject) => {
      const { identity } = subject;
      const early = sampleUser("Zoe");
      await openWithBob(identity);
      await identity.createUser(early);
      await identity.updateProject(other.id, { enabled: false });
      for (const grant of [
        { userId: bob.id, scope: inProject, role: "reporter" },
        { userId: bob.id, scope: inProject, role: "operator" },
        { userId: bob.id, scope: inOther, role: "reader" },
        { userId: bob.id, scope: inDomain, role: "reader" },
        { userId: early.id, scope: inOther, role: "admin" },
      ] as const) {
        await identity.grantRole(grant);
      }
      const user = ({ id, name }: { readonly id: string; readonly name: string }) => ({ id, name, domain });
      const there = (at: typeof project) => ({ project: user(at), domain: undefined });
      const everything: readonly RoleAssignment[] = [
        { user: user(early), ...there(other), role: "admin" },
        { user: user(admin), project: undefined, domain, role: "admin" },
        { user: user(admin), ...there(project), role: "admin" },
        { user: user(bob), project: undefined, domain, role: "reader" },
        { user: user(bob), ...there(other), role: "reader" },
        { user: user(bob), ...there(project), role: "operator" },
        { user: user(bob), ...there(project), role: "reporter" },
      ];
      const filters: readonly (readonly [
        filter: Omit<Parameters<IdentityStore["listRoleAssignments"]>[0], "domainId">,
        condition: (assignment: RoleAssignment) => boolean,
      ])[] = [
        [{}, () => true],
        [{ userId: undefined, scope: undefined, role: undefined }, () => true],
        [{ userId: bob.id }, (held) => held.user.id === bob.id],
        [{ scope: inOther }, (held) => held.project?.id === other.id],
        [{ scope: inDomain }, (held) => held.domain !== undefined],
        [{ role: "admin" }, (held) => held.role === "admin"],
        [{ userId: bob.id, role: "reader" }, (held) => held.user.id === bob.id && held.role === "reader"],
        [{ scope: inDomain, role: "admin" }, (held) => held.domain !== undefined && held.role === "admin"],
        [
          { userId: bob.id, scope: inProject, role: "reporter" },
          (held) => held.user.id === bob.id && held.role === "reporter",
        ],
        [{ userId: "nobody" }, () => false],
        [{ scope: { kind: "domain", domainId: project.id } }, () => false],
      ];
      for (const [filter, condition] of filters) {
        const found = await identity.listRoleAssignments({ domainId: domain.id, ...filter });
        assert.deepEqual(found, everything.filter(condition));
      }
      assert.deepEqual(await identity.listRoleAssignments({ domainId: domain.name }), []);
    },
  );

  check("the roles of a user and of a project go with them", async ({ identity }) => {
    await openWithBob(identity);
    for (const scope of [inProject, inOther, inDomain]) {
      await identity.grantRole({ userId: bob.id, scope, role: "reader" });
    }
    await identity.deleteProject(other.id);
    await identity.createProject(other);
    assert.deepEqual(await identity.listProjectsOfUser(bob.id), [project]);
    await identity.deleteUser(bob.id);
    await identity.createUser(bob);
    assert.deepEqual(await identity.listRoleAssignments({ domainId: domain.id, userId: bob.id }), []);
  });

  for (const [lost, lose] of Object.entries(waysToLoseAnAdministrator)) {
    check(
      `the last enabled administrator of a domain is not ${lost}, and nothing changes`,
      async (subject) => {
        const { identity } = subject;
        await openWithBob(identity);
        // None of these is another administrator: who is disabled, and who is admin elsewhere or something else here.
        const carol = sampleUser("carol", { enabled: false });
        await identity.createUser(carol);
        await identity.grantRole({ userId: carol.id, scope: inDomain, role: "admin" });
        await identity.grantRole({ userId: bob.id, scope: inDomain, role: "operator" });
        await identity.grantRole({ userId: bob.id, scope: inProject, role: "admin" });
        await identity.createToken(sampleToken({ hash: "hash", scope: inDomain }));
        const before = await identity.findToken("hash");
        const dave = sampleUser("dave");
        const refusal = { code: "conflict", message: "The domain would have no administrator left." };
        const created = identity.createUser(dave);
        await assert.rejects(lose(identity, admin.id), refusal);
        await created;
        assert.deepEqual(await identity.findUser({ id: admin.id }), admin);
        assert.deepEqual(await identity.findToken("hash"), before);
        assert.deepEqual(before?.roles, ["admin"]);
        // A refusal is nobody else's.
        assert.deepEqual(await identity.findUser({ id: dave.id }), dave);
      },
    );

    check(`an administrator may be ${lost} while another one is enabled`, async ({ identity }) => {
      await openWithBob(identity);
      await identity.updateUser(bob.id, { enabled: false });
      await identity.grantRole(bobAsAdmin);
      await assert.rejects(lose(identity, admin.id), { code: "conflict" });
      await identity.updateUser(bob.id, { enabled: true });
      await lose(identity, admin.id);
      const standing = await identity.findStanding(admin.id, inDomain);
      assert.equal(standing?.user.enabled === true && standing.administers, false);
      await assert.rejects(lose(identity, bob.id), { code: "conflict" });
    });
  }

  check("of two administrators who remove each other at once, one stays", async ({ identity }) => {
    const both = [admin, bob];
    const waysToLose: readonly ((id: string) => Promise<unknown>)[] = [
      (id) => identity.updateUser(id, { enabled: false }),
      (id) => identity.revokeRole({ ...bobAsAdmin, userId: id }),
      (id) => identity.deleteUser(id),
    ];
    await openWithBob(identity);
    await identity.grantRole(bobAsAdmin);
    for (const lose of waysToLose) {
      const settled = await Promise.allSettled(both.map(({ id }) => lose(id)));
      // Which of them was first is the store's affair.
      const lost = both.filter((_, index) => settled[index]?.status === "fulfilled");
      assert.equal(lost.length, 1);
      const standing = await Promise.all(
        both.map(({ id }) => identity.findStanding(id, { kind: "domain", domainId: domain.id })),
      );
      const administering = standing.filter((each) => each?.user.enabled && each.administers);
      assert.deepEqual(
        administering.map((each) => each?.user.id),
        both.filter((user) => !lost.includes(user)).map(({ id }) => id),
      );
      for (const { id } of lost) {
        await identity.updateUser(id, { enabled: true });
        await identity.grantRole({ ...bobAsAdmin, userId: id });
      }
    }
  });

  check(
    "users who do not administer are deleted and disabled freely, and other roles revoked",
    async (subject) => {
      const { identity } = subject;
      await openWithBob(identity);
      await createUsers(identity, sampleUser("carol"));
      await identity.grantRole({ userId: admin.id, scope: inDomain, role: "reader" });
      assert.equal(await identity.revokeRole({ userId: admin.id, scope: inDomain, role: "reader" }), true);
      assert.equal(await identity.revokeRole({ userId: admin.id, scope: inProject, role: "admin" }), true);
      assert.equal((await identity.updateUser(bob.id, { enabled: false }))?.enabled, false);
      assert.equal(await identity.deleteUser(sampleUser("carol").id), true);
    },
  );
}
