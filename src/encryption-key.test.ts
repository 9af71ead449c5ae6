import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { ConfigError } from "./config.ts";
import { keepEncryptionKey } from "./encryption-key.ts";

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-key-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a key of 32 random bytes is made once, and only its owner can read it", (context) => {
  const folder = makeFolder(context);
  const key = keepEncryptionKey(folder);
  assert.equal(key.length, 32);
  assert.deepEqual(keepEncryptionKey(folder), key);
  assert.notDeepEqual(keepEncryptionKey(makeFolder(context)), key);
  assert.equal(statSync(join(folder, "encryption.key")).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["encryption.key"]);
  assert.equal(readFileSync(join(folder, "encryption.key"), "utf8"), `${key.toString("hex")}\n`);
});

test("a key that others can read, or that is none, is refused by name and never shown", (context) => {
  const folder = makeFolder(context);
  const file = join(folder, "encryption.key");
  const assertRefused = (reason: RegExp): void => {
    assert.throws(
      () => keepEncryptionKey(folder),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, reason);
        assert.ok(error.message.includes(file) && !error.message.includes("deadbeef"));
        return true;
      },
    );
  };
  writeFileSync(file, "deadbeef\n", { mode: 0o600 });
  assertRefused(/must hold 64 hex digits/);
  writeFileSync(file, "deadbeef".repeat(8));
  assert.equal(keepEncryptionKey(folder).toString("hex"), "deadbeef".repeat(8));
  chmodSync(file, 0o640);
  assertRefused(/chmod 600/);
});

test("a folder in which no key can be kept is refused by name", (context) => {
  const folder = join(makeFolder(context), "missing");
  assert.throws(() => keepEncryptionKey(folder), {
    name: "ConfigError",
    message: /encryption\.key cannot be kept/,
  });
});
