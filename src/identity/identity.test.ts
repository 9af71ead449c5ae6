import assert from "node:assert/strict";
import test from "node:test";
import { type RoleName, roleNames } from "../store/store.ts";
import { mayAccess, mayAdminister, type Permission, type Principal } from "./identity.ts";

const domain = { id: "default", name: "Default" };
const project = { id: "p1", name: "eu-de", domain, description: "", enabled: true };
const user = { id: "u1", name: "ann", domain };

function inProject(...roles: readonly RoleName[]): Principal {
  return { user, project, domain: undefined, roles, administers: false, temporary: false };
}

function inDomain(...roles: readonly RoleName[]): Principal {
  return { user, project: undefined, domain, roles, administers: false, temporary: false };
}

test("each role may do in its project exactly what it is for", () => {
  const allowed: Readonly<Record<RoleName, readonly Permission[]>> = {
    reader: ["read"],
    operator: ["read", "operate"],
    reporter: ["read", "report"],
    admin: ["read", "report", "operate", "import"],
  };
  for (const role of roleNames) {
    for (const permission of ["read", "report", "operate", "import"] as const) {
      assert.equal(mayAccess(inProject(role), "p1", permission), allowed[role].includes(permission));
    }
  }
});

test("several roles may do what any of them may, and no role nothing", () => {
  assert.equal(mayAccess(inProject("reader", "reporter"), "p1", "report"), true);
  assert.equal(mayAccess(inProject("reader", "reporter"), "p1", "operate"), false);
  assert.equal(mayAccess(inProject(), "p1", "read"), false);
});

test("even an admin may nothing in another project, nor with a domain's token in any project", () => {
  assert.equal(mayAccess(inProject("admin"), "p2", "read"), false);
  assert.equal(mayAccess(inDomain("admin"), "p1", "read"), false);
  assert.equal(mayAccess(inDomain("admin"), "default", "read"), false);
});

test("who has the role admin in their own domain administers it, whatever the token is for", () => {
  for (const principal of [inDomain("admin"), inProject("reader")]) {
    assert.equal(mayAdminister({ ...principal, administers: true }, "default"), true);
    assert.equal(mayAdminister({ ...principal, administers: true }, "other"), false);
    assert.equal(mayAdminister(principal, "default"), false);
  }
});
