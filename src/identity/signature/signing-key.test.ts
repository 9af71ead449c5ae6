import assert from "node:assert/strict";
import test from "node:test";
import type { SignatureScope } from "./authorization.ts";
import { deriveSigningKeys } from "./signing-key.ts";

const signingKey = deriveSigningKeys();

function scopeOf(date: string, region: string, service: string): SignatureScope {
  return { date, region, service, text: `${date}/${region}/${service}/sdk_request` };
}

test("without a scope the secret key itself signs", () => {
  assert.equal(signingKey("SecretKey", undefined), "SecretKey");
});

test("each secret key, date, region and service has a signing key of its own", () => {
  const keys = [
    signingKey("SecretKey", scopeOf("20200608", "", "")),
    signingKey("OtherKey", scopeOf("20200608", "", "")),
    signingKey("SecretKey", scopeOf("20200609", "", "")),
    signingKey("SecretKey", scopeOf("20200608", "eu-de", "")),
    signingKey("SecretKey", scopeOf("20200608", "", "eu-de")),
    signingKey("SecretKey", scopeOf("20200608", "eu-de", "rds")),
  ];
  assert.equal(new Set(keys.map((key) => key.toString("hex"))).size, keys.length);
});

test("a derived key is kept while it is used, and is the same when derived again", () => {
  const scope = scopeOf("20200608", "eu-de", "kept");
  const key = signingKey("SecretKey", scope);
  assert.equal(signingKey("SecretKey", scope), key);
  for (let other = 0; other < 5000; other++) {
    signingKey("SecretKey", scopeOf("20200608", `r${other}`, "kept"));
  }
  const again = signingKey("SecretKey", scope);
  assert.notEqual(again, key);
  assert.deepEqual(again, key);
});
