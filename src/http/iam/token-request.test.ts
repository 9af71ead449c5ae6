import assert from "node:assert/strict";
import test from "node:test";
import { TaskCenterError } from "../../task/error.ts";
import { parseTokenRequest, type TokenRequest } from "./token-request.ts";

type RequestedIdentity = TokenRequest["auth"]["identity"];
type Scope = TokenRequest["auth"]["scope"];
type RequestedUser = NonNullable<RequestedIdentity["password"]>["user"];

const byPassword = (user: RequestedUser): RequestedIdentity => ({
  methods: ["password"],
  password: { user },
});
const byToken: RequestedIdentity = { methods: ["token"], token: { id: "t" } };

function parse(identity: RequestedIdentity, scope?: Exclude<Scope, undefined>) {
  return parseTokenRequest({ auth: { identity, ...(scope === undefined ? {} : { scope }) } });
}

test("a user is named by id, or by name and domain; an id wins", () => {
  const password = "secret";
  const cases: readonly (readonly [RequestedUser, unknown])[] = [
    [{ id: "u1", password }, { id: "u1" }],
    [{ id: "u1", name: "ann", password }, { id: "u1" }],
    [
      { name: "ann", domain: { id: "default" }, password },
      { name: "ann", domain: { id: "default" } },
    ],
    [
      { name: "ann", domain: { name: "Default" }, password },
      { name: "ann", domain: { name: "Default" } },
    ],
    [
      { name: "ann", domain: { id: "default", name: "Default" }, password },
      { name: "ann", domain: { id: "default" } },
    ],
  ];
  for (const [user, reference] of cases) {
    assert.deepEqual(parse(byPassword(user)).credentials, { method: "password", user: reference, password });
  }
});

test("a token is taken as it is", () => {
  assert.deepEqual(parse(byToken).credentials, { method: "token", token: "t" });
});

test("a scope is a project, a domain, or none; a project goes before a domain and may lack its own", () => {
  const cases: readonly (readonly [Scope, unknown])[] = [
    [undefined, { kind: "unscoped" }],
    ["unscoped", { kind: "unscoped" }],
    [{ unscoped: {} }, { kind: "unscoped" }],
    [{ domain: { id: "d1" } }, { kind: "domain", domain: { id: "d1" } }],
    [{ domain: { name: "Default" } }, { kind: "domain", domain: { name: "Default" } }],
    [{ project: { id: "p1", name: "eu-de" } }, { kind: "project", project: { id: "p1" } }],
    [
      { project: { name: "eu-de", domain: { name: "Default" } } },
      { kind: "project", project: { name: "eu-de", domain: { name: "Default" } } },
    ],
    [{ project: { name: "eu-de" } }, { kind: "project", project: { name: "eu-de" } }],
    [
      { project: { id: "p1" }, domain: { id: "d1" } },
      { kind: "project", project: { id: "p1" } },
    ],
  ];
  for (const [scope, expected] of cases) assert.deepEqual(parse(byToken, scope).scope, expected);
});

test("what names nobody, or asks for what there is not, is refused, naming the member", () => {
  const password = "secret";
  const noMethod = 'auth.identity.methods: must be ["password"] or ["token"]';
  const noScope = 'auth.scope: needs a project or a domain, or is "unscoped"';
  const cases: readonly (readonly [RequestedIdentity, Scope, string])[] = [
    [{ methods: [] }, undefined, noMethod],
    [{ methods: ["totp"] }, undefined, noMethod],
    [{ ...byToken, methods: ["token", "password"] }, undefined, noMethod],
    [{ methods: ["password"] }, undefined, "auth.identity.password: is required by its method"],
    [{ methods: ["token"] }, undefined, "auth.identity.token: is required by its method"],
    [
      byPassword({ password }),
      undefined,
      "auth.identity.password.user: needs an id, or a name with its domain",
    ],
    [
      byPassword({ name: "ann", password }),
      undefined,
      "auth.identity.password.user.domain: is required with a name",
    ],
    [
      byPassword({ name: "ann", domain: {}, password }),
      undefined,
      "auth.identity.password.user.domain: needs an id or a name",
    ],
    [byToken, {}, noScope],
    [byToken, { project: {} }, "auth.scope.project: needs an id, or a name with its domain"],
    [byToken, { project: { domain: {} } }, "auth.scope.project: needs an id, or a name with its domain"],
    [byToken, { project: { name: "eu-de", domain: {} } }, "auth.scope.project.domain: needs an id or a name"],
    [byToken, { domain: {} }, "auth.scope.domain: needs an id or a name"],
  ];
  for (const [identity, scope, message] of cases) {
    assert.throws(
      () => parse(identity, scope),
      (error) =>
        error instanceof TaskCenterError && error.code === "invalid-parameter" && error.message === message,
      message,
    );
  }
});
