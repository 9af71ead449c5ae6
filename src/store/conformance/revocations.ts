import assert from "node:assert/strict";
import type { IdentityStore, Scope } from "../store.ts";
import {
  admin,
  createFirstAndOrigin,
  domain,
  inDomain,
  inProject,
  project,
  sampleKey,
  sampleProject,
  sampleTerms,
  sampleToken,
  sampleUser,
} from "./samples.ts";
import type { Check } from "./subject.ts";

const bob = sampleUser("bob");
const other = sampleProject("other");
const inOther = { kind: "project", projectId: other.id } as const;

const scopes = { project: inProject, other: inOther, domain: inDomain } as const satisfies Record<
  string,
  Scope
>;
const bobAsReader = { userId: bob.id, scope: inProject, role: "reader" } as const;

/** What two users may have: a token and a temporary key for each scope, a token for none, and a key that stays. */
const everything = [admin, bob].flatMap(({ name }) => [
  ...Object.keys(scopes).flatMap((scope) => [`${name}: token, ${scope}`, `${name}: key, ${scope}`]),
  `${name}: token, unscoped`,
  `${name}: key that stays`,
]);

/** Two users with roles everywhere, who have everything. */
async function openWithEverything(identity: IdentityStore): Promise<void> {
  await createFirstAndOrigin(identity);
  await identity.createUser(bob);
  await identity.createProject(other);
  for (const { id: userId, name } of [admin, bob]) {
    for (const [scopeName, scope] of Object.entries(scopes)) {
      await identity.grantRole({ userId, scope, role: "reader" });
      await identity.grantRole({ userId, scope, role: "operator" });
      await identity.createToken(sampleToken({ hash: `${name}: token, ${scopeName}`, userId, scope }));
      const temporary = sampleTerms({ scope });
      await identity.createAccessKey(sampleKey({ access: `${name}: key, ${scopeName}`, userId, temporary }));
    }
    const unscoped = { hash: `${name}: token, unscoped`, userId, scope: inDomain, unscoped: true };
    await identity.createToken(sampleToken(unscoped));
    await identity.createAccessKey(sampleKey({ access: `${name}: key that stays`, userId }));
  }
}

/** What of everything is still found, each by its hash or access. */
async function left(identity: IdentityStore): Promise<readonly string[]> {
  const found = await Promise.all(
    everything.map(async (name) => {
      const [token, key] = await Promise.all([identity.findToken(name), identity.findAccessKey(name)]);
      return token !== undefined || key !== undefined;
    }),
  );
  return everything.filter((_, index) => found[index]);
}

interface Loss {
  readonly change: (identity: IdentityStore) => Promise<unknown>;
  /** Which of everything is taken away. */
  readonly takes: (name: string) => boolean;
  /** The contrary of the change, after which nothing may come back. */
  readonly undo: (identity: IdentityStore) => Promise<unknown>;
}

const allButTheKeyThatStays = (name: string): boolean =>
  name.startsWith("bob") && name !== "bob: key that stays";

const losses: Readonly<Record<string, Loss>> = {
  "a user who is disabled": {
    change: (identity) => identity.updateUser(bob.id, { enabled: false }),
    takes: allButTheKeyThatStays,
    undo: (identity) => identity.updateUser(bob.id, { enabled: true }),
  },
  "a user whose password changes": {
    change: (identity) => identity.updateUser(bob.id, { passwordHash: "other" }),
    takes: allButTheKeyThatStays,
    undo: (identity) => identity.updateUser(bob.id, { passwordHash: bob.passwordHash }),
  },
  "a user who is deleted": {
    change: (identity) => identity.deleteUser(bob.id),
    takes: (name) => name.startsWith("bob"),
    undo: (identity) => identity.createUser(bob),
  },
  "a user who loses a role in a project": {
    change: (identity) => identity.revokeRole(bobAsReader),
    takes: (name) => /^bob: .*, project$/.test(name),
    undo: (identity) => identity.grantRole(bobAsReader),
  },
  "a user who loses a role in the domain": {
    change: (identity) => identity.revokeRole({ ...bobAsReader, scope: inDomain }),
    takes: (name) => /^bob: .*, (domain|unscoped)$/.test(name),
    undo: (identity) => identity.grantRole({ ...bobAsReader, scope: inDomain }),
  },
  "a project that is disabled": {
    change: (identity) => identity.updateProject(project.id, { enabled: false }),
    takes: (name) => name.endsWith(", project"),
    undo: (identity) => identity.updateProject(project.id, { enabled: true }),
  },
  "a project that is deleted": {
    change: (identity) => identity.deleteProject(project.id),
    takes: (name) => name.endsWith(", project"),
    undo: (identity) => identity.createProject(project),
  },
};

const harmlessChanges: Readonly<Record<string, (identity: IdentityStore) => Promise<unknown>>> = {
  "a user's other facts": (identity) =>
    identity.updateUser(bob.id, {
      name: "Bob",
      description: "Robert",
      email: "b@example.com",
      enabled: true,
    }),
  "a project's other facts": (identity) =>
    identity.updateProject(project.id, { name: "eu-nl", description: "moved", enabled: true }),
  "a role more": (identity) => identity.grantRole({ ...bobAsReader, role: "reporter" }),
  "the loss of a role that the user does not have": (identity) =>
    identity.revokeRole({ ...bobAsReader, role: "admin" }),
  "another user and project": async (identity) => {
    const carol = sampleUser("carol");
    await identity.createUser(carol);
    await identity.updateUser(carol.id, { enabled: false });
    await identity.deleteUser(carol.id);
    await identity.createProject(sampleProject("third"));
    await identity.deleteProject(sampleProject("third").id);
  },
};

/** The sentences of the contract that are about what is taken away with a user, a role or a project. */
export function checkRevocations(check: Check): void {
  for (const [loser, { change, takes, undo }] of Object.entries(losses)) {
    check(
      `${loser} takes along at once, and for good, what hangs on it and nothing else`,
      async (subject) => {
        const { identity } = subject;
        await openWithEverything(identity);
        assert.deepEqual(await left(identity), everything);
        const expected = everything.filter((name) => !takes(name));
        await change(identity);
        assert.deepEqual(await left(identity), expected);
        await undo(identity);
        assert.deepEqual(await left(identity), expected);
      },
    );
  }

  for (const [changed, change] of Object.entries(harmlessChanges)) {
    check(`no token and no access key is lost by ${changed}`, async ({ identity }) => {
      await openWithEverything(identity);
      await change(identity);
      assert.deepEqual(await left(identity), everything);
    });
  }

  check(
    "what is recorded for a disabled user or project is gone once they are enabled",
    async ({ identity }) => {
      await openWithEverything(identity);
      await identity.updateUser(bob.id, { enabled: false });
      await identity.updateProject(other.id, { enabled: false });
      await identity.createToken(sampleToken({ hash: "of bob", userId: bob.id }));
      await identity.createToken(sampleToken({ hash: "in other", scope: inOther }));
      const temporary = sampleTerms({ scope: inOther });
      await identity.createAccessKey(sampleKey({ access: "in other", temporary }));
      assert.equal((await identity.findToken("of bob"))?.user.enabled, false);
      assert.equal((await identity.findToken("in other"))?.project?.enabled, false);
      await identity.updateUser(bob.id, { enabled: true });
      await identity.updateProject(other.id, { enabled: true });
      assert.equal(await identity.findToken("of bob"), undefined);
      assert.equal(await identity.findToken("in other"), undefined);
      assert.equal(await identity.findAccessKey("in other"), undefined);
    },
  );

  check(
    "a user's access keys stay listed while the user is disabled, and go with the user",
    async (subject) => {
      const { identity } = subject;
      await openWithEverything(identity);
      const keys = await identity.listAccessKeys(bob.id);
      await identity.updateUser(bob.id, { enabled: false });
      assert.deepEqual(await identity.listAccessKeys(bob.id), keys);
      await identity.deleteUser(bob.id);
      assert.deepEqual(await identity.listAccessKeys(bob.id), []);
      assert.equal((await identity.listAccessKeys(admin.id)).length, 1);
      assert.equal((await identity.listUsers({ domainId: domain.id })).length, 1);
    },
  );
}
