import assert from "node:assert/strict";
import test from "node:test";
import { assertKeystoneHeaders, openIam, publicUrl } from "../../../test/open-iam.ts";

test("the root offers one version, and the version its own document, with or without the last slash", async (context) => {
  const { call } = await openIam(context);
  const version = {
    id: "v3.14",
    status: "stable",
    updated: "2020-04-07T00:00:00Z",
    links: [{ rel: "self", href: `${publicUrl}/v3/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
  };
  const root = await call("GET", "/");
  assert.equal(root.status, 300);
  assert.deepEqual(root.json, { versions: { values: [version] } });
  // A browser is led to the console from there.
  assertKeystoneHeaders(root, "X-Auth-Token, Accept");
  for (const path of ["/v3", "/v3/"]) {
    const answer = await call("GET", path);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { version });
  }
});

test("our own API's document does not describe Keystone's", async (context) => {
  const { call } = await openIam(context);
  const { json } = await call("GET", "/openapi.json");
  const foreign = Object.keys(json.paths).filter((path) => !path.startsWith("/v1/"));
  assert.ok(!foreign.some((path) => path === "/" || path.startsWith("/v3")), String(foreign));
});
