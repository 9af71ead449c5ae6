import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { addUser, createAccessKey, signedHeaders, type TestKey, type TestUser } from "./identities.ts";
import { type Answer, callServer, projectId, startServer, type TestServer } from "./start-server.ts";

const nowMs = Date.parse("2026-03-01T12:00:00Z");
let server: TestServer;
let reporter: TestUser;
let key: TestKey;

before(async () => {
  server = await startServer({ clock: () => nowMs });
  reporter = await addUser(server, "producer", { project: ["reporter"] });
  const token = await reporter.logIn({ project: { id: projectId } });
  key = await createAccessKey(server, reporter, token);
});
after(() => server.close());

const path = `/v1/${projectId}/tasks`;
const headers = { "content-type": "application/x-ndjson" };
const minimal = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };
const creation = (id: string, more: object = {}) => ({ create: { ...minimal, id, ...more } });

/** Sends lines, a value as JSON and text as it is, and answers the values of the lines that come back. */
async function batch(
  lines: readonly unknown[],
  options: { readonly token?: string; readonly on?: TestServer } = {},
) {
  const { on = server, token = on.token } = options;
  const body = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  const answer = await on.call(`${path}:batch`, { body, headers, token });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
  return linesOf(answer);
}

const linesOf = ({ text }: Answer) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

const statuses = (answers: readonly { readonly status: number }[]) => answers.map(({ status }) => status);
const read = async (id: string, on = server) => (await on.call(`${path}/${id}`)).json;
const historyOf = async (id: string, on = server) => (await on.call(`${path}/${id}/history`)).json.history;

describe("a batch", () => {
  test("is answered line by line, in order, each as a call of its own", async () => {
    const answers = await batch([
      creation("first"),
      { create: minimal },
      { report: { id: "first", progress: 40 } },
      "",
      { report: { id: "first", status: "Completed" } },
      { report: { id: "first", status: "Running" } },
      { report: { id: "nobody" } },
      creation("first"),
      creation("first", { name: "Another" }),
      creation("second", { progress: 101 }),
    ]);
    const anonymous = answers[1].id;
    assert.deepEqual(
      answers.map(({ error, ...answer }) =>
        error === undefined ? answer : { ...answer, error: error.detail },
      ),
      [
        { line: 1, status: 201, id: "first" },
        { line: 2, status: 201, id: anonymous },
        { line: 3, status: 200, id: "first" },
        { line: 5, status: 200, id: "first" },
        {
          line: 6,
          status: 409,
          error: "The task is Completed; it cannot become Running.",
        },
        { line: 7, status: 404, error: "The task does not exist." },
        { line: 8, status: 201, id: "first" },
        {
          line: 9,
          status: 409,
          error: "A task with this id exists, and was created with another body.",
        },
        { line: 10, status: 400, error: "progress: must be at most 100" },
      ],
    );
    assert.deepEqual(answers.at(-1).error, {
      type: `${server.url}/docs/errors#invalid-parameter`,
      title: "A value is not acceptable",
      status: 400,
      detail: "progress: must be at most 100",
      errors: [{ field: "progress", message: "must be at most 100" }],
    });
    const { status, progress, revision } = await read("first");
    assert.deepEqual({ status, progress, revision }, { status: "Completed", progress: 40, revision: 3 });
    assert.equal((await read(anonymous)).name, "BackupInstance");
    assert.equal((await server.call(`${path}/second`)).status, 404);
  });

  test("with lines that are none is told so line by line, and the others are done", async () => {
    const large = "x".repeat(1024 * 1024 + 1);
    const answers = await batch([
      "{",
      "[]",
      "null",
      '"create"',
      {},
      { create: minimal, report: { id: "x" } },
      { destroy: {} },
      { create: { ...minimal, unknown: 1 } },
      { report: { progress: 1 } },
      { report: { id: "a b" } },
      { report: { id: "x", unknown: 1 } },
      '{"create":{"__proto__":{}}}',
      large,
      `{"create":${JSON.stringify({ ...minimal, id: "good" })}}${" ".repeat(500_000)}`,
    ]);
    assert.deepEqual(
      statuses(answers),
      [400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 413, 201],
    );
    assert.deepEqual(
      [7, 8, 9, 10].map((index) => answers[index].error.errors[0].field),
      ["unknown", "id", "id", "unknown"],
    );
    assert.match(answers[12].error.detail, /1048576 bytes/);
    const invalid = await server.call(`${path}:batch`, {
      method: "POST",
      headers,
      body: Buffer.from([0x22, 0xff, 0x22]).toString("latin1"),
    });
    assert.deepEqual(statuses(linesOf(invalid)), [400]);
  });

  test("of no lines is answered by none; blank lines count and are not answered", async () => {
    assert.deepEqual(await batch([]), []);
    assert.deepEqual(await batch(["", "  ", "\t\r"]), []);
    assert.deepEqual(await batch(["", "\r", creation("after-blanks")]), [
      { line: 3, status: 201, id: "after-blanks" },
    ]);
    assert.equal((await server.call(`${path}:batch`, { method: "POST" })).status, 200);
  });

  test("has 10,000 lines at most; what is beyond is not done, and the last line says so", async () => {
    const heartbeat = { report: { id: "limits" } };
    await batch([creation("limits")]);
    const answers = await batch([...Array.from({ length: 10_000 }, () => heartbeat), creation("too-many")]);
    assert.equal(answers.length, 10_001);
    assert.ok(answers.slice(0, 10_000).every(({ status }) => status === 200));
    const { line, status, error } = answers.at(-1);
    assert.deepEqual(
      { line, status, detail: error.detail },
      { line: 10_001, status: 413, detail: "A batch has at most 10000 lines." },
    );
    assert.equal((await server.call(`${path}/too-many`)).status, 404);
  });

  test("of more than 64 MiB is refused whole where it says so, and else ends with a line that does", async () => {
    const filling = `${" ".repeat(1024 * 1024 - 1)}\n`;
    const declared = await server.call(`${path}:batch`, { headers, body: filling.repeat(65) });
    assert.equal(declared.status, 413);
    const answers = await streamed(async (send) => {
      for (let mebibytes = 0; mebibytes < 64; mebibytes += 1) await send(filling);
      await send(`${JSON.stringify(creation("too-large"))}\n`);
    });
    assert.deepEqual(statuses(answers), [413]);
    assert.equal(answers.at(0)?.line, 65);
  });

  test("that is not read to its end does not keep the connection's next request waiting", async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) }).setEncoding("utf8");
    const body = "\n".repeat(10_001) + " ".repeat(4 * 1024 * 1024);
    const common = `Host: ${hostname}\r\nX-Auth-Token: ${server.token}\r\n`;
    socket.write(
      `POST ${path}:batch HTTP/1.1\r\n${common}Content-Type: application/x-ndjson\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}` +
        `GET /livez HTTP/1.1\r\n${common}Connection: close\r\n\r\n`,
    );
    let received = "";
    for await (const text of socket) received += text;
    assert.match(received, /"line":10001,"status":413/);
    assert.deepEqual(received.match(/^HTTP\/1\.1 \d+/gm), ["HTTP/1.1 200", "HTTP/1.1 200"]);
  });

  test("is read as lines only, and lines are read here only", async () => {
    const asJson = await server.call(`${path}:batch`, { body: creation("as-json") });
    assert.equal(asJson.status, 415);
    assert.equal(asJson.json.detail, "The body must be NDJSON, as application/x-ndjson.");
    const packed = { ...headers, "content-encoding": "gzip" };
    assert.equal((await server.call(`${path}:batch`, { body: "\n", headers: packed })).status, 415);
    const elsewhere = await server.call(path, { body: JSON.stringify(minimal), headers });
    assert.equal(elsewhere.status, 415);
  });
});

/** Sends a body piece by piece, and answers the lines that came back; `answered` waits for the next of them. */
async function streamed(
  write: (
    send: (text: string) => Promise<void>,
    answered: () => Promise<{ readonly line: number; readonly status: number }>,
  ) => Promise<void>,
  token = server.token,
) {
  const call = httpRequest(`${server.url}${path}:batch`, {
    method: "POST",
    headers: { ...headers, "x-auth-token": token },
  });
  const all: { readonly line: number; readonly status: number }[] = [];
  const waiting: ((answer: (typeof all)[number]) => void)[] = [];
  let told = 0;
  const finished = once(call, "response").then(async ([response]) => {
    for await (const line of createInterface({ input: response })) {
      const answer = JSON.parse(line);
      all.push(answer);
      waiting.shift()?.(answer);
    }
  });
  await write(
    (text) =>
      new Promise((resolve, reject) => call.write(text, (error) => (error ? reject(error) : resolve()))),
    () => {
      const known = all[told];
      told += 1;
      return known === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(known);
    },
  );
  call.end();
  await finished;
  return all;
}

describe("a batch with a token", () => {
  test("is answered while it still comes", async () => {
    const answers = await streamed(async (send, answered) => {
      await send(`${JSON.stringify(creation("streamed-1"))}\n{"create":`);
      assert.deepEqual(await answered(), { line: 1, status: 201, id: "streamed-1" });
      await send(`${JSON.stringify({ ...minimal, id: "streamed-2" })}}\n`);
      assert.deepEqual(await answered(), { line: 2, status: 201, id: "streamed-2" });
    });
    assert.equal(answers.length, 2);
  });

  test("ends where the token does: the last line names the first that was not done", async () => {
    const token = await reporter.logIn({ project: { id: projectId } });
    const answers = await streamed(async (send, answered) => {
      await send(`${JSON.stringify(creation("allowed"))}\n`);
      await answered();
      const revoked = await server.call("/v3/auth/tokens", {
        method: "DELETE",
        headers: { "x-subject-token": token },
      });
      assert.equal(revoked.status, 204);
      await send(`\n${JSON.stringify(creation("not-allowed"))}\n`);
      await answered();
    }, token);
    assert.deepEqual(
      answers.map(({ line, status }) => ({ line, status })),
      [
        { line: 1, status: 201 },
        { line: 2, status: 401 },
      ],
    );
    assert.equal((await server.call(`${path}/not-allowed`)).status, 404);
  });
});

describe("a signed batch", () => {
  const url = () => `${server.url}${path}:batch`;
  const signed = (body: string, sent = body) =>
    callServer(url(), {
      body: sent,
      headers: { ...headers, ...signedHeaders({ key, method: "POST", url: url(), body, nowMs }) },
    });

  test("is done where the signature is good, also one that is larger than other bodies may be", async () => {
    const lines = Array.from(
      { length: 40 },
      (_, index) =>
        `${JSON.stringify(creation(`signed-${index}`, { details: { text: "x".repeat(60_000) } }))}\n`,
    );
    const answer = await signed(lines.join(""));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(new Set(statuses(linesOf(answer))), new Set([201]));
    assert.equal((await read("signed-39")).created_by, "producer");
  });

  test("waits for its signature among 128 MiB of others at most", async () => {
    const { hostname, port, host } = new URL(url());
    const length = 64 * 1024 * 1024;
    const { authorization = "", ...proof } = signedHeaders({
      key,
      method: "POST",
      url: url(),
      body: "",
      nowMs,
    });
    const fields = { host, ...headers, ...proof, authorization, "content-length": `${length}` };
    const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const held = [1, 2].map(() => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.write(`POST ${path}:batch HTTP/1.1\r\n${head.join("")}\r\n`);
      socket.write(Buffer.alloc(length - 1));
      return socket;
    });
    const body = `${JSON.stringify(creation("waits"))}\n`;
    let answer = await signed(body);
    while (answer.status !== 429) answer = await signed(body);
    assert.equal(answer.headers.get("retry-after"), "5");
    for (const socket of held) socket.destroy();
    while (answer.status === 429) answer = await signed(body);
    assert.deepEqual(statuses(linesOf(answer)), [201]);
  });

  test("of which a byte has changed is refused before anything of it is done", async () => {
    const body = `${JSON.stringify(creation("forged-1"))}\n${JSON.stringify(creation("forged-2"))}\n`;
    assert.equal((await signed(body, body.replace("forged-2", "forged-3"))).status, 401);
    assert.equal((await server.call(`${path}/forged-1`)).status, 404);
  });
});

describe("an import", () => {
  const task = {
    id: "imported",
    project_id: "another project",
    service: "ddm",
    kind: "instant",
    name: "migrateLogicDb",
    status: "Failed",
    state: "failed",
    progress: 62.5,
    instance: { id: "in02", name: "orders", status: "ACTIVE" },
    database_name: "shop",
    order_id: "o1",
    fail_reason: "The disk is full.",
    operations: [],
    created_at: "2026-02-01T10:00:00.001Z",
    started_at: "2026-02-01T10:00:00.002Z",
    updated_at: "2026-02-01T11:00:00.003Z",
    ended_at: "2026-02-01T11:00:00.003Z",
    planned_start_at: null,
    planned_end_at: "2026-02-01T12:00:00.004Z",
    priority: null,
    parent_id: "parent",
    attempt: 2,
    stale: true,
    lease_expires_at: null,
    details: { tool: "xtrabackup", steps: [1, { two: null }] },
    labels: { team: "payments" },
    created_by: "somebody elsewhere",
    revision: 7,
  };
  const history = [
    {
      revision: 1,
      at: "2026-02-01T10:00:00.005Z",
      reported_at: "2026-02-01T10:00:00.001Z",
      by: "somebody elsewhere",
      message: "",
      changes: { status: { from: null, to: "Running" } },
    },
    {
      revision: 7,
      at: "2026-02-01T11:00:00.006Z",
      reported_at: "2026-02-01T11:00:00.003Z",
      by: "taskcenter",
      message: "seen",
      changes: { "details.steps": { from: null, to: [1, { two: null }] } },
    },
  ];

  test("records a task exactly as it stands, with its history", async () => {
    assert.deepEqual(await batch([{ import: { task, history } }]), [
      { line: 1, status: 201, id: "imported" },
    ]);
    assert.deepEqual(await read("imported"), {
      ...task,
      project_id: projectId,
      stale: false,
      operations: ["cancel", "retry", "rollback"],
    });
    assert.deepEqual(await historyOf("imported"), history);
    const report = { status: "Rollbacking", reported_at: "2026-02-02T00:00:00Z" };
    const reported = await server.call(`${path}/imported`, { method: "PATCH", body: report });
    assert.equal(reported.json.revision, 8);
  });

  test("again is 200 whatever has happened to the task since, and 409 with another document", async () => {
    const again = { task: { ...task, stale: false, project_id: "x", lease_expires_at: null }, history };
    assert.deepEqual(
      statuses(
        await batch([
          { import: { task, history } },
          { import: again },
          { import: { task: { ...task, revision: 8 }, history } },
          { import: { task, history: history.slice(0, 1) } },
          creation("imported"),
        ]),
      ),
      [200, 200, 409, 409, 409],
    );
  });

  test("of a task that stands just so is 200, however it came here", async () => {
    await batch([creation("stands", { lease_seconds: 60 }), { report: { id: "stands", progress: 10 } }]);
    const standing = { task: await read("stands"), history: await historyOf("stands") };
    assert.deepEqual(statuses(await batch([{ import: standing }])), [200]);
    await batch([{ report: { id: "stands", progress: 11 } }]);
    assert.deepEqual(statuses(await batch([{ import: standing }])), [409]);
  });

  test("has a whole document with the limits of a creation", async () => {
    const { fail_reason: _failReason, ...incomplete } = task;
    const wrong: readonly (readonly [field: string, value: object])[] = [
      ["task.fail_reason", { task: incomplete, history }],
      ["history", { task }],
      ["history", { task, history: [] }],
      ["task.name", { task: { ...task, name: "x".repeat(65) }, history }],
      ["task.instance.name", { task: { ...task, instance: { id: "x", status: "" } }, history }],
      ["task.ended_at", { task: { ...task, ended_at: null }, history }],
      ["task.created_at", { task: { ...task, created_at: "2026-02-30T10:00:00Z" }, history }],
      ["task.unknown", { task: { ...task, unknown: 1 }, history }],
      ["task.lease_seconds", { task: { ...task, lease_seconds: 60 }, history }],
      ["history.0.revision", { task, history: [{ ...history[0], revision: 8 }] }],
      ["history.0.at", { task, history: [{ ...history[0], at: "yesterday" }] }],
      ["history.0.changes.name.to", { task, history: [{ ...history[0], changes: { name: { from: 1 } } }] }],
    ];
    const answers = await batch(wrong.map(([, value]) => ({ import: value })));
    assert.deepEqual(
      answers.map(({ status, error }) => [status, error.errors[0].field]),
      wrong.map(([field]) => [400, field]),
    );
  });

  test("takes the role admin; a reporter's other lines are done", async () => {
    const token = await reporter.logIn({ project: { id: projectId } });
    const answers = await batch([{ import: { task, history } }, creation("reporters-own")], { token });
    assert.deepEqual(statuses(answers), [403, 201]);
  });
});
