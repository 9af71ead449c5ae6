import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import test, { type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { answeredTask, answerToAll } from "../../test/answers.ts";
import {
  ApiError,
  ConnectionError,
  type Credentials,
  connect,
  connectIam,
  WrongPasswordError,
} from "./index.ts";

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
    breaking(Math.ceil(count / 3) * 3 - 1, answerToAll)(request, response, count);
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
    breaking(1, answeredTask())(request, response, count);
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
  assert.equal(error.message, `cannot reach http://127.0.0.1:${port}: nothing listens there (ECONNREFUSED)`);
});

test("a host that there is not, and a port that is never asked, are said as such", async () => {
  const unknown = await failure(connect({ credentials: passwordAt("http://nowhere.invalid/v3") }));
  // A machine without a network cannot know.
  assert.match(
    unknown.message,
    /^cannot reach http:\/\/nowhere\.invalid: .*host.* \((ENOTFOUND|EAI_AGAIN)\)$/,
  );
  const refused = await failure(connect({ credentials: passwordAt("http://127.0.0.1:1/v3") }));
  assert.equal(refused.message, "cannot reach http://127.0.0.1:1: HTTP clients refuse to ask this port");
});

test("a server that does not answer in time is given up, and not asked again", async (t) => {
  const { url, seen } = await listen(t, () => {});
  // Long enough for the question to arrive, also where the machine does much else.
  const client = await connect({ credentials: projectAt(url), timeoutMs: 1500 });
  const error = await failure(client.getTask("t1"));
  assert.ok(error instanceof ConnectionError);
  assert.equal(error.message, `no answer from ${url} within 1.5 s`);
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
    response.writeHead(307, { location: `${other.url}/elsewhere?secret` }).end();
  });
  const client = await connect({ credentials: projectAt(url) });
  const words = `${url} leads to ${other.url}/elsewhere (307), and no login is sent there`;
  for (const call of [() => client.createTask(body), () => connect({ credentials: passwordAt(url) })]) {
    const error = await failure(call());
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.message, words);
  }
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
    const { date, ...said } = error;
    assert.deepEqual(said, { name: "ApiError", status, code: "", detail, errors: [], requestId: "r1" });
    assert.ok(Date.parse(date) > 0);
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
  const task = answeredTask({ id: "t1" });
  const { url } = await listen(t, (request, response, count) => {
    if (count === 1) response.end(JSON.stringify(task));
    else if (count < 5) request.socket.destroy();
    else if (count < 8) response.writeHead([503, 429, 408][count - 5] ?? 500).end("{}");
    else response.end(JSON.stringify({ ...task, ended_at: "2026-01-31T08:30:00.000Z" }));
  });
  const client = await connect({ credentials: projectAt(url) });
  assert.notEqual((await client.waitForTask("t1", { pollMs: 1 })).ended_at, null);
});

test("a watch gives up on a server that stays away", async (t) => {
  const { url, seen } = await listen(t, (_request, response, count) => {
    if (count === 1) response.end(JSON.stringify(answeredTask({ id: "t1" })));
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

/** A Keystone that gives a first token, refuses every call with it, and never answers the next login. */
async function listenWithHangingLogin(t: TestContext) {
  let logins = 0;
  const { url, seen } = await listen(t, (request, response) => {
    if (request.method === "GET") return response.writeHead(401).end("{}");
    logins += 1;
    if (logins > 1) return;
    const catalog = [{ type: "taskcenter", endpoints: [{ interface: "public", url: `${url}/v1/p1` }] }];
    response.writeHead(201, { "x-subject-token": "t" }).end(JSON.stringify({ token: { catalog } }));
  });
  const loginHangs = async () => {
    while (logins < 2) await setTimeout(5);
  };
  return { url, seen, loginHangs };
}

test("a call ends by its signal while it waits for a login that hangs, its own or another call's", async (t) => {
  const { url, seen, loginHangs } = await listenWithHangingLogin(t);
  const client = await connect({ credentials: passwordAt(url), timeoutMs: 60_000 });
  const stops = [new AbortController(), new AbortController()] as const;
  const first = client.getTask("t1", { signal: stops[0].signal });
  await loginHangs();
  const second = client.getTask("t2", { signal: stops[1].signal });
  stops[1].abort(new Error("enough of the second"));
  await assert.rejects(second, { message: "enough of the second" });
  stops[0].abort(new Error("enough of the first"));
  await assert.rejects(first, { message: "enough of the first" });
  await assert.rejects(client.getTask("t3", { signal: stops[0].signal }), { message: "enough of the first" });
  assert.deepEqual(seen, ["POST /v3/auth/tokens", "GET /v1/p1/tasks/t1", "POST /v3/auth/tokens"]);
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

test("a token that no header can carry is not shown, and not tried again", async (t) => {
  // A pause before another attempt would never end.
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { url, seen } = await listen(t, (_request, response) => response.end("{}"));
  const client = await connect({
    credentials: { kind: "token", url: `${url}/v1/p1`, token: "secret\ntoken" },
  });
  const error = await failure(client.getTask("t1"));
  assert.equal(error.message, `cannot ask ${url}: the request cannot be sent`);
  assert.equal(error.cause, undefined);
  assert.deepEqual(seen, []);
});

/** An IAM with one user, whose answers to a change of password, and to all else, are as a test says. */
async function listenAsIam(
  t: TestContext,
  answers: { readonly status?: number; readonly password?: number },
) {
  const user = { id: "u1", name: "ann", domain_id: "default", enabled: true, links: {} };
  const { url, seen } = await listen(t, (request, response) => {
    if (request.url === "/v3/auth/tokens" && request.method === "POST") {
      response.writeHead(201, { "x-subject-token": "t" }).end(JSON.stringify({ token: { user } }));
    } else if (request.url?.endsWith("/password")) response.writeHead(answers.password ?? 204).end();
    else
      response.writeHead(answers.status ?? 200).end(JSON.stringify({ user, users: [user], token: { user } }));
  });
  return { url, seen, user };
}

const passwords = { original: "old secret", password: "new secret" };

test("a wrong old password is told from a login that is not good, and is not tried again", async (t) => {
  const { url, seen } = await listenAsIam(t, { password: 401 });
  const iam = await connectIam({ credentials: passwordAt(url) });
  assert.ok((await failure(iam.changeOwnPassword(passwords))) instanceof WrongPasswordError);
  assert.deepEqual(seen, ["POST /v3/auth/tokens", "GET /v3/users/u1", "POST /v3/users/u1/password"]);

  const refusing = await listenAsIam(t, { status: 401 });
  const stranger = await connectIam({ credentials: { kind: "token", url: refusing.url, token: "t" } });
  const error = await failure(stranger.changeOwnPassword(passwords));
  assert.ok(error instanceof ApiError && !(error instanceof WrongPasswordError));
  assert.ok(!refusing.seen.some((call) => call.endsWith("/password")));
});

test("what IAM answers is read: other members are left out, and a document that is missing is an error", async (t) => {
  const { url, user } = await listenAsIam(t, {});
  const iam = await connectIam({ credentials: { kind: "token", url, token: "t" } });
  const { links: _links, ...members } = user;
  assert.deepEqual(await iam.listUsers(), [{ ...members, description: "", email: "" }]);
  for (const [call, key] of [
    [() => iam.createProject({ name: "shop" }), "project"],
    [() => iam.listProjects(), "projects"],
    [() => iam.listAccessKeys(), "credentials"],
    [() => iam.listRoleAssignments(), "role_assignments"],
    [() => iam.grantRole({ userId: "u1", role: "reader", scope: { projectId: "p1" } }), "roles"],
  ] as const) {
    const error = await failure(call());
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.message, `${url} does not speak IAM: its answer has no usable ${key}`);
  }
});

test("a list of which one item is no document is none", async (t) => {
  const { url } = await listen(t, (_request, response) => {
    response.end('{"projects":[{"id":"p1","name":"shop","domain_id":"default","enabled":true},{"id":"p2"}]}');
  });
  const iam = await connectIam({ credentials: { kind: "token", url, token: "t" } });
  assert.match((await failure(iam.listProjects())).message, / does not speak IAM: /);
});
