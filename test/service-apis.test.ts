import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import ddmGetExample from "../src/dialects/ddm/examples/get-task.json" with { type: "json" };
import ddmListExample from "../src/dialects/ddm/examples/list-tasks.json" with { type: "json" };
import geminidbExample from "../src/dialects/geminidb/examples/list-tasks.json" with { type: "json" };
import rdsExample from "../src/dialects/rds/examples/list-tasks.json" with { type: "json" };
import {
  type Answer,
  adminPassword,
  callServer,
  projectId,
  startServer,
  type TestServer,
} from "./start-server.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** The four pages' own tasks, as their producers would have reported them. */
const documentedTasks = {
  ddm: [
    {
      id: "92370d30-3ddc-4e05-b8ab-51662d824318",
      name: "migrateLogicDb",
      status: "ToBeSwitched",
      created_at: "2025-05-20T15:05:13Z",
      database_name: "db_e487",
      details: { shard: { switch_route_is_manual: false } },
    },
    {
      id: "10501cd3-0c19-498b-9ba4-8935ed447542",
      name: "migrateLogicDb",
      status: "Completed",
      created_at: "2025-05-20T14:48:09Z",
      ended_at: "2025-05-20T15:03:45Z",
      database_name: "db_e487",
    },
    {
      id: "57933931-9323-422d-8f3d-20a62eb00c4e",
      name: "CreateInstance",
      status: "Completed",
      created_at: "2025-05-20T07:51:47Z",
      ended_at: "2025-05-20T07:56:54Z",
    },
  ].map((task) => ({
    service: "ddm",
    instance: { id: "733c7e8d73a54c27b8308ec784a8be8cin09", name: "UTS-ddm-dtc-src" },
    ...task,
  })),
  ddmSingle: {
    service: "ddm",
    id: "31b8ae23-c687-4d80-b7b4-42a66c9bb886",
    name: "CreateInstance",
    progress: 60,
    created_at: "2018-08-06T10:41:14+01:00",
    planned_end_at: "2018-08-06T16:41:14+01:00",
    instance: { id: "a48e43ff268f4c0e879652d65e63d0fbin09", name: "DDM-test" },
  },
  rds: {
    service: "rds",
    id: "676e9f17f9b74289883a44a47b8101f5",
    name: "RestoreSqlserverInInstance",
    status: "Completed",
    created_at: "2020-07-15T07:46:10Z",
    ended_at: "2020-07-15T09:46:10Z",
    instance: { id: "4d00c7e9d22145deb889937a72b59c8ein01", name: "rds-local-scale", status: "FAILED" },
  },
  geminidb: {
    service: "geminidb",
    id: "6f85e061-04dd-42e7-86d6-d3b1e40aac2e",
    name: "CreateCassandra",
    created_at: "2023-09-12T06:44:01Z",
    instance: { id: "27a045b6bf9e46f691f81366d398cb04in06", name: "nosql-12f5" },
  },
};

async function createAll(server: TestServer, tasks: readonly unknown[]): Promise<void> {
  for (const body of tasks) {
    const answer = await server.call(`/v1/${projectId}/tasks`, { body });
    assert.equal(answer.status, 201, answer.text);
  }
}

/** Sends exactly this Host and this target, which fetch would not. */
function callRaw(
  server: TestServer,
  target: string,
  options: {
    readonly host?: string;
    readonly method?: string;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<{ readonly status: number; readonly body: string; readonly headers: Record<string, unknown> }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        path: target,
        method: options.method ?? "GET",
        agent: false,
        headers: {
          "x-auth-token": server.token,
          ...(options.host === undefined ? {} : { host: options.host }),
          ...options.headers,
        },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text) => {
          body += text;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
        );
      },
    );
    outgoing.on("error", reject).end();
  });
}

describe("the pages' own examples, with the clock set to their day", () => {
  test("DDM lists its three tasks", async () => {
    const nowMs = Date.parse("2025-05-20T16:00:00Z");
    const server = await startServer({ clock: () => nowMs });
    try {
      await createAll(server, documentedTasks.ddm);
      const answer = await server.call(
        `/ddm/v3/${projectId}/jobs?start_time=${nowMs - 30 * dayMs}&end_time=${nowMs}`,
      );
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.text, JSON.stringify(ddmListExample.response));
      assert.match(answer.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
    } finally {
      await server.close();
    }
  });

  test("DDM shows one task in its zone, on its own listener", async () => {
    const nowMs = Date.parse("2018-08-06T11:00:00Z");
    const server = await startServer({
      clock: () => nowMs,
      flags: { "utc-offset": "+0100", "listen-ddm": "127.0.0.1:0" },
    });
    try {
      await createAll(server, [documentedTasks.ddmSingle]);
      const url = `${server.serviceUrls.ddm}/v3/${projectId}/jobs/${documentedTasks.ddmSingle.id}`;
      const answer = await callServer(url, { token: server.token });
      assert.equal(answer.text, JSON.stringify(ddmGetExample.response));
    } finally {
      await server.close();
    }
  });

  test("RDS lists its task and the names", async () => {
    const server = await startServer({ clock: () => Date.parse("2020-07-16T00:00:00Z") });
    try {
      await createAll(server, [documentedTasks.rds]);
      const answer = await server.call(`/rds/v3/${projectId}/tasklist`);
      assert.equal(answer.text, JSON.stringify(rdsExample.response));
    } finally {
      await server.close();
    }
  });

  test("GeminiDB lists its task", async () => {
    let nowMs = Date.parse("2023-09-12T06:44:01Z");
    const server = await startServer({ clock: () => nowMs });
    try {
      await createAll(server, [documentedTasks.geminidb]);
      nowMs += 2000;
      const report = { progress: 14 };
      await server.call(`/v1/${projectId}/tasks/${documentedTasks.geminidb.id}`, {
        method: "PATCH",
        body: report,
      });
      const answer = await server.call(`/geminidb/v3/${projectId}/jobs?name=CreateInstance`);
      assert.equal(answer.text, JSON.stringify(geminidbExample.response));
    } finally {
      await server.close();
    }
  });
});

describe("which service is asked", () => {
  let server: TestServer;
  const nowMs = Date.parse("2025-05-20T16:00:00Z");
  const window = `start_time=${nowMs - dayMs}&end_time=${nowMs}`;

  before(async () => {
    server = await startServer({ clock: () => nowMs, flags: { "listen-rds": "127.0.0.1:0" } });
    await createAll(server, documentedTasks.ddm);
  });
  after(() => server.close());

  for (const host of ["ddm.eu-de.example.com", "DDM.eu-de.example.com:8080", "ddm"]) {
    test(`the host ${host} is DDM's`, async () => {
      const answer = await callRaw(server, `/v3/${projectId}/jobs?${window}`, { host });
      assert.equal(answer.status, 200, answer.body);
      assert.equal(JSON.parse(answer.body).total, 3);
    });
  }

  for (const host of ["geminidb.example.com", "gaussdb-nosql.example.com"]) {
    test(`the host ${host} is GeminiDB's`, async () => {
      const answer = await callRaw(server, `/v3/${projectId}/jobs`, { host });
      assert.deepEqual(JSON.parse(answer.body), { total_count: 0, jobs: [] });
    });
  }

  test("on a service's host its own prefix works too, and another service's is unknown", async () => {
    const own = await callRaw(server, `/ddm/v3/${projectId}/jobs?${window}`, { host: "ddm.example.com" });
    assert.equal(own.status, 200);
    const other = await callRaw(server, `/rds/v3/${projectId}/tasklist`, { host: "ddm.example.com" });
    assert.equal(other.status, 404);
    assert.equal(JSON.parse(other.body).error_code, "APIGW.0101");
  });

  test("IAM and our own API are there on every host and listener", async () => {
    for (const path of ["/v3", `/v1/${projectId}/tasks`]) {
      assert.equal((await callRaw(server, path, { host: "ddm.example.com" })).status, 200, path);
      assert.equal(
        (await callServer(server.serviceUrls.rds + path, { token: server.token })).status,
        200,
        path,
      );
    }
  });

  test("a service's listener is that service whatever the host says", async () => {
    const answer = await callServer(`${server.serviceUrls.rds}/v3/${projectId}/tasklist`, {
      token: server.token,
    });
    assert.deepEqual(answer.json, { tasks: [], actions: [], total_count: 0 });
  });

  test("an address means the same however it is spelled", async () => {
    const onListener = (path: string) => callServer(server.serviceUrls.rds + path, { token: server.token });
    assert.equal((await onListener(`/%64dm/v3/${projectId}/jobs?${window}`)).status, 404);
    assert.equal((await onListener(`/%72ds/v3/${projectId}/tasklist`)).status, 200);
    const own = await server.call(`/%76%31/${projectId}/tasks`, { token: null });
    assert.equal(own.headers.get("content-type"), "application/problem+json; charset=utf-8");
    const absolute = await callRaw(server, `http://ddm.example.com/v3/${projectId}/jobs?${window}`, {
      host: "ddm.example.com",
    });
    assert.equal(absolute.status, 200, absolute.body);
  });

  test("a forwarded host chooses nothing", async () => {
    const answer = await server.call(`/v3/${projectId}/jobs?${window}`, {
      headers: { "x-forwarded-host": "ddm.example.com" },
    });
    assert.equal(answer.status, 404);
  });

  test("without a service the answer names the prefixes", async () => {
    const answer = await server.call(`/v3/${projectId}/jobs?${window}`);
    assert.equal(answer.status, 404);
    assert.equal(answer.json.error_code, "APIGW.0101");
    for (const prefix of ["/ddm", "/rds", "/geminidb"]) assert.ok(answer.json.error_msg.includes(prefix));
  });
});

describe("what every service call checks, in its order", () => {
  let server: TestServer;
  const path = `/rds/v3/${projectId}/tasklist`;

  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  const gateway = (answer: Answer, status: number, code: string, message: string) => {
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual(answer.json, {
      error_msg: message,
      error_code: code,
      request_id: answer.headers.get("x-request-id"),
    });
  };

  test("a badly encoded address comes before a missing token", async () => {
    gateway(await server.call(`${path}?id=%zz`, { token: null }), 400, "APIGW.0201", "API request error.");
    gateway(await server.call(`${path}?id=%ff`, { token: null }), 400, "APIGW.0201", "API request error.");
  });

  test("an address over 8 KiB is too long, one of 8 KiB is not", async () => {
    const filled = (length: number) => `${path}?id=${"x".repeat(length - path.length - 4)}`;
    gateway(await server.call(filled(8193)), 414, "APIGW.0201", "Request URI too large.");
    assert.equal((await server.call(filled(8192))).status, 200);
  });

  test("headers over 32 KiB are too large", async () => {
    const answer = await server.call(path, { headers: { "x-large": "x".repeat(33 * 1024) } });
    assert.equal(answer.status, 431);
    assert.equal(answer.json.error_code, "APIGW.0201");
  });

  test("a request without a host is refused in the gateway's words", async () => {
    const { hostname, port } = new URL(server.url);
    const received = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(Number(port), hostname, () =>
        socket.write(`GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`),
      );
      socket.on("data", (data) => {
        text += data;
      });
      socket.on("close", () => resolve(text));
    });
    assert.match(received, /^HTTP\/1\.1 400 /);
    assert.match(received, /x-request-id: [0-9a-f]{32}/);
    assert.match(received, /"error_code":"APIGW\.0201"/);
  });

  test("an expectation that nobody knows is passed over", async () => {
    const answer = await callRaw(server, path, { headers: { expect: "wonders" } });
    assert.equal(answer.status, 200, answer.body);
  });

  test("an unknown path comes before a missing token", async () => {
    const message = "The API does not exist or has not been published in the environment.";
    gateway(await server.call(`/rds/v3/${projectId}/nothing`, { token: null }), 404, "APIGW.0101", message);
    gateway(await server.call("/rds", { token: null }), 404, "APIGW.0101", message);
  });

  test("a wrong method comes before a missing token, and is told the right ones", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
      const answer = await server.call(path, { method, token: null });
      assert.equal(answer.status, 405, method);
      assert.equal(answer.json.error_code, "APIGW.0101");
      assert.equal(answer.headers.get("allow"), "GET, HEAD");
    }
  });

  test("a missing token, a malformed one and an unknown one are refused", async () => {
    const told = "Incorrect IAM authentication information: ";
    gateway(await server.call(path, { token: null }), 401, "APIGW.0301", `${told}x-auth-token not found`);
    gateway(await server.call(path, { token: "no token" }), 401, "APIGW.0301", `${told}decrypt token fail`);
    gateway(
      await server.call(path, { token: "A".repeat(43) }),
      401,
      "APIGW.0301",
      `${told}decrypt token fail`,
    );
  });

  test("another project is forbidden before any parameter is read", async () => {
    const message = "The IAM user is not authorized to access the API.";
    const other = "0".repeat(32);
    gateway(await server.call(`/rds/v3/${other}/tasklist?limit=0`), 403, "APIGW.0302", message);
  });

  test("parameters come last, in the service's own shape", async () => {
    const answer = await server.call(`${path}?limit=51`);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json, { error_code: "DBS.280001", error_msg: "Parameter error." });
  });

  test("a body on a GET, an empty one with a JSON type, and unknown keys are normal", async () => {
    const answer = await callRaw(server, `${path}?skip_cache=True`, {
      headers: { "content-type": "application/json", "content-length": "0" },
    });
    assert.equal(answer.status, 200, answer.body);
  });

  test("of a key given twice the last value counts", async () => {
    assert.equal((await server.call(`${path}?limit=0&limit=50`)).status, 200);
    assert.equal((await server.call(`${path}?limit=50&limit=0`)).status, 400);
  });

  test("HEAD is answered like GET, without the body", async () => {
    const answer = await server.call(path, { method: "HEAD" });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, "");
  });
});

test("an expired token is told apart from a revoked one, and both are refused", async () => {
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  const server = await startServer({ clock: () => nowMs });
  try {
    const path = `/rds/v3/${projectId}/tasklist`;
    assert.equal((await server.call(path)).status, 200);
    nowMs += dayMs;
    const expired = await server.call(path);
    assert.equal(expired.status, 401);
    assert.equal(expired.json.error_code, "APIGW.0307");
    assert.equal(expired.json.error_msg, "The token must be updated.");
  } finally {
    await server.close();
  }
});

test("a revoked token is dead at once", async () => {
  const server = await startServer();
  try {
    const subject = { "x-subject-token": server.token };
    assert.equal((await server.call("/v3/auth/tokens", { method: "DELETE", headers: subject })).status, 204);
    const answer = await server.call(`/rds/v3/${projectId}/tasklist`);
    assert.equal(answer.json.error_code, "APIGW.0301");
  } finally {
    await server.close();
  }
});

test("neither a token nor a password is stored or logged in the clear", async () => {
  const server = await startServer();
  try {
    await server.call("/v3/auth/tokens", { headers: { "x-subject-token": server.token } });
    const stored = readdirSync(server.directory).filter((file) => file !== "clouds.yaml");
    // What was looked for is there, as its hash.
    const log = readFileSync(join(server.directory, "taskcenter.db-wal"));
    assert.ok(log.includes(hash("sha256", server.token)));
    for (const secret of [server.token, adminPassword]) {
      for (const file of stored)
        assert.ok(!readFileSync(join(server.directory, file)).includes(secret), file);
      assert.ok(!server.logged.join("").includes(secret));
    }
  } finally {
    await server.close();
  }
});
