import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import {
  createAccessKey,
  type SignatureForm,
  signatureForms,
  signedHeaders,
  type TestKey,
} from "./identities.ts";
import {
  type Answer,
  adminPassword,
  callServer,
  projectId,
  startServer,
  type TestServer,
} from "./start-server.ts";

/** Signed requests through the whole server: what arrives is what was signed, on every face, and nothing else. */
const startMs = Date.UTC(2026, 0, 31, 8, 30);
let nowMs = startMs;
let server: TestServer;
let key: TestKey;

before(async () => {
  server = await startServer({ clock: () => nowMs, flags: { "listen-rds": "127.0.0.1:0" } });
  key = await createAccessKey(server, await whoAmI(), server.token);
  for (const name of ["a b", "a+b"]) {
    assert.equal((await server.call(tasks, { body: { ...task, name } })).status, 201);
  }
});
after(() => server.close());

const tasks = `/v1/${projectId}/tasks`;
const tasklist = `/rds/v3/${projectId}/tasklist`;
const task = { service: "rds", name: "BackupInstance", instance: { id: "in-1" } };

async function whoAmI(): Promise<{ readonly id: string }> {
  const { json } = await server.call("/v3/auth/tokens", { headers: { "x-subject-token": server.token } });
  return json.token.user;
}

interface Signed {
  readonly url: string;
  readonly method?: string;
  readonly body?: string;
  readonly key?: TestKey;
  readonly signedAtMs?: number;
  readonly form?: SignatureForm;
  /** Sent beside the signature, or instead of what it made. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Signs a request and sends it. */
function send({
  url,
  method = "GET",
  body,
  key: with_ = key,
  signedAtMs = nowMs,
  form = "Access",
  headers = {},
}: Signed): Promise<Answer> {
  const signature = signedHeaders({ key: with_, method, url, body, nowMs: signedAtMs, form });
  return callServer(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...signature,
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
}

/** A request whose `Host` is another name than the address it is sent to. */
function getAs(host: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path, headers: { ...headers, host } }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    })
      .on("error", reject)
      .end();
  });
}

test("both forms open a service, IAM and our own API", async () => {
  for (const path of [tasklist, tasks, "/v3/auth/catalog", "/v3/projects", `/v3/projects/${projectId}`]) {
    const url = server.url + path;
    for (const form of signatureForms) assert.equal((await send({ url, form })).status, 200, path);
  }
});

test("a client signs the address that it wrote: with a prefix, on a listener, under a host name", async () => {
  const own = `/v3/${projectId}/tasklist`;
  assert.equal((await send({ url: server.url + tasklist })).status, 200);
  assert.equal((await send({ url: `${server.serviceUrls.rds}${own}` })).status, 200);
  const host = "rds.eu-de.example.com";
  const headers = signedHeaders({ key, method: "GET", url: `http://${host}${own}`, nowMs });
  assert.equal(await getAs(host, own, headers), 200);
  assert.equal(await getAs(host, `http://${host}${own}`, headers), 200, "in absolute form");
  const routed = signedHeaders({ key, method: "GET", url: `http://${host}${tasklist}`, nowMs });
  assert.equal(await getAs(host, own, routed), 401, "signed for what the server makes of the address");
});

test("a plus, a space and %2B mean what they mean in a form, signed and read", async () => {
  const namesFound = async (query: string) => {
    const { status, json } = await send({ url: `${server.url}${tasklist}?${query}` });
    assert.equal(status, 200, query);
    return json.actions;
  };
  assert.deepEqual(await namesFound("name=a%20b"), ["a b"]);
  assert.deepEqual(await namesFound("name=a+b"), ["a b"]);
  assert.deepEqual(await namesFound("name=a%2Bb"), ["a+b"]);
  assert.deepEqual(await namesFound("name=x&name=a%2Bb"), ["a+b"]);
  assert.deepEqual(await namesFound("name=&limit=1"), ["a b", "a+b"]);
});

test("a signed body is read as it was signed, and refused when a byte of it differs", async () => {
  const url = server.url + tasks;
  const body = JSON.stringify({ ...task, id: "signed" });
  const refused = await send({
    url,
    method: "POST",
    body,
    headers: { "x-sdk-content-sha256": "0".repeat(64) },
  });
  assert.equal(refused.status, 401);
  const signature = signedHeaders({ key, method: "POST", url, body, nowMs });
  const changed = body.replace("signed", "Signed");
  const headers = { "content-type": "application/json", ...signature };
  assert.equal((await callServer(url, { method: "POST", headers, body: changed })).status, 401);
  const created = await callServer(url, { method: "POST", headers, body });
  assert.deepEqual([created.status, created.json.id, created.json.created_by], [201, "signed", "admin"]);
});

test("a GET with a body is signed with it, as some clients do", async () => {
  const url = server.url + tasklist;
  const { hostname, port } = new URL(url);
  const send_ = (body: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        host: `${hostname}:${port}`,
        "content-type": "application/json",
        "content-length": "2",
        ...signedHeaders({ key, method: "GET", url, body: "{}", nowMs }),
      };
      httpRequest({ hostname, port, path: tasklist, method: "GET", headers }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      })
        .on("error", reject)
        .end(body);
    });
  assert.equal(await send_("{}"), 200);
  assert.equal(await send_("[]"), 401);
});

test("a signed body over the limit is refused as too large, and a stranger's is not even read", async () => {
  const url = server.url + tasks;
  const body = JSON.stringify({ ...task, details: { text: "x".repeat(1024 * 1024) } });
  assert.equal((await send({ url, method: "POST", body })).status, 413);
  const chunked = async (with_: TestKey): Promise<number> => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    });
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...signedHeaders({ key: with_, method: "POST", url, body, nowMs }),
      },
      body: stream,
      duplex: "half",
    });
    await response.arrayBuffer();
    return response.status;
  };
  assert.equal(await chunked(key), 413);
  assert.equal(await chunked({ access: "NOSUCHKEY", secret: "x" }), 401);
});

test("a signature counts for 15 minutes, to either side of the server's clock", async () => {
  const url = server.url + tasklist;
  const refusal = async (signedAtMs: number) => {
    const { status, json } = await send({ url, signedAtMs });
    return status === 200 ? "" : json.error_msg;
  };
  const expired = "Incorrect IAM authentication information: signature expired";
  const toleranceMs = 15 * 60 * 1000;
  assert.equal(await refusal(nowMs - toleranceMs), "");
  assert.equal(await refusal(nowMs + toleranceMs), "");
  assert.equal(await refusal(nowMs - toleranceMs - 1000), expired);
  assert.equal(await refusal(nowMs + toleranceMs + 1000), expired);
});

test("a server's clock that jumps refuses what it must and recovers when it is set right", async () => {
  const url = server.url + tasklist;
  try {
    nowMs = startMs + 3_600_000;
    assert.equal((await send({ url, signedAtMs: startMs })).json.error_code, "APIGW.0301");
    assert.equal((await server.call(tasklist)).status, 200);
    nowMs = startMs + 25 * 3_600_000;
    assert.equal((await server.call(tasklist)).json.error_code, "APIGW.0307");
    nowMs = startMs - 365 * 24 * 3_600_000;
    assert.equal((await server.call(tasklist)).status, 200);
    assert.equal((await send({ url, signedAtMs: startMs })).status, 401);
  } finally {
    nowMs = startMs;
  }
  assert.equal((await send({ url })).status, 200);
  assert.equal((await server.call(tasklist)).status, 200);
});

test("where a signature and a token come together, the signature decides", async () => {
  const url = server.url + tasklist;
  assert.equal((await send({ url, headers: { "x-auth-token": "rubbish" } })).status, 200);
  const wrong = { access: key.access, secret: "wrong" };
  assert.equal((await send({ url, key: wrong, headers: { "x-auth-token": server.token } })).status, 401);
});

test("any other Authorization is passed over", async () => {
  const headers = { authorization: "Basic YWRtaW46cGFzc3dvcmQ=" };
  assert.equal((await server.call(tasklist, { headers })).status, 200);
  const refused = await server.call(tasklist, { headers, token: null });
  assert.match(refused.json.error_msg, /x-auth-token not found/);
});

test("another server's token and key are refused here", async () => {
  const other = await startServer();
  try {
    const { json } = await other.call("/v3.0/OS-CREDENTIAL/credentials", { body: { credential: {} } });
    assert.equal((await server.call(tasklist, { token: other.token })).json.error_code, "APIGW.0301");
    const refused = await send({ url: server.url + tasklist, key: json.credential });
    assert.match(refused.json.error_msg, /: ak [A-Z0-9]{4}\*{4} not exist$/);
  } finally {
    await other.close();
  }
});

test("after the encryption key was lost, keys are refused, the log says so, and all else works", async () => {
  const first = await startServer();
  const { json } = await first.call("/v3.0/OS-CREDENTIAL/credentials", { body: { credential: {} } });
  await first.stop();
  rmSync(join(first.directory, "encryption.key"));
  const second = await startServer({ directory: first.directory });
  try {
    const url = second.url + tasklist;
    const headers = signedHeaders({ key: json.credential, method: "GET", url, nowMs: second.nowMs() });
    assert.equal((await callServer(url, { headers })).status, 401);
    assert.equal((await second.call(tasklist)).status, 200);
    const [line, ...more] = second.logged.map((text) => JSON.parse(text)).filter(({ level }) => level >= 50);
    assert.deepEqual([line.unusable, more], [1, []]);
    const made = await second.call("/v3.0/OS-CREDENTIAL/credentials", { body: { credential: {} } });
    const again = signedHeaders({ key: made.json.credential, method: "GET", url, nowMs: second.nowMs() });
    assert.equal((await callServer(url, { headers: again })).status, 200);
  } finally {
    await second.close();
  }
});

test("any Authorization, date and announced hash is refused, and never breaks anything", async () => {
  const { host } = new URL(server.url);
  const good = signedHeaders({ key, method: "GET", url: server.url + tasklist, nowMs });
  const visible = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  const piece = fc.constantFrom(
    "SDK-HMAC-SHA256 ",
    "Access=",
    "Credential=",
    "SignedHeaders=",
    "Signature=",
    `${key.access}/20260131///sdk_request`,
    key.access,
    "host;x-sdk-date",
    "0".repeat(64),
    ", ",
    ";",
    "/",
  );
  const authorization = fc
    .array(fc.oneof({ weight: 4, arbitrary: piece }, { weight: 1, arbitrary: visible }), { maxLength: 12 })
    .map((parts) => `SDK-HMAC-SHA256 ${parts.join("")}`);
  await fc.assert(
    fc.asyncProperty(
      authorization,
      fc.oneof(visible, fc.constant(good["x-sdk-date"] ?? "")),
      fc.oneof(visible, fc.constantFrom("UNSIGNED-PAYLOAD", "0".repeat(64), "")),
      async (text, date, announced) => {
        const status = await getAs(host, tasklist, {
          authorization: text,
          "x-sdk-date": date,
          "x-sdk-content-sha256": announced,
        });
        assert.ok(status === 401 || status === 400, `${status}`);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(!server.logged.some((line) => JSON.parse(line).level >= 50), server.logged.join(""));
});

test("no secret key, token or password comes into the log", () => {
  const log = server.logged.join("");
  for (const secret of [key.secret, server.token, adminPassword]) assert.ok(!log.includes(secret));
});
