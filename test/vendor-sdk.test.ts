import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BasicCredentials, GlobalCredentials, Region } from "@huaweicloud/huaweicloud-sdk-core";
import { ClientBuilder } from "@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js";
import type { HcClient } from "@huaweicloud/huaweicloud-sdk-core/HcClient.js";
import { Logger4jInstance } from "@huaweicloud/huaweicloud-sdk-core/logger/log4jLogger.js";
import gaussdb from "@huaweicloud/huaweicloud-sdk-gaussdbfornosql/v3/public-api.js";
import iam from "@huaweicloud/huaweicloud-sdk-iam/v3/public-api.js";
import { callServer, logIn, projectId, startServerProcess, type TestProcess } from "./start-server.ts";

/**
 * The vendor's own SDK for Node, unchanged, against the server as its user starts it: what it signs is accepted, what it
 * decodes is there, and what it throws says why.
 */
let server: TestProcess;
let key: { readonly access: string; readonly secret: string; readonly user_id: string };
const region = "eu-de";

before(async () => {
  // It logs every refusal with the whole request.
  Logger4jInstance.level = "off";
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-sdk-"));
  server = await startServerProcess({ directory, args: ["--listen-geminidb", "127.0.0.1:0"] });
  const token = await logIn(server.url);
  const created = await callServer(`${server.url}/v3.0/OS-CREDENTIAL/credentials`, {
    token,
    body: { credential: { description: "the SDK" } },
  });
  key = created.json.credential;
  const tasks = [
    { service: "geminidb", id: "nosql-1", name: "CreateInstance", progress: 60 },
    { service: "geminidb", id: "nosql-2", name: "RestartInstance", status: "Completed" },
    { service: "ddm", id: "ddm-1", name: "RestartInstance", progress: 10 },
    { service: "rds", id: "rds-1", name: "RestartMysqlInstance", status: "Failed", fail_reason: "no space" },
  ];
  for (const task of tasks) {
    const body = { ...task, instance: { id: "in-1", name: "orders" } };
    const { status } = await callServer(`${server.url}/v1/${projectId}/tasks`, { token, body });
    assert.equal(status, 201);
  }
});
after(async () => {
  await server.stop();
  rmSync(server.directory, { recursive: true });
});

function credentials(
  changes: { readonly ak?: string; readonly sk?: string; readonly projectId?: string } = {},
) {
  return new BasicCredentials({ ak: key.access, sk: key.secret, projectId, ...changes });
}

/** The client of GeminiDB, as its user makes it. */
function geminidbClient(
  endpoint = `${server.url}/geminidb`,
  with_: BasicCredentials = credentials(),
): InstanceType<typeof gaussdb.GaussDBforNoSQLClient> {
  return gaussdb.GaussDBforNoSQLClient.newBuilder().withCredential(with_).withEndpoint(endpoint).build();
}

/** The signed requests below every client of the SDK, for the services whose packages are not here. */
function coreClient(endpoint: string, with_: BasicCredentials = credentials()): HcClient {
  return new ClientBuilder((client: HcClient) => client).withCredential(with_).withEndpoint(endpoint).build();
}

/** Sends a request as the SDK's clients do. */
function send(
  client: HcClient,
  url: string,
  queryParams: object = {},
  method = "GET",
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the wire gave, and fails where it is not there
): Promise<any> {
  const pathParams = { project_id: projectId };
  const contentType = "application/json";
  return client.sendRequest({ method, url, contentType, queryParams, pathParams, headers: {}, data: {} });
}

/** The body of an answer: the SDK types it by names in camel case, and hands over the wire's. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the wire gave, and fails where it is not there
function bodyOf(answer: object): any {
  return answer;
}

async function refusalOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    const { httpStatusCode, errorCode, errorMsg } = error as Record<string, unknown>;
    return { httpStatusCode, errorCode, errorMsg };
  }
  return assert.fail("the call was not refused");
}

test("GeminiDB's client lists tasks with every filter and decodes them", async () => {
  const client = geminidbClient();
  const all = bodyOf(await client.listJobs(new gaussdb.ListJobsRequest()));
  assert.equal(all.total_count, 2);
  assert.deepEqual(
    all.jobs.map(({ id, status, progress, instance }: Record<string, unknown>) => [
      id,
      status,
      progress,
      instance,
    ]),
    [
      ["nosql-2", "Completed", "", { id: "in-1", name: "orders" }],
      ["nosql-1", "Running", "60%", { id: "in-1", name: "orders" }],
    ],
  );
  const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "+0000");
  const startedMs = Date.parse(all.jobs[0].start_time);
  const one = bodyOf(
    await client.listJobs(
      new gaussdb.ListJobsRequest()
        .withId("nosql-1")
        .withName("CreateInstance")
        .withStatus("Running")
        .withStartTime(time(startedMs - 3_600_000))
        .withEndTime(time(startedMs + 3_600_000))
        .withOffset(0)
        .withLimit(10),
    ),
  );
  assert.deepEqual([one.total_count, one.jobs[0].id], [1, "nosql-1"]);
});

test("a client that takes only host and port reads through GeminiDB's own listener", async () => {
  const client = geminidbClient(server.serviceUrls.geminidb);
  assert.equal(bodyOf(await client.listJobs(new gaussdb.ListJobsRequest())).total_count, 2);
});

test("a client without a project id finds it by its region's name", async () => {
  const withoutProject = new BasicCredentials({ ak: key.access, sk: key.secret }).withIamEndpoint(server.url);
  const client = gaussdb.GaussDBforNoSQLClient.newBuilder()
    .withCredential(withoutProject)
    .withRegion(new Region(region, `${server.url}/geminidb`))
    .build();
  assert.equal(bodyOf(await client.listJobs(new gaussdb.ListJobsRequest())).total_count, 2);
});

test("the SDK's signed requests read RDS and DDM", async () => {
  const rds = coreClient(`${server.url}/rds`);
  const tasklist = await send(rds, "/v3/{project_id}/tasklist", { limit: 50, status: "Failed" });
  assert.deepEqual([tasklist.total_count, tasklist.actions], [1, ["RestartMysqlInstance"]]);
  const { job } = await send(rds, "/v3/{project_id}/jobs", { id: "rds-1" });
  assert.deepEqual([job.status, job.fail_reason, job.entities], ["Failed", "no space", {}]);

  const ddm = coreClient(`${server.url}/ddm`);
  const now = Date.parse(String((await send(ddm, "/v3/{project_id}/jobs/ddm-1")).job.created_time));
  const list = await send(ddm, "/v3/{project_id}/jobs", {
    start_time: now - 3_600_000,
    end_time: now + 3_600_000,
    offset: 0,
    limit: 128,
  });
  assert.equal(list.total, 1);
});

test("names with spaces, plus signs and other letters are signed and read alike", async () => {
  const token = await logIn(server.url);
  const names = ["a b", "a+b", "a%20b", "a%2Bb", "größe", "~'()*!", "a&b=c", "a/b?c#d"];
  const body = { service: "rds", instance: { id: "in-1" } };
  for (const name of names) {
    const made = await callServer(`${server.url}/v1/${projectId}/tasks`, { token, body: { ...body, name } });
    assert.equal(made.status, 201);
  }
  const rds = coreClient(`${server.url}/rds`);
  for (const name of names) {
    const { tasks, total_count: total } = await send(rds, "/v3/{project_id}/tasklist", { name });
    assert.deepEqual([total, tasks[0]?.name], [1, name], name);
  }
  const { total_count: all } = await send(rds, "/v3/{project_id}/tasklist", { name: "" });
  assert.ok(all > names.length);
});

test("a deletion is signed too", async () => {
  const token = await logIn(server.url);
  const body = { service: "rds", id: "rds-2", name: "BackupInstance", instance: { id: "in-1" } };
  await callServer(`${server.url}/v1/${projectId}/tasks`, { token, body });
  const rds = coreClient(`${server.url}/rds`);
  assert.equal((await send(rds, "/v3/{project_id}/jobs", { id: "rds-2" }, "DELETE")).httpStatusCode, 200);
  assert.equal(
    (await refusalOf(send(rds, "/v3/{project_id}/jobs", { id: "rds-2" }, "DELETE"))).errorCode,
    "DBS.200543",
  );
});

test("rubbish keys, a wrong secret and a foreign project are refused in words that the SDK shows", async () => {
  const list = (with_: BasicCredentials) =>
    refusalOf(geminidbClient(undefined, with_).listJobs(new gaussdb.ListJobsRequest()));
  const refusal = (detail: string) => ({
    httpStatusCode: 401,
    errorCode: "APIGW.0301",
    errorMsg: `Incorrect IAM authentication information: ${detail}`,
  });
  assert.deepEqual(
    await list(credentials({ ak: "RUBBISH", sk: "rubbish" })),
    refusal("ak RUBB**** not exist"),
  );
  assert.deepEqual(await list(credentials({ sk: "wrong" })), refusal("verify aksk signature fail"));
  assert.deepEqual(await list(credentials({ projectId: "0".repeat(32) })), {
    httpStatusCode: 403,
    errorCode: "APIGW.0302",
    errorMsg: "The IAM user is not authorized to access the API.",
  });
  const withoutProject = new BasicCredentials({ ak: "RUBBISH2", sk: "rubbish" }).withIamEndpoint(server.url);
  const client = gaussdb.GaussDBforNoSQLClient.newBuilder()
    .withCredential(withoutProject)
    .withRegion(new Region(region, `${server.url}/geminidb`))
    .build();
  const { httpStatusCode } = await refusalOf(client.listJobs(new gaussdb.ListJobsRequest()));
  assert.equal(httpStatusCode, 401);
});

test("a parameter that is refused comes to the SDK with the service's code", async () => {
  const call = geminidbClient().listJobs(new gaussdb.ListJobsRequest().withLimit(11));
  assert.deepEqual(await refusalOf(call), {
    httpStatusCode: 400,
    errorCode: "DBS.280439",
    errorMsg: "Invalid limit.",
  });
});

test("IAM's client looks after access keys, and a temporary one opens its project", async () => {
  const client = iam.IamClient.newBuilder()
    .withCredential(new GlobalCredentials({ ak: key.access, sk: key.secret, domainId: "default" }))
    .withEndpoint(server.url)
    .build();
  const { projects } = await client.keystoneListProjects(
    new iam.KeystoneListProjectsRequest().withName(region),
  );
  assert.deepEqual(
    projects?.map(({ id, name }) => [id, name]),
    [[projectId, region]],
  );
  const { domains } = await client.keystoneListAuthDomains(new iam.KeystoneListAuthDomainsRequest());
  assert.deepEqual(
    domains?.map(({ id }) => id),
    ["default"],
  );

  const option = new iam.CreateCredentialOption(key.user_id).withDescription("made by the SDK");
  const { credential } = await client.createPermanentAccessKey(
    new iam.CreatePermanentAccessKeyRequest().withBody(new iam.CreatePermanentAccessKeyRequestBody(option)),
  );
  assert.equal(credential?.status, "active");
  const listed = await client.listPermanentAccessKeys(new iam.ListPermanentAccessKeysRequest());
  assert.deepEqual(
    listed.credentials?.map(({ description }) => description),
    ["the SDK", "made by the SDK"],
  );
  await client.deletePermanentAccessKey(new iam.DeletePermanentAccessKeyRequest(credential?.access ?? ""));

  const identity = new iam.TokenAuthIdentity(["token"]).withToken(
    new iam.IdentityToken().withId(await logIn(server.url)).withDurationSeconds(900),
  );
  const temporary = await client.createTemporaryAccessKeyByToken(
    new iam.CreateTemporaryAccessKeyByTokenRequest().withBody(
      new iam.CreateTemporaryAccessKeyByTokenRequestBody(new iam.TokenAuth(identity)),
    ),
  );
  const { access = "", secret = "", securitytoken = "" } = temporary.credential ?? {};
  const with_ = credentials({ ak: access, sk: secret }).withSecurityToken(securitytoken);
  const { total_count: total } = bodyOf(
    await geminidbClient(undefined, with_).listJobs(new gaussdb.ListJobsRequest()),
  );
  assert.equal(total, 2);
  const without = credentials({ ak: access, sk: secret });
  const { httpStatusCode } = await refusalOf(
    geminidbClient(undefined, without).listJobs(new gaussdb.ListJobsRequest()),
  );
  assert.equal(httpStatusCode, 401);
});
