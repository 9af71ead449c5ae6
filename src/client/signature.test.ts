import assert from "node:assert/strict";
import test from "node:test";
import { type OutgoingRequest, signRequest } from "./signature.ts";

const keys = { accessKey: "AccessKey", secretKey: "SecretKey" };
const atMs = Date.parse("2020-06-08T02:39:00Z");
const published: OutgoingRequest = {
  method: "GET",
  url: "https://service.endpoint.myhuaweicloud.com/resources?size=1",
  headers: {},
  body: "",
};

async function signatureOf(request: Partial<OutgoingRequest>): Promise<string> {
  const { authorization } = await signRequest({ ...published, ...request }, keys, atMs);
  return /Signature=(\w+)$/.exec(authorization ?? "")?.[1] ?? "";
}

test("the published examples are signed as published", async () => {
  assert.deepEqual(await signRequest(published, keys, atMs), {
    "x-sdk-date": "20200608T023900Z",
    authorization:
      "SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=host;x-sdk-date, " +
      "Signature=cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842",
  });
  assert.equal(
    await signatureOf({ method: "POST", body: '{"name":"test","id":1}' }),
    "436b1ac0a1ae03705934bb70ef2f2e09f7bfed2117d731a38235053199323a1f",
  );
});

test("every header is signed, by its name in lower case and in order", async () => {
  const headers = { "X-Project-Id": "p1", "if-match": '"3"', "content-type": "application/json" };
  const { authorization } = await signRequest({ ...published, headers }, keys, atMs);
  assert.match(
    authorization ?? "",
    /SignedHeaders=content-type;host;if-match;x-project-id;x-sdk-date, Signature=[0-9a-f]{64}$/,
  );
});

test("a change of anything that is sent changes the signature", async () => {
  const signatures = await Promise.all(
    [
      {},
      { method: "POST" },
      { url: "https://service.endpoint.myhuaweicloud.com/resources?size=2" },
      { url: "https://service.endpoint.myhuaweicloud.com/resource?size=1" },
      { url: "https://service.endpoint.myhuaweicloud.com:8443/resources?size=1" },
      { headers: { "if-match": '"1"' } },
      { headers: { "if-match": '"2"' } },
      { body: "{}" },
    ].map(signatureOf),
  );
  assert.equal(new Set(signatures).size, signatures.length);
});

test("addresses that mean the same have the same signature, however they are written", async () => {
  const host = "https://service.endpoint.myhuaweicloud.com";
  const same = [
    ["/a%2db", "/a-b"],
    ["/tasks", "/tasks/"],
    ["/x?b=2&a=1", "/x?a=1&b=2"],
    ["/x?a=2&a=10", "/x?a=10&a=2"],
    ["/x?a=b+c", "/x?a=b%20c"],
    ["/x?a=!'()*", "/x?a=%21%27%28%29%2A"],
    ["/x?a", "/x?a="],
    // In UTF-16 the emoji comes first, in bytes it comes last.
    ["/x?a=\u{1F600}&a=\uFB01", "/x?a=\uFB01&a=\u{1F600}"],
  ] as const;
  for (const [one, other] of same) {
    assert.equal(await signatureOf({ url: host + one }), await signatureOf({ url: host + other }), one);
  }
  assert.notEqual(await signatureOf({ url: `${host}/a%2Fb` }), await signatureOf({ url: `${host}/a/b` }));
});
