import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  adminPassword,
  callServer,
  logIn,
  projectId,
  startServerProcess,
  type TestProcess,
} from "../test/start-server.ts";

/**
 * Debian's OpenStack client and SDK, unchanged, against the server as its user starts it. Without them the tests fail:
 * `apt-get install python3-openstackclient python3-openstacksdk`.
 */
let server: TestProcess;
const execute = promisify(execFile);
const patienceMs = 60_000;

before(async () => {
  server = await startServerProcess({ directory: mkdtempSync(join(tmpdir(), "taskcenter-openstack-")) });
  const token = await logIn(server.url);
  for (const service of ["ddm", "rds", "geminidb"]) {
    const body = { service, id: `${service}-1`, name: "RestartInstance", instance: { id: "in-1" } };
    const { status } = await callServer(`${server.url}/v1/${projectId}/tasks`, { token, body });
    assert.equal(status, 201);
  }
});
after(async () => {
  await server.stop();
  rmSync(server.directory, { recursive: true });
});

type Environment = Readonly<Record<string, string>>;

/** The ways in which a user tells the client who they are. */
function passwordLogin(changes: Environment = {}): Environment {
  return {
    OS_AUTH_URL: `${server.url}/v3`,
    OS_USERNAME: "admin",
    OS_PASSWORD: adminPassword,
    OS_USER_DOMAIN_NAME: "Default",
    OS_PROJECT_NAME: "eu-de",
    OS_PROJECT_DOMAIN_NAME: "Default",
    OS_IDENTITY_API_VERSION: "3",
    ...changes,
  };
}

function withoutProject(): Environment {
  const { OS_PROJECT_NAME: _, OS_PROJECT_DOMAIN_NAME: __, ...login } = passwordLogin();
  return login;
}

async function tokenLogin(authUrl = `${server.url}/v3`): Promise<Environment> {
  return {
    OS_AUTH_TYPE: "token",
    OS_AUTH_URL: authUrl,
    OS_TOKEN: await logIn(server.url),
    OS_PROJECT_ID: projectId,
    OS_IDENTITY_API_VERSION: "3",
  };
}

/** Runs the client, and answers what it prints. */
async function openstack(login: Environment, ...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: server.directory, LC_ALL: "C.UTF-8", ...login };
  const { stdout } = await execute("/usr/bin/openstack", args, { env, timeout: patienceMs });
  return stdout;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the client prints, and fails where it is not there
async function openstackJson(login: Environment, ...args: readonly string[]): Promise<any> {
  return JSON.parse(await openstack(login, ...args, "-f", "json"));
}

test("a token is issued in every mode, with and without /v3 in the address", async () => {
  const scoped = [
    passwordLogin(),
    passwordLogin({ OS_AUTH_URL: server.url }),
    passwordLogin({ OS_AUTH_URL: `${server.url}/` }),
    await tokenLogin(),
    await tokenLogin(server.url),
    { OS_CLIENT_CONFIG_FILE: server.cloudsFile, OS_CLOUD: "taskcenter" },
  ];
  for (const login of scoped) {
    const issued = await openstackJson(login, "token", "issue");
    assert.equal(issued.project_id, projectId);
    assert.match(issued.id, /^[\w-]{43}$/);
  }
  const unscoped = await openstackJson(withoutProject(), "token", "issue");
  assert.equal(unscoped.project_id, undefined);
});

test("a revoked token is dead", async () => {
  const { id: token } = await openstackJson(passwordLogin(), "token", "issue");
  const read = () => callServer(`${server.url}/v1/${projectId}/tasks`, { token });
  assert.equal((await read()).status, 200);
  await openstack(passwordLogin(), "token", "revoke", token);
  assert.equal((await read()).status, 401);
});

test("the catalog shows every service in the project", async () => {
  const catalog = await openstackJson(passwordLogin(), "catalog", "list");
  assert.deepEqual(catalog.map(({ Type }: { Type: string }) => Type).sort(), [
    "ddmv1",
    "ddmv2",
    "ddmv3",
    "geminidb",
    "identity",
    "nosql",
    "rdsv3",
    "taskcenter",
  ]);
});

test("projects are listed and shown, with a project, a token, and without a project", async () => {
  for (const login of [passwordLogin(), await tokenLogin(), withoutProject()]) {
    const projects = await openstackJson(login, "project", "list");
    assert.deepEqual(projects, [{ ID: projectId, Name: "eu-de" }]);
    for (const name of ["eu-de", projectId]) {
      const project = await openstackJson(login, "project", "show", name);
      assert.deepEqual([project.id, project.name, project.enabled], [projectId, "eu-de", true]);
    }
  }
});

test("an administrator looks after users, projects and roles, and the user they made logs in", async () => {
  const login = passwordLogin();
  const ann = await openstackJson(
    login,
    ...["user", "create", "ann", "--password", "ann's password", "--email", "ann@example.org"],
  );
  const annsLogin = passwordLogin({ OS_USERNAME: "ann", OS_PASSWORD: "ann's password" });
  await assert.rejects(openstack(annsLogin, "token", "issue"), /HTTP 401/);
  await openstack(login, "role", "add", "--project", "eu-de", "--user", "ann", "reader");
  await openstack(login, "project", "create", "other", "--description", "another one");
  await openstack(login, "role", "add", "--project", "other", "--user", "ann", "reporter");
  const assignments = await openstackJson(login, "role", "assignment", "list", "--user", "ann", "--names");
  assert.deepEqual(
    assignments.map(({ Role, Project }: { Role: string; Project: string }) => [Role, Project]).sort(),
    [
      ["reader", "eu-de@Default"],
      ["reporter", "other@Default"],
    ],
  );
  const { id: token } = await openstackJson(annsLogin, "token", "issue");
  assert.equal((await callServer(`${server.url}/v1/${projectId}/tasks`, { token })).status, 200);
  await assert.rejects(openstack(annsLogin, "user", "list"), /HTTP 403/);

  await openstack(login, "role", "remove", "--project", "eu-de", "--user", "ann", "reader");
  assert.equal((await callServer(`${server.url}/v1/${projectId}/tasks`, { token })).status, 401);
  await openstack(login, "user", "set", "ann", "--name", "anna", "--disable");
  const shown = await openstackJson(login, "user", "show", "anna");
  assert.deepEqual([shown.id, shown.enabled, shown.email], [ann.id, false, "ann@example.org"]);
  await openstack(login, "user", "delete", "anna");
  await openstack(login, "project", "set", "other", "--disable");
  assert.equal((await openstackJson(login, "project", "show", "other")).enabled, false);
  await openstack(login, "project", "delete", "other");
  assert.deepEqual(
    (await openstackJson(login, "user", "list")).map(({ Name }: { Name: string }) => Name),
    ["admin"],
  );
});

test("a user changes their own password", async () => {
  const login = passwordLogin();
  await openstack(login, "user", "create", "bob", "--password", "the first password");
  await openstack(login, "role", "add", "--project", "eu-de", "--user", "bob", "reader");
  const asBob = (password: string) => passwordLogin({ OS_USERNAME: "bob", OS_PASSWORD: password });
  await openstack(
    asBob("the first password"),
    ...["user", "password", "set", "--original-password", "the first password"],
    ...["--password", "the second password"],
  );
  await assert.rejects(openstack(asBob("the first password"), "token", "issue"), /HTTP 401/);
  await openstack(asBob("the second password"), "token", "issue");
  await openstack(login, "user", "delete", "bob");
});

test("the SDK logs in, with a project and without, administers, and reads all three services through the catalog", async () => {
  const script = fileURLToPath(new URL("openstack-sdk.py", import.meta.url));
  const logins: readonly (readonly [project: string | null, Environment])[] = [
    [projectId, passwordLogin()],
    [projectId, passwordLogin({ OS_AUTH_URL: server.url })],
    [projectId, await tokenLogin()],
    [projectId, { OS_CLIENT_CONFIG_FILE: server.cloudsFile, OS_CLOUD: "taskcenter" }],
    [null, withoutProject()],
    [null, { ...withoutProject(), OS_AUTH_URL: server.url }],
    [null, { ...withoutProject(), OS_DOMAIN_NAME: "Default" }],
  ];
  for (const [project, login] of logins) {
    const env = { PATH: process.env.PATH, HOME: server.directory, OS_REGION_NAME: "eu-de", ...login };
    const { stdout } = await execute("/usr/bin/python3", [script], { env, timeout: patienceMs });
    assert.deepEqual(JSON.parse(stdout), {
      project,
      inside: projectId,
      projects: ["eu-de"],
      users: ["admin", "sdk"],
      roles: ["admin", "operator", "reader", "reporter"],
      ddm: ["ddm-1"],
      rds: ["rds-1"],
      geminidb: ["geminidb-1"],
      taskcenter: 3,
    });
  }
});
