import assert from "node:assert/strict";
import test from "node:test";
import {
  assertForbidden,
  assertKeystoneError,
  assertKeystoneHeaders,
  assertNotFound,
  assertUnauthorized,
  inProject,
  openIam,
  password,
  projectScope,
  publicUrl,
} from "../../../test/open-iam.ts";
import { domain } from "../../../test/open-identity.ts";

const benDocument = {
  id: "id-of-ben",
  name: "ben",
  domain_id: "default",
  enabled: true,
  description: "",
  email: "",
  password_expires_at: null,
  options: {},
  links: { self: `${publicUrl}/v3/users/id-of-ben` },
};

test("an admin creates a user, who logs in at once and is shown as Keystone shows users", async (context) => {
  const { call, logIn, store } = await openIam(context);
  const token = await logIn();
  const created = await call("POST", "/v3/users", {
    token,
    body: {
      user: {
        name: "ben",
        password: "a good password",
        domain_id: "default",
        description: "Ben of Backups\nand restores",
        email: "ben@example.com",
        enabled: true,
        default_project_id: "passed over",
        options: { ignore_lockout_failure_attempts: true },
      },
    },
  });
  assert.equal(created.status, 201, created.text);
  assertKeystoneHeaders(created);
  const { id } = created.json.user;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(created.json, {
    user: {
      ...benDocument,
      id,
      description: "Ben of Backups\nand restores",
      email: "ben@example.com",
      links: { self: `${publicUrl}/v3/users/${id}` },
    },
  });
  assert.deepEqual((await call("GET", `/v3/users/${id}`, { token })).json, created.json);

  await store.grantRole({ userId: id, scope: inProject, role: "reader" });
  assert.ok(await logIn(projectScope, { name: "ben", password: "a good password" }));
});

test("what is null or left out of a new user is empty, and without a password nobody logs in", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  for (const [name, more] of [
    ["ann", {}],
    ["bob", { password: null, description: null, email: null, domain_id: null }],
  ] as const) {
    const { status, json } = await call("POST", "/v3/users", { token, body: { user: { name, ...more } } });
    assert.deepEqual(
      [status, json.user.description, json.user.email, json.user.enabled, json.user.domain_id],
      [201, "", "", true, "default"],
    );
    const login = { name, domain: { id: domain.id }, password: "" };
    const body = { auth: { identity: { methods: ["password"], password: { user: login } } } };
    assertUnauthorized(await call("POST", "/v3/auth/tokens", { body }));
  }
});

test("the users are listed by name, and every text and boolean of theirs is a filter", async (context) => {
  const { call, logIn, addUser, store } = await openIam(context);
  await addUser("ben");
  await store.updateUser(await addUser("amy"), { enabled: false });
  const token = await logIn();
  for (const [query, names] of [
    ["", ["admin", "amy", "ben"]],
    ["?name=ben", ["ben"]],
    ["?name=BEN", []],
    ["?name=", ["admin", "amy", "ben"]],
    ["?name=amy&name=ben", ["ben"]],
    ["?domain_id=default", ["admin", "amy", "ben"]],
    ["?domain_id=other", []],
    ["?enabled=true", ["admin", "ben"]],
    ["?enabled", ["admin", "ben"]],
    ["?enabled=False", ["amy"]],
    ["?enabled=0&name=ben", []],
    ["?limit=1", ["admin", "amy", "ben"]],
    ["?limit=1&marker=id-of-ben", []],
    ["?default_project_id=x&__proto__=x&links.self=x", ["admin", "amy", "ben"]],
  ] as const) {
    const answer = await call("GET", `/v3/users${query}`, { token });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      answer.json.users.map(({ name }: { name: string }) => name),
      names,
      query,
    );
    assert.deepEqual(answer.json.links, {
      self: `${publicUrl}/v3/users${query}`,
      next: null,
      previous: null,
    });
  }
  const { json } = await call("GET", "/v3/users?name=ben", { token });
  assert.deepEqual(json.users, [benDocument]);
});

test("a change of a user leaves alone what it does not name, and empties what it sets to null", async (context) => {
  const { call, logIn, addUser, store } = await openIam(context);
  await addUser("ben");
  await store.updateUser("id-of-ben", { description: "of backups", email: "ben@example.com" });
  const token = await logIn();
  const change = async (user: object) => {
    const answer = await call("PATCH", "/v3/users/id-of-ben", { token, body: { user } });
    assert.equal(answer.status, 200, answer.text);
    return answer.json.user;
  };
  const before = { ...benDocument, description: "of backups", email: "ben@example.com" };
  assert.deepEqual(await change({}), before);
  assert.deepEqual(await change({ description: null, domain_id: "default" }), { ...before, description: "" });
  assert.deepEqual(await change({ name: "benjamin", email: "b@example.com", enabled: false }), {
    ...before,
    name: "benjamin",
    description: "",
    email: "b@example.com",
    enabled: false,
  });
});

test("a new password, or being disabled, kills every token of a user", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "reader" }]);
  const token = await logIn();
  for (const user of [{ password: "another password" }, { enabled: false }]) {
    const theirs = await logIn(projectScope, {
      name: "ben",
      ...("enabled" in user && { password: "another password" }),
    });
    assert.equal((await call("PATCH", "/v3/users/id-of-ben", { token, body: { user } })).status, 200);
    assertUnauthorized(await call("GET", "/v3/projects", { token: theirs }));
  }
});

test("a user changes their own password with the old one, and nobody else's", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "reader" }]);
  const token = await logIn(projectScope, { name: "ben" });
  const change = (path: string, original_password: string) =>
    call("POST", path, { token, body: { user: { original_password, password: "another password" } } });

  assertUnauthorized(await change("/v3/users/id-of-ben/password", "not the password"));
  assertForbidden(await change("/v3/users/u1/password", password));
  const changed = await change("/v3/users/id-of-ben/password", password);
  assert.deepEqual([changed.status, changed.text], [204, ""]);
  assertUnauthorized(await call("GET", "/v3/projects", { token }));
  assert.ok(await logIn(projectScope, { name: "ben", password: "another password" }));
});

test("a deleted user is gone, with their tokens", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "reader" }]);
  const [token, theirs] = [await logIn(), await logIn(projectScope, { name: "ben" })];
  const deleted = await call("DELETE", "/v3/users/id-of-ben", { token });
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  for (const method of ["GET", "DELETE"] as const) {
    assertNotFound(await call(method, "/v3/users/id-of-ben", { token }));
  }
  assertUnauthorized(await call("GET", "/v3/projects", { token: theirs }));
});

test("a taken name, and the end of the last admin, are conflicts", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben");
  const token = await logIn();
  for (const [method, path, user] of [
    ["POST", "/v3/users", { name: "ben" }],
    ["PATCH", "/v3/users/id-of-ben", { name: "admin" }],
    ["PATCH", "/v3/users/u1", { enabled: false }],
    ["DELETE", "/v3/users/u1", undefined],
  ] as const) {
    const answer = await call(method, path, { token, ...(user && { body: { user } }) });
    assertKeystoneError(answer, 409, "Conflict");
  }
});

test("who is no admin sees themselves and their projects, and no one else", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "admin" }]);
  const token = await logIn(projectScope, { name: "ben" });
  assert.deepEqual((await call("GET", "/v3/users/id-of-ben", { token })).json, { user: benDocument });
  const { json } = await call("GET", "/v3/users/id-of-ben/projects?enabled=true", { token });
  assert.deepEqual(
    json.projects.map(({ name }: { name: string }) => name),
    ["eu-de"],
  );
  for (const [method, path, user] of [
    ["GET", "/v3/users", undefined],
    ["GET", "/v3/users/u1", undefined],
    ["GET", "/v3/users/nobody", undefined],
    ["GET", "/v3/users/u1/projects", undefined],
    ["POST", "/v3/users", { name: "amy" }],
    ["PATCH", "/v3/users/id-of-ben", { email: "ben@example.com" }],
    ["PATCH", "/v3/users/nobody", {}],
    ["DELETE", "/v3/users/id-of-ben", undefined],
  ] as const) {
    assertForbidden(await call(method, path, { token, ...(user && { body: { user } }) }));
  }
});

test("nobody looks after a domain that is not their own", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const user = { name: "amy", domain_id: "other" };
  assertForbidden(await call("POST", "/v3/users", { token, body: { user } }));
  assertForbidden(await call("PATCH", "/v3/users/u1", { token, body: { user } }));
});

test("a value of a user that is not acceptable is named, and a password never repeated", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const secret = "Tr0ub4dor&3".repeat(30);
  const cases: readonly (readonly [unknown, string])[] = [
    [{}, "user: is required"],
    [{ user: {} }, "user.name: is required"],
    [{ user: { name: "" } }, "user.name: must have at least 1 character"],
    [{ user: { name: "x".repeat(65) } }, "user.name: must have at most 64 characters"],
    [
      { user: { name: "a\nb" } },
      "user.name: must be well-formed Unicode without control and invisible characters, and without blanks at its ends",
    ],
    [
      { user: { name: " admin" } },
      "user.name: must be well-formed Unicode without control and invisible characters, and without blanks at its ends",
    ],
    [
      { user: { name: "ad\u200bmin" } },
      "user.name: must be well-formed Unicode without control and invisible characters, and without blanks at its ends",
    ],
    [{ user: { name: "x", enabled: "true" } }, "user.enabled: must be a boolean"],
    [{ user: { name: "x", email: "x".repeat(256) } }, "user.email: must have at most 255 characters"],
    [{ user: { name: "x", password: "7 chars" } }, "user.password: must have at least 8 characters"],
    [{ user: { name: "x", password: secret } }, "user.password: must have at most 256 characters"],
    [
      { user: { name: "x", password: `${secret.slice(0, 9)}\u0000` } },
      "user.password: must be well-formed Unicode without U+0000",
    ],
    [{ user: { name: "x", password: [secret] } }, "user.password: must be a string"],
  ];
  for (const [body, message] of cases) {
    const answer = await call("POST", "/v3/users", { token, body });
    assertKeystoneError(answer, 400, "Bad Request", message);
    assert.ok(!answer.text.includes("Tr0ub4dor"));
  }
  const body = { user: { password: null } };
  assertKeystoneError(
    await call("PATCH", "/v3/users/u1", { token, body }),
    400,
    "Bad Request",
    "user.password: must be a string",
  );
});

test("names of 1 and 64 characters and passwords of 8 and 256 are taken, counted as characters", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  for (const [name, password] of [
    ["🐢", "😀".repeat(8)],
    ["🐢".repeat(64), "p".repeat(256)],
  ] as const) {
    const answer = await call("POST", "/v3/users", { token, body: { user: { name, password } } });
    assert.deepEqual([answer.status, answer.json.user?.name], [201, name], answer.text);
  }
});
