import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import { secretBox } from "./secret-box.ts";

const key = randomBytes(32);
const secret = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc";

test("what is sealed opens under the same key and for the same owner alone", () => {
  const sealed = secretBox(key).seal(secret, "AK1");
  assert.equal(secretBox(key).open(sealed, "AK1"), secret);
  assert.equal(secretBox(key).open(sealed, "AK2"), undefined);
  assert.equal(secretBox(randomBytes(32)).open(sealed, "AK1"), undefined);
});

test("a box that has opened a secret opens it again, and still not for another owner", () => {
  const box = secretBox(key);
  const sealed = box.seal(secret, "AK1");
  assert.deepEqual(
    [box.open(sealed, "AK1"), box.open(sealed, "AK1"), box.open(sealed, "AK2")],
    [secret, secret, undefined],
  );
});

test("a seal shows neither secret nor key, and is never the same twice", () => {
  const box = secretBox(key);
  const seals = [box.seal(secret, "AK1"), box.seal(secret, "AK1")];
  assert.notEqual(seals[0], seals[1]);
  for (const sealed of seals) {
    assert.ok(sealed.startsWith(box.prefix));
    assert.ok(!sealed.includes(secret) && !sealed.includes(key.toString("hex").slice(0, 8)));
    assert.ok(!Buffer.from(sealed.slice(box.prefix.length), "base64url").includes(secret));
  }
});

test("a seal that was changed in any byte, or cut, does not open", () => {
  const box = secretBox(key);
  const sealed = box.seal(secret, "AK1");
  const bytes = Buffer.from(sealed.slice(box.prefix.length), "base64url");
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
    assert.equal(box.open(box.prefix + damaged.toString("base64url"), "AK1"), undefined);
    assert.equal(box.open(box.prefix + bytes.subarray(0, at).toString("base64url"), "AK1"), undefined);
  }
});

test("boxes of different keys have different beginnings", () => {
  assert.notEqual(secretBox(key).prefix, secretBox(randomBytes(32)).prefix);
});
