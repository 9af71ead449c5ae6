import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Config, ConfigError, readConfig, type SettingKey, settings } from "./config.ts";

const workingDirectory = mkdtempSync(join(tmpdir(), "taskcenter-config-"));
after(() => rmSync(workingDirectory, { recursive: true }));

interface Given {
  readonly flags?: Partial<Record<SettingKey, string>>;
  readonly env?: Record<string, string>;
  readonly file?: string;
}

let files = 0;

function read({ flags = {}, env = {}, file }: Given = {}): Config {
  let configFile: string | undefined;
  if (file !== undefined) {
    files += 1;
    configFile = join(workingDirectory, `settings-${files}.yaml`);
    writeFileSync(configFile, file);
  }
  return readConfig({ flags, env, configFile, workingDirectory });
}

function refused(given: Given, ...parts: readonly string[]): void {
  assert.throws(
    () => read(given),
    (error) => {
      assert.ok(error instanceof ConfigError);
      for (const part of parts) assert.ok(error.message.includes(part), `${error.message} names ${part}`);
      return true;
    },
  );
}

test("without any setting the server listens on this machine, in the folder where it is started", () => {
  assert.deepEqual(read(), {
    listen: { host: "127.0.0.1", port: 8080 },
    serviceListeners: {},
    dataDirectory: join(workingDirectory, "taskcenter-data"),
    store: { kind: "sqlite", path: join(workingDirectory, "taskcenter-data", "taskcenter.db") },
    workers: 1,
    publicUrl: undefined,
    region: "eu-de",
    utcOffsetMinutes: 0,
    tokenLifetimeMs: 24 * 60 * 60 * 1000,
    retentionMs: 400 * 24 * 60 * 60 * 1000,
    encryptionKey: undefined,
    metricsToken: undefined,
    firstStart: { adminPassword: undefined, projectId: undefined },
  });
});

test("a flag wins over the environment, and that over the file", () => {
  const env = { TASKCENTER_REGION: "from-env" };
  const file = "region: from-file\n";
  assert.equal(read({ flags: { region: "from-flag" }, env, file }).region, "from-flag");
  assert.equal(read({ env, file }).region, "from-env");
  assert.equal(read({ file }).region, "from-file");
  assert.equal(read({ env: { TASKCENTER_REGION: "" }, file }).region, "from-file");
});

test("the file in the working directory is read by itself, and another one where it is named", () => {
  const path = join(workingDirectory, "taskcenter.yaml");
  writeFileSync(path, "utc-offset: +0100 # no number\n");
  try {
    assert.equal(read().utcOffsetMinutes, 60);
  } finally {
    rmSync(path);
  }
  refused({ flags: {}, file: undefined as never, env: { TASKCENTER_LISTEN: "x" } }, "TASKCENTER_LISTEN");
  assert.throws(
    () => readConfig({ flags: {}, env: {}, configFile: "absent.yaml", workingDirectory }),
    /--config: .*absent\.yaml/,
  );
});

test("a file with an unknown key, a list, or no YAML is refused by name", () => {
  refused({ file: "retntion: 400d\n" }, "retntion", "listen");
  refused({ file: "listen: [a, b]\n" }, "listen");
  refused({ file: "- listen\n" }, "one setting a line");
  refused({ file: "listen: 'open\n" }, "no YAML");
  assert.equal(read({ file: "" }).region, "eu-de");
  assert.equal(read({ file: "# nothing yet\n" }).region, "eu-de");
});

const forms: readonly [key: SettingKey, usable: readonly string[], refused: readonly string[]][] = [
  [
    "listen",
    ["0.0.0.0:0", "[::1]:8080", "localhost:65535"],
    ["8080", "localhost", "localhost:65536", "::1:80", "http://localhost:80", "localhost:80x"],
  ],
  ["listen-ddm", ["127.0.0.1:1"], ["ddm"]],
  ["listen-rds", ["127.0.0.1:1"], [":1"]],
  ["listen-geminidb", ["127.0.0.1:1"], ["127.0.0.1:"]],
  [
    "store",
    [
      "sqlite:tasks.db",
      "sqlite:/var/lib/tasks.db",
      "postgres://host/db",
      "postgresql://u@[::1]:6432/db?sslmode=verify-full",
      "postgres:///db?host=/run/postgresql",
      "postgres://u@/db?host=/run/postgresql",
    ],
    [
      "tasks.db",
      "sqlite:",
      "mysql://x",
      "postgres://",
      "postgres://host",
      "postgres://u@/db",
      "postgres://host/db%00",
    ],
  ],
  [
    "public-url",
    ["https://tasks.example.com", "http://host:8080/base/"],
    ["tasks.example.com", "ftp://host", "https://user@host", "https://host/?a=b", "https://host/#a"],
  ],
  ["region", ["eu-de", "R.1_x"], ["", " eu", "-eu", "x".repeat(64), "eu/de"].filter((value) => value !== "")],
  ["utc-offset", ["+0000", "-0330", "+1400"], ["0100", "+01:00", "+1401", "+1500", "+0060", "Z"]],
  ["token-lifetime", ["1s", "15m", "24h", "366d"], ["0s", "24", "h", "367d", "1.5h", "-1h", "1w"]],
  ["retention", ["1d", "24h", "90d", "36500d"], ["0d", "23h", "13m", "36501d", "400", "-1d", "1y"]],
];
for (const [key, usable, refusedValues] of forms) {
  test(`--${key} takes its form and nothing else`, () => {
    for (const value of usable) assert.ok(read({ flags: { [key]: value } }), value);
    for (const value of refusedValues) {
      refused({ flags: { [key]: value } }, `--${key}`, JSON.stringify(value));
      refused({ env: { [settings[key].env]: value } }, settings[key].env);
    }
  });
}

const database = "postgres://tc:hunter2@db.example.com:6432/tasks";

test("a store in PostgreSQL has ten connections, and no other address than its own, unless it is told", () => {
  assert.deepEqual(read({ flags: { store: database } }).store, {
    kind: "postgres",
    url: database,
    directUrl: database,
    connections: 10,
  });
  const direct = "postgres://tc@db.example.com/tasks";
  const flags = { store: database, "store-direct-url": direct, "store-connections": "200" };
  assert.deepEqual(read({ flags }).store, {
    kind: "postgres",
    url: database,
    directUrl: direct,
    connections: 200,
  });
  for (const connections of ["0", "201", "ten", "1.5"]) {
    refused({ flags: { ...flags, "store-connections": connections } }, "--store-connections", connections);
  }
});

test("workers are a number or as many as there are cores, and only a store in PostgreSQL has them", () => {
  const workers = (text: string) => read({ flags: { store: database, workers: text } }).workers;
  assert.deepEqual(["1", "8", "auto"].map(workers), [1, 8, "auto"]);
  for (const text of ["0", "129", "-1", "all"])
    refused({ flags: { store: database, workers: text } }, "--workers", text);
  assert.equal(read({ flags: { workers: "1" } }).workers, 1);
  for (const text of ["2", "auto"]) refused({ flags: { workers: text } }, "--workers", "PostgreSQL");
  refused({ flags: { "store-connections": "5" } }, "--store-connections", "PostgreSQL");
  refused({ env: { TASKCENTER_STORE_DIRECT_URL: database } }, "TASKCENTER_STORE_DIRECT_URL", "PostgreSQL");
});

test("a store's address that is refused is shown without its password", () => {
  const onDatabase = { TASKCENTER_STORE: database };
  const shown: readonly (readonly [given: string, shown: string])[] = [
    ["postgres://tc:hunter2@host", "postgres://tc:***@host"],
    ["postgres://tc:hunter2@host/a/b", "postgres://"],
    ["postgres://tc:hunter2@host:x/db", "postgres://"],
    ["postgres://tc:hunter2@host/db?password=hunter2", '"postgres://tc:***@host/db"'],
    ["postgres://host/db?max=1&options=hunter2", '"postgres://host/db"'],
    ["postgres://tc:hun/ter2@host/db", "postgres://"],
    ["postgres://tc:hunter2@host/db#x", "postgres://"],
    ["mysql://tc:hunter2@host/db", "mysql://tc:***@host/db"],
    // Mistyped: nothing tells any more where the password is.
    ["postgres//tc:hunter2@host/db", '"…"'],
    ["tc:hunter2@host/db", '"…"'],
    ["hunter2@://host/db", '"…"'],
    ["tc:hunter2://host/db", '"…"'],
  ];
  for (const [given, part] of shown) {
    for (const key of ["store", "store-direct-url"] as const) {
      assert.throws(
        () => read({ flags: { store: database, [key]: given } }),
        ({ message }: Error) =>
          message.startsWith(`--${key}: `) && message.includes(part) && !/hun|ter2/.test(message),
        given,
      );
    }
  }
  // What is no address may be another secret.
  for (const [name, given] of [
    ["TASKCENTER_STORE", { env: { TASKCENTER_STORE: "tc:hunter2" } }],
    ["TASKCENTER_STORE_DIRECT_URL", { env: { ...onDatabase, TASKCENTER_STORE_DIRECT_URL: "tc:hunter2" } }],
    ["store in the settings file", { file: 'store: "tc:hunter2"' }],
  ] as const) {
    assert.throws(
      () => read(given),
      ({ message }: Error) =>
        message.startsWith(`${name}: "…" is not usable; give `) && !message.includes("hunter2"),
    );
  }
  assert.throws(
    () => read({ file: `store: "${database}\nregion: x\n` }),
    (error: Error) => error.message.includes("no YAML") && !error.message.includes("hunter2"),
  );
});

test("a duration that is refused is told its own bounds", () => {
  refused({ flags: { retention: "13m" } }, "from 1d to 36500d, such as 400d");
  refused({ flags: { "token-lifetime": "400d" } }, "from 1s to 366d, such as 24h");
});

test("a public address loses its trailing slash", () => {
  assert.equal(read({ flags: { "public-url": "https://host/base/" } }).publicUrl, "https://host/base");
  assert.equal(read({ flags: { "public-url": "https://host" } }).publicUrl, "https://host");
});

test("the first start's password and project id are held to their forms, and the password is not repeated", () => {
  const env = { TASKCENTER_ADMIN_PASSWORD: "12345678", TASKCENTER_PROJECT_ID: "0".repeat(32) };
  assert.deepEqual(read({ env }).firstStart, { adminPassword: "12345678", projectId: "0".repeat(32) });
  refused({ env: { TASKCENTER_PROJECT_ID: "xyz" } }, "TASKCENTER_PROJECT_ID", "32");
  assert.throws(
    () => read({ env: { TASKCENTER_ADMIN_PASSWORD: "geheim" } }),
    (error: Error) =>
      error.message.includes("TASKCENTER_ADMIN_PASSWORD") && !error.message.includes("geheim"),
  );
});

test("an encryption key is 64 hex digits, and never repeated", () => {
  const env = { TASKCENTER_ENCRYPTION_KEY: "0f".repeat(32) };
  assert.deepEqual(read({ env }).encryptionKey, Buffer.alloc(32, 0x0f));
  for (const text of ["0f".repeat(31), "0F".repeat(32), "x".repeat(64), `${"0f".repeat(32)}0`]) {
    assert.throws(
      () => read({ env: { TASKCENTER_ENCRYPTION_KEY: text } }),
      (error: Error) => error.message.includes("TASKCENTER_ENCRYPTION_KEY") && !error.message.includes(text),
    );
  }
});

test("what is a secret may lie in a file, whose end of line is not part of it", () => {
  const path = (name: string, text: string) => {
    writeFileSync(join(workingDirectory, name), text);
    return name;
  };
  const config = read({
    env: {
      TASKCENTER_ADMIN_PASSWORD_FILE: path("password", "correct horse\n"),
      TASKCENTER_ENCRYPTION_KEY_FILE: path("key", "0f".repeat(32)),
      TASKCENTER_STORE_FILE: path("store", `${database}\r\n`),
      TASKCENTER_STORE_DIRECT_URL_FILE: path("direct", `${database}-direct`),
    },
  });
  assert.equal(config.firstStart.adminPassword, "correct horse");
  assert.deepEqual(config.encryptionKey, Buffer.alloc(32, 0x0f));
  assert.deepEqual(config.store, {
    kind: "postgres",
    url: database,
    directUrl: `${database}-direct`,
    connections: 10,
  });
  assert.equal(read({ env: { TASKCENTER_STORE_FILE: "" } }).store.kind, "sqlite");
  assert.equal(
    read({ flags: { store: "sqlite:x" }, env: { TASKCENTER_STORE_FILE: "gone" } }).store.kind,
    "sqlite",
  );
});

test("a secret's file that is away, empty, long, no file or beside the variable itself is refused unseen", () => {
  const env = (file: string) => ({ TASKCENTER_ENCRYPTION_KEY_FILE: file });
  const at = (text: string) => {
    const path = join(workingDirectory, "secret");
    writeFileSync(path, text);
    return path;
  };
  refused({ env: env("absent") }, "TASKCENTER_ENCRYPTION_KEY_FILE", join(workingDirectory, "absent"), "read");
  refused({ env: env(workingDirectory) }, "TASKCENTER_ENCRYPTION_KEY_FILE", "must be a file");
  for (const text of ["", "\n", "hunter2\nhunter2\n", "hunter2".repeat(3000), "hunter2"]) {
    assert.throws(
      () => read({ env: env(at(text)) }),
      (error: Error) =>
        error instanceof ConfigError &&
        error.message.startsWith("TASKCENTER_ENCRYPTION_KEY_FILE") &&
        !error.message.includes("hunter2"),
    );
  }
  const both = { ...env(at("0f".repeat(32))), TASKCENTER_ENCRYPTION_KEY: "0f".repeat(32) };
  refused({ env: both }, "TASKCENTER_ENCRYPTION_KEY and TASKCENTER_ENCRYPTION_KEY_FILE");
  refused(
    { env: { TASKCENTER_STORE_FILE: at("postgres://tc:hunter2@host") } },
    "TASKCENTER_STORE_FILE",
    ":***@",
  );
  // The file of another secret, by mistake.
  for (const [variable, beside] of [
    ["TASKCENTER_STORE_FILE", {}],
    ["TASKCENTER_STORE_DIRECT_URL_FILE", { TASKCENTER_STORE: database }],
  ] as const) {
    assert.throws(
      () => read({ env: { ...beside, [variable]: at("hunter2") } }),
      ({ message }: Error) => message.startsWith(variable) && !message.includes("hunter2"),
    );
  }
});

test("a secret's file may begin with a byte order mark, and is UTF-8", () => {
  const path = join(workingDirectory, "marked");
  const env = { TASKCENTER_ADMIN_PASSWORD_FILE: path };
  writeFileSync(path, "\ufeffcorrect horse\r\n");
  assert.equal(read({ env }).firstStart.adminPassword, "correct horse");
  writeFileSync(path, "\ufeffcorrect horse\r\n", "utf16le");
  refused({ env }, "TASKCENTER_ADMIN_PASSWORD_FILE", path, "utf-8");
});

test("a secret's file is read no further than a secret is long, whatever size it says it has", () => {
  // The kernel calls it empty. It is some hundred KiB.
  const env = { TASKCENTER_ADMIN_PASSWORD_FILE: "/proc/kallsyms" };
  refused({ env }, "TASKCENTER_ADMIN_PASSWORD_FILE", "16 KiB");
});

test("what nothing can be read from is no secret's file, and is not waited for", () => {
  const path = join(workingDirectory, "pipe");
  execFileSync("mkfifo", [path]);
  // Waiting, it could not be ended from within its own process.
  const program = `
    const { readConfig } = await import(${JSON.stringify(new URL("config.ts", import.meta.url).href)});
    const env = { TASKCENTER_ADMIN_PASSWORD_FILE: ${JSON.stringify(path)} };
    try { readConfig({ flags: {}, env, workingDirectory: "/" }) } catch ({ message }) { console.log(message) }`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(stdout, `TASKCENTER_ADMIN_PASSWORD_FILE: ${path} must be a file\n`);
});

test("a metrics token is 16 printable characters at least, and never repeated", () => {
  const name = "TASKCENTER_METRICS_TOKEN";
  assert.equal(read({}).metricsToken, undefined);
  assert.equal(read({ env: { [name]: "" } }).metricsToken, undefined);
  const longest = "x".repeat(1024);
  for (const token of ["0123456789abcdef", "!~:/+=-_.,;#'\"%&()", longest]) {
    assert.equal(read({ env: { [name]: token } }).metricsToken, token);
  }
  for (const token of [
    "0123456789abcde",
    "sixteen or more, with blanks",
    `${longest}x`,
    "sechzehn-zeichen-und-ü",
  ]) {
    assert.throws(
      () => read({ env: { [name]: token } }),
      (error: Error) =>
        error instanceof ConfigError && error.message.startsWith(name) && !error.message.includes(token),
    );
  }
});
