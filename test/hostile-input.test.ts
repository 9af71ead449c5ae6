import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { type Answer, projectId, startServer, type TestServer } from "./start-server.ts";

/** Whatever arrives is answered with a documented refusal: never a 5xx, never a hang, and nothing changes. */
let server: TestServer;
before(async () => {
  server = await startServer();
  await server.call(tasksPath, { body: valid });
});
after(() => server.close());

const tasksPath = `/v1/${projectId}/tasks`;
const valid = { id: "known", service: "rds", name: "BackupInstance", instance: { id: "in01" } };

async function assertUntouched(): Promise<void> {
  const { json } = await server.call(tasksPath);
  assert.equal(json.total, 1);
  assert.equal(json.tasks[0].revision, 1);
  assert.ok(!server.logged.some((line) => JSON.parse(line).level >= 50), server.logged.join(""));
}

function assertRefusal(answer: Answer, accepted: readonly number[]): void {
  assert.ok(accepted.includes(answer.status), `${answer.status}: ${answer.text}`);
  assert.match(answer.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
  if (answer.status >= 400) assert.doesNotMatch(answer.text, /node_modules|\bat .*\.ts|SELECT|sqlite/i);
}

const anyJson = fc.jsonValue({ maxDepth: 4 });
const fields = [
  "service",
  "name",
  "instance",
  "id",
  "status",
  "progress",
  "created_at",
  "labels",
  "details",
  "lease_seconds",
];

test("a body of any JSON is refused, or is a creation like any other", async () => {
  const nearlyValid = fc
    .tuple(fc.constantFrom(...fields), anyJson)
    .map(([field, value]) => ({ ...valid, [field]: value }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(anyJson, nearlyValid), async (body) => {
      const answer = await server.call(tasksPath, { body: JSON.stringify(body) });
      assertRefusal(answer, [201, 400, 409]);
      if (answer.status === 201 && answer.json.id !== "known") {
        await server.call(`${tasksPath}/${answer.json.id}`, { method: "DELETE" });
      }
    }),
    { numRuns: 300 },
  );
  await assertUntouched();
});

test("a report of any JSON for an unknown task is refused", async () => {
  await fc.assert(
    fc.asyncProperty(anyJson, async (body) => {
      const answer = await server.call(`${tasksPath}/unknown`, {
        method: "PATCH",
        body: JSON.stringify(body),
      });
      assertRefusal(answer, [400, 404]);
    }),
    { numRuns: 150 },
  );
  await assertUntouched();
});

test("a login of any JSON is refused, and tells nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        anyJson,
        anyJson.map((auth) => ({ auth })),
      ),
      async (body) => {
        const answer = await server.call("/v3/auth/tokens", { body: JSON.stringify(body), token: null });
        assertRefusal(answer, [400, 401]);
      },
    ),
    { numRuns: 150 },
  );
});

test("any query on any list is answered or refused", async () => {
  const lists = [
    tasksPath,
    `${tasksPath}/known/history`,
    `/ddm/v3/${projectId}/jobs`,
    `/rds/v3/${projectId}/tasklist`,
    `/geminidb/v3/${projectId}/jobs`,
    "/v3/projects",
  ];
  const keys = [
    "limit",
    "offset",
    "start_time",
    "end_time",
    "status",
    "name",
    "id",
    "sort",
    "cursor",
    "created_from",
    "__proto__",
    "constructor",
  ];
  const pairs = fc.array(
    fc.tuple(
      fc.oneof(fc.constantFrom(...keys), fc.string()),
      fc.oneof(fc.string({ unit: "binary" }), fc.nat().map(String)),
    ),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...lists), pairs, async (path, query) => {
      const text = query.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
      assertRefusal(await server.call(`${path}?${text}`), [200, 400, 414]);
    }),
    { numRuns: 400 },
  );
  await assertUntouched();
});

test("any path below any prefix is unknown, forbidden or refused", async () => {
  const prefixes = [
    "/",
    "/v1/",
    "/v3/",
    "/ddm/",
    "/rds/v3/",
    `/geminidb/v3/${projectId}/`,
    `${tasksPath}/`,
    "/v3/auth/",
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...prefixes),
      fc.array(fc.string({ unit: "binary", maxLength: 80 }), { maxLength: 4 }),
      fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"),
      async (prefix, segments, method) => {
        const path = prefix + segments.map(encode).join("/");
        assertRefusal(await server.call(path, { method }), [200, 300, 400, 401, 403, 404, 405]);
      },
    ),
    { numRuns: 300 },
  );
  await assertUntouched();
});

test("any token is refused", async () => {
  const token = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      const answer = await server.call(`/rds/v3/${projectId}/tasklist`, { token: text });
      assertRefusal(answer, [401]);
      assert.ok(text.trim().length < 8 || !answer.text.includes(text.trim()));
    }),
    { numRuns: 150 },
  );
});

test("bytes that are no HTTP get a 400 and a closed connection", async () => {
  const { hostname, port } = new URL(server.url);
  const send = (bytes: Uint8Array) =>
    new Promise<string>((resolve) => {
      let received = "";
      const socket = connect(Number(port), hostname, () => socket.end(bytes));
      socket.setTimeout(5000, () => socket.destroy(new Error("no answer")));
      socket.on("data", (data) => {
        received += data;
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(received));
    });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const received = await send(bytes);
      assert.ok(received === "" || /^HTTP\/1\.1 4\d\d /.test(received), received);
    }),
    { numRuns: 100 },
  );
  const refused = await send(new TextEncoder().encode("GET / HTTP/1.1\r\nBad Header\r\n\r\n"));
  const body = JSON.parse(refused.slice(refused.indexOf("\r\n\r\n") + 4));
  assert.equal(body.error_code, "APIGW.0201");
  assert.equal(body.error_msg, "API request error.");
  assert.match(body.request_id, /^[0-9a-f]{32}$/);
});

test("after a request to upgrade the connection is closed, since nothing else is spoken here", async () => {
  const { hostname, port } = new URL(server.url);
  const received = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n");
    });
    socket.setTimeout(5000, () => socket.destroy(new Error("it stayed open")));
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
  assert.match(received, /^HTTP\/1\.1 200 /);
});

/** Percent-encodes any text; a lone surrogate, which no URL can hold, becomes the replacement character. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
