import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import test from "node:test";
import fc from "fast-check";
import { TaskCenterError } from "../../task/error.ts";
import type { SignedRequest } from "../identity.ts";
import { parseAuthorization } from "./authorization.ts";
import { deriveSigningKeys } from "./signing-key.ts";
import { checkDate, verifyRequest } from "./verify.ts";

const refused = new TaskCenterError("unauthenticated", "verify aksk signature fail");
const expired = new TaskCenterError("unauthenticated", "signature expired");
const secret = "SecretKey";
const date = "20200608T023900Z";
const nowMs = Date.UTC(2020, 5, 8, 2, 39);

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const signingKeys = deriveSigningKeys();

/** A request as it arrives. */
interface Arrival extends Pick<SignedRequest, "method" | "target" | "headers"> {
  readonly body: string;
  readonly authorization: string;
}

async function verify(arrival: Arrival, terms: { readonly nowMs?: number; readonly secret?: string } = {}) {
  const { body, authorization, ...request } = arrival;
  const claim = parseAuthorization(authorization);
  const hashBody = async (): Promise<string> => sha256(body);
  await verifyRequest({ ...request, hashBody }, { claim, secret, nowMs, signingKeys, ...terms });
}

// The vectors

const host = "service.endpoint.myhuaweicloud.com";

const accessGet: Arrival = {
  method: "GET",
  target: "/resources?size=1",
  headers: { host, "x-sdk-date": date },
  body: "",
  authorization:
    "SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=host;x-sdk-date, Signature=cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842",
};

const vectors: Readonly<Record<string, Arrival>> = {
  "GET in the access form": accessGet,
  "POST in the access form": {
    ...accessGet,
    method: "POST",
    body: '{"name":"test","id":1}',
    authorization:
      "SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=host;x-sdk-date, Signature=436b1ac0a1ae03705934bb70ef2f2e09f7bfed2117d731a38235053199323a1f",
  },
  "GET in the credential form": {
    method: "GET",
    target: "/v3/0483b6b16e954cb88930a360d2c4e663/jobs?id=ok-1",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      host,
      "user-agent": "golangsdk/2.0.0",
      "x-sdk-date": date,
    },
    body: "",
    authorization:
      "SDK-HMAC-SHA256 Credential=AccessKey/20200608///sdk_request, SignedHeaders=accept;content-type;host;user-agent;x-sdk-date, Signature=00e7f489293e35afdd7318b112ca27f7cc108d9dd1314964656fb0cdec4b6d1c",
  },
};

for (const [name, vector] of Object.entries(vectors)) {
  test(`the vector ${name} verifies, and headers that it does not sign may change`, async () => {
    await verify(vector);
    await verify({ ...vector, headers: { ...vector.headers, "x-project-id": "p1", via: "proxy" } });
  });

  test(`the vector ${name} does not verify once anything is changed`, async () => {
    const { method, target, headers, body, authorization } = vector;
    const { host: _, ...withoutHost } = headers;
    const flipped = authorization.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    const changes: readonly Partial<Arrival>[] = [
      { method: "DELETE" },
      { method: method.toLowerCase() },
      { target: `/ddm${target}` },
      { target: target.replace("?", "x?") },
      { target: target.toUpperCase() },
      { target: `${target}1` },
      { target: `${target}&a` },
      { target: target.replace(/\?.*$/, "") },
      { headers: { ...headers, host: "other.example.com" } },
      { headers: { ...headers, "x-sdk-date": "20200608T023901Z" } },
      { headers: withoutHost },
      { body: `${body} ` },
      { authorization: authorization.replace("host;", "") },
      { authorization: flipped },
    ];
    for (const change of changes) {
      await assert.rejects(verify({ ...vector, ...change }), refused, JSON.stringify(change));
    }
    await assert.rejects(verify(vector, { secret: "secretKey" }), refused);
  });
}

test("the scope of the credential form is signed", async () => {
  const vector = vectors["GET in the credential form"] ?? assert.fail();
  for (const scope of ["20200607///", "20200609///", "20200608/eu-de//", "20200608//rds/"]) {
    const moved = { ...vector, authorization: vector.authorization.replace("20200608///", scope) };
    await assert.rejects(verify(moved), refused, scope);
  }
});

// A client, written as the vendor's are: from texts that nothing has encoded yet.

interface Message {
  readonly method: string;
  readonly segments: readonly string[];
  readonly query: readonly (readonly [key: string, value: string])[];
  /** Beside X-Sdk-Date, which every client signs. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the client signs in place of its body's hash. */
  readonly bodyHash?: string;
  /** Headers that are sent without being signed. */
  readonly unsigned?: Readonly<Record<string, string>>;
}

interface Place {
  readonly region: string;
  readonly service: string;
  /** The day of the request unless a client mistakes it. */
  readonly day?: string;
}

const plainMessage: Message = { method: "GET", segments: ["v3", "p1"], query: [], headers: {}, body: "" };

function encode(text: string): string {
  const escaped = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, escaped);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The Authorization header that a client sends: without a place in the access form, else in the credential form. */
function sign(message: Message, place?: Place): string {
  const { method, segments, body, bodyHash = sha256(body) } = message;
  const path = `/${segments.map(encode).join("/")}`;
  const query = [...message.query]
    .sort(([keyA, valueA], [keyB, valueB]) => byBytes(keyA, keyB) || byBytes(valueA, valueB))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`);
  const headers: Readonly<Record<string, string>> = { ...message.headers, "x-sdk-date": date };
  const names = Object.keys(headers).sort(byBytes);
  const canonical = [
    method,
    path.endsWith("/") ? path : `${path}/`,
    query.join("&"),
    ...names.map((name) => `${name}:${headers[name]?.replace(/^[ \t]+|[ \t]+$/g, "")}`),
    "",
    names.join(";"),
    bodyHash,
  ].join("\n");
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac("sha256", key).update(text).digest();
  if (place === undefined) {
    const signature = hmac(secret, ["SDK-HMAC-SHA256", date, sha256(canonical)].join("\n")).toString("hex");
    return `SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  }
  const { region, service, day = date.slice(0, 8) } = place;
  const scope = `${day}/${region}/${service}/sdk_request`;
  const key = hmac(hmac(hmac(hmac(`SDK${secret}`, day), region), service), "sdk_request");
  const signature = hmac(key, ["SDK-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
  return `SDK-HMAC-SHA256 Credential=AccessKey/${scope},SignedHeaders=${names.join(";")},Signature=${signature}`;
}

/** The ways in which a client's HTTP library may write what was signed. */
const writings = {
  strict: encode,
  form: (text) => encode(text).replaceAll("%20", "+").replaceAll("~", "%7E"),
  lowerCase: (text) => encode(text).replace(/%../g, (found) => found.toLowerCase()),
  everythingEscaped: (text) => Buffer.from(text).toString("hex").replace(/../g, "%$&"),
  whatMustBe: (text) =>
    Buffer.from(text.replace(/[%+&=?/]/g, encode))
      .toString("latin1")
      .replaceAll(" ", "%20"),
} as const satisfies Record<string, (text: string) => string>;

function send(message: Message, authorization: string, write = writings.strict): Arrival {
  // In a path a plus is a plus: nobody writes a space so.
  const path = message.segments.map((segment) =>
    write === writings.form ? encode(segment) : write(segment),
  );
  const query = message.query.map(([key, value]) =>
    value === "" && key !== "" ? write(key) : `${write(key)}=${write(value)}`,
  );
  const headers = { ...message.headers, ...message.unsigned };
  return {
    method: message.method,
    target: `/${path.join("/")}${query.length === 0 ? "" : `?${query.join("&")}`}`,
    headers: {
      ...Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString("latin1")]),
      ),
      "x-sdk-date": date,
    },
    body: message.body,
    authorization,
  };
}

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.stringMatching(/^[a-zA-Z0-9\-._~]{0,8}$/),
  fc
    .array(fc.constantFrom("+", " ", "%", "%2B", "%2F", "&", "=", "/", "?", "~", "*", "à", "任", "😀"), {
      maxLength: 5,
    })
    .map((signs) => signs.join("")),
);
const anyMessage: fc.Arbitrary<Message> = fc.record({
  method: fc.constantFrom("GET", "PUT", "POST", "DELETE"),
  segments: fc.array(anyText, { minLength: 1, maxLength: 4 }),
  query: fc.array(fc.tuple(anyText, anyText), { maxLength: 4 }),
  headers: fc.dictionary(
    fc.stringMatching(/^meta[a-z0-9_-]{0,3}$/),
    anyText.map((text) => text.replace(/[\0\r\n]/g, "")),
    { maxKeys: 3 },
  ),
  body: anyText,
});
const anyName = fc.constantFrom("", "eu-de", "rds");
const anyPlace = fc.option(fc.record({ region: anyName, service: anyName }), { nil: undefined });
const anyWriting = fc.constantFrom(...Object.values(writings));

test("whatever a client signs verifies, however it is written on its way", async () => {
  await fc.assert(
    fc.asyncProperty(anyMessage, anyPlace, anyWriting, async (message, place, writing) => {
      await verify(send(message, sign(message, place), writing));
    }),
    { numRuns: 300 },
  );
});

test("no single change of what was signed verifies", async () => {
  await fc.assert(
    fc.asyncProperty(anyMessage, anyPlace, async (message, place) => {
      const authorization = sign(message, place);
      await verify(send(message, authorization));
      for (const change of changesOf(message)) {
        const changed = send({ ...message, ...change }, authorization);
        await assert.rejects(verify(changed), refused, JSON.stringify(change));
      }
    }),
    { numRuns: 50 },
  );
});

function changesOf(message: Message): readonly Partial<Message>[] {
  const { method, segments, query, headers, body } = message;
  return [
    { method: `${method}X` },
    { segments: ["ddm", ...segments] },
    ...segments.map((segment, at) => ({ segments: segments.with(at, `${segment}/x`) })),
    { query: [...query, ["", ""]] },
    ...query.flatMap(([key, value], at) => [
      { query: query.toSpliced(at, 1) },
      { query: [...query, [key, value]] as const },
      { query: query.with(at, [`${key}+`, value]) },
      { query: query.with(at, [key, `${value} `]) },
    ]),
    ...Object.entries(headers).map(([name, value]) => ({ headers: { ...headers, [name]: `${value}x` } })),
    { body: `${body}\n` },
  ];
}

test("the day of the credential form's scope is that of the request, also where another was signed", async () => {
  const place = { region: "eu-de", service: "rds" };
  await verify(send(plainMessage, sign(plainMessage, { ...place, day: "20200608" })));
  for (const day of ["20200607", "20200609"]) {
    await assert.rejects(verify(send(plainMessage, sign(plainMessage, { ...place, day }))), refused, day);
  }
});

test("blanks around the value of a header change nothing, those inside do", async () => {
  const message = { ...plainMessage, headers: { "x-note": "two  words" } };
  const authorization = sign(message);
  const withNote = (note: string): Arrival =>
    send({ ...message, headers: { "x-note": note } }, authorization);
  await verify(withNote(" two  words\t"));
  await assert.rejects(verify(withNote("two words")), refused);
});

test("a client that does not sign Host verifies under any, and one that signs it only under its own", async () => {
  const unsigned = sign(plainMessage);
  await verify(send({ ...plainMessage, unsigned: { host: "a.example.com" } }, unsigned));
  await verify(send({ ...plainMessage, unsigned: { host: "b.example.com" } }, unsigned));
  const signed = sign({ ...plainMessage, headers: { host: "a.example.com" } });
  await verify(send({ ...plainMessage, headers: { host: "a.example.com" } }, signed));
  await assert.rejects(
    verify(send({ ...plainMessage, headers: { host: "b.example.com" } }, signed)),
    refused,
  );
});

test("a body's hash that is announced must be the body's, signed or not", async () => {
  const message = { ...plainMessage, method: "POST", body: "{}" };
  for (const place of ["headers", "unsigned"] as const) {
    const announcing = (announced: string): Message => ({
      ...message,
      [place]: { "x-sdk-content-sha256": announced },
      bodyHash: announced,
    });
    const right = announcing(sha256("{}"));
    await verify(send(right, sign(right)));
    for (const announced of [sha256("{ }"), sha256("{}").toUpperCase(), "", "unsigned-payload"]) {
      const wrong = announcing(announced);
      await assert.rejects(verify(send(wrong, sign(wrong))), refused, announced);
    }
    await assert.rejects(verify({ ...send(right, sign(right)), body: "{ }" }), refused);
  }
});

test("UNSIGNED-PAYLOAD leaves the body unsigned where it is signed itself, and nowhere else", async () => {
  const word = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" };
  const signed = { ...plainMessage, headers: word, body: "{}", bodyHash: "UNSIGNED-PAYLOAD" };
  await verify(send(signed, sign(signed)));
  await verify({ ...send(signed, sign(signed)), body: "another" });
  const { headers: _, ...rest } = signed;
  const added = { ...rest, headers: {}, unsigned: word };
  await assert.rejects(verify(send(added, sign(added))), refused);
  const addedLater = { ...plainMessage, body: "{}", unsigned: word };
  await assert.rejects(verify(send(addedLater, sign(addedLater))), refused);
});

test("the body is read only where its hash is needed, of a request whose date is good", async () => {
  const tooLarge = new TaskCenterError("request-too-large", "The body is too large.");
  const hashBody = (): Promise<string> => Promise.reject(tooLarge);
  const verifyUnread = (message: Message, atMs: number): Promise<void> => {
    const { authorization, ...request } = send(message, sign(message));
    const claim = parseAuthorization(authorization);
    return verifyRequest({ ...request, hashBody }, { claim, secret, nowMs: atMs, signingKeys });
  };
  await assert.rejects(verifyUnread(plainMessage, nowMs), tooLarge);
  await assert.rejects(verifyUnread(plainMessage, nowMs + 3_600_000), expired);
  const word = "UNSIGNED-PAYLOAD";
  await verifyUnread({ ...plainMessage, headers: { "x-sdk-content-sha256": word }, bodyHash: word }, nowMs);
});

// The date

test("a request is good for 15 minutes before and after its date, and not a millisecond more", async () => {
  const toleranceMs = 900_000;
  for (const atMs of [nowMs - toleranceMs, nowMs, nowMs + toleranceMs]) {
    assert.equal(checkDate(date, atMs), date);
    await verify(accessGet, { nowMs: atMs });
  }
  for (const atMs of [nowMs - toleranceMs - 1, nowMs + toleranceMs + 1]) {
    assert.throws(() => checkDate(date, atMs), expired);
    await assert.rejects(verify(accessGet, { nowMs: atMs }), expired);
  }
});

test("a date that is absent, malformed or in no calendar is refused", () => {
  const malformed = [
    undefined,
    "",
    [date],
    "20200608T023900",
    "20200608T023900z",
    "20200608t023900Z",
    "20200608T0239Z",
    "2020-06-08T02:39:00Z",
    "20200608T023900+0000",
    "20200608T023900.000Z",
    " 20200608T023900Z",
    "20200608T023900Z\n",
    "20200608T023900Z, 20200608T023900Z",
    "20200230T023900Z",
    "20190229T023900Z",
    "20201308T023900Z",
    "20200600T023900Z",
    "20200608T240000Z",
    "20200608T026000Z",
    "20200608T023960Z",
    "２0200608T023900Z",
  ];
  for (const header of malformed) assert.throws(() => checkDate(header, nowMs), refused, String(header));
  const leapDay = "20200229T235959Z";
  assert.equal(checkDate(leapDay, Date.UTC(2020, 1, 29, 23, 59, 59)), leapDay);
});

test("any date is read or refused, and nothing else happens", () => {
  const digits = fc.stringMatching(/^[0-9]{8}T[0-9]{6}Z$/);
  fc.assert(
    fc.property(fc.oneof(digits, fc.string({ unit: "binary" })), fc.maxSafeInteger(), (text, atMs) => {
      try {
        assert.equal(checkDate(text, atMs), text);
      } catch (error) {
        if (!(error instanceof TaskCenterError)) throw error;
        assert.equal(error.code, "unauthenticated");
        assert.ok([refused.message, expired.message].includes(error.message));
      }
    }),
    { numRuns: 300 },
  );
  assert.throws(() => checkDate("2".repeat(1_000_000), nowMs), refused);
});
