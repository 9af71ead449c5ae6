import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { maskSecrets, secretValuesOf } from "./masking.ts";

/** What is masked, by the form in which it comes: text, and what is left of it. */
const masked: Readonly<Record<string, readonly (readonly [text: string, left: string])[]>> = {
  "the password in a URL": [
    ["postgres://app:geheim@db1:5432/orders failed", "postgres://app:***@db1:5432/orders failed"],
    ["redis://:geheim@cache/0", "redis://:***@cache/0"],
    ["https://u:p@ss@host/x?a=b", "https://u:***@host/x?a=b"],
  ],
  "an assignment": [
    ["password=geheim", "password=***"],
    ["PGPASSWORD=geheim pg_dump", "PGPASSWORD=*** pg_dump"],
    ["MYSQL_PWD='ge heim' mysqldump", "MYSQL_PWD=*** mysqldump"],
    ['{"user":"app","password": "ge\\"heim","port":1}', '{"user":"app","password": ***,"port":1}'],
    ["host=db1 password = geheim dbname=x", "host=db1 password = *** dbname=x"],
    ["Server=db1;Password=geheim;Timeout=5", "Server=db1;Password=***;Timeout=5"],
    ["?access_token=geheim&page=2", "?access_token=***&page=2"],
    ["client-secret: geheim", "client-secret: ***"],
    ["db.password.primary=geheim", "db.password.primary=***"],
    ["api_key=geheim apiKey=geheim", "api_key=*** apiKey=***"],
  ],
  "an option": [
    ["pg --password geheim -v", "pg --password *** -v"],
    ["pg --db-password 'ge heim' -v", "pg --db-password *** -v"],
    ["pg --password=geheim -v", "pg --password=*** -v"],
    ["pg -password geheim", "pg -password ***"],
    ["ctl --auth-token geheim get", "ctl --auth-token *** get"],
    ["pg --no-password -v", "pg --no-password -v"],
  ],
  "the short options of database clients": [
    ["mysql -uroot -pgeheim orders", "mysql -uroot -p*** orders"],
    ["mysqldump --opt -h db1 -pgeheim orders", "mysqldump --opt -h db1 -p*** orders"],
    ["redis-cli -h cache -a geheim ping", "redis-cli -h cache -a *** ping"],
    ["mongodump -u app -p geheim --out x", "mongodump -u app -p *** --out x"],
    ["mysql -p -h db1", "mysql -p -h db1"],
    ["mkdir -pv /var/lib/x", "mkdir -pv /var/lib/x"],
  ],
  "a header": [
    ["X-Auth-Token: gAbc.def geheim", "X-Auth-Token: ***"],
    ["curl -H 'X-Auth-Token: geheim' http://db1/x", "curl -H 'X-Auth-Token: ***' http://db1/x"],
    ["> Authorization: Basic Z2VoZWlt\n> Accept: */*", "> Authorization: ***\n> Accept: */*"],
    ["Set-Cookie: session=geheim; Path=/", "Set-Cookie: ***"],
    ["401 for Bearer geheim.heim", "401 for Bearer ***"],
  ],
  "a password in SQL": [
    ["ALTER USER app PASSWORD 'ge''heim' VALID", "ALTER USER app PASSWORD *** VALID"],
    ["create user app identified by 'geheim' default", "create user app identified by *** default"],
    ["IDENTIFIED WITH caching_sha2_password BY 'geheim'", "IDENTIFIED WITH caching_sha2_password BY ***"],
  ],
  "a token that is known by its beginning": [
    ["key AKIAIOSFODNN7EXAMPLE used", "key *** used"],
    [`clone with ghp_${"a1".repeat(18)} failed`, "clone with *** failed"],
    ["jwt eyJhbGciOi.eyJzdWIiOi.c2ln-x_y expired", "jwt *** expired"],
    [`keystone gAAAAAB${"x".repeat(30)} expired`, "keystone *** expired"],
  ],
  "long key material": [
    ["used wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY here", "used *** here"],
    ["tok dGhpcyBpcyBhIHZlcnkgbG9uZyBzZWNyZXQga2V5IDE= end", "tok *** end"],
    [
      "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nbad key",
      "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nbad key",
    ],
    ["-----BEGIN PRIVATE KEY-----\nMIIE\nabc", "-----BEGIN PRIVATE KEY-----***"],
  ],
};

for (const [form, cases] of Object.entries(masked)) {
  test(`${form} is masked`, () => {
    for (const [text, left] of cases) assert.equal(maskSecrets(text), left);
  });
}

/** What tells why something failed, and must stay. */
const harmless = [
  'FATAL:  password authentication failed for user "app"',
  'pg_dump: error: connection to server at "db1" (10.0.0.7), port 5432 failed: Connection refused',
  "Password:\npg_dump: error: no password supplied",
  "ERROR 1045 (28000): Access denied for user 'app'@'db1' (using password: YES)",
  "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 does not match",
  "could not open /var/lib/PostgreSQL16/base/Backup2026/NightlyDump/orders-part-0001.dump",
  "task 0198c2f4-7d5e-7000-8a1b-2c3d4e5f6a7b is unknown",
  "at http://db1:8080/v1/tasks?limit=5#top",
  "exit status 3",
] as const;

test("what tells why something failed is left alone", () => {
  for (const text of harmless) assert.equal(maskSecrets(text), text);
});

test("a secret that is known by its value is masked wherever it stands", () => {
  assert.equal(maskSecrets("<geheim>geheimgeheim", ["geheim"]), "<***>******");
});

test("a value that is masked does not hide the form of another secret", () => {
  assert.equal(maskSecrets("client_secret=abc", ["secret"]), "client_***=***");
  assert.equal(maskSecrets("password=my long phrase", ["my long phrase"]), "password=***");
});

test("no secret value is left in any text", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "=", " ", "@", ":"), minLength: 6, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 3 }), fc.array(fc.nat(9), { maxLength: 8 }), (secrets, order) => {
      const text = order.map((index) => secrets[index % (secrets.length + 1)] ?? "password ").join("");
      const left = maskSecrets(text, secrets);
      for (const secret of secrets) assert.ok(!left.includes(secret));
    }),
    { numRuns: 300 },
  );
});

test("text without anything like a secret stays as it is", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "Z", "0", " ", "\n", ".", "/"), maxLength: 39 }),
      (text) => {
        assert.equal(maskSecrets(text, ["geheim"]), text);
      },
    ),
    { numRuns: 200 },
  );
});

test("no text takes long to search", () => {
  const repeated = [
    "password",
    "x-",
    "a.",
    "mysql ",
    "--pwd",
    "a://b:",
    "A1a",
    "'",
    "-----BEGIN PRIVATE KEY-----",
  ];
  const startedMs = performance.now();
  for (const part of repeated) maskSecrets(part.repeat(65_536 / part.length));
  assert.ok(performance.now() - startedMs < 3000);
});

test("environment variables are secret by a word of their name", () => {
  const environment = {
    PGPASSWORD: "secret-1",
    DB_PASSWORD: "secret-2",
    AWS_SECRET_ACCESS_KEY: "secret-3",
    github_token: "secret-4",
    MYSQL_PWD: "secret-5",
    TASKCENTER_TOKEN: "secret-6",
    TASKCENTER_SECRET_KEY: "secret-7",
    TASKCENTER_SECURITY_TOKEN: "secret-8",
    API_KEY_2: "secret-9",
    PWD: "/home/dba",
    OLDPWD: "/home/dba/x",
    PGPASSFILE: "/home/dba/.pgpass",
    DB_PASSWORD_FILE: "/run/secrets/db",
    PATH: "/usr/bin:/bin",
    KEYBOARD: "german",
    SHORT_TOKEN: "abcde",
    EMPTY_SECRET: "",
    UNSET_SECRET: undefined,
  };
  assert.deepEqual(secretValuesOf(environment), [
    "secret-1",
    "secret-2",
    "secret-3",
    "secret-4",
    "secret-5",
    "secret-6",
    "secret-7",
    "secret-8",
    "secret-9",
  ]);
});

test("a secret of several lines counts line by line", () => {
  assert.deepEqual(secretValuesOf({ TLS_KEY: "first line\r\nx\nsecond line\n" }), [
    "first line",
    "second line",
  ]);
});
