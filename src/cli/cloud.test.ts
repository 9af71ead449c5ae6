import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { ConfigError } from "../config.ts";
import { describeLogin, describeProject, findCredentials, findIamLogin } from "./cloud.ts";

/** A home and a working directory with these files in them. */
function machine(t: TestContext, files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), "taskcenter-cloud-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "work"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const surroundings = (env: Readonly<Record<string, string>>) => ({
    env,
    workingDirectory: join(root, "work"),
    homeDirectory: join(root, "home"),
    systemDirectory: join(root, "etc"),
  });
  return {
    root,
    find: (env: Readonly<Record<string, string>> = {}) => findCredentials(surroundings(env)),
    findIam: (env: Readonly<Record<string, string>> = {}) => findIamLogin(surroundings(env)),
    describe: (env: Readonly<Record<string, string>> = {}) => describeLogin(surroundings(env)).text,
    project: (env: Readonly<Record<string, string>> = {}) => describeProject(surroundings(env)),
  };
}

function cloud(name: string, authUrl: string): string {
  return `  ${name}:
    auth_type: password
    auth:
      auth_url: ${authUrl}
      username: admin
      password: 0123
      user_domain_name: Default
      project_name: eu-de
      project_domain_name: Default
    region_name: eu-de
    interface: public
    identity_api_version: 3
`;
}

function cloudsFile(...authUrls: readonly string[]): string {
  return `clouds:\n${authUrls.map((url, index) => cloud(`c${index + 1}`, url)).join("")}`;
}

const login = {
  kind: "password",
  authUrl: "http://a/v3",
  user: { name: "admin", domain: { name: "Default" } },
  password: "0123",
  project: { name: "eu-de", domain: { name: "Default" } },
  region: "eu-de",
  interface: "public",
};

const openrc = {
  OS_AUTH_URL: "http://env/v3",
  OS_USERNAME: "operator",
  OS_PASSWORD: "secret-of-env",
  OS_PROJECT_ID: "p1",
};

function message(find: () => unknown): string {
  try {
    find();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return assert.fail("nothing was refused");
}

test("the only cloud of a file is taken, its digits as the text that they are", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  assert.deepEqual(find(), login);
});

test("the working directory comes before the data folder, that before home and system", (t) => {
  const { root, find } = machine(t, {
    "work/clouds.yaml": cloudsFile("http://work"),
    "work/taskcenter-data/clouds.yaml": cloudsFile("http://data"),
    "home/.config/openstack/clouds.yaml": cloudsFile("http://home"),
    "etc/openstack/clouds.yaml": cloudsFile("http://etc"),
  });
  const found = () => {
    const credentials = find();
    return credentials.kind === "password" ? credentials.authUrl : "";
  };
  assert.equal(found(), "http://work");
  rmSync(join(root, "work/clouds.yaml"));
  assert.equal(found(), "http://data");
  rmSync(join(root, "work/taskcenter-data"), { recursive: true });
  assert.equal(found(), "http://home");
  rmSync(join(root, "home"), { recursive: true });
  assert.equal(found(), "http://etc");
});

test("TASKCENTER_DATA says where the data folder is", (t) => {
  const { root, find } = machine(t, { "elsewhere/clouds.yaml": cloudsFile("http://a/v3") });
  assert.deepEqual(find({ TASKCENTER_DATA: "../elsewhere" }), login);
  assert.deepEqual(find({ TASKCENTER_DATA: join(root, "elsewhere") }), login);
});

test("OS_CLIENT_CONFIG_FILE is the only file that counts", (t) => {
  const { root, find } = machine(t, {
    "named.yaml": cloudsFile("http://a/v3"),
    "work/clouds.yaml": cloudsFile("http://work"),
  });
  assert.deepEqual(find({ OS_CLIENT_CONFIG_FILE: join(root, "named.yaml") }), login);
  const absent = join(root, "absent.yaml");
  assert.match(
    message(() => find({ OS_CLIENT_CONFIG_FILE: absent })),
    /there is no .*absent\.yaml;/,
  );
});

test("OS_CLOUD chooses among several clouds", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://b", "http://a/v3") });
  assert.deepEqual(find({ OS_CLOUD: "c2" }), login);
  assert.match(
    message(() => find()),
    /^set OS_CLOUD to one of the clouds in .*: c1, c2$/,
  );
  assert.match(
    message(() => find({ OS_CLOUD: "c3" })),
    /has no cloud "c3"; its clouds: c1, c2$/,
  );
  assert.match(
    message(() => find({ OS_CLOUD: "constructor" })),
    /has no cloud "constructor"/,
  );
});

test("variables win over the file, one by one", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://b") });
  const env = { OS_AUTH_URL: "http://a/v3", OS_REGION_NAME: "eu-nl", OS_PASSWORD: "" };
  assert.deepEqual(find(env), { ...login, region: "eu-nl" });
});

test("an id in the environment takes the place of the file's name", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  assert.deepEqual(find({ OS_PROJECT_ID: "p1", OS_USER_ID: "u1" }), {
    ...login,
    user: { id: "u1" },
    project: { id: "p1" },
  });
});

test("a complete environment is not mixed with a file", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  assert.deepEqual(find(openrc), {
    kind: "password",
    authUrl: "http://env/v3",
    user: { name: "operator", domain: { id: "default" } },
    password: "secret-of-env",
    project: { id: "p1" },
    region: undefined,
    interface: undefined,
  });
});

test("an incomplete login says what it lacks, and where", (t) => {
  const { find } = machine(t, {});
  assert.equal(
    message(() => find({ OS_AUTH_URL: "http://a", OS_USERNAME: "admin" })),
    "the login is incomplete: the environment lacks password (OS_PASSWORD) and project_name (OS_PROJECT_NAME)",
  );
});

test("where nothing is found, it says where it looked and what can be done", (t) => {
  const { root, find } = machine(t, {});
  const text = message(() => find());
  for (const place of [
    join(root, "work/clouds.yaml"),
    join(root, "work/taskcenter-data/clouds.yaml"),
    join(root, "home/.config/openstack/clouds.yaml"),
    join(root, "etc/openstack/clouds.yaml"),
    "taskcenter serve",
    "TASKCENTER_URL",
  ]) {
    assert.ok(text.includes(place), `${place} is missing in: ${text}`);
  }
  assert.ok(!text.includes("\n"));
});

test("a token with its address comes before everything else", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  assert.deepEqual(find({ ...openrc, TASKCENTER_URL: "http://t:8080/", TASKCENTER_TOKEN: "secret" }), {
    kind: "token",
    url: "http://t:8080/",
    token: "secret",
  });
});

test("an access key with its address comes before everything else, with the project that the environment names", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  const env = { TASKCENTER_URL: "http://t", TASKCENTER_ACCESS_KEY: "AK", TASKCENTER_SECRET_KEY: "secret" };
  const key = { kind: "access-key", url: "http://t", accessKey: "AK", secretKey: "secret" };
  assert.deepEqual(find(env), { ...key, securityToken: undefined, project: undefined });
  assert.deepEqual(find({ ...env, OS_PROJECT_NAME: "shop" }), {
    ...key,
    securityToken: undefined,
    project: { name: "shop" },
  });
  assert.deepEqual(find({ ...openrc, ...env, TASKCENTER_SECURITY_TOKEN: "secret-token" }), {
    ...key,
    securityToken: "secret-token",
    project: { id: "p1" },
  });
});

test("what no header can carry is refused by its variable, and not shown", (t) => {
  const { find } = machine(t, {});
  const token = { TASKCENTER_URL: "http://t", TASKCENTER_TOKEN: "abc" };
  const key = { TASKCENTER_URL: "http://t", TASKCENTER_ACCESS_KEY: "AK", TASKCENTER_SECRET_KEY: "sk" };
  for (const [login, name] of [
    [token, "TASKCENTER_TOKEN"],
    [key, "TASKCENTER_ACCESS_KEY"],
    [key, "TASKCENTER_SECRET_KEY"],
    [key, "TASKCENTER_SECURITY_TOKEN"],
  ] as const) {
    for (const text of ["secret\n", "secret secret", "gehéim"]) {
      const words = message(() => find({ ...login, [name]: text }));
      assert.equal(
        words,
        `${name} has characters that cannot be part of it: blanks, line ends, or what is no ASCII`,
      );
    }
  }
});

test("looking after users needs no project, from the environment or a file", (t) => {
  const file = cloudsFile("http://a/v3").replace(/ +project_name: eu-de\n/, "");
  const { find, findIam } = machine(t, { "work/clouds.yaml": file });
  assert.match(
    message(() => find()),
    /lacks project_name \(OS_PROJECT_NAME\)$/,
  );
  assert.deepEqual(findIam(), { ...login, project: undefined });
  const { OS_PROJECT_ID: _project, ...environment } = openrc;
  assert.deepEqual(findIam(environment), {
    kind: "password",
    authUrl: "http://env/v3",
    user: { name: "operator", domain: { id: "default" } },
    password: "secret-of-env",
    project: undefined,
    region: undefined,
    interface: undefined,
  });
});

test("a login is described by whose it is, where, and who says so, without what is secret", (t) => {
  const { root, describe } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  assert.equal(
    describe(),
    `as user "admin" at http://a/v3 (cloud "c1" in ${join(root, "work/clouds.yaml")})`,
  );
  assert.equal(describe(openrc), 'as user "operator" at http://env/v3 (from OS_ variables)');
  const url = { TASKCENTER_URL: "http://t/v1/p1" };
  const key = { TASKCENTER_ACCESS_KEY: "ABCDEFGH", TASKCENTER_SECRET_KEY: "secret" };
  assert.equal(
    describe({ ...url, ...key }),
    "with access key ABCD**** at http://t/v1/p1 (from TASKCENTER_ variables)",
  );
  assert.equal(
    describe({ ...url, TASKCENTER_TOKEN: "secret" }),
    "with the token at http://t/v1/p1 (from TASKCENTER_ variables)",
  );
});

test("a token or an access key that is incomplete says what is missing, and shows nothing", (t) => {
  const { find } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  const url = { TASKCENTER_URL: "http://t" };
  const token = { TASKCENTER_TOKEN: "secret" };
  const accessKey = { TASKCENTER_ACCESS_KEY: "AK" };
  const secretKey = { TASKCENTER_SECRET_KEY: "secret" };
  const securityToken = { TASKCENTER_SECURITY_TOKEN: "secret" };
  const cases = [
    [token, /lacks TASKCENTER_URL$/],
    [url, /lacks TASKCENTER_TOKEN \(or TASKCENTER_ACCESS_KEY with TASKCENTER_SECRET_KEY\)$/],
    [{ ...url, ...accessKey }, /lacks TASKCENTER_SECRET_KEY$/],
    [{ ...url, ...secretKey }, /lacks TASKCENTER_ACCESS_KEY$/],
    [{ ...accessKey, ...secretKey }, /lacks TASKCENTER_URL$/],
    [{ ...url, ...securityToken }, /lacks TASKCENTER_ACCESS_KEY and TASKCENTER_SECRET_KEY$/],
    [{ ...url, ...token, ...accessKey, ...secretKey }, /are two logins: set one$/],
  ] as const;
  for (const [env, words] of cases) {
    const text = message(() => find({ ...env }));
    assert.match(text, words);
    assert.ok(!text.includes("secret"));
  }
});

test("an address that is none, or that holds a password, is refused without being shown", (t) => {
  const { find } = machine(t, {});
  for (const url of ["localhost:8080", "ftp://a", "http://admin:secret@a", "http://a?token=secret"]) {
    const texts = [
      message(() => find({ TASKCENTER_URL: url, TASKCENTER_TOKEN: "secret" })),
      message(() => find({ TASKCENTER_URL: url, TASKCENTER_ACCESS_KEY: "AK", TASKCENTER_SECRET_KEY: "s" })),
      message(() => find({ ...openrc, OS_AUTH_URL: url })),
    ];
    for (const text of texts) {
      assert.match(text, /must be an http or https URL/);
      assert.ok(!text.includes("secret"));
    }
  }
});

test("the project is told by what names it, for messages", (t) => {
  const { project } = machine(t, { "work/clouds.yaml": cloudsFile("http://a/v3") });
  const key = { TASKCENTER_URL: "http://a", TASKCENTER_ACCESS_KEY: "AK", TASKCENTER_SECRET_KEY: "secret" };
  assert.equal(project(), 'project "eu-de"');
  assert.equal(project(openrc), "project p1");
  assert.equal(project({ ...key, OS_PROJECT_NAME: "shop" }), 'project "shop"');
  assert.equal(project({ ...key, TASKCENTER_URL: "http://a/v1/p2" }), "project p2");
  assert.equal(
    project({ TASKCENTER_URL: "http://a", TASKCENTER_TOKEN: "secret" }),
    "the project of this login",
  );
});

test("a way to log in that does not exist here is refused by its name", (t) => {
  const { find } = machine(t, {});
  assert.match(
    message(() => find({ ...openrc, OS_AUTH_TYPE: "v3oidcpassword" })),
    /"v3oidcpassword"/,
  );
});

test("a file that is no YAML is refused by its line, without its text", (t) => {
  const { find } = machine(t, {
    "work/clouds.yaml": 'clouds:\n  a:\n    auth:\n      password: "secret" secret\n',
  });
  const text = message(() => find());
  assert.match(text, /clouds\.yaml is no usable YAML: see line 4$/);
  assert.ok(!text.includes("secret"));
});

test("a file without clouds says so", (t) => {
  for (const text of ["", "clouds:\n", "[]\n", "clouds: 3\n", "clouds: [a]\n"]) {
    const { find } = machine(t, { "work/clouds.yaml": text });
    assert.match(
      message(() => find()),
      /: none$/,
    );
  }
});

test("a file that is a folder is refused", (t) => {
  const { root, find } = machine(t, {});
  mkdirSync(join(root, "work/clouds.yaml"));
  assert.match(
    message(() => find()),
    /clouds\.yaml cannot be read: EISDIR$/,
  );
});
