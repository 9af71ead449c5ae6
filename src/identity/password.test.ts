import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { TaskCenterError } from "../task/error.ts";
import { hashPassword, nobodysHash, verifyPassword } from "./password.ts";

test("the password that was hashed is the only one that matches, to the letter", async () => {
  const hash = await hashPassword("Grüße 🐘");
  assert.equal(await verifyPassword("Grüße 🐘", hash), true);
  for (const other of ["grüße 🐘", "Grüße 🐘 ", "Grüße", ""]) {
    assert.equal(await verifyPassword(other, hash), false, other);
  }
});

test("a hash says its cost and its salt, never the password, and no two are alike", async () => {
  const [first, second] = await Promise.all([hashPassword("same"), hashPassword("same")]);
  assert.match(first, /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(first, second);
});

test("a hash of another cost is read with the cost that it names", async () => {
  // The second vector of RFC 7914, section 12, of which our 32 bytes are the first half.
  const rfcHash = "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI";
  assert.equal(await verifyPassword("password", rfcHash), true);
  assert.equal(await verifyPassword("Password", rfcHash), false);
});

test("nobody's hash costs as much as any, and nothing matches it", async () => {
  const costOf = (hash: string): string | undefined => hash.split("$")[2];
  assert.equal(costOf(nobodysHash), costOf(await hashPassword("anything")));
  for (const password of ["", "admin", "\0"])
    assert.equal(await verifyPassword(password, nobodysHash), false);
});

test("what is no hash of ours is an internal error that does not repeat it", async () => {
  for (const hash of [
    "",
    "hunter2",
    "$scrypt$ln=15,r=8,p=1$short$short",
    "$argon2id$v=19$m=8,t=1,p=1$aaaa$aaaa",
  ]) {
    await assert.rejects(
      verifyPassword("hunter2", hash),
      (error) =>
        error instanceof TaskCenterError && error.code === "internal" && !error.message.includes("hunter2"),
    );
  }
});

test("while passwords are hashed, the event loop goes on", async () => {
  let isDone = false;
  const hashing = Promise.all([hashPassword("a"), hashPassword("b")]).then(() => {
    isDone = true;
  });
  let ticks = 0;
  while (!isDone) {
    await pause(1);
    ticks += 1;
  }
  await hashing;
  assert.ok(ticks > 5, `only ${ticks} ticks`);
});
