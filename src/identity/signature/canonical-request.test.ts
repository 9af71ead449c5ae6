import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { TaskCenterError } from "../../task/error.ts";
import { type CanonicalParts, canonicalRequest } from "./canonical-request.ts";

const bodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function canonical(parts: Partial<CanonicalParts>): string {
  return canonicalRequest({ method: "GET", target: "/", headers: {}, signedHeaders: [], bodyHash, ...parts });
}

function lineOf(target: string, line: number): string | undefined {
  return canonical({ target }).split("\n")[line];
}

const pathOf = (path: string): string | undefined => lineOf(`${path}?a=1`, 1);
const queryOf = (query: string): string | undefined => lineOf(`/?${query}`, 2);

/** The bytes of a text in UTF-8, as Node gives the value of a header. */
function onWire(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function assertAll(
  read: (written: string) => string | undefined,
  expectations: Readonly<Record<string, string>>,
): void {
  for (const [written, expected] of Object.entries(expectations)) {
    assert.equal(read(written), expected, JSON.stringify(written));
  }
}

test("a canonical request has its six parts in their order, an empty line after the headers", () => {
  assert.equal(
    canonical({
      method: "POST",
      target: "/ddm/v3/p1/jobs?offset=0&limit=10",
      headers: { host: "ddm.example.com", "x-sdk-date": "20200608T023900Z", accept: "*/*" },
      signedHeaders: ["host", "x-sdk-date"],
    }),
    `POST
/ddm/v3/p1/jobs/
limit=10&offset=0
host:ddm.example.com
x-sdk-date:20200608T023900Z

host;x-sdk-date
${bodyHash}`,
  );
});

test("the path ends with a slash, its prefix is a part of it, and its slashes stay as they are", () => {
  assertAll(pathOf, {
    "": "/",
    "/": "/",
    "/a": "/a/",
    "/a/": "/a/",
    "/a//b": "/a//b/",
    "//": "//",
    "/ddm/v3/p1/jobs": "/ddm/v3/p1/jobs/",
    "/a/../b/.": "/a/../b/./",
  });
});

test("each segment of the path is decoded once and encoded in one way", () => {
  assertAll(pathOf, {
    "/~a-b_c.d": "/~a-b_c.d/",
    "/%7Ea%2Db%5Fc%2ed": "/~a-b_c.d/",
    "/a%2Fb": "/a%2Fb/",
    "/a%2fb": "/a%2Fb/",
    "/a%2f": "/a%2F/",
    "/a b": "/a%20b/",
    "/a%20b": "/a%20b/",
    "/a+b": "/a%2Bb/",
    "/a%2Bb": "/a%2Bb/",
    "/a%2520b": "/a%2520b/",
    "/a:b@c$d!*'(),;=&": "/a%3Ab%40c%24d%21%2A%27%28%29%2C%3B%3D%26/",
    "/%e4%BB%bb%E5%8A%A1": "/%E4%BB%BB%E5%8A%A1/",
    "/a%3Fb": "/a%3Fb/",
    "/tasks:stats": "/tasks%3Astats/",
  });
  assert.equal(pathOf(`/${onWire("任务")}`), "/%E4%BB%BB%E5%8A%A1/");
});

test("what only looks like an escape, and bytes that are no text, stand for themselves", () => {
  assertAll(pathOf, {
    "/%": "/%25/",
    "/%4": "/%254/",
    "/%zz": "/%25zz/",
    "/%%41": "/%25A/",
    "/%ff": "/%FF/",
  });
  assertAll(queryOf, { "%": "%25=", "a=%4": "a=%254", "a=%zz": "a=%25zz", "a=%ff%00": "a=%FF%00" });
});

test("the query ends where the target does, also after a second question mark", () => {
  assert.equal(lineOf("/jobs", 2), "");
  assert.equal(lineOf("/jobs?", 2), "");
  assert.equal(lineOf("/jobs?a=1?b=2", 2), "a=1%3Fb%3D2");
});

test("in the query a plus is a space, and only %2B is a plus", () => {
  assertAll(queryOf, {
    "a=1+2": "a=1%202",
    "a=1%202": "a=1%202",
    "a=1 2": "a=1%202",
    "a=1%2B2": "a=1%2B2",
    "a=1%2b2": "a=1%2B2",
    "a=%2B+%20": "a=%2B%20%20",
    "a+b=c": "a%20b=c",
    "a%2Bb=c": "a%2Bb=c",
    "t=2020-06-08T06%3A44%3A01%200000": "t=2020-06-08T06%3A44%3A01%200000",
    "t=2020-06-08T06:44:01+0000": "t=2020-06-08T06%3A44%3A01%200000",
    "t=2020-06-08T06:44:01%2B0000": "t=2020-06-08T06%3A44%3A01%2B0000",
  });
});

test("a key without a value has an empty one, and empty pieces are none", () => {
  assertAll(queryOf, {
    k: "k=",
    "k=": "k=",
    "&&k&": "k=",
    "&": "",
    "=": "=",
    "=v": "=v",
    "k==": "k=%3D",
    "k=a=b": "k=a%3Db",
  });
});

test("the query is sorted by key, then by value, and repeated keys are all kept", () => {
  assertAll(queryOf, {
    "b=1&a=2": "a=2&b=1",
    "a=2&a=1&a": "a=&a=1&a=2",
    "a=1&a=1": "a=1&a=1",
    "a=1&B=2": "B=2&a=1",
    "ab=1&a=2&a-=3": "a=2&a-=3&ab=1",
    "a1=1&a=2": "a=2&a1=1",
  });
});

test("the order is that of the decoded bytes", () => {
  // Encoded, `%C3` and `%7C` would come before any letter, and UTF-16 puts U+1F600 before U+FF5E.
  assertAll(queryOf, {
    "%C3%A9=1&z=2": "z=2&%C3%A9=1",
    "%7C=1&z=2": "z=2&%7C=1",
    "a=%7C&a=z": "a=z&a=%7C",
    "%F0%9F%98%80=1&%EF%BD%9E=2": "%EF%BD%9E=2&%F0%9F%98%80=1",
    "a+b=1&a%00=2": "a%00=2&a%20b=1",
  });
});

function headerLines(
  headers: Readonly<Record<string, string | string[]>>,
  signedHeaders: readonly string[],
): string {
  const lines = canonical({ headers, signedHeaders }).split("\n");
  return lines.slice(3, 3 + signedHeaders.length).join("\n");
}

test("header lines are sorted by name, and the names keep the sender's order", () => {
  const headers = { "x-sdk-date": "d", host: "h", "x-a": "a", x_a: "u" };
  const signedHeaders = ["x-sdk-date", "x_a", "x-a", "host"];
  assert.equal(headerLines(headers, signedHeaders), "host:h\nx-a:a\nx-sdk-date:d\nx_a:u");
  assert.ok(canonical({ headers, signedHeaders }).includes("\n\nx-sdk-date;x_a;x-a;host\n"));
});

test("a header that is not signed leaves no trace", () => {
  const headers = { "x-sdk-date": "d", host: "h" };
  assert.equal(
    canonical({ headers, signedHeaders: ["x-sdk-date"] }),
    canonical({ headers: { ...headers, host: "other", accept: "*/*" }, signedHeaders: ["x-sdk-date"] }),
  );
});

test("a header loses the blanks around its value and keeps those inside", () => {
  assert.equal(headerLines({ a: "  b  c\td \t" }, ["a"]), "a:b  c\td");
  assert.equal(headerLines({ a: " \t " }, ["a"]), "a:");
  assert.equal(headerLines({ a: "" }, ["a"]), "a:");
});

test("the bytes of a header stay as they came, also those that resemble a space", () => {
  // The last byte of this à in UTF-8 is A0, alone U+00A0, which `trim` would cut.
  const value = onWire("voilà");
  assert.equal(headerLines({ a: value }, ["a"]), `a:${value}`);
});

test("a signed header that the request does not have is refused", () => {
  const refused = new TaskCenterError("unauthenticated", "verify aksk signature fail");
  for (const name of ["host", "constructor", "__proto__", "set-cookie"]) {
    assert.throws(() => canonical({ headers: { "set-cookie": ["a"] }, signedHeaders: [name] }), refused);
  }
});

test("how a path and a query are escaped changes nothing", () => {
  const bytes = fc.uint8Array({ maxLength: 12 }).map((array) => Buffer.from(array));
  const escaped = (text: Buffer): string => text.toString("hex").replace(/../g, "%$&");
  const plain = (text: Buffer): string =>
    text.toString("latin1").replace(/[%+&=?/]/g, (sign) => escaped(Buffer.from(sign, "latin1")));
  fc.assert(
    fc.property(bytes, bytes, bytes, (segment, key, value) => {
      const target = (write: (text: Buffer) => string): string =>
        `/v3/s${write(segment)}?k${write(key)}=${write(value)}`;
      assert.equal(canonical({ target: target(plain) }), canonical({ target: target(escaped) }));
      assert.match(lineOf(target(plain), 1) ?? "", /^\/v3\/s(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*\/$/);
    }),
    { numRuns: 200 },
  );
});

test("a target and a header of a hundred thousand characters cost no more than their length", () => {
  const startedMs = performance.now();
  for (const piece of ["%", "+", "&", "=", "/", "%41", "%2", " ", "a=b&", "é"]) {
    const long = piece.repeat(100_000 / piece.length);
    canonical({ target: `/${long}?${long}`, headers: { a: `x${long}x` }, signedHeaders: ["a"] });
  }
  // Work that grew with the square of the length would take far longer.
  assert.ok(performance.now() - startedMs < 5000);
});
