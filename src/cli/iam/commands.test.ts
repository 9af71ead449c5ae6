import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { parse } from "yaml";
import { type CliEnd, type CliOptions, runCli } from "../../../test/start-cli.ts";
import { adminPassword, projectId, startServer, type TestServer } from "../../../test/start-server.ts";

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const run = (args: readonly string[], options: CliOptions = {}): Promise<CliEnd> =>
  runCli(server, args, options);

/** Runs what must succeed, and answers what it printed. */
async function runs(args: readonly string[], options: CliOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, options);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

const silent = { code: 0, stdout: "", stderr: "" };
const as = (OS_USERNAME: string, OS_PASSWORD: string) => ({ env: { OS_USERNAME, OS_PASSWORD } });

async function rolesOf(name: string): Promise<readonly (readonly unknown[])[]> {
  const users = JSON.parse(await runs(["user", "list", "-o", "json"]));
  const { roles } = users.find((user: { readonly name: string }) => user.name === name);
  return roles.map((held: { role: string; project?: { name: string }; domain?: { name: string } }) => [
    held.role,
    held.project?.name ?? held.domain?.name,
  ]);
}

test("a user is added with roles and a password, and logs in with it", async () => {
  const about = ["--description", "on call", "--email", "ann@example.com"];
  const added = await run(
    [
      "user",
      "add",
      "ann",
      "--project",
      "eu-de",
      "--role",
      "reader",
      "operator",
      "--password-stdin",
      ...about,
    ],
    { stdin: "a password of ann\n" },
  );
  assert.match(added.stdout, /^[0-9a-f]{32}\n$/);
  assert.deepEqual({ ...added, stdout: "" }, silent);
  assert.deepEqual(await rolesOf("ann"), [
    ["operator", "eu-de"],
    ["reader", "eu-de"],
  ]);
  await runs(["list"], as("ann", "a password of ann"));
  assert.deepEqual(await run(["user", "add", "bob"], as("ann", "a password of ann")), {
    code: 77,
    stdout: "",
    stderr: "taskcenter: not allowed: You are not authorized to perform the requested action.\n",
  });
});

test("everybody sees themselves with their roles, and changes their own password by their own name", async () => {
  const stdin = "a password of sue\n";
  await runs(["user", "add", "sue", "--project", "eu-de", "--role", "reader", "--password-stdin"], { stdin });
  const asSue = as("sue", "a password of sue");
  const [sue, ...others] = JSON.parse(await runs(["user", "list", "-o", "json"], asSue));
  assert.deepEqual(
    [sue.name, sue.roles[0].role, sue.roles[0].project.name, others],
    ["sue", "reader", "eu-de", []],
  );
  const passwd = ["user", "passwd", "sue", "--password-stdin"];
  const alone = await run(passwd, { ...asSue, stdin: "another password\n" });
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /stdin must hold 2 lines: the old password, then the new one$/m);
  await runs(passwd, { ...asSue, stdin: "a password of sue\nanother password\n" });
  await runs(["user", "list"], as("sue", "another password"));
  const other = await run(["user", "passwd", "admin", "--password-stdin"], {
    ...as("sue", "another password"),
    stdin: "of the admin\n",
  });
  assert.equal(other.code, 77);
});

test("a user who could not be given all roles is there all the same, and that is said", async (t) => {
  let grants = 0;
  const proxy = createServer(async (request, response) => {
    const isGrant = request.method === "PUT";
    if (isGrant) grants += 1;
    if (isGrant && grants === 2) return response.writeHead(500).end();
    const body = Buffer.concat(await request.toArray());
    const token = request.headers["x-auth-token"];
    const answer = await server.call(request.url ?? "", {
      method: request.method ?? "",
      token: typeof token === "string" ? token : null,
      ...(body.length === 0 ? {} : { body: body.toString() }),
    });
    const issued = answer.headers.get("x-subject-token");
    response.writeHead(answer.status, issued === null ? {} : { "x-subject-token": issued }).end(answer.text);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const OS_AUTH_URL = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/v3`;
  const roles = ["reader", "operator", "reporter"];
  const { code, stdout, stderr } = await run(
    ["user", "add", "half", "--project", "eu-de", "--role", ...roles],
    {
      env: { OS_AUTH_URL },
    },
  );
  assert.equal(code, 1);
  assert.match(stdout, /^[0-9a-f]{32}\n$/);
  assert.match(
    stderr,
    /^the user is added, but not granted operator, reporter: see taskcenter user grant\ntaskcenter: the server answered 500/m,
  );
  assert.deepEqual(await rolesOf("half"), [["reader", "eu-de"]]);
});

test("a login without a project looks after users, and is not shown one in the address for a machine", async () => {
  const env = {
    OS_CLIENT_CONFIG_FILE: "",
    OS_AUTH_URL: `${server.url}/v3`,
    OS_USERNAME: "admin",
    OS_PASSWORD: adminPassword,
  };
  await runs(["user", "list"], { env });
  await runs(["project", "list"], { env });
  const { stderr } = await run(["access-key", "add"], { env });
  assert.ok(stderr.includes(`export TASKCENTER_URL=${server.url}/v1/...\n`), stderr);
  const named = await run(["access-key", "add"], { env: { ...env, OS_PROJECT_ID: "p1" } });
  assert.ok(named.stderr.includes(`export TASKCENTER_URL=${server.url}/v1/p1\n`), named.stderr);
});

test("who has no role in any project is told so", async () => {
  await runs(["user", "add", "idle"]);
  const { access, secret } = JSON.parse(await runs(["access-key", "add", "--user", "idle", "-o", "json"]));
  const env = {
    OS_CLIENT_CONFIG_FILE: "",
    TASKCENTER_URL: server.url,
    TASKCENTER_ACCESS_KEY: access,
    TASKCENTER_SECRET_KEY: secret,
  };
  assert.deepEqual(await run(["list"], { env }), {
    code: 77,
    stdout: "",
    stderr: "taskcenter: not allowed: the access key's user has no role in any project\n",
  });
  assert.deepEqual(await run(["list"], { env: { ...env, OS_PROJECT_NAME: "eu-de" } }), {
    code: 77,
    stdout: "",
    stderr: 'taskcenter: not allowed: the access key\'s user sees no project "eu-de"\n',
  });
});

test("users are listed in every form", async () => {
  await runs(["user", "add", "=lister", "--email", "l@example.com"]);
  const [table, csv, yaml, json] = await Promise.all(
    ["table", "csv", "yaml", "json"].map((form) => runs(["user", "list", "-o", form])),
  );
  assert.match(table ?? "", /^NAME +STATE +ROLES +EMAIL +DESCRIPTION +ID\n/);
  assert.match(table ?? "", /\nadmin +enabled +domain Default: admin; eu-de: admin +[0-9a-f]{32}\n/);
  assert.match(csv ?? "", /^id,name,domain_id,enabled,description,email,roles\n/);
  assert.match(csv ?? "", /,'=lister,default,true,,l@example.com,\n/);
  assert.deepEqual(parse(yaml ?? ""), JSON.parse(json ?? ""));
});

test("roles are granted and revoked, in a project and in the domain", async () => {
  const id = (await runs(["user", "add", "ros"])).trim();
  assert.deepEqual(await run(["user", "grant", "ros", "reporter", "--project", projectId]), silent);
  assert.deepEqual(await run(["user", "grant", id, "admin", "--domain"]), silent);
  assert.deepEqual(await rolesOf("ros"), [
    ["admin", "Default"],
    ["reporter", "eu-de"],
  ]);
  assert.deepEqual(await run(["user", "revoke", "ros", "admin", "--domain"]), silent);
  assert.deepEqual(await rolesOf("ros"), [["reporter", "eu-de"]]);
  assert.deepEqual(await run(["user", "revoke", "ros", "admin", "--domain"]), {
    code: 1,
    stdout: "",
    stderr: 'taskcenter: there is no role admin of user "ros" in the domain\n',
  });
});

test("a disabled user cannot log in until enabled, and a removed one is gone", async () => {
  const stdin = "a password of dis\n";
  const add = ["user", "add", "dis", "--project", "eu-de", "--role", "reader", "--password-stdin"];
  await runs(add, { stdin });
  const list = () => run(["list"], as("dis", "a password of dis"));
  assert.equal((await list()).code, 0);
  assert.deepEqual(await run(["user", "disable", "dis"]), silent);
  assert.equal((await list()).code, 77);
  assert.match(await runs(["user", "list"]), /\ndis +disabled /);
  assert.deepEqual(await run(["user", "enable", "dis"]), silent);
  assert.equal((await list()).code, 0);
  assert.deepEqual(await run(["user", "remove", "dis"]), silent);
  assert.equal((await list()).code, 77);
  assert.deepEqual(await run(["user", "remove", "dis"]), {
    code: 1,
    stdout: "",
    stderr: 'taskcenter: there is no user "dis": see taskcenter user list\n',
  });
});

test("passwords are changed by their users, who know the old one, and by an administrator", async () => {
  await runs(["user", "add", "pat", "--password-stdin"], { stdin: "first password\n" });
  const change = ["user", "passwd", "--password-stdin"];
  const wrong = await run(change, {
    ...as("pat", "first password"),
    stdin: "wrong password\nsecond password\n",
  });
  assert.deepEqual(wrong, {
    code: 77,
    stdout: "",
    stderr: "taskcenter: not allowed: the old password is not right\n",
  });
  const changed = await run(change, {
    ...as("pat", "first password"),
    stdin: "first password\nsecond password\n",
  });
  assert.deepEqual([changed.code, changed.stdout], [0, ""]);
  assert.match(changed.stderr, /^the password is changed; .*clouds\.yaml/);
  assert.equal((await run(["project", "list"], as("pat", "first password"))).code, 77);
  assert.equal((await run(["project", "list"], as("pat", "second password"))).code, 0);
  assert.deepEqual(
    await run(["user", "passwd", "pat", "--password-stdin"], { stdin: "third password" }),
    silent,
  );
  assert.equal((await run(["project", "list"], as("pat", "third password"))).code, 0);
  const ofLogin = await run(["user", "passwd", "admin", "--password-stdin"], { stdin: `${adminPassword}\n` });
  assert.deepEqual([ofLogin.code, ofLogin.stderr], [0, changed.stderr]);
  server = await server.withNewToken();
});

test("projects are added, listed, disabled, enabled and removed, unless they have tasks", async () => {
  const id = (await runs(["project", "add", "shop", "--description", "the shop"])).trim();
  assert.match(id, /^[0-9a-f]{32}$/);
  const shop = { id, name: "shop", domain_id: "default", enabled: true, description: "the shop" };
  const list = async () => JSON.parse(await runs(["project", "list", "-o", "json"])).slice(1);
  assert.deepEqual(await list(), [shop]);
  assert.deepEqual(await run(["project", "disable", "shop"]), silent);
  assert.deepEqual(await list(), [{ ...shop, enabled: false }]);
  assert.deepEqual(await run(["project", "enable", id]), silent);
  assert.match(
    await runs(["project", "list", "-o", "csv"]),
    new RegExp(`\n${id},shop,default,true,the shop\n`),
  );
  assert.deepEqual(await run(["project", "remove", "shop"]), silent);
  assert.deepEqual(await list(), []);

  await runs(["create", "--service", "rds", "--name", "BackupInstance", "--instance", "db1"]);
  assert.deepEqual(await run(["project", "remove", "eu-de"]), {
    code: 1,
    stdout: "",
    stderr: "taskcenter: The project has tasks; disable it instead.\n",
  });
});

test("a machine works with an access key that was made for its user, until it is removed", async () => {
  const added = await run(["user", "add", "machine", "--project", "eu-de", "--role", "reporter"]);
  assert.equal(added.stderr, "user machine has no password, and can use access keys only\n");
  const shown = await run(["access-key", "add", "--user", "machine", "--description", "nightly"]);
  const [, access = "", secret = ""] =
    /^Access key {2}(\S+)\nSecret key {2}(\S+)\n$/.exec(shown.stdout) ?? assert.fail(shown.stdout);
  assert.match(shown.stderr, /not shown again/);
  assert.ok(shown.stderr.includes(`export TASKCENTER_URL=${server.url}/v1/${projectId}\n`));
  assert.ok(shown.stderr.includes(`export TASKCENTER_ACCESS_KEY=${access}\n`));
  assert.ok(!shown.stderr.includes(secret));

  const env = {
    OS_CLIENT_CONFIG_FILE: "",
    TASKCENTER_URL: server.url,
    TASKCENTER_ACCESS_KEY: access,
    TASKCENTER_SECRET_KEY: secret,
  };
  const create = ["create", "--service", "rds", "--name", "BackupInstance", "--instance", "db1"];
  const { json } = await server.call(`/v1/${projectId}/tasks/${(await runs(create, { env })).trim()}`);
  assert.equal(json.created_by, "machine");
  const keys = JSON.parse(await runs(["access-key", "list", "-o", "json"], { env }));
  assert.deepEqual([keys.length, keys[0].access, keys[0].description], [1, access, "nightly"]);
  assert.ok(!("secret" in keys[0]));

  const [table, csv] = await Promise.all([
    runs(["access-key", "list", "--user", "machine"]),
    runs(["access-key", "list", "--user", "machine", "-o", "csv"]),
  ]);
  assert.match(table, new RegExp(`^ACCESS KEY +CREATED +DESCRIPTION\n${access} +\\S+Z +nightly\n$`));
  assert.match(csv, new RegExp(`^access,user_id,description,create_time,status\n${access},`));
  assert.deepEqual(await run(["access-key", "remove", access]), silent);
  assert.deepEqual(await run(create, { env }), {
    code: 77,
    stdout: "",
    stderr:
      `taskcenter: not logged in with access key ${access.slice(0, 4)}**** at ${server.url} ` +
      "(from TASKCENTER_ variables): the access key is unknown, its user is disabled, or the secret key is wrong\n",
  });
});

test("an access key for programs is JSON and nothing else, and its first owner is who asks", async () => {
  const { code, stdout, stderr } = await run(["access-key", "add", "-o", "json"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const key = JSON.parse(stdout);
  assert.deepEqual(Object.keys(key).sort(), [
    "access",
    "create_time",
    "description",
    "secret",
    "status",
    "user_id",
  ]);
  assert.match(await runs(["access-key", "list"]), new RegExp(key.access));
});

test("every failure is one line and its own exit code, without secrets", async () => {
  const cases = [
    [["user", "add", "x", "--role", "reader"], 2, /--project and --role must be given together$/],
    [["user", "add", "x", "--project", "eu-de"], 2, /--project and --role must be given together$/],
    [
      ["user", "add", "x", "--project", "none", "--role", "reader"],
      1,
      /: there is no project "none": see taskcenter project list$/,
    ],
    [
      ["user", "add", "x", "--project", "eu-de", "--role", "king"],
      2,
      /Allowed choices are reader, operator, reporter, admin\.$/,
    ],
    [
      ["user", "add", "x", "--password-stdin"],
      2,
      /: --password-stdin: stdin must hold one line: the password$/,
    ],
    [["user", "add", "admin"], 1, /^taskcenter: there is a user "admin" already$/],
    [
      ["user", "passwd", "ben", adminPassword],
      2,
      /^taskcenter: too many arguments for 'passwd'\. Expected 1 argument but got 2\.$/,
    ],
    [["user", "grant", "admin", "reader"], 2, /: say where: --project <PROJECT> or --domain$/],
    [["user", "grant", "admin", "reader", "--domain", "--project", "eu-de"], 2, /cannot be used with option/],
    [
      ["user", "grant", "admin", "king", "--domain"],
      2,
      /Allowed choices are reader, operator, reporter, admin\.$/,
    ],
    [["user", "passwd"], 2, /: no password was given: type it on a terminal, or use --password-stdin$/],
    [
      ["user", "passwd", "admin"],
      2,
      /: no password was given: type it on a terminal, or use --password-stdin$/,
    ],
    [["user", "disable", "admin"], 1, /^taskcenter: The domain would have no administrator left\.$/],
    [["user", "revoke", "admin", "admin", "--domain"], 1, /: The domain would have no administrator left\.$/],
    [["access-key", "remove", "NONE"], 1, /^taskcenter: Could not find the access key\.$/],
    [["access-key", "add", "--user", "nobody"], 1, /: there is no user "nobody": see taskcenter user list$/],
    [["project", "add", "eu-de"], 1, /^taskcenter: A project named "eu-de" exists already\.$/],
    [["project", "add", ""], 1, /^taskcenter: project\.name: /],
  ] as const;
  const results = await Promise.all(cases.map(([args]) => run(args)));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    const [args, wanted, line] = cases[index] ?? assert.fail();
    const what = `${args.join(" ")}: ${stderr}`;
    assert.equal(code, wanted, what);
    assert.match(stderr.trimEnd(), line, what);
    assert.equal(stderr.split("\n").length, 2, what);
    assert.equal(stdout, "", what);
    assert.ok(!stderr.includes(adminPassword), what);
  }
});

test("a server that is not reached ends with 69, and a secret key that is missing with 2", async () => {
  const key = {
    OS_CLIENT_CONFIG_FILE: "",
    TASKCENTER_URL: "http://127.0.0.1:1",
    TASKCENTER_ACCESS_KEY: "AK",
  };
  const away = await run(["user", "list"], { env: { ...key, TASKCENTER_SECRET_KEY: "secret" } });
  assert.equal(away.code, 69);
  assert.match(away.stderr, /^taskcenter: cannot reach http:\/\/127\.0\.0\.1:1: .*\n$/);
  const incomplete = await run(["user", "list"], { env: key });
  assert.equal(incomplete.code, 2);
  assert.match(incomplete.stderr, /lacks TASKCENTER_SECRET_KEY\n$/);
});
