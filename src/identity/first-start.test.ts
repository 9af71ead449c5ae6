import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { openSqliteStore } from "../store/sqlite/store.ts";
import type { IdentityStore } from "../store/store.ts";
import { type FirstLogin, makeFirstIdentity } from "./first-start.ts";
import { verifyPassword } from "./password.ts";

async function openEmptyStore(context: TestContext): Promise<IdentityStore> {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-first-start-"));
  const store = await openSqliteStore({ path: join(directory, "taskcenter.db"), clock: () => 0 });
  context.after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  return store.identity;
}

const keepNothing = (): void => undefined;

test("the first start makes a domain, a project named as the region, and its admin", async (context) => {
  const store = await openEmptyStore(context);
  const login = await makeFirstIdentity(store, { region: "eu-nl", keepLogin: keepNothing });
  assert.ok(login !== undefined);

  const domain = { id: "default", name: "Default" };
  const user = await store.findUser({ name: "admin", domain: { name: "Default" } });
  assert.ok(user !== undefined);
  assert.deepEqual([user.domain, user.enabled], [domain, true]);
  assert.deepEqual(await store.findProject({ id: login.projectId }), {
    id: login.projectId,
    name: "eu-nl",
    domain,
    description: "",
    enabled: true,
  });
  const scopes = [
    { kind: "project", projectId: login.projectId },
    { kind: "domain", domainId: "default" },
  ] as const;
  for (const scope of scopes) {
    const standing = await store.findStanding(user.id, scope);
    assert.deepEqual([standing?.roles, standing?.administers], [["admin"], true]);
  }
  assert.equal(await verifyPassword(login.password, user.passwordHash), true);
  assert.deepEqual([login.userName, login.projectName, login.domainName], ["admin", "eu-nl", "Default"]);
});

test("what is not given is random: the ids 32 hex digits, the password at least 24 characters", async (context) => {
  const logins: FirstLogin[] = [];
  for (const store of [await openEmptyStore(context), await openEmptyStore(context)]) {
    await makeFirstIdentity(store, { region: "eu-de", keepLogin: (login) => logins.push(login) });
  }
  const [first, second] = logins;
  assert.ok(first !== undefined && second !== undefined);
  assert.match(first.projectId, /^[0-9a-f]{32}$/);
  assert.match(first.password, /^[0-9a-z]{24,}$/);
  assert.notEqual(first.projectId, second.projectId);
  assert.notEqual(first.password, second.password);
});

test("a given password and project id are taken", async (context) => {
  const store = await openEmptyStore(context);
  const login = await makeFirstIdentity(store, {
    region: "eu-de",
    adminPassword: "correct horse battery",
    projectId: "0483b6b16e954cb88930a360d2c4e663",
    keepLogin: keepNothing,
  });
  assert.equal(login?.password, "correct horse battery");
  assert.equal(login.projectId, "0483b6b16e954cb88930a360d2c4e663");
});

test("a later start changes nothing, and keeps no login", async (context) => {
  const store = await openEmptyStore(context);
  await makeFirstIdentity(store, { region: "eu-de", adminPassword: "first", keepLogin: keepNothing });
  const later = await makeFirstIdentity(store, {
    region: "eu-nl",
    adminPassword: "second",
    keepLogin: () => assert.fail("a login was kept that nobody has"),
  });
  assert.equal(later, undefined);
  const user = await store.findUser({ name: "admin", domain: { id: "default" } });
  assert.ok(user !== undefined);
  assert.equal(await verifyPassword("first", user.passwordHash), true);
  assert.equal((await store.listProjectIds()).length, 1);
});

test("the login is kept before the user exists, so a failure to keep it leaves the store empty", async (context) => {
  const store = await openEmptyStore(context);
  const failing = makeFirstIdentity(store, {
    region: "eu-de",
    keepLogin: () => {
      throw new Error("the disk is full");
    },
  });
  await assert.rejects(failing, /the disk is full/);
  assert.deepEqual(await store.listProjectIds(), []);
});

test("a login that was kept is withdrawn where another server was faster", async (context) => {
  const store = await openEmptyStore(context);
  let kept: FirstLogin | undefined;
  const login = await makeFirstIdentity(
    { ...store, createFirstIdentity: async () => false },
    {
      region: "eu-de",
      keepLogin: (first) => {
        kept = first;
      },
      withdrawLogin: () => {
        kept = undefined;
      },
    },
  );
  assert.deepEqual([login, kept], [undefined, undefined]);
});
