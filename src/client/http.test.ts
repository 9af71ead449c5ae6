import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import test, { type TestContext } from "node:test";
import { ApiError, ConnectionError, type Credentials, connect } from "./index.ts";

/** A server that answers in its own way, and the requests it has seen. */
async function listen(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    answer(request, response, seen.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, seen };
}

function projectAt(url: string): Credentials {
  return { kind: "token", url: `${url}/v1/p1`, token: "secret-token" };
}

function passwordAt(authUrl: string): Credentials {
  return {
    kind: "password",
    authUrl,
    user: { id: "u1" },
    password: "secret-password",
    project: { id: "p1" },
  };
}

const body = { service: "rds", name: "BackupInstance", instance: { id: "db1" } } as const;

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof ApiError) return error;
    throw error;
  }
  return assert.fail("nothing failed");
}

/** Breaks the first connections, and then answers. */
function breaking(times: number, answer: object) {
  return (request: IncomingMessage, response: ServerResponse, count: number) => {
    if (count <= times) request.socket.destroy();
    else response.end(JSON.stringify(answer));
  };
}

test("reads, creations and plain reports survive two broken connections", async (t) => {
  const { url, seen } = await listen(t, (request, response, count) => {
    breaking(Math.ceil(count / 3) * 3 - 1, { tasks: [], total: 0 })(request, response, count);
  });
  const client = await connect({ credentials: projectAt(url) });
  await client.listTasks();
  await client.createTask(body);
  await client.reportTask("t1", { progress: 5 });
  assert.deepEqual(seen, [
    ...Array(3).fill("GET /v1/p1/tasks"),
    ...Array(3).fill("POST /v1/p1/tasks"),
    ...Array(3).fill("PATCH /v1/p1/tasks/t1"),
  ]);
});

test("a creation that is sent again carries the same key", async (t) => {
  const keys: unknown[] = [];
  const { url } = await listen(t, (request, response, count) => {
    keys.push(request.headers["idempotency-key"]);
    breaking(1, {})(request, response, count);
  });
  const client = await connect({ credentials: projectAt(url) });
  await client.createTask(body);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.notEqual(keys[0], undefined);
});

test("after the third broken connection a call fails", async (t) => {
  const { url, seen } = await listen(t, breaking(99, {}));
  const client = await connect({ credentials: projectAt(url) });
  const error = await failure(client.getTask("t1"));
  assert.ok(error instanceof ConnectionError);
  assert.ok(error.message.startsWith(`cannot reach ${url}: `));
  assert.equal(seen.length, 3);
});

test("what would be noted or refused the second time is sent once", async (t) => {
  const { url, seen } = await listen(t, breaking(99, {}));
  const client = await connect({ credentials: projectAt(url) });
  await failure(client.reportTask("t1", { message: "half" }));
  await failure(client.reportTask("t1", { progress: 5 }, { ifRevision: 1 }));
  await failure(client.deleteTask("t1"));
  assert.equal(seen.length, 3);
});

test("where nobody listens, the address and the reason are said", async () => {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  server.close();
  await once(server, "close");
  const error = await failure(connect({ credentials: passwordAt(`http://127.0.0.1:${port}/v3`) }));
  assert.equal(error.message, `cannot reach http://127.0.0.1:${port}: ECONNREFUSED`);
});

test("a server that does not answer in time is given up, and not asked again", async (t) => {
  const { url, seen } = await listen(t, () => {});
  const client = await connect({ credentials: projectAt(url), timeoutMs: 50 });
  const error = await failure(client.getTask("t1"));
  assert.ok(error instanceof ConnectionError);
  assert.equal(error.message, `no answer from ${url} within 0.05 s`);
  assert.equal(seen.length, 1);
});

test("an answer that stops half-way is given up in time too", async (t) => {
  const { url } = await listen(t, (_request, response) => {
    response.write("{");
  });
  const client = await connect({ credentials: projectAt(url), timeoutMs: 50 });
  assert.match((await failure(client.getTask("t1"))).message, /^no answer from /);
});

test("a call ends by its signal", async (t) => {
  const { url } = await listen(t, () => {});
  const client = await connect({ credentials: projectAt(url) });
  const stop = new AbortController();
  const call = client.getTask("t1", { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(call, { message: "enough" });
});

test("what answers without JSON is no Task Center", async (t) => {
  const { url } = await listen(t, (_request, response) => {
    response.end("<html>");
  });
  const client = await connect({ credentials: projectAt(url) });
  const error = await failure(client.getTask("t1"));
  assert.ok(error instanceof ConnectionError);
  assert.equal(error.message, `${url} does not speak the Task Center API: its answer is no JSON`);
});

test("neither password nor token follow a redirection to another address", async (t) => {
  const other = await listen(t, (_request, response) => response.end("{}"));
  const { url } = await listen(t, (_request, response) => {
    response.writeHead(307, { location: `${other.url}/elsewhere` }).end();
  });
  const client = await connect({ credentials: projectAt(url) });
  const detail = "the server answered 307 Temporary Redirect";
  assert.equal((await failure(client.createTask(body))).message, detail);
  assert.equal((await failure(connect({ credentials: passwordAt(url) }))).message, detail);
  assert.deepEqual(other.seen, []);
});

test("an error of Keystone, of a gateway, and of nobody known are all understood", async (t) => {
  const answers = [
    [401, '{"error":{"code":401,"message":"No such user.","title":"Unauthorized"}}', "No such user."],
    [404, '{"error_msg":"The API does not exist.","error_code":"APIGW.0101"}', "The API does not exist."],
    [502, "<html>", "the server answered 502 Bad Gateway"],
    [500, "[null]", "the server answered 500 Internal Server Error"],
  ] as const;
  for (const [status, text, detail] of answers) {
    const { url } = await listen(t, (_request, response) => {
      response.writeHead(status, { "x-request-id": "r1" }).end(text);
    });
    const client = await connect({ credentials: projectAt(url) });
    const error = await failure(client.listTasks());
    assert.ok(error instanceof ApiError);
    assert.deepEqual(
      { ...error },
      { name: "ApiError", status, code: "", detail, errors: [], requestId: "r1" },
    );
  }
});

test("a Keystone that knows no Task Center, and a server that is no Keystone, are told apart", async (t) => {
  const keystone = await listen(t, (_request, response) => {
    const token = { catalog: [{ type: "identity", endpoints: [] }, { type: "taskcenter" }] };
    response.writeHead(201, { "x-subject-token": "t" }).end(JSON.stringify({ token }));
  });
  const missing = await failure(connect({ credentials: passwordAt(keystone.url) }));
  assert.equal(missing.message, "the catalog has no public endpoint of type taskcenter for this project");
  const other = await listen(t, (_request, response) => response.end("{}"));
  const stranger = await failure(connect({ credentials: passwordAt(other.url) }));
  assert.equal(stranger.message, `what answers at ${other.url} is no Keystone: it gave no token`);
});

test("a watch survives a server that is away or overloaded for a while", async (t) => {
  const task = { id: "t1", ended_at: null, revision: 1 };
  const { url } = await listen(t, (request, response, count) => {
    if (count === 1) response.end(JSON.stringify(task));
    else if (count < 5) request.socket.destroy();
    else if (count === 5) response.writeHead(503).end("{}");
    else response.end(JSON.stringify({ ...task, ended_at: "2026-01-31T08:30:00.000Z" }));
  });
  const client = await connect({ credentials: projectAt(url) });
  assert.notEqual((await client.waitForTask("t1", { pollMs: 1 })).ended_at, null);
});

test("a watch gives up on a server that stays away", async (t) => {
  const { url, seen } = await listen(t, (_request, response, count) => {
    if (count === 1) response.end(JSON.stringify({ id: "t1", ended_at: null }));
    else response.writeHead(503).end("{}");
  });
  const client = await connect({ credentials: projectAt(url) });
  const error = await failure(client.waitForTask("t1", { pollMs: 1 }));
  assert.ok(error instanceof ApiError && error.status === 503);
  assert.equal(seen.length, 32);
});

test("a client asks for a new login once per call, and tries again at the next one", async (t) => {
  let logins = 0;
  const { url, seen } = await listen(t, (request, response) => {
    if (request.method !== "POST") return response.writeHead(401).end("{}");
    logins += 1;
    const catalog = [{ type: "taskcenter", endpoints: [{ interface: "public", url: `${url}/v1/p1` }] }];
    if (logins === 2) return response.writeHead(503).end("{}");
    return response
      .writeHead(201, { "x-subject-token": `t${logins}` })
      .end(JSON.stringify({ token: { catalog } }));
  });
  const client = await connect({ credentials: passwordAt(url) });
  const first = await failure(client.getTask("t1"));
  assert.ok(first instanceof ApiError && first.status === 503);
  const second = await failure(client.getTask("t1"));
  assert.ok(second instanceof ApiError && second.status === 401);
  assert.deepEqual(seen, [
    "POST /v3/auth/tokens",
    "GET /v1/p1/tasks/t1",
    "POST /v3/auth/tokens",
    "GET /v1/p1/tasks/t1",
    "POST /v3/auth/tokens",
    "GET /v1/p1/tasks/t1",
  ]);
});

test("an address that is none, or that holds a password, is refused without being shown", async () => {
  for (const url of [
    "localhost",
    "ftp://a/v3",
    "http://admin:secret@a/v3",
    "http://a/v3?secret",
    "http://a#b",
  ]) {
    const error = await failure(connect({ credentials: passwordAt(url) }));
    assert.match(error.message, /^the server's address must be an http or https URL/);
    assert.ok(!error.message.includes("secret"));
  }
});

test("a token that no header can carry is not shown", async (t) => {
  const { url, seen } = await listen(t, (_request, response) => response.end("{}"));
  const client = await connect({
    credentials: { kind: "token", url: `${url}/v1/p1`, token: "secret\ntoken" },
  });
  const error = await failure(client.getTask("t1"));
  assert.equal(error.message, `cannot reach ${url}: the request cannot be sent`);
  assert.equal(error.cause, undefined);
  assert.deepEqual(seen, []);
});
