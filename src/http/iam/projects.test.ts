import assert from "node:assert/strict";
import test from "node:test";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import {
  assertForbidden,
  assertKeystoneError,
  assertNotFound,
  assertUnauthorized,
  domainScope,
  inProject,
  openIam,
  projectScope,
  publicUrl,
} from "../../../test/open-iam.ts";
import { domain, project } from "../../../test/open-identity.ts";

const firstDocument = {
  id: project.id,
  name: "eu-de",
  domain_id: "default",
  description: "",
  enabled: true,
  parent_id: "default",
  is_domain: false,
  options: {},
  tags: [],
  links: { self: `${publicUrl}/v3/projects/${project.id}` },
};

test("the first project is shown by any scope, and a name finds exactly its own", async (context) => {
  const { call, logIn } = await openIam(context);
  for (const token of [await logIn(), await logIn("unscoped")]) {
    for (const [query, projects] of [
      ["", [firstDocument]],
      ["?name=eu-de", [firstDocument]],
      ["?name=eu", []],
      ["?name=EU-DE", []],
      ["?name=", [firstDocument]],
      ["?name=eu-nl&name=eu-de", [firstDocument]],
      ["?enabled=true&domain_id=default", [firstDocument]],
      ["?domain_id=other", []],
      ["?enabled=false", []],
      ["?parent_id=default&is_domain=false", [firstDocument]],
      ["?tags=any", []],
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

test("an admin creates a project, gives roles in it, changes it and deletes it", async (context) => {
  const { call, logIn, store } = await openIam(context);
  const token = await logIn();
  const created = await call("POST", "/v3/projects", {
    token,
    body: {
      project: { name: "eu-nl", domain_id: "default", parent_id: "default", is_domain: false, tags: ["x"] },
    },
  });
  assert.equal(created.status, 201, created.text);
  const { id } = created.json.project;
  assert.match(id, /^[0-9a-f]{32}$/);
  const document = {
    ...firstDocument,
    id,
    name: "eu-nl",
    links: { self: `${publicUrl}/v3/projects/${id}` },
  };
  assert.deepEqual(created.json, { project: document });
  assert.deepEqual((await call("GET", `/v3/projects/${id}`, { token })).json, created.json);

  await store.grantRole({ userId: "u1", scope: { kind: "project", projectId: id }, role: "reader" });
  const inside = await logIn({ project: { id } });
  const body = { project: { name: "eu-be", description: "Brussels", enabled: false, parent_id: null } };
  const changed = await call("PATCH", `/v3/projects/${id}`, { token, body });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(changed.json.project, {
    ...document,
    name: "eu-be",
    description: "Brussels",
    enabled: false,
  });
  assertUnauthorized(await call("GET", "/v3/projects", { token: inside }));
  const { json } = await call("GET", "/v3/projects?enabled=false", { token });
  assert.deepEqual(json.projects, [changed.json.project]);

  const deleted = await call("DELETE", `/v3/projects/${id}`, { token });
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  for (const method of ["GET", "DELETE"] as const) {
    assertNotFound(await call(method, `/v3/projects/${id}`, { token }));
  }
});

test("a taken name, and the deletion of a project with tasks, are conflicts", async (context) => {
  const { call, logIn, store, tasks } = await openIam(context);
  await store.createProject({ ...project, id: "second", name: "eu-nl" });
  await tasks.createTask(creationOf(taskFactory.running({ projectId: project.id })));
  const token = await logIn();
  for (const [method, path, body] of [
    ["POST", "/v3/projects", { project: { name: "eu-de" } }],
    ["PATCH", "/v3/projects/second", { project: { name: "eu-de" } }],
    ["DELETE", `/v3/projects/${project.id}`, undefined],
  ] as const) {
    assertKeystoneError(await call(method, path, { token, body }), 409, "Conflict");
  }
});

test("a project below another, a project that is a domain, and another domain are refused", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn();
  for (const [place, message] of [
    [
      { parent_id: project.id },
      "project.parent_id: must be the domain: projects have no projects below them",
    ],
    [{ is_domain: true }, "project.is_domain: must be false: a project is no domain"],
  ] as const) {
    const body = { project: { name: "new", ...place } };
    for (const [method, path] of [
      ["POST", "/v3/projects"],
      ["PATCH", `/v3/projects/${project.id}`],
    ] as const) {
      assertKeystoneError(await call(method, path, { token, body }), 400, "Bad Request", message);
    }
  }
  const body = { project: { name: "new", domain_id: "other" } };
  assertForbidden(await call("POST", "/v3/projects", { token, body }));
  assertForbidden(await call("PATCH", `/v3/projects/${project.id}`, { token, body }));
});

test("who is no admin of the domain sees their own projects, and changes none", async (context) => {
  const { call, logIn, addUser, store } = await openIam(context);
  await store.createProject({ ...project, id: "second", name: "eu-nl" });
  await addUser("ben", [{ scope: inProject, role: "admin" }]);
  const token = await logIn(projectScope, { name: "ben" });
  assert.deepEqual((await call("GET", "/v3/projects", { token })).json.projects, [firstDocument]);
  assert.deepEqual((await call("GET", `/v3/projects/${project.id}`, { token })).json.project, firstDocument);
  for (const [method, path, body] of [
    ["GET", "/v3/projects/second", undefined],
    ["GET", "/v3/projects/nothing", undefined],
    ["POST", "/v3/projects", { project: { name: "new" } }],
    ["PATCH", `/v3/projects/${project.id}`, { project: {} }],
    ["DELETE", `/v3/projects/${project.id}`, undefined],
  ] as const) {
    assertForbidden(await call(method, path, { token, body }));
  }
});

test("the domain is found by name and by id, and cannot be changed here", async (context) => {
  const { call, logIn } = await openIam(context);
  const token = await logIn(domainScope);
  const document = {
    ...domain,
    description: "",
    enabled: true,
    options: {},
    tags: [],
    links: { self: `${publicUrl}/v3/domains/default` },
  };
  assert.deepEqual((await call("GET", "/v3/domains/default", { token })).json, { domain: document });
  assertNotFound(await call("GET", "/v3/domains/Default", { token }));
  for (const [query, domains] of [
    ["?name=Default", [document]],
    ["?name=Other", []],
  ] as const) {
    assert.deepEqual((await call("GET", `/v3/domains${query}`, { token })).json.domains, domains);
  }
  const refused = await call("POST", "/v3/domains", { token, body: { domain: { name: "new" } } });
  assertKeystoneError(refused, 405, "Method Not Allowed");
});
