import assert from "node:assert/strict";
import test from "node:test";
import {
  assertForbidden,
  assertKeystoneError,
  assertKeystoneHeaders,
  assertNotFound,
  assertUnauthorized,
  inProject,
  type Method,
  openIam,
  projectScope,
  publicUrl,
} from "../../../test/open-iam.ts";
import { tokenLifetimeMs } from "../../../test/open-identity.ts";
import { signRequest } from "../../client/signature.ts";
import { maxAccessKeysPerUser } from "../../store/store.ts";

const credentials = "/v3.0/OS-CREDENTIAL/credentials";
const securityTokens = "/v3.0/OS-CREDENTIAL/securitytokens";

const byToken = (token: object | undefined, more: object = {}) => ({
  auth: { identity: { methods: ["token"], ...(token && { token }), ...more } },
});

test("an access key shows its secret key once, and is listed, shown and deleted without it", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const body = { credential: { user_id: "u1", description: "the nightly backup" } };
  const created = await call("POST", credentials, { token, body });
  assert.equal(created.status, 201, created.text);
  assertKeystoneHeaders(created);
  const { access, secret, ...shown } = created.json.credential;
  assert.match(access, /^[A-Z0-9]{20}$/);
  assert.match(secret, /^[A-Za-z0-9]{40}$/);
  assert.deepEqual(shown, {
    user_id: "u1",
    description: "the nightly backup",
    create_time: "2026-01-31T08:30:00.000000Z",
    status: "active",
  });

  const document = { access, ...shown };
  const one = `${credentials}/${access}`;
  assert.deepEqual((await call("GET", one, { token })).json, { credential: document });
  assert.deepEqual((await call("GET", credentials, { token })).json, { credentials: [document] });

  const deleted = await call("DELETE", one, { token });
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  for (const method of ["GET", "DELETE"] as const) assertNotFound(await call(method, one, { token }));
  assert.deepEqual((await call("GET", credentials, { token })).json, { credentials: [] });
});

test("a user has so many access keys and no more", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const create = () => call("POST", credentials, { token, body: { credential: {} } });
  for (let made = 0; made < maxAccessKeysPerUser; made += 1) assert.equal((await create()).status, 201);
  assertKeystoneError(await create(), 409, "Conflict");
});

test("everybody looks after their own access keys, an admin after all", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "reader" }]);
  const [token, bens] = [await logIn(), await logIn(projectScope, { name: "ben" })];
  const create = async (by: string, credential: object) => {
    const { status, json } = await call("POST", credentials, { token: by, body: { credential } });
    assert.equal(status, 201);
    return json.credential;
  };
  const roots = await create(token, {});
  const own = await create(bens, { description: null });
  const given = await create(token, { user_id: "id-of-ben" });
  assert.deepEqual([own.user_id, given.user_id], ["id-of-ben", "id-of-ben"]);
  const listed = await call("GET", `${credentials}?user_id=id-of-ben`, { token });
  assert.equal(listed.json.credentials.length, 2);
  assert.equal((await call("GET", credentials, { token: bens })).json.credentials.length, 2);

  assertForbidden(await call("GET", `${credentials}?user_id=u1`, { token: bens }));
  const body = { credential: { user_id: "u1" } };
  assertForbidden(await call("POST", credentials, { token: bens, body }));
  for (const access of [roots.access, "UNKNOWN"]) {
    for (const method of ["GET", "DELETE"] as const) {
      assertForbidden(await call(method, `${credentials}/${access}`, { token: bens }));
    }
  }
  assert.equal((await call("DELETE", `${credentials}/${own.access}`, { token })).status, 204);
});

test("a temporary key is made with the token in the header, or with one in the body", async (context) => {
  const { call, logIn, advance } = await openIam(context);
  const token = await logIn();
  for (const [header, inBody] of [
    [token, undefined],
    [token, {}],
    [token, { id: token }],
    [undefined, { id: token }],
  ] as const) {
    const created = await call("POST", securityTokens, { token: header, body: byToken(inBody) });
    assert.equal(created.status, 201, created.text);
    const { access, secret, securitytoken, ...rest } = created.json.credential;
    assert.deepEqual(rest, { expires_at: "2026-01-31T08:45:00.000000Z" });
    assert.match(access, /^[A-Z0-9]{20}$/);
    assert.ok(secret.length >= 32 && securitytoken.length >= 32);
    const listed = (await call("GET", credentials, { token })).json.credentials;
    assert.deepEqual(listed, []);
    assert.equal((await call("DELETE", `${credentials}/${access}`, { token })).status, 204);
    assertNotFound(await call("GET", `${credentials}/${access}`, { token }));
  }
  const endOf = async (duration_seconds: number) => {
    const answer = await call("POST", securityTokens, { token, body: byToken({ duration_seconds }) });
    return answer.json.credential?.expires_at;
  };
  assert.equal(await endOf(900), "2026-01-31T08:45:00.000000Z");
  assert.equal(await endOf(86_400), "2026-02-01T08:30:00.000000Z");
  advance(tokenLifetimeMs - 1000);
  assert.equal(await endOf(900), "2026-02-01T08:30:00.000000Z", "no later than the token");
});

test("another kind of Authorization is no proof, and does not stand in the way of one", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const headers = { authorization: "Basic YWRtaW46cGFzc3dvcmQ=" };
  const made = await call("POST", securityTokens, { headers, body: byToken({ id: token }) });
  assert.equal(made.status, 201, made.text);
  assertUnauthorized(await call("POST", securityTokens, { headers, body: byToken(undefined) }));
});

test("without a good token no temporary key is made, and the token is not repeated", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const bad = "B".repeat(43);
  for (const [header, inBody] of [
    [undefined, undefined],
    [undefined, {}],
    [undefined, { id: bad }],
    [undefined, { id: "" }],
    [token, { id: bad }],
    [bad, { id: token }],
    ["", { id: bad }],
  ] as const) {
    const answer = await call("POST", securityTokens, { token: header, body: byToken(inBody) });
    assertUnauthorized(answer);
    assert.ok(!answer.text.includes(bad) && !answer.text.includes(token));
  }
});

test("a temporary key that would be other than asked for is refused", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  for (const [body, message] of [
    [{}, "auth: is required"],
    [{ auth: { identity: {} } }, "auth.identity.methods: is required"],
    [{ auth: { identity: { methods: ["assume_role"] } } }, undefined],
    [{ auth: { identity: { methods: ["token", "password"] } } }, undefined],
    [{ auth: { identity: { methods: [] } } }, undefined],
    [byToken({ duration_seconds: 899 }), undefined],
    [byToken({ duration_seconds: 86_401 }), undefined],
    [byToken({ duration_seconds: 900.5 }), "auth.identity.token.duration_seconds: must be an integer"],
    [
      byToken({}, { policy: { Version: "1.1", Statement: [] } }),
      "auth.identity.policy: is not known here: a key can do what its token can",
    ],
  ] as const) {
    const answer = await call("POST", securityTokens, { token, body });
    assertKeystoneError(answer, 400, "Bad Request", message);
  }
});

test("every call can be signed instead, its body included, and a temporary key makes no other keys", async (context) => {
  const { call, logIn, addUser, nowMs } = await openIam(context);
  await addUser("ben");
  const token = await logIn();
  const signed = async (key: Key, method: Method, path: string, body?: unknown) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const own = { ...(key.securitytoken && { "x-security-token": key.securitytoken }) };
    const url = publicUrl + path;
    const pair = { accessKey: key.access, secretKey: key.secret };
    const proof = await signRequest({ method, url, headers: own, body: text }, pair, nowMs());
    const headers = { host: new URL(url).host, ...own, ...proof };
    return call(method, path, { headers, ...(body === undefined ? {} : { body: text }) });
  };

  const permanent: Key = (await call("POST", credentials, { token, body: { credential: {} } })).json
    .credential;
  const renamed = await signed(permanent, "PATCH", "/v3/users/id-of-ben", { user: { name: "benjamin" } });
  assert.deepEqual([renamed.status, renamed.json.user.name], [200, "benjamin"]);
  const catalog = await signed(permanent, "GET", "/v3/auth/catalog");
  assert.ok(catalog.json.catalog.length > 1, "the catalog of the user's first project");

  const made = await signed(permanent, "POST", securityTokens, byToken(undefined));
  assert.equal(made.status, 201, made.text);
  const temporary: Key = made.json.credential;
  assert.equal((await signed(temporary, "GET", "/v3/auth/projects")).json.projects.length, 1);
  assertForbidden(await signed(temporary, "POST", credentials, { credential: {} }));
  assertForbidden(await signed(temporary, "POST", securityTokens, byToken(undefined)));
  assertForbidden(await signed(temporary, "GET", "/v3/users"));
  assertUnauthorized(await signed({ ...temporary, securitytoken: "another" }, "GET", "/v3/projects"));
  assertUnauthorized(await signed({ ...permanent, secret: "another" }, "GET", "/v3/projects"));
});

interface Key {
  readonly access: string;
  readonly secret: string;
  readonly securitytoken?: string;
}
