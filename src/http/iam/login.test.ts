import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  assertKeystoneError,
  assertKeystoneHeaders,
  assertUnauthorized,
  domainScope,
  openIam,
  password,
  passwordRequest,
  projectScope,
  tokenRequest,
} from "../../../test/open-iam.ts";
import { domain, project } from "../../../test/open-identity.ts";

test("a login for a project answers 201, the token in a header, and the document that Keystone gives", async (context) => {
  const { call } = await openIam(context);
  const answer = await call("POST", "/v3/auth/tokens", {
    body: passwordRequest({ project: { name: "eu-de", domain: { name: "Default" } } }),
  });
  assert.equal(answer.status, 201);
  assert.match(String(answer.headers["x-subject-token"]), /^[A-Za-z0-9_-]{43}$/);
  assertKeystoneHeaders(answer);
  const { token } = answer.json;
  assert.match(token.audit_ids[0], /^[A-Za-z0-9_-]{22}$/);
  assert.match(token.roles[0].id, /^[0-9a-f]{32}$/);
  assert.deepEqual(
    token.catalog.map(({ type }: { type: string }) => type),
    ["identity", "taskcenter", "ddmv1", "ddmv2", "ddmv3", "rdsv3", "geminidb", "nosql"],
  );
  assert.deepEqual(token, {
    methods: ["password"],
    user: { domain, id: "u1", name: "admin", password_expires_at: null },
    audit_ids: [token.audit_ids[0]],
    expires_at: "2026-02-01T08:30:00.000000Z",
    issued_at: "2026-01-31T08:30:00.000000Z",
    project: { domain, id: project.id, name: "eu-de" },
    is_domain: false,
    roles: [{ id: token.roles[0].id, name: "admin" }],
    catalog: token.catalog,
  });
});

test("a login for a domain, and one for nothing, are for the domain, and know only where to log in", async (context) => {
  const { call } = await openIam(context);
  for (const scope of [domainScope, undefined, "unscoped", { unscoped: {} }]) {
    const { json } = await call("POST", "/v3/auth/tokens", { body: passwordRequest(scope) });
    assert.deepEqual(json.token.domain, domain);
    assert.equal("project" in json.token || "is_domain" in json.token, false);
    assert.deepEqual(
      json.token.catalog.map(({ type }: { type: string }) => type),
      ["identity"],
    );
  }
});

test("where project and domain are both asked for, the project wins", async (context) => {
  const { call } = await openIam(context);
  const scope = { project: { id: project.id }, domain: { id: "default" } };
  const { json } = await call("POST", "/v3/auth/tokens", { body: passwordRequest(scope) });
  assert.equal(json.token.project.id, project.id);
  assert.equal("domain" in json.token, false);
});

test("members that Keystone's clients send beside the needed ones are passed over", async (context) => {
  const { call } = await openIam(context);
  const body = {
    auth: {
      identity: {
        methods: ["password"],
        password: { user: { name: "admin", domain: { id: "default" }, password, extra: 1 } },
        application_credential: { id: "x" },
      },
      scope: { project: { id: project.id, name: "eu-de", parent: {} } },
    },
    trace: true,
  };
  assert.equal((await call("POST", "/v3/auth/tokens", { body })).status, 201);
});

test("a token gives a token for another scope, with both methods and the old end", async (context) => {
  const { call, logIn, advance } = await openIam(context);
  const unscoped = await logIn("unscoped");
  advance(1000);
  const answer = await call("POST", "/v3/auth/tokens", {
    body: tokenRequest(unscoped, projectScope),
  });
  assert.equal(answer.status, 201);
  assert.notEqual(answer.headers["x-subject-token"], unscoped);
  const { methods, issued_at, expires_at } = answer.json.token;
  assert.deepEqual(methods, ["password", "token"]);
  assert.equal(issued_at, "2026-01-31T08:30:01.000000Z");
  assert.equal(expires_at, "2026-02-01T08:30:00.000000Z");
});

test("wrong password, unknown user and unknown scope get the very same answer, without the password", async (context) => {
  const { call } = await openIam(context);
  const bodies = [
    passwordRequest(projectScope, { password: "Tr0ub4dor&3" }),
    passwordRequest(projectScope, { name: "nobody" }),
    passwordRequest(projectScope, { id: "nobody" }),
    passwordRequest(projectScope, { domain: { id: "other" } }),
    passwordRequest({ project: { id: "no-such-project" } }),
    passwordRequest({ domain: { name: "Other" } }),
    tokenRequest("no token"),
    tokenRequest("A".repeat(43), projectScope),
  ];
  for (const body of bodies) {
    const answer = await call("POST", "/v3/auth/tokens", { body });
    assertUnauthorized(answer);
    assert.ok(!answer.text.includes(password) && !answer.text.includes("Tr0ub4dor"));
  }
});

test("a body of another shape is refused with 400, naming what is wrong", async (context) => {
  const { call } = await openIam(context);
  const cases: readonly (readonly [unknown, string])[] = [
    [{}, "auth: is required"],
    [{ auth: {} }, "auth.identity: is required"],
    [{ auth: { identity: { methods: "password" } } }, "auth.identity.methods: must be an array"],
    [{ auth: { identity: { methods: [1] } } }, "auth.identity.methods.0: must be a string"],
    [{ auth: { identity: { methods: ["token"] } } }, "auth.identity.token: is required by its method"],
    [passwordRequest(undefined, { password: 17 }), "auth.identity.password.user.password: must be a string"],
    [passwordRequest({ project: { id: null } }), "auth.scope.project.id: must be a string"],
    [passwordRequest("system"), "auth.scope: must be an object"],
    [passwordRequest(null), "auth.scope: must be an object"],
  ];
  for (const [body, message] of cases) {
    const answer = await call("POST", "/v3/auth/tokens", { body });
    assertKeystoneError(answer, 400, "Bad Request", message);
    assert.ok(!answer.text.includes(password));
  }
});

test("a body that is no JSON object is refused with 400, and one that is too large with 413", async (context) => {
  const { call } = await openIam(context);
  for (const body of ["", "{", "null", "[]", '"auth"', "\u0000", '{"auth":{"__proto__":{}}}']) {
    const answer = await call("POST", "/v3/auth/tokens", { body });
    assertKeystoneError(answer, 400, "Bad Request");
  }
  assertKeystoneError(await call("POST", "/v3/auth/tokens"), 400, "Bad Request");
  const form = await call("POST", "/v3/auth/tokens", {
    body: "auth=x",
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  assertKeystoneError(form, 400, "Bad Request");
  const large = await call("POST", "/v3/auth/tokens", { body: JSON.stringify("x".repeat(1024 * 1024)) });
  assertKeystoneError(large, 413, "Request Entity Too Large");
});

test("whatever JSON is sent for a login, without the right proof it gets 400 or 401", async (context) => {
  const { call } = await openIam(context);
  const anything = fc.jsonValue({ maxDepth: 4 });
  // A request with one of its values replaced goes deeper than chance alone.
  const member = (usual: unknown): fc.Arbitrary<unknown> =>
    fc.oneof({ arbitrary: fc.constant(usual), weight: 4 }, { arbitrary: anything, weight: 1 });
  const identityMembers = fc.record({
    methods: fc.oneof({ arbitrary: member(["token"]), weight: 9 }, fc.constant(["password"])),
    token: member({ id: "A".repeat(43) }),
    password: member({ user: { id: "nobody", password } }),
  });
  const scopes = member(projectScope);
  const request = fc.record({ auth: fc.record({ identity: identityMembers, scope: scopes }) });
  await fc.assert(
    fc.asyncProperty(fc.oneof(anything, request), async (body) => {
      const answer = await call("POST", "/v3/auth/tokens", { body: JSON.stringify(body) });
      assert.ok(answer.status === 400 || answer.status === 401, `${answer.status}: ${answer.text}`);
      assertKeystoneError(answer, answer.status, answer.status === 400 ? "Bad Request" : "Unauthorized");
      assert.ok(!answer.text.includes(password));
    }),
    { numRuns: 200, seed: 20260131 },
  );
});
