import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import { correctAuthUrl, writeCloudsFile } from "./clouds-file.ts";

const directory = mkdtempSync(join(tmpdir(), "taskcenter-clouds-"));
after(() => rmSync(directory, { recursive: true }));

const entry = {
  authUrl: "http://127.0.0.1:8080/v3",
  username: "admin",
  password: 'quotes " and: colons #',
  userDomainName: "Default",
  projectName: "eu-de",
  projectDomainName: "Default",
  regionName: "eu-de",
};

test("the file is the OpenStack client's, readable by its owner alone", () => {
  const path = join(directory, "new.yaml");
  writeCloudsFile(path, entry);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(parse(readFileSync(path, "utf8")), {
    clouds: {
      taskcenter: {
        auth_type: "password",
        auth: {
          auth_url: entry.authUrl,
          username: "admin",
          password: entry.password,
          user_domain_name: "Default",
          project_name: "eu-de",
          project_domain_name: "Default",
        },
        region_name: "eu-de",
        interface: "public",
        identity_api_version: 3,
      },
    },
  });
});

test("a file that is there already is kept under another name", () => {
  const path = join(directory, "kept.yaml");
  for (const text of ["first", "second"]) {
    writeFileSync(path, text);
    writeCloudsFile(path, entry);
  }
  assert.equal(readFileSync(`${path}.1`, "utf8"), "first");
  assert.equal(readFileSync(`${path}.2`, "utf8"), "second");
  assert.match(readFileSync(path, "utf8"), /taskcenter:/);
});

test("a file that is withdrawn leaves what was there before it", () => {
  const path = join(directory, "withdrawn.yaml");
  writeCloudsFile(path, entry)();
  assert.equal(existsSync(path), false);
  writeFileSync(path, "clouds: {}\n");
  writeCloudsFile(path, entry)();
  assert.equal(readFileSync(path, "utf8"), "clouds: {}\n");
  assert.equal(existsSync(`${path}.1`), false);
});

test("a corrected address leaves everything else as its owner wrote it", () => {
  const path = join(directory, "edited.yaml");
  writeCloudsFile(path, entry);
  writeFileSync(
    path,
    `${readFileSync(path, "utf8")}  # mine\n  other: { auth: { auth_url: https://elsewhere/v3 } }\n`,
  );
  const before = readFileSync(path, "utf8");
  correctAuthUrl(path, "http://127.0.0.1:9000/v3");
  assert.equal(readFileSync(path, "utf8"), before.replace(entry.authUrl, "http://127.0.0.1:9000/v3"));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a file that was removed stays removed, and one that is no clouds file stays as it is", () => {
  const absent = join(directory, "absent.yaml");
  correctAuthUrl(absent, entry.authUrl);
  assert.throws(() => statSync(absent), { code: "ENOENT" });
  const other = join(directory, "other.yaml");
  writeFileSync(other, "clouds: [");
  correctAuthUrl(other, entry.authUrl);
  assert.equal(readFileSync(other, "utf8"), "clouds: [");
});
