import assert from "node:assert/strict";
import test from "node:test";
import { callerRoutes } from "../../test/open-iam.ts";
import { dialects } from "../dialects/index.ts";
import { faceOf, routedUrl } from "./faces.ts";

const projectId = "0483b6b16e954cb88930a360d2c4e663";

test("every address of IAM is IAM's on every host and listener", () => {
  const paths = [
    "/",
    "/v3",
    "/v3/",
    "/v3.0/OS-CREDENTIAL/securitytokens",
    ...callerRoutes.map(([, path]) => path),
  ];
  for (const path of paths) {
    assert.equal(faceOf(`${path}?name=x`).kind, "iam", path);
    for (const dialect of dialects) assert.equal(routedUrl(path, dialect), path);
  }
});

test("Keystone's collections that are not here are IAM's too, and so is what is unknown below its own", () => {
  for (const path of [
    "/v3/groups",
    "/v3/services?type=x",
    "/v3/credentials",
    "/v3/OS-INHERIT/domains/d/users/u/roles",
  ]) {
    assert.equal(faceOf(path).kind, "iam", path);
  }
  assert.equal(faceOf("/v3.0/OS-CREDENTIAL/unknown").kind, "iam");
});

test("what is under a project is the service's where one is chosen, and the gateway's elsewhere", () => {
  for (const path of [`/v3/${projectId}/jobs`, "/v3/auth-like/jobs", "/v3/userswho"]) {
    assert.equal(faceOf(path).kind, "gateway", path);
    for (const dialect of dialects) {
      const face = faceOf(routedUrl(path, dialect));
      assert.equal(face.kind === "service" && face.dialect.service, dialect.service);
    }
  }
  for (const path of ["/v3.0", "/v3.0/OS-CREDENTIALS/x", "/v3.0/users"]) {
    assert.equal(faceOf(path).kind, "gateway", path);
  }
});
