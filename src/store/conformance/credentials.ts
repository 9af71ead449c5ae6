import assert from "node:assert/strict";
import {
  expiredTokenMemoryMs,
  type IdentityStore,
  maxAccessKeysPerUser,
  type TemporaryTerms,
} from "../store.ts";
import {
  admin,
  createFirstAndOrigin,
  domain,
  first,
  inDomain,
  project,
  sampleKey,
  sampleTerms,
  sampleToken,
  sampleUser,
  shown,
} from "./samples.ts";
import type { Check } from "./subject.ts";

async function isKnown(identity: IdentityStore, hash: string): Promise<boolean> {
  return (await identity.findToken(hash)) !== undefined;
}

async function accessesOf(identity: IdentityStore, userId: string): Promise<readonly string[]> {
  return (await identity.listAccessKeys(userId)).map(({ access }) => access);
}

/** The sentences of the contract that are about tokens and access keys. */
export function checkCredentials(check: Check): void {
  check("a token is found with its bearer's standing in its scope, expired or not", async (subject) => {
    const { identity, startMs } = subject;
    await identity.createFirstIdentity(first);
    const inTheProject = sampleToken({
      hash: "1",
      methods: ["password", "token"],
      expiresAtMs: startMs + 1,
    });
    const inTheDomain = sampleToken({
      hash: "2",
      scope: inDomain,
      issuedAtMs: 5,
      expiresAtMs: startMs - 1,
    });
    const bearer = { user: shown(admin), project: undefined, domain: undefined };
    await identity.createToken(inTheProject);
    await identity.createToken(inTheDomain);
    assert.deepEqual(await identity.findToken("1"), {
      ...bearer,
      token: inTheProject,
      project,
      roles: ["admin"],
      administers: true,
    });
    assert.deepEqual(await identity.findToken("2"), {
      ...bearer,
      token: inTheDomain,
      domain,
      roles: ["admin"],
      administers: true,
    });
    assert.equal(await isKnown(identity, "3"), false);
  });

  check(
    "an unscoped token is good without a role, and is told from one of the same scope",
    async (subject) => {
      const { identity } = subject;
      await identity.createFirstIdentity(first);
      const user = sampleUser("bob");
      await identity.createUser(user);
      const scoped = sampleToken({ hash: "scoped", userId: user.id, scope: inDomain });
      const unscoped = { ...scoped, hash: "unscoped", unscoped: true };
      const standing = { user: shown(user), project: undefined, domain, roles: [], administers: false };
      for (const token of [scoped, unscoped]) {
        await identity.createToken(token);
        assert.deepEqual(await identity.findToken(token.hash), { ...standing, token });
      }
    },
  );

  check("a change of user or roles shows with the token's next use", async ({ identity }) => {
    await createFirstAndOrigin(identity);
    await identity.createToken(sampleToken({ hash: "hash" }));
    const before = await identity.findToken("hash");
    const user = await identity.updateUser(admin.id, { name: "root" });
    await identity.grantRole({ userId: admin.id, scope: sampleTerms().scope, role: "reader" });
    assert.deepEqual(await identity.findToken("hash"), { ...before, user, roles: ["reader", "admin"] });
  });

  check("a revoked token is gone, the others stay", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    await identity.createToken(sampleToken({ hash: "1" }));
    await identity.createToken(sampleToken({ hash: "2" }));
    assert.equal(await isKnown(identity, "1"), true);
    assert.equal(await identity.revokeToken("1"), true);
    assert.equal(await identity.revokeToken("1"), false);
    assert.equal(await isKnown(identity, "1"), false);
    assert.equal(await isKnown(identity, "2"), true);
  });

  check("new tokens push out those that expired more than 7 days ago, and no other", async (subject) => {
    const { identity, startMs, setClock } = subject;
    await identity.createFirstIdentity(first);
    const lateMs = startMs + expiredTokenMemoryMs;
    await identity.createToken(sampleToken({ hash: "old", expiresAtMs: startMs - 1 }));
    await identity.createToken(sampleToken({ hash: "kept", expiresAtMs: startMs }));
    assert.equal(await isKnown(identity, "old"), true);
    setClock(lateMs);
    await identity.createToken(sampleToken({ hash: "new", expiresAtMs: lateMs + 1 }));
    assert.equal(await isKnown(identity, "old"), false);
    assert.equal(await isKnown(identity, "kept"), true);
    assert.equal(await isKnown(identity, "new"), true);
  });

  check("an access key is read back exactly as it was recorded, expired or not", async (subject) => {
    const { identity, startMs } = subject;
    await createFirstAndOrigin(identity);
    const terms: readonly (TemporaryTerms | undefined)[] = [
      undefined,
      sampleTerms({ expiresAtMs: startMs - 1 }),
      sampleTerms({ scope: inDomain, securityTokenHash: "other hash", expiresAtMs: startMs + 1 }),
    ];
    for (const [index, temporary] of terms.entries()) {
      const key = sampleKey({ access: `key-${index}`, description: "of the backup job 😀", temporary });
      await identity.createAccessKey(key);
      assert.deepEqual(await identity.findAccessKey(key.access), key);
    }
    assert.equal(await identity.findAccessKey("KEY-0"), undefined);
  });

  check(
    "a user's access keys are listed oldest first, temporary ones and others' left out",
    async (subject) => {
      const { identity, startMs } = subject;
      await createFirstAndOrigin(identity);
      const user = sampleUser("bob");
      await identity.createUser(user);
      const of = (access: string, createdAtMs: number) => sampleKey({ access, createdAtMs });
      const oldestFirst = [
        of("z", startMs),
        of("B", startMs + 1),
        of("a", startMs + 1),
        of("c", startMs + 2),
      ];
      for (const key of oldestFirst.toReversed()) await identity.createAccessKey(key);
      await identity.createAccessKey({ ...of("temporary", startMs), temporary: sampleTerms() });
      await identity.createAccessKey({ ...of("of bob", startMs), userId: user.id });
      assert.deepEqual(await identity.listAccessKeys(admin.id), oldestFirst);
      assert.deepEqual(await accessesOf(identity, user.id), ["of bob"]);
      assert.deepEqual(await identity.listAccessKeys("nobody"), []);
    },
  );

  check("what was made with a token or a key goes with it, and nothing else", async ({ identity }) => {
    await createFirstAndOrigin(identity);
    await identity.createToken(sampleToken({ hash: "other" }));
    await identity.createAccessKey(sampleKey({ access: "KEY" }));
    for (const madeWith of ["origin", "other", "KEY"]) {
      const temporary = sampleTerms({ madeWith });
      assert.equal(await identity.createAccessKey(sampleKey({ access: `of ${madeWith}`, temporary })), true);
    }
    const known = async () => {
      const accesses = ["of origin", "of other", "of KEY"];
      const keys = await Promise.all(accesses.map((access) => identity.findAccessKey(access)));
      return keys.map((key) => key !== undefined);
    };
    assert.deepEqual(await known(), [true, true, true]);
    await identity.revokeToken("origin");
    assert.deepEqual(await known(), [false, true, true]);
    await identity.deleteAccessKey("KEY");
    assert.deepEqual(await known(), [false, true, false]);
  });

  check("nothing is recorded for a user, a scope or an origin that is not there", async ({ identity }) => {
    await createFirstAndOrigin(identity);
    const nowhere = { kind: "project", projectId: "nowhere" } as const;
    assert.deepEqual(
      await Promise.all([
        identity.createToken(sampleToken({ hash: "1", userId: "nobody" })),
        identity.createToken(sampleToken({ hash: "2", scope: nowhere })),
        identity.createAccessKey(sampleKey({ access: "3", userId: "nobody" })),
        identity.createAccessKey(sampleKey({ access: "4", temporary: sampleTerms({ scope: nowhere }) })),
        identity.createAccessKey(sampleKey({ access: "5", temporary: sampleTerms({ madeWith: "gone" }) })),
      ]),
      [false, false, false, false, false],
    );
    for (const hash of ["1", "2"]) assert.equal(await identity.findToken(hash), undefined);
    for (const access of ["3", "4", "5"]) assert.equal(await identity.findAccessKey(access), undefined);
  });

  check("a deleted access key is gone at once, temporary or not, the others stay", async ({ identity }) => {
    await createFirstAndOrigin(identity);
    await identity.createAccessKey(sampleKey({ access: "temporary", temporary: sampleTerms() }));
    for (const access of ["1", "2"]) await identity.createAccessKey(sampleKey({ access }));
    for (const access of ["temporary", "1"]) {
      assert.notEqual(await identity.findAccessKey(access), undefined);
      assert.equal(await identity.deleteAccessKey(access), true);
      assert.equal(await identity.deleteAccessKey(access), false);
      assert.equal(await identity.findAccessKey(access), undefined);
    }
    assert.deepEqual(await accessesOf(identity, admin.id), ["2"]);
  });

  check(
    "a user has a limited number of access keys, temporary ones and others' not counted",
    async (subject) => {
      const { identity } = subject;
      await createFirstAndOrigin(identity);
      const user = sampleUser("bob");
      await identity.createUser(user);
      const create = (access: string, userId = admin.id) =>
        identity.createAccessKey(sampleKey({ access, userId }));
      const temporary = sampleTerms();
      for (const access of ["temporary 1", "temporary 2"]) {
        await identity.createAccessKey(sampleKey({ access, temporary }));
      }
      await create("of bob", user.id);
      const accesses = Array.from({ length: maxAccessKeysPerUser + 1 }, (_, index) => `${index}`);
      const settled = await Promise.allSettled(accesses.map((access) => create(access)));
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, maxAccessKeysPerUser);
      await assert.rejects(create("one more"), {
        code: "conflict",
        message: "The user has 10 access keys already; delete one first.",
      });
      assert.equal(await identity.findAccessKey("one more"), undefined);
      await identity.createAccessKey(sampleKey({ access: "temporary 3", temporary }));
      await create("also of bob", user.id);
      await identity.deleteAccessKey("0");
      await create("one more");
      assert.equal((await identity.listAccessKeys(admin.id)).length, maxAccessKeysPerUser);
    },
  );

  check(
    "new access keys push out temporary ones that expired more than 7 days ago, and no other",
    async (subject) => {
      const { identity, startMs, setClock } = subject;
      await createFirstAndOrigin(identity);
      const create = (access: string, expiresAtMs: number) =>
        identity.createAccessKey(sampleKey({ access, temporary: sampleTerms({ expiresAtMs }) }));
      const known = async (...accesses: readonly string[]) =>
        (await Promise.all(accesses.map((access) => identity.findAccessKey(access)))).map(
          (key) => key !== undefined,
        );
      await identity.createAccessKey(sampleKey({ access: "stays", createdAtMs: 0 }));
      await create("old", startMs - 1);
      await create("kept", startMs);
      setClock(startMs + expiredTokenMemoryMs);
      assert.deepEqual(await known("old", "kept", "stays"), [true, true, true]);
      await create("new", startMs + expiredTokenMemoryMs);
      assert.deepEqual(await known("old", "kept", "stays", "new"), [false, true, true, true]);
      setClock(startMs + expiredTokenMemoryMs + 1);
      await identity.createAccessKey(sampleKey({ access: "also stays" }));
      assert.deepEqual(await known("kept", "stays", "new"), [false, true, true]);
    },
  );

  check(
    "access keys that are sealed otherwise are counted, temporary ones left out",
    async ({ identity }) => {
      await createFirstAndOrigin(identity);
      const sealed = ["v1:key%_:a", "v1:key%_:", "v1:key%", "V1:KEY%_:a", "v1:keys_:a", "xv1:key%_:a", ""];
      for (const [index, sealedSecret] of sealed.entries()) {
        await identity.createAccessKey(sampleKey({ access: `${index}`, sealedSecret }));
      }
      const temporary = sampleTerms();
      await identity.createAccessKey(sampleKey({ access: "t", sealedSecret: "other", temporary }));
      assert.equal(await identity.countAccessKeysSealedOtherwise("v1:key%_:"), 5);
      assert.equal(await identity.countAccessKeysSealedOtherwise(""), 0);
    },
  );
}
