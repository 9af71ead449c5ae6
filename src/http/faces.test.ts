import assert from "node:assert/strict";
import test from "node:test";
import { callerRoutes } from "../../test/open-iam.ts";
import { dialects } from "../dialects/index.ts";
import { faceOf, isConsolePath, isThroughConsole, routedUrl } from "./faces.ts";

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

/** How a request for a target is routed, and whether its proof is a session. */
function routed(target: string, chosen: (typeof dialects)[number] | undefined, withConsole = true) {
  const url = routedUrl(target, chosen, { withConsole });
  return { url, isThrough: isThroughConsole({ originalUrl: target, raw: { url } }) };
}

test("what the console's page asks for is routed to the task APIs, on every host", () => {
  for (const chosen of [undefined, ...dialects]) {
    for (const target of [
      `/v1/${projectId}/tasks?limit=1`,
      ...dialects.map(({ prefix }) => `${prefix}/v3/${projectId}/x`),
    ]) {
      for (const prefix of ["/console/api", "/%63onsole/%61pi", "http://example.com/console/api"]) {
        assert.deepEqual(routed(prefix + target, chosen), { url: target, isThrough: true });
      }
    }
  }
});

test("nothing else is reached through the console, and a service's own listener has none", () => {
  for (const target of [
    "/console/api/v3/users",
    "/console/api/v3",
    "/console/api//v1/x",
    "/console/api/../v1/x",
    "/console/api/v1",
    "/console/api/console/api/v1/x",
    "/console/session",
    "/console",
  ]) {
    assert.deepEqual(routed(target, undefined), { url: target, isThrough: false });
  }
  for (const target of [`/console/api/v1/${projectId}/tasks`, `/%63onsole/api/v1/${projectId}/tasks`]) {
    for (const dialect of dialects) {
      const url = `/console/api/v1/${projectId}/tasks`;
      assert.deepEqual(routed(target, dialect, false), { url, isThrough: false });
    }
  }
  // A request that is routed by its host only does not come through the console.
  assert.equal(routed(`/v3/${projectId}/jobs`, dialects[0]).isThrough, false);
});

test("the console speaks our own words, and is only what lies at its path or below it", () => {
  for (const path of ["/console", "/console/", "/console/a/b", "/console/session"]) {
    assert.ok(isConsolePath(path), path);
    assert.equal(faceOf(path).kind, "own", path);
  }
  for (const path of ["/consoles", "/console.html", "/consol", "/v1/console", "/"]) {
    assert.ok(!isConsolePath(path), path);
  }
});

test("the documentation speaks our own words, and is only what lies at its path or below it", () => {
  for (const path of ["/docs", "/docs/", "/docs/reference/errors", "/docs?x=/rds/"]) {
    assert.equal(faceOf(path).kind, "own", path);
    for (const dialect of dialects) assert.equal(routedUrl(path, dialect), path);
  }
  for (const path of ["/docsx", "/doc", "/x/docs"]) assert.equal(faceOf(path).kind, "gateway", path);
});
