import assert from "node:assert/strict";
import test from "node:test";
import {
  assertForbidden,
  assertKeystoneError,
  assertNotFound,
  assertUnauthorized,
  inProject,
  openIam,
  projectScope,
  publicUrl,
} from "../../../test/open-iam.ts";
import { domain, project } from "../../../test/open-identity.ts";
import { roleNames } from "../../store/store.ts";
import { roleId } from "./documents.ts";

const [reader, admin] = [roleId("reader"), roleId("admin")];
const ofBen = `/v3/projects/${project.id}/users/id-of-ben/roles`;
const ofBenInDomain = "/v3/domains/default/users/id-of-ben/roles";

const readerDocument = {
  id: reader,
  name: "reader",
  domain_id: null,
  description: "",
  options: {},
  links: { self: `${publicUrl}/v3/roles/${reader}` },
};

test("the roles are found by name and by id, and never change their ids", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  const { json } = await call("GET", "/v3/roles", { token });
  assert.deepEqual(
    json.roles.map(({ name }: { name: string }) => name),
    roleNames,
  );
  assert.deepEqual((await call("GET", "/v3/roles?name=reader", { token })).json.roles, [readerDocument]);
  assert.deepEqual((await call("GET", "/v3/roles?domain_id=default", { token })).json.roles, []);
  assert.deepEqual((await call("GET", `/v3/roles/${reader}`, { token })).json, { role: readerDocument });
  assert.equal(reader, "d922cd687830217103baefc67a75b7ca");
  for (const id of ["reader", admin.toUpperCase(), "0".repeat(32)]) {
    assertNotFound(await call("GET", `/v3/roles/${id}`, { token }));
  }
});

test("a role is given, checked, listed and taken away, in a project and in the domain alike", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben");
  const token = await logIn();
  for (const path of [ofBen, ofBenInDomain]) {
    const one = `${path}/${reader}`;
    assertNotFound(await call("GET", one, { token }));
    for (const again of ["at first", "and again"]) {
      const given = await call("PUT", one, { token });
      assert.deepEqual([given.status, given.text], [204, ""], again);
    }
    for (const method of ["GET", "HEAD"] as const) {
      const checked = await call(method, one, { token });
      assert.deepEqual([checked.status, checked.text], [204, ""]);
    }
    const listed = await call("GET", path, { token });
    assert.deepEqual(listed.json, {
      roles: [readerDocument],
      links: { self: publicUrl + path, next: null, previous: null },
    });
    assert.equal((await call("HEAD", `${path}/${admin}`, { token })).status, 404);

    const taken = await call("DELETE", one, { token });
    assert.deepEqual([taken.status, taken.text], [204, ""]);
    assertNotFound(await call("DELETE", one, { token }));
    assert.deepEqual((await call("GET", path, { token })).json.roles, []);
  }
});

test("a PUT as some clients send it, with an empty body that is called JSON, gives the role", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben");
  const token = await logIn();
  const headers = { "content-type": "application/json" };
  assert.equal((await call("PUT", `${ofBen}/${reader}`, { token, headers })).status, 204);
});

test("with a role its tokens die at once", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "reader" }]);
  const [token, theirs] = [await logIn(), await logIn(projectScope, { name: "ben" })];
  assert.equal((await call("DELETE", `${ofBen}/${reader}`, { token })).status, 204);
  assertUnauthorized(await call("GET", "/v3/projects", { token: theirs }));
});

test("what is not there is not found: user, project, domain, role", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben");
  const token = await logIn();
  for (const path of [
    `/v3/projects/${project.id}/users/nobody/roles/${reader}`,
    `/v3/projects/nothing/users/id-of-ben/roles/${reader}`,
    `/v3/domains/nothing/users/id-of-ben/roles/${reader}`,
    `${ofBen}/reader`,
  ]) {
    for (const method of ["GET", "PUT", "DELETE"] as const) {
      assertNotFound(await call(method, path, { token }));
    }
  }
  assertNotFound(await call("GET", `/v3/projects/${project.id}/users/nobody/roles`, { token }));
});

test("the last admin of the domain stays one", async (context) => {
  const { call, logIn } = await openIam(context);
  const answer = await call("DELETE", `/v3/domains/default/users/u1/roles/${admin}`, {
    token: await logIn(),
  });
  assertKeystoneError(answer, 409, "Conflict");
});

test("role assignments are listed by ids, or with names, and by Keystone's filters", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [
    { scope: inProject, role: "reader" },
    { scope: inProject, role: "operator" },
  ]);
  const token = await logIn();
  const list = async (query: string) => {
    const answer = await call("GET", `/v3/role_assignments${query}`, { token });
    assert.equal(answer.status, 200, answer.text);
    const links = { self: `${publicUrl}/v3/role_assignments${query}`, next: null, previous: null };
    assert.deepEqual(answer.json.links, links);
    return answer.json.role_assignments;
  };
  const benReads = {
    role: { id: reader },
    user: { id: "id-of-ben" },
    scope: { project: { id: project.id } },
    links: { assignment: `${publicUrl}${ofBen}/${reader}` },
  };
  assert.deepEqual(await list(`?user.id=id-of-ben&role.id=${reader}`), [benReads]);
  assert.deepEqual(await list(`?user.id=id-of-ben&role.id=${reader}&include_names=0`), [benReads]);
  for (const include of ["include_names", "include_names=", "include_names=True"]) {
    assert.deepEqual(await list(`?user.id=id-of-ben&role.id=${reader}&${include}`), [
      {
        ...benReads,
        role: { id: reader, name: "reader" },
        user: { id: "id-of-ben", name: "ben", domain },
        scope: { project: { id: project.id, name: "eu-de", domain } },
      },
    ]);
  }
  assert.deepEqual(await list("?scope.domain.id=default&include_names"), [
    {
      role: { id: admin, name: "admin" },
      user: { id: "u1", name: "admin", domain },
      scope: { domain },
      links: { assignment: `${publicUrl}/v3/domains/default/users/u1/roles/${admin}` },
    },
  ]);
  for (const [query, count] of [
    ["", 4],
    ["?effective=True", 4],
    [`?scope.project.id=${project.id}`, 3],
    [`?role.id=${admin}`, 2],
    ["?role.id=reader", 0],
    ["?user.id=nobody", 0],
    ["?scope.project.id=nothing", 0],
    ["?group.id=x", 0],
    ["?scope.system=all", 0],
    ["?scope.OS-INHERIT:inherited_to=projects", 0],
  ] as const) {
    assert.equal((await list(query)).length, count, query);
  }
  const both = await call("GET", `/v3/role_assignments?scope.project.id=x&scope.domain.id=y`, { token });
  assertKeystoneError(
    both,
    400,
    "Bad Request",
    "scope.domain.id: cannot be given together with scope.project.id",
  );
});

test("who is no admin of the domain sees what they hold themselves, and gives and takes nothing", async (context) => {
  const { call, logIn, addUser } = await openIam(context);
  await addUser("ben", [{ scope: inProject, role: "admin" }]);
  const token = await logIn(projectScope, { name: "ben" });
  const own = await call("GET", "/v3/role_assignments?user.id=id-of-ben", { token });
  assert.equal(own.json.role_assignments.length, 1);
  assert.equal((await call("GET", ofBen, { token })).json.roles.length, 1);
  assert.equal((await call("GET", `${ofBen}/${admin}`, { token })).status, 204);
  assert.equal((await call("GET", "/v3/roles", { token })).status, 200);
  for (const [method, path] of [
    ["GET", "/v3/role_assignments"],
    ["GET", "/v3/role_assignments?user.id=u1"],
    ["GET", "/v3/role_assignments?group.id=x"],
    ["GET", `/v3/projects/${project.id}/users/u1/roles`],
    ["GET", `/v3/projects/${project.id}/users/u1/roles/${reader}`],
    ["PUT", `${ofBen}/${reader}`],
    ["PUT", `${ofBenInDomain}/${admin}`],
    ["DELETE", `${ofBen}/${admin}`],
    ["DELETE", `${ofBen}/${reader}`],
  ] as const) {
    assertForbidden(await call(method, path, { token }));
  }
});
