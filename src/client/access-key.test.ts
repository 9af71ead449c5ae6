import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import test, { after, before, type TestContext } from "node:test";
import { answerToAll } from "../../test/answers.ts";
import { projectId, startServer, type TestServer } from "../../test/start-server.ts";
import { type AccessKeyCredentials, ApiError, connect, connectIam } from "./index.ts";

let server: TestServer;
let key: AccessKeyCredentials;

before(async () => {
  server = await startServer();
  const iam = await connectIam({ credentials: { kind: "token", url: server.url, token: server.token } });
  const { access, secret } = await iam.createAccessKey();
  key = { kind: "access-key", url: server.url, accessKey: access, secretKey: secret };
});
after(() => server.close());

const backup = { service: "rds", name: "BackupInstance", instance: { id: "db1" } } as const;

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return assert.fail("nothing was refused");
}

test("an access key leads to its project, and so do the project's address, its id and its name", async () => {
  for (const changes of [
    {},
    { url: `${server.url}/v1/${projectId}` },
    { project: { id: projectId } },
    { project: { name: "eu-de" } },
  ]) {
    const client = await connect({ credentials: { ...key, ...changes } });
    assert.equal((await client.createTask(backup)).project_id, projectId);
  }
});

test("a project that is named is used or refused, and never another one", async () => {
  const wrong = await connect({ credentials: { ...key, project: { id: "0".repeat(32) } } });
  assert.equal((await refusal(wrong.createTask(backup))).status, 403);
  await assert.rejects(connect({ credentials: { ...key, project: { name: "shop" } } }), {
    name: "AccessError",
    message: 'the access key\'s user sees no project "shop"',
  });
});

test("a key whose user has no role in any project leads nowhere, and says so", async () => {
  const iam = await connectIam({ credentials: key });
  const { id: userId } = await iam.createUser({ name: "idle" });
  const { access: accessKey, secret: secretKey } = await iam.createAccessKey({ userId });
  await assert.rejects(connect({ credentials: { ...key, accessKey, secretKey } }), {
    name: "AccessError",
    message: "the access key's user has no role in any project",
  });
});

test("a key tells whose it is, but a temporary one does not", async () => {
  assert.equal((await (await connectIam({ credentials: key })).getOwnUser()).name, "admin");
  const temporary = await connectIam({ credentials: { ...key, securityToken: "third part" } });
  await assert.rejects(temporary.getOwnUser(), { name: "AccessError" });
});

test("every call is signed as the server reads it, whatever is in it", async () => {
  const client = await connect({ credentials: key });
  const { id } = await client.createTask(
    { ...backup, instance: { id: "größe & co" } },
    { idempotencyKey: "k 1" },
  );
  const reported = await client.reportTask(id, { progress: 5, message: "zur Hälfte 😀" }, { ifRevision: 1 });
  assert.equal(await client.getTaskIfChanged(reported), "unchanged");
  const query = {
    instance_id: ["größe & co", "a+b c", "!'()*~", "😀", "\uFB01", "%2F"],
    created_from: "2020-01-31T09:30:00+01:00",
    limit: 5,
  };
  assert.deepEqual((await client.listTasks(query)).tasks, [reported]);
  assert.equal((await client.listHistory(id, { limit: 1 })).history.length, 1);
  await client.deleteTask(id, { ifRevision: 2 });
});

test("a temporary key works with its third part only", async () => {
  const { json } = await server.call("/v3.0/OS-CREDENTIAL/securitytokens", {
    body: { auth: { identity: { methods: ["token"] } } },
  });
  const { access: accessKey, secret: secretKey, securitytoken: securityToken } = json.credential;
  const temporary = { ...key, accessKey, secretKey };
  const client = await connect({ credentials: { ...temporary, securityToken } });
  assert.equal((await client.createTask(backup)).project_id, projectId);
  assert.equal((await refusal(connect({ credentials: temporary }))).status, 401);
});

test("a wrong key is refused without being shown", async () => {
  for (const changes of [{ secretKey: "not this secret" }, { accessKey: "NOTTHISSECRET" }]) {
    const error = await refusal(connect({ credentials: { ...key, ...changes } }));
    assert.equal(error.status, 401);
    assert.ok(!/not ?this/i.test(JSON.stringify({ ...error, message: error.message })));
  }
});

test("a key that is deleted is refused with the next call", async () => {
  const iam = await connectIam({ credentials: key });
  const { access: accessKey, secret: secretKey } = await iam.createAccessKey();
  const client = await connect({ credentials: { ...key, accessKey, secretKey } });
  await client.listTasks();
  await iam.deleteAccessKey(accessKey);
  assert.equal((await refusal(client.listTasks())).status, 401);
});

/** A server whose clock is this far ahead of ours, and that refuses what was not signed by it; and what it was sent. */
async function serverAhead(t: TestContext, aheadMs: number, changes: Partial<AccessKeyCredentials> = {}) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    const nowMs = performance.timeOrigin + performance.now() + aheadMs;
    const signedMs = Date.parse(
      String(request.headers["x-sdk-date"]).replace(
        /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
        "$1-$2-$3T$4:$5:$6Z",
      ),
    );
    const isGood = Math.abs(signedMs - nowMs) <= 15 * 60_000 && request.url !== "/v1/p1/tasks/no";
    response.setHeader("date", new Date(nowMs).toUTCString());
    response
      .writeHead(isGood ? 200 : 401)
      .end(isGood ? JSON.stringify(answerToAll) : '{"error_msg":"signature expired"}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const credentials = { ...key, ...changes, url: `http://127.0.0.1:${port}/v1/p1` };
  return { seen, client: await connect({ credentials }) };
}

test("where the clocks differ, the client goes by the server's from the first refusal on", async (t) => {
  for (const aheadMs of [3 * 3_600_000, -400 * 86_400_000]) {
    const { seen, client } = await serverAhead(t, aheadMs);
    await client.createTask(backup);
    await client.createTask(backup);
    assert.equal(seen.length, 3);
    assert.notEqual(seen[0]?.["x-sdk-date"], seen[1]?.["x-sdk-date"]);
    assert.equal(seen[0]?.["idempotency-key"], seen[1]?.["idempotency-key"]);
  }
});

test("how far the server's clock is ahead is known to the second, and a trifle is none", async (t) => {
  for (const aheadMs of [3 * 3_600_000, -3_600_000]) {
    const { client } = await serverAhead(t, aheadMs);
    assert.ok(Math.abs((await client.serverAheadMs()) - aheadMs) < 5000);
  }
  const { client } = await serverAhead(t, 30_000);
  assert.equal(await client.serverAheadMs(), 0);
});

test("calls that were refused together go by the server's clock together", async (t) => {
  const { seen, client } = await serverAhead(t, 3_600_000);
  await Promise.all([1, 2, 3].map(() => client.listTasks()));
  assert.equal(seen.length, 6);
});

test("where the clocks agree, a refusal is one, and nothing is sent again", async (t) => {
  for (const aheadMs of [0, 3_600_000]) {
    const { seen, client } = await serverAhead(t, aheadMs);
    await client.listTasks();
    const before = seen.length;
    assert.equal((await refusal(client.getTask("no"))).status, 401);
    assert.equal(seen.length, before + 1);
  }
});

test("a signed request carries no token, and its security token is signed", async (t) => {
  const { seen, client } = await serverAhead(t, 0, { securityToken: "third part" });
  await client.listTasks();
  const { authorization = "", ...headers } = seen[0] ?? {};
  assert.equal(headers["x-auth-token"], undefined);
  assert.equal(headers["x-security-token"], "third part");
  assert.match(
    authorization,
    /^SDK-HMAC-SHA256 Access=\w+, SignedHeaders=host;x-sdk-date;x-security-token, /,
  );
});
