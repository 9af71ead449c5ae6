import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { TaskCenterError } from "../src/task/error.ts";
import { signedHeaders, type TestKey } from "./identities.ts";
import {
  type Answer,
  assertForbidden,
  assertKeystoneError,
  assertNotFound,
  assertUnauthorized,
  domainScope,
  inProject,
  type Method,
  type OpenIam,
  openIam,
  projectScope,
  publicUrl,
} from "./open-iam.ts";
import { admin, domain, project, startMs, tokenLifetimeMs } from "./open-identity.ts";

/** What a temporary key is good for, and how long; and what a key is worth once its user is not. */
const credentials = "/v3.0/OS-CREDENTIAL/credentials";
const securityTokens = "/v3.0/OS-CREDENTIAL/securitytokens";
const tasklist = `/rds/v3/${project.id}/tasklist`;
const inDomain = { kind: "domain", domainId: domain.id } as const;
const defaultMs = 15 * 60 * 1000;

interface Keys extends OpenIam {
  /** Makes a permanent key of one's own. */
  permanentKey(token: string): Promise<TestKey>;
  /** Asks for a temporary key, with a token. */
  askTemporary(token: string, durationSeconds?: number): Promise<Answer>;
  temporaryKey(token: string, durationSeconds?: number): Promise<TestKey>;
  signed(key: TestKey, method: Method, path: string, body?: unknown): Promise<Answer>;
}

async function openKeys(context: TestContext): Promise<Keys> {
  const iam = await openIam(context);
  const askTemporary: Keys["askTemporary"] = (token, seconds) => {
    const asked = seconds === undefined ? {} : { token: { duration_seconds: seconds } };
    return iam.call("POST", securityTokens, {
      token,
      body: { auth: { identity: { methods: ["token"], ...asked } } },
    });
  };
  const made = (answer: Answer): TestKey => {
    assert.equal(answer.status, 201, answer.text);
    return answer.json.credential;
  };
  return {
    ...iam,
    askTemporary,
    permanentKey: async (token) =>
      made(await iam.call("POST", credentials, { token, body: { credential: {} } })),
    temporaryKey: async (token, seconds) => made(await askTemporary(token, seconds)),
    signed(key, method, path, body) {
      const url = publicUrl + path;
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        host: new URL(url).host,
        ...signedHeaders({ key, method, url, body: text, nowMs: iam.nowMs() }),
      };
      return iam.call(method, path, { headers, body: text });
    },
  };
}

test("a temporary key lives to its last millisecond, and says then that it has expired", async (context) => {
  const { logIn, temporaryKey, signed, advance } = await openKeys(context);
  const key = await temporaryKey(await logIn());
  advance(defaultMs - 1);
  assert.equal((await signed(key, "GET", tasklist)).status, 200);
  advance(1);
  const expired = await signed(key, "GET", tasklist);
  assert.deepEqual([expired.status, expired.json.error_code], [401, "APIGW.0307"]);
  assertUnauthorized(await signed(key, "GET", "/v3/auth/projects"));
});

test("a temporary key is for 15 minutes to 24 hours, by HTTP and by the administration alike", async (context) => {
  const { logIn, askTemporary, identity, administration } = await openKeys(context);
  const token = await logIn();
  const caller = await identity.authenticate(token);
  for (const seconds of [900, 901, 86_399, 86_400]) {
    assert.equal((await askTemporary(token, seconds)).status, 201, `${seconds}`);
    const { expiresAtMs } = await administration.createTemporaryKey(caller, { durationSeconds: seconds });
    assert.equal(expiresAtMs, startMs + seconds * 1000);
  }
  const { expiresAtMs } = await administration.createTemporaryKey(caller, {});
  assert.equal(expiresAtMs, startMs + defaultMs);
  for (const seconds of [-1, 0, 899, 86_401]) {
    assertKeystoneError(await askTemporary(token, seconds), 400, "Bad Request");
    await assert.rejects(
      administration.createTemporaryKey(caller, { durationSeconds: seconds }),
      (error) => error instanceof TaskCenterError && error.code === "invalid-parameter",
    );
  }
});

test("a temporary key ends no later than the token it was made with; a key that stays sets no end", async (context) => {
  const { logIn, temporaryKey, permanentKey, signed, administration, identity, advance } =
    await openKeys(context);
  const token = await logIn();
  const lasting = await permanentKey(token);
  advance(tokenLifetimeMs - 60_000);
  const key = await temporaryKey(token, 900);
  const { expiresAtMs } = await administration.createTemporaryKey(await identity.authenticate(token), {});
  assert.equal(expiresAtMs, startMs + tokenLifetimeMs);
  const body = { auth: { identity: { methods: ["token"] } } };
  const byKey: TestKey = (await signed(lasting, "POST", securityTokens, body)).json.credential;
  advance(60_000);
  assert.equal((await signed(key, "GET", tasklist)).json.error_code, "APIGW.0307");
  assert.equal((await signed(byKey, "GET", tasklist)).status, 200);
});

test("a temporary key is gone with the token or the key that it was made with", async (context) => {
  const { call, logIn, temporaryKey, permanentKey, signed } = await openKeys(context);
  const [token, other] = [await logIn(), await logIn()];
  const [ofToken, ofOther] = [await temporaryKey(token), await temporaryKey(other)];
  const lasting = await permanentKey(token);
  const body = { auth: { identity: { methods: ["token"] } } };
  const ofKey: TestKey = (await signed(lasting, "POST", securityTokens, body)).json.credential;
  assert.equal((await call("DELETE", "/v3/auth/tokens", { token: other, subject: token })).status, 204);
  assert.equal((await signed(ofToken, "GET", tasklist)).status, 401);
  assert.equal((await signed(ofOther, "GET", tasklist)).status, 200);
  assert.equal((await signed(ofKey, "GET", tasklist)).status, 200);
  assert.equal((await call("DELETE", `${credentials}/${lasting.access}`, { token: other })).status, 204);
  assert.equal((await signed(ofKey, "GET", tasklist)).status, 401);
});

test("a temporary key is deleted by its owner and by an administrator, and by nobody else", async (context) => {
  const { call, logIn, addUser, temporaryKey, signed } = await openKeys(context);
  for (const name of ["ann", "ben"]) await addUser(name, [{ scope: inProject, role: "reader" }]);
  const [anns, bens] = [
    await logIn(projectScope, { name: "ann" }),
    await logIn(projectScope, { name: "ben" }),
  ];
  for (const token of [anns, await logIn()]) {
    const key = await temporaryKey(anns);
    const path = `${credentials}/${key.access}`;
    assert.equal((await signed(key, "GET", tasklist)).status, 200);
    assertForbidden(await call("DELETE", path, { token: bens }));
    assertForbidden(await signed(key, "DELETE", path));
    assert.equal((await call("DELETE", path, { token })).status, 204);
    assert.equal((await signed(key, "GET", tasklist)).status, 401);
  }
  assertNotFound(await call("DELETE", `${credentials}/GONE`, { token: await logIn() }));
});

test("a temporary key sees its own scope alone, and administers nothing", async (context) => {
  const { logIn, temporaryKey, permanentKey, signed, store, addUser } = await openKeys(context);
  const second = { ...project, id: "second", name: "second" };
  await store.createProject(second);
  await store.grantRole({ userId: "u1", scope: { kind: "project", projectId: "second" }, role: "reader" });
  await addUser("ben");
  const seenBy = async (key: TestKey) => {
    const names = async (path: string, list: string, name: string) =>
      (await signed(key, "GET", path)).json[list].map((found: Record<string, unknown>) => found[name]);
    return {
      projects: await names("/v3/projects", "projects", "name"),
      own: await names("/v3/auth/projects", "projects", "name"),
      domains: await names("/v3/auth/domains", "domains", "name"),
      assignments: (await names("/v3/role_assignments?user.id=u1", "role_assignments", "scope")).length,
    };
  };
  const token = await logIn();
  const inBoth = ["eu-de", "second"];
  assert.deepEqual(await seenBy(await permanentKey(token)), {
    projects: inBoth,
    own: inBoth,
    domains: ["Default"],
    assignments: 3,
  });
  assert.deepEqual(await seenBy(await temporaryKey(token)), {
    projects: ["eu-de"],
    own: ["eu-de"],
    domains: [],
    assignments: 1,
  });
  const ofDomain = await temporaryKey(await logIn(domainScope));
  assert.deepEqual(await seenBy(ofDomain), { projects: [], own: [], domains: ["Default"], assignments: 1 });

  for (const key of [ofDomain, await temporaryKey(token)]) {
    for (const [method, path, body] of [
      ["GET", "/v3/users", undefined],
      ["GET", "/v3/users/id-of-ben", undefined],
      ["PATCH", "/v3/users/id-of-ben", { user: { enabled: false } }],
      [
        "POST",
        "/v3/users/u1/password",
        { user: { original_password: admin.password, password: "another one" } },
      ],
      ["POST", credentials, { credential: {} }],
      ["GET", "/v3/projects/second", undefined],
    ] as const) {
      assertForbidden(await signed(key, method, path, body));
    }
  }
});

test("a disabled user's signature is no good, with either key and wherever; and good again later", async (context) => {
  const { logIn, addUser, permanentKey, temporaryKey, signed, store } = await openKeys(context);
  const id = await addUser("ann", [
    { scope: inProject, role: "reader" },
    { scope: inDomain, role: "reader" },
  ]);
  const token = await logIn(projectScope, { name: "ann" });
  const keys = [await permanentKey(token), await temporaryKey(token)];
  const statuses = async () => {
    const asked = keys.flatMap((key) =>
      [tasklist, "/v3/auth/projects"].map((path) => signed(key, "GET", path)),
    );
    return (await Promise.all(asked)).map(({ status }) => status);
  };
  assert.deepEqual(await statuses(), [200, 200, 200, 200]);
  await store.updateUser(id, { enabled: false });
  assert.deepEqual(await statuses(), [401, 401, 401, 401]);
  await store.updateUser(id, { enabled: true });
  assert.deepEqual(await statuses(), [200, 200, 401, 401], "what is temporary does not come back");
});

test("a token that is revoked while it is exchanged gives no other one", async (context) => {
  const { identity, identityOver, store } = await openIam(context);
  const scope = { kind: "project", project: { id: project.id } } as const;
  const { token, proof } = await identity.issueToken(admin, scope);
  const hashes: string[] = [];
  const overtaken = identityOver({
    createToken: async (record) => {
      await store.revokeToken(proof);
      hashes.push(record.hash);
      return store.createToken(record);
    },
  });
  await assert.rejects(
    overtaken.issueToken({ method: "token", token }, scope),
    (error) => error instanceof TaskCenterError && error.code === "unauthenticated",
  );
  assert.equal(hashes.length, 1);
  for (const hash of hashes) assert.equal(await store.findToken(hash), undefined);
});
