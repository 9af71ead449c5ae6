import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import { builtinIdentity } from "../identity/builtin.ts";
import type { Authenticated, Identity } from "../identity/identity.ts";
import { openSqliteStore } from "../store/sqlite/store.ts";
import { createApp } from "./app.ts";

const startMs = Date.UTC(2026, 0, 31, 8, 30, 15, 250);
const dayMs = 24 * 60 * 60 * 1000;
const projectId = "0483b6b16e954cb88930a360d2c4e663";
const userId = "7f3c1d0a5b9e4c6f8a2d4e6b8c0f1a3d";
const password = "correct horse battery";
/** Its hash, at a cost that tests can pay at every login. */
const passwordHash =
  "$scrypt$ln=4,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$WInxv/g9+gR0zXM+lCkMB5MwvyXFhelwexgV4AsBAhk";
const publicUrl = "https://tasks.example.com";
const domain = { id: "default", name: "Default" };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the wire gave, and fails where it is not there
  readonly json: any;
}

interface Call {
  readonly body?: unknown;
  readonly token?: string;
  readonly subject?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Iam {
  call(method: "GET" | "HEAD" | "POST" | "DELETE", path: string, call?: Call): Promise<Answer>;
  logIn(scope?: unknown): Promise<string>;
  advance(ms: number): void;
}

/** The whole HTTP side over a new store. `changes` stand for what is not the first admin's doing. */
async function openIam(context: TestContext, changes: Partial<Identity> = {}): Promise<Iam> {
  let nowMs = startMs;
  const clock = (): number => nowMs;
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-iam-"));
  const store = await openSqliteStore({ path: join(directory, "taskcenter.db"), clock });
  await store.identity.createFirstIdentity({
    domain,
    project: { id: projectId, name: "eu-de", domain },
    user: { id: userId, name: "admin", domain, enabled: true, passwordHash },
  });
  const identity = builtinIdentity({ store: store.identity, clock, tokenLifetimeMs: dayMs });
  const app = await createApp({
    tasks: store.tasks,
    identity: {
      ...identity,
      ...changes,
      authenticate: async (token) => {
        const standIn = await changes.authenticate?.(token);
        return standIn ?? identity.authenticate(token);
      },
    },
    ping: () => store.ping(),
    clock,
    publicUrl: () => publicUrl,
    region: "eu-de",
    utcOffsetMinutes: 0,
    version: "0.0.0",
    listenerService: undefined,
    logger: false,
  });
  context.after(async () => {
    await app.close();
    await store.close();
    rmSync(directory, { recursive: true });
  });
  const call: Iam["call"] = async (method, path, { body, token, subject, headers } = {}) => {
    const response = await app.inject({
      method,
      url: path,
      headers: {
        ...(token === undefined ? {} : { "x-auth-token": token }),
        ...(subject === undefined ? {} : { "x-subject-token": subject }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = response.body;
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      json: text === "" ? undefined : JSON.parse(text),
    };
  };
  return {
    call,
    async logIn(scope = { project: { id: projectId } }) {
      const answer = await call("POST", "/v3/auth/tokens", { body: passwordRequest(scope) });
      assert.equal(answer.status, 201, answer.text);
      return String(answer.headers["x-subject-token"]);
    },
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

function passwordRequest(scope?: unknown, user: object = {}): unknown {
  const named = { name: "admin", domain: { id: "default" }, password, ...user };
  return { auth: { identity: { methods: ["password"], password: { user: named } }, scope } };
}

function tokenRequest(id: unknown, scope?: unknown): unknown {
  return { auth: { identity: { methods: ["token"], token: { id } }, scope } };
}

function assertKeystoneError(answer: Answer, status: number, title: string, message?: string): void {
  const { error } = answer.json;
  assert.deepEqual(answer.json, { error: { code: status, message: error.message, title } });
  assert.equal(answer.status, status);
  if (message !== undefined) assert.equal(error.message, message);
  assertKeystoneHeaders(answer);
}

function assertKeystoneHeaders({ headers }: Answer): void {
  const requestId = String(headers["x-request-id"]);
  const uuid = String(headers["x-openstack-request-id"]).replace(/^req-/, "");
  assert.match(uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(uuid.replaceAll("-", ""), requestId);
  assert.equal(headers.vary, "X-Auth-Token");
}

const needsAuthentication = "The request you have made requires authentication.";

test("the root offers one version, and the version its own document, with or without the last slash", async (context) => {
  const { call } = await openIam(context);
  const version = {
    id: "v3.14",
    status: "stable",
    updated: "2020-04-07T00:00:00Z",
    links: [{ rel: "self", href: `${publicUrl}/v3/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
  };
  const root = await call("GET", "/");
  assert.equal(root.status, 300);
  assert.deepEqual(root.json, { versions: { values: [version] } });
  assertKeystoneHeaders(root);
  for (const path of ["/v3", "/v3/"]) {
    const answer = await call("GET", path);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { version });
  }
});

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
    user: { domain, id: userId, name: "admin", password_expires_at: null },
    audit_ids: [token.audit_ids[0]],
    expires_at: "2026-02-01T08:30:15.250000Z",
    issued_at: "2026-01-31T08:30:15.250000Z",
    project: { domain, id: projectId, name: "eu-de" },
    is_domain: false,
    roles: [{ id: token.roles[0].id, name: "admin" }],
    catalog: token.catalog,
  });
});

test("a login for a domain, and one for nothing, are for the domain, and know only where to log in", async (context) => {
  const { call } = await openIam(context);
  for (const scope of [{ domain: { id: "default" } }, undefined, "unscoped", { unscoped: {} }]) {
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
  const scope = { project: { id: projectId }, domain: { id: "default" } };
  const { json } = await call("POST", "/v3/auth/tokens", { body: passwordRequest(scope) });
  assert.equal(json.token.project.id, projectId);
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
      scope: { project: { id: projectId, name: "eu-de", parent: {} } },
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
    body: tokenRequest(unscoped, { project: { id: projectId } }),
  });
  assert.equal(answer.status, 201);
  assert.notEqual(answer.headers["x-subject-token"], unscoped);
  const { methods, issued_at, expires_at } = answer.json.token;
  assert.deepEqual(methods, ["password", "token"]);
  assert.equal(issued_at, "2026-01-31T08:30:16.250000Z");
  assert.equal(expires_at, "2026-02-01T08:30:15.250000Z");
});

test("a token shows itself as at its login, and says itself again in the header", async (context) => {
  const { call } = await openIam(context);
  const login = await call("POST", "/v3/auth/tokens", {
    body: passwordRequest({ project: { id: projectId } }),
  });
  const token = String(login.headers["x-subject-token"]);
  const shown = await call("GET", "/v3/auth/tokens", { token, subject: token });
  assert.equal(shown.status, 200);
  assert.equal(shown.headers["x-subject-token"], token);
  assert.deepEqual(shown.json, login.json);
  assertKeystoneHeaders(shown);

  const checked = await call("HEAD", "/v3/auth/tokens", { token, subject: token });
  assert.deepEqual([checked.status, checked.text], [200, ""]);
  assert.equal(checked.headers["x-subject-token"], token);
});

test("nocatalog, whatever its value, leaves the catalog out", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  for (const query of ["nocatalog", "nocatalog=", "nocatalog=x", "nocatalog=1&nocatalog=2"]) {
    const login = await call("POST", `/v3/auth/tokens?${query}`, { body: tokenRequest(token) });
    const shown = await call("GET", `/v3/auth/tokens?${query}`, { token, subject: token });
    assert.deepEqual([login.status, shown.status], [201, 200]);
    assert.equal("catalog" in login.json.token || "catalog" in shown.json.token, false);
  }
});

test("a revoked token is dead for every call at once", async (context) => {
  const { call, logIn } = await openIam(context);
  const [token, other] = [await logIn(), await logIn()];
  const revoked = await call("DELETE", "/v3/auth/tokens", { token, subject: other });
  assert.deepEqual([revoked.status, revoked.text], [204, ""]);
  assertKeystoneHeaders(revoked);
  for (const path of ["/v3/projects", "/v3/auth/catalog"]) {
    assertKeystoneError(await call("GET", path, { token: other }), 401, "Unauthorized", needsAuthentication);
  }
  const again = await call("DELETE", "/v3/auth/tokens", { token, subject: other });
  assertKeystoneError(again, 404, "Not Found", "Could not find token.");
  assert.equal((await call("DELETE", "/v3/auth/tokens", { token, subject: token })).status, 204);
  assert.equal((await call("GET", "/v3/projects", { token })).status, 401);
});

test("a subject token that is missing, malformed, unknown or expired is one that can not be found", async (context) => {
  const { call, logIn, advance } = await openIam(context);
  const expired = await logIn();
  advance(dayMs);
  const token = await logIn();
  for (const method of ["GET", "HEAD", "DELETE"] as const) {
    for (const subject of [undefined, "", "x", "A".repeat(43), expired]) {
      const answer = await call(method, "/v3/auth/tokens", {
        token,
        ...(subject === undefined ? {} : { subject }),
      });
      if (method === "HEAD") assert.deepEqual([answer.status, answer.text], [404, ""]);
      else assertKeystoneError(answer, 404, "Not Found", "Could not find token.");
    }
  }
});

test("somebody else's token is shown and revoked only with an admin's token of the domain", async (context) => {
  const theirToken = "B".repeat(43);
  const theirs: Authenticated = {
    principal: {
      user: { id: "u2", name: "ben", domain },
      project: { id: projectId, name: "eu-de", domain },
      domain: undefined,
      roles: ["reader"],
    },
    methods: ["password"],
    issuedAtMs: startMs,
    expiresAtMs: startMs + dayMs,
  };
  const revoked: string[] = [];
  const { call, logIn } = await openIam(context, {
    authenticate: async (token) => (token === theirToken ? theirs : (undefined as never)),
    revokeToken: async (token) => {
      revoked.push(token);
    },
  });
  const ofProject = await logIn();
  const ofDomain = await logIn({ domain: { id: "default" } });

  for (const [token, subject] of [
    [ofProject, theirToken],
    [theirToken, ofProject],
  ] as const) {
    for (const method of ["GET", "DELETE"] as const) {
      const answer = await call(method, "/v3/auth/tokens", { token, subject });
      assertKeystoneError(
        answer,
        403,
        "Forbidden",
        "You are not authorized to perform the requested action.",
      );
    }
  }
  const shown = await call("GET", "/v3/auth/tokens", { token: ofDomain, subject: theirToken });
  assert.equal(shown.json.token.user.name, "ben");
  assert.deepEqual(revoked, []);
  const deleted = await call("DELETE", "/v3/auth/tokens", { token: ofDomain, subject: theirToken });
  assert.equal(deleted.status, 204);
  assert.deepEqual(revoked, [theirToken]);
});

test("without a good token of one's own nothing is answered, and the answer does not say why", async (context) => {
  const { call, logIn, advance } = await openIam(context);
  const expired = await logIn();
  advance(dayMs);
  const routes = [
    ["GET", "/v3/auth/tokens"],
    ["DELETE", "/v3/auth/tokens"],
    ["GET", "/v3/auth/catalog"],
    ["GET", "/v3/projects"],
  ] as const;
  for (const [method, path] of routes) {
    for (const token of [undefined, "", "x", "A".repeat(43), expired]) {
      const answer = await call(method, path, {
        subject: expired,
        ...(token === undefined ? {} : { token }),
      });
      assertKeystoneError(answer, 401, "Unauthorized", needsAuthentication);
    }
  }
});

test("the catalog is the token's, by itself", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const shown = await call("GET", "/v3/auth/tokens", { token, subject: token });
  const answer = await call("GET", "/v3/auth/catalog", { token });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, {
    catalog: shown.json.token.catalog,
    links: { self: `${publicUrl}/v3/auth/catalog` },
  });
});

test("the projects are the caller's, by any scope, and a name finds exactly its own", async (context) => {
  const { call, logIn } = await openIam(context);
  const project = {
    id: projectId,
    name: "eu-de",
    domain_id: "default",
    description: "",
    enabled: true,
    parent_id: "default",
    is_domain: false,
    tags: [],
    links: { self: `${publicUrl}/v3/projects/${projectId}` },
  };
  for (const token of [await logIn(), await logIn("unscoped")]) {
    for (const [query, projects] of [
      ["", [project]],
      ["?name=eu-de", [project]],
      ["?name=eu", []],
      ["?name=EU-DE", []],
      ["?name=", []],
      ["?name=eu-nl&name=eu-de", [project]],
      ["?enabled=true", [project]],
    ] as const) {
      const answer = await call("GET", `/v3/projects${query}`, { token });
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.json, {
        projects,
        links: { self: `${publicUrl}/v3/projects${query}`, next: null, previous: null },
      });
    }
  }
});

test("wrong password, unknown user and unknown scope get the very same answer, without the password", async (context) => {
  const { call } = await openIam(context);
  const inProject = { project: { id: projectId } };
  const bodies = [
    passwordRequest(inProject, { password: "Tr0ub4dor&3" }),
    passwordRequest(inProject, { name: "nobody" }),
    passwordRequest(inProject, { id: "nobody" }),
    passwordRequest(inProject, { domain: { id: "other" } }),
    passwordRequest({ project: { id: "no-such-project" } }),
    passwordRequest({ domain: { name: "Other" } }),
    tokenRequest("no token"),
    tokenRequest("A".repeat(43), inProject),
  ];
  for (const body of bodies) {
    const answer = await call("POST", "/v3/auth/tokens", { body });
    assertKeystoneError(answer, 401, "Unauthorized", needsAuthentication);
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
  const scopes = member({ project: { id: projectId } });
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
