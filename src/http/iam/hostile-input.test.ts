import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import {
  type Answer,
  callerCalls,
  callerRoutes,
  type Method,
  type OpenIam,
  openCalls,
  openIam,
  passwordRequest,
  projectScope,
} from "../../../test/open-iam.ts";
import { project } from "../../../test/open-identity.ts";
import { faceOf } from "../faces.ts";
import { roleId } from "./documents.ts";

/**
 * Whatever is sent to IAM is done or refused with a status that the reference names: never a 5xx, and never with a
 * secret in the answer.
 */
const secret = "Tr0ub4dor&3";
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(secret, `${secret}\u0000`, [secret]),
);

const members = [
  "name",
  "domain_id",
  "parent_id",
  "is_domain",
  "description",
  "email",
  "enabled",
  "user_id",
  "methods",
  "token",
];
/** A body of the right outline goes deeper than chance alone. No password in it is acceptable: hashing one is slow. */
const outlined = fc
  .tuple(
    fc.constantFrom("user", "project", "credential", "auth"),
    fc.dictionary(fc.constantFrom(...members), fc.oneof(fc.string(), fc.boolean(), anything), { maxKeys: 5 }),
    fc.constantFrom<unknown>(`${secret}\u0000`, secret.repeat(30), [secret], 8, null),
  )
  .map(([thing, values, password]) => ({ [thing]: { ...values, password, original_password: secret } }));
const bodies = fc.oneof(anything, outlined, fc.constantFrom(secret, { user: secret }, { auth: [secret] }));

const documented = [200, 201, 204, 400, 401, 403, 404, 409];

function assertDocumented(answer: Answer, method: Method, about: string): void {
  assert.ok(documented.includes(answer.status), `${about}: ${answer.status} ${answer.text}`);
  assert.ok(!answer.text.includes(secret), about);
  if (answer.status >= 400 && method !== "HEAD") {
    const { error } = answer.json;
    assert.deepEqual(Object.keys(answer.json), ["error"], about);
    assert.deepEqual(
      [error.code, typeof error.message, typeof error.title],
      [answer.status, "string", "string"],
    );
  }
}

/** What is not a GET, and about others than the first user and project, who are needed. */
const changingRoutes: readonly (readonly [Method, string])[] = [
  ...callerRoutes.filter(([method, path]) => method === "POST" && !path.includes("u1")),
  ["PATCH", "/v3/projects/second"],
  ["PATCH", "/v3/users/id-of-ben"],
  ["POST", "/v3/users/id-of-ben/password"],
  ["PUT", `/v3/projects/second/users/id-of-ben/roles/${roleId("reader")}`],
  ["POST", "/v3.0/OS-CREDENTIAL/securitytokens"],
];

async function openWithSecond(context: TestContext): Promise<OpenIam & { readonly token: string }> {
  const iam = await openIam(context);
  await iam.store.createProject({ ...project, id: "second", name: "second" });
  await iam.addUser("ben");
  return { ...iam, token: await iam.logIn() };
}

test("every call of IAM is tried here", async (context) => {
  const { declaredCalls } = await openIam(context);
  const calls = [...declaredCalls].filter((call) => !call.startsWith("HEAD "));
  const ofIam = calls.filter((call) => faceOf(call.slice(call.indexOf(" ") + 1)).kind === "iam");
  assert.deepEqual(ofIam.sort(), [...openCalls, ...callerCalls].sort());
});

test("any JSON on any call that changes something is done or refused, by an admin and by nobody", async (context) => {
  const { call, token } = await openWithSecond(context);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...changingRoutes),
      bodies,
      fc.constantFrom(token, token, token, undefined),
      async ([method, path], body, by) => {
        const answer = await call(method, path, { token: by, body: JSON.stringify(body) });
        assertDocumented(answer, method, `${method} ${path}`);
        if (by === undefined) assert.ok(answer.status === 401 || answer.status === 400);
      },
    ),
    { numRuns: 600, seed: 20260131 },
  );
  assert.equal((await call("GET", "/v3/users/u1", { token })).json.user.enabled, true);
});

/** Bytes that are mostly no UTF-8; and a body of the right outline with such bytes in a text. */
const rubbish = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const quotedRubbish = rubbish.map((bytes) =>
  Buffer.concat([Buffer.from('{"user":{"name":"'), bytes, Buffer.from('"}}')]),
);

test("any bytes for a body are refused, or mean nothing", async (context) => {
  const { call, token } = await openWithSecond(context);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...changingRoutes),
      fc.oneof(rubbish, quotedRubbish),
      fc.constantFrom("application/json", "text/plain", "application/x-www-form-urlencoded", "", "a/b/c"),
      async ([method, path], body, type) => {
        const headers = { "content-type": type };
        assertDocumented(await call(method, path, { token, body, headers }), method, `${method} ${path}`);
      },
    ),
    { numRuns: 200, seed: 20260131 },
  );
});

test("a text that is no UTF-8 is nobody's name", async (context) => {
  const { call, token } = await openWithSecond(context);
  for (const bytes of ["80", "c3", "c080", "eda080", "f4908080", "fffe"]) {
    const body = Buffer.concat([
      Buffer.from('{"user":{"name":"'),
      Buffer.from(bytes, "hex"),
      Buffer.from('"}}'),
    ]);
    const { status, json } = await call("POST", "/v3/users", { token, body });
    assert.deepEqual([status, json.error.message], [400, "The body must be JSON in UTF-8."], bytes);
  }
  assert.equal((await call("GET", "/v3/users", { token })).json.users.length, 2);
});

test("a token of any bytes is no token, of the caller and as a subject", async (context) => {
  const { call, token } = await openWithSecond(context);
  // What a header can have, as Node gives it: bytes as Latin-1.
  const byte = fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code));
  const text = fc.oneof(
    fc.string({ unit: fc.oneof(byte, fc.constant("\t")), maxLength: 60 }),
    fc.string({ unit: byte, minLength: 43, maxLength: 43 }),
    byte.map((last) => token.slice(0, -1) + last).filter((other) => other !== token),
    fc.constantFrom(`${token} `, `${token},${token}`, `${token}=`, token.slice(1), secret),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...callerRoutes), text, async ([method, path], rubbishToken) => {
      const asCaller = await call(method, path, { token: rubbishToken, subject: token });
      assertDocumented(asCaller, method, `${method} ${path}`);
      assert.equal(asCaller.status, 401);
      for (const asked of ["GET", "DELETE"] as const) {
        const asSubject = await call(asked, "/v3/auth/tokens", { token, subject: rubbishToken });
        assertDocumented(asSubject, asked, asked);
        assert.equal(asSubject.status, 404);
      }
    }),
    { numRuns: 200, seed: 20260131 },
  );
  assert.equal((await call("GET", "/v3/auth/tokens", { token, subject: token })).status, 200);
});

test("any text in a path is an id that is not there, or an address that is not", async (context) => {
  const { call, token } = await openWithSecond(context);
  const parametric = callerRoutes.filter(([, path]) => /u1|default|a-role|AK|0483/.test(path));
  // A segment of dots alone never reaches a server: clients take it for the way up.
  const text = fc
    .oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
      fc.constantFrom("\u0000", "%2F", "'--", "__proto__", "constructor"),
    )
    .filter((id) => !/^\.+$/.test(id));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...parametric), text, async ([method, path], id) => {
      const written = encodeURIComponent(id.toWellFormed());
      const other = path.replace(/u1|default|a-role|AK|0483\w+/g, () => written);
      const body = method === "POST" || method === "PATCH" ? validBody(path) : undefined;
      const answer = await call(method, other, { token, body });
      assertDocumented(answer, method, `${method} ${other}`);
      assert.ok([401, 403, 404].includes(answer.status), `${method} ${other}: ${answer.status}`);
    }),
    { numRuns: 300, seed: 20260131 },
  );
});

test("any query on any list is answered or refused", async (context) => {
  const { call, token } = await openWithSecond(context);
  const lists = callerRoutes.filter(([method, path]) => method === "GET" && !/AK|a-role/.test(path));
  const keys = ["name", "enabled", "user.id", "user_id", "scope.project.id", "role.id", "__proto__", "links"];
  const pairs = fc.array(
    fc.tuple(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.string({ unit: "binary" })),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...lists), pairs, async ([method, path], query) => {
      const text = query.map((pair) => pair.map((part) => encodeURIComponent(part.toWellFormed())).join("="));
      const answer = await call(method, `${path}?${text.join("&")}`, { token, subject: token });
      assertDocumented(answer, method, path);
    }),
    { numRuns: 300, seed: 20260131 },
  );
});

test("a wrong password of any text is refused in the same words", async (context) => {
  const { call } = await openIam(context);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), async (text) => {
      const body = passwordRequest(projectScope, { password: `${secret}${text}` });
      const answer = await call("POST", "/v3/auth/tokens", { body });
      assert.equal(answer.status, 401);
      assertDocumented(answer, "POST", "a login");
    }),
    { numRuns: 100, seed: 20260131 },
  );
});

function validBody(path: string): unknown {
  if (path.endsWith("/password")) {
    return { user: { original_password: secret, password: `${secret} and more` } };
  }
  return path.includes("/users/") ? { user: {} } : { project: {} };
}
