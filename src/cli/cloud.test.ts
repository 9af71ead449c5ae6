import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { ConfigError } from "../config.ts";
import { findCredentials } from "./cloud.ts";

/** A home and a working directory with these files in them. */
function machine(t: TestContext, files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), "taskcenter-cloud-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "work"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const find = (env: Readonly<Record<string, string>> = {}) =>
    findCredentials({
      env,
      workingDirectory: join(root, "work"),
      homeDirectory: join(root, "home"),
      systemDirectory: join(root, "etc"),
    });
  return { root, find };
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

test("a token without its address, and an address without a token, are refused", (t) => {
  const { find } = machine(t, {});
  assert.match(
    message(() => find({ TASKCENTER_TOKEN: "secret" })),
    /must be set together$/,
  );
  assert.match(
    message(() => find({ TASKCENTER_URL: "http://t" })),
    /must be set together$/,
  );
});

test("an address that is none, or that holds a password, is refused without being shown", (t) => {
  const { find } = machine(t, {});
  for (const url of ["localhost:8080", "ftp://a", "http://admin:secret@a", "http://a?token=secret"]) {
    const texts = [
      message(() => find({ TASKCENTER_URL: url, TASKCENTER_TOKEN: "secret" })),
      message(() => find({ ...openrc, OS_AUTH_URL: url })),
    ];
    for (const text of texts) {
      assert.match(text, /must be an http or https URL/);
      assert.ok(!text.includes("secret"));
    }
  }
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
