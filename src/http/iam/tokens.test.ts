import assert from "node:assert/strict";
import test from "node:test";
import {
  assertForbidden,
  assertKeystoneError,
  assertKeystoneHeaders,
  assertUnauthorized,
  callerRoutes,
  domainScope,
  inProject,
  openIam,
  passwordRequest,
  projectScope,
  publicUrl,
  tokenRequest,
} from "../../../test/open-iam.ts";
import { project, tokenLifetimeMs } from "../../../test/open-identity.ts";

test("a token shows itself as at its login, and says itself again in the header", async (context) => {
  const { call } = await openIam(context);
  const login = await call("POST", "/v3/auth/tokens", {
    body: passwordRequest(projectScope),
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
    assertUnauthorized(await call("GET", path, { token: other }));
  }
  const again = await call("DELETE", "/v3/auth/tokens", { token, subject: other });
  assertKeystoneError(again, 404, "Not Found", "Could not find token.");
  assert.equal((await call("DELETE", "/v3/auth/tokens", { token, subject: token })).status, 204);
  assert.equal((await call("GET", "/v3/projects", { token })).status, 401);
});

test("a subject token that is missing, malformed, unknown or expired is one that cannot be found", async (context) => {
  const { call, logIn, advance } = await openIam(context);
  const expired = await logIn();
  advance(tokenLifetimeMs);
  const token = await logIn();
  for (const method of ["GET", "HEAD", "DELETE"] as const) {
    for (const subject of [undefined, "", "x", "A".repeat(43), expired]) {
      const answer = await call(method, "/v3/auth/tokens", {
        token,
        subject,
      });
      if (method === "HEAD") assert.deepEqual([answer.status, answer.text], [404, ""]);
      else assertKeystoneError(answer, 404, "Not Found", "Could not find token.");
    }
  }
});

test("somebody else's token is shown and revoked by an admin of the domain alone, whatever the scope", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "admin" }]);
  const theirs = await logIn(projectScope, { name: "ben" });
  const admins = [await logIn(), await logIn(domainScope)];

  for (const method of ["GET", "DELETE"] as const) {
    assertForbidden(await call(method, "/v3/auth/tokens", { token: theirs, subject: admins[0] }));
  }
  for (const token of admins) {
    const shown = await call("GET", "/v3/auth/tokens", { token, subject: theirs });
    assert.equal(shown.json.token.user.name, "ben");
    const another = await logIn(projectScope, { name: "ben" });
    assert.equal((await call("DELETE", "/v3/auth/tokens", { token, subject: another })).status, 204);
    assertUnauthorized(await call("GET", "/v3/projects", { token: another }));
  }
});

test("without a good token of one's own nothing is answered, and the answer does not say why", async (context) => {
  const { call, logIn, advance } = await openIam(context);
  const expired = await logIn();
  advance(tokenLifetimeMs);
  for (const [method, path] of callerRoutes) {
    for (const token of [undefined, "", "x", "A".repeat(43), expired]) {
      // Not even whether the body is a good one: it is not read yet.
      const body = method === "GET" ? undefined : "{";
      assertUnauthorized(await call(method, path, { subject: expired, body, token }));
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

test("the caller's own projects and domains are those in which they have a role", async (context) => {
  const { call, logIn, addUser, store } = await openIam(context);
  const second = { ...project, id: "second", name: "a second one" };
  await store.createProject(second);
  await addUser("ben", [{ scope: inProject, role: "reader" }]);
  const names = async (path: string, token: string) => {
    const { status, json } = await call("GET", `/v3/auth/${path}`, { token });
    assert.equal(status, 200);
    return json[path].map(({ name }: { name: string }) => name);
  };
  const [root, ben] = [await logIn(), await logIn("unscoped", { name: "ben" })];
  assert.deepEqual(await names("projects", root), ["eu-de"]);
  assert.deepEqual(await names("domains", root), ["Default"]);
  assert.deepEqual(await names("projects", ben), ["eu-de"]);
  assert.deepEqual(await names("domains", ben), []);

  await store.grantRole({
    userId: "id-of-ben",
    scope: { kind: "project", projectId: second.id },
    role: "reader",
  });
  assert.deepEqual(await names("projects", ben), ["a second one", "eu-de"]);
});
