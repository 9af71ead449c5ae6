import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import test, { after, before, type TestContext } from "node:test";
import { type BatchLine, connect, type TaskDocument } from "../src/client/index.ts";
import { answeredNoTasks, answeredTask } from "./answers.ts";
import { type CliEnd, runCli } from "./start-cli.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/** What the client and its commands do when what answers is no Task Center, or one that is not at its senses. */
let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that answers in its own way, and how many requests of which kind it has seen. */
async function listen(t: TestContext, answer: Answer) {
  const seen: string[] = [];
  const liar = createServer(async (request, response) => {
    const body = await text(request);
    seen.push(`${request.method} ${(request.url ?? "").replace(/\?.*/, "").replace(`/v1/${projectId}`, "")}`);
    answer(request, response, body);
  });
  liar.listen(0, "127.0.0.1");
  await once(liar, "listening");
  t.after(() => {
    liar.closeAllConnections();
    liar.close();
  });
  const origin = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
  const url = `${origin}/v1/${projectId}`;
  const env = { OS_CLIENT_CONFIG_FILE: "", TASKCENTER_URL: url, TASKCENTER_TOKEN: "t" };
  return {
    origin,
    seen,
    client: await connect({ credentials: { kind: "token", url, token: "t" } }),
    run: (...args: readonly string[]): Promise<CliEnd> => runCli(server, args, { env }),
  };
}

/** One that answers the same to everything. */
const always = (t: TestContext, answer: unknown) =>
  listen(t, (_request, response) => response.end(JSON.stringify(answer)));

function ndjson(response: ServerResponse, values: readonly unknown[]): void {
  response.setHeader("content-type", "application/x-ndjson");
  response.end(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

const creations = (ids: readonly string[]): readonly BatchLine[] =>
  ids.map((id) => ({ create: { id, service: "rds", name: "BackupInstance", instance: { id: "db1" } } }));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const nowhere = "the server does not speak the Task Center API: its pages lead nowhere";

test("pages that come again, or lead on from nothing, are not followed for ever", async (t) => {
  const page = (next_cursor: string, tasks: readonly TaskDocument[]) => ({ tasks, total: 1, next_cursor });
  const [task] = [answeredTask()];
  const again = await listen(t, (request, response) => {
    const isFirst = /cursor=a/.test(request.url ?? "");
    response.end(JSON.stringify(page(isFirst ? "b" : "a", [task])));
  });
  await assert.rejects(all(again.client.eachTask()), { name: "ConnectionError", message: nowhere });
  assert.equal(again.seen.length, 3);
  const list = await again.run("list");
  assert.deepEqual(list, { code: 69, stdout: "", stderr: `taskcenter: ${nowhere}\n` });

  let pages = 0;
  const empty = await listen(t, (_request, response) => {
    pages += 1;
    response.end(JSON.stringify(page(`c${pages}`, [])));
  });
  await assert.rejects(all(empty.client.eachTask()), { name: "ConnectionError", message: nowhere });
  assert.equal(empty.seen.length, 1);
});

test("a simulation does not wait for what will not pass", async (t) => {
  const liar = await always(t, { ...answeredNoTasks, next_cursor: "a" });
  const end = await liar.run("simulate", "--no-history");
  assert.deepEqual(end, { code: 69, stdout: "", stderr: `taskcenter: ${nowhere}\n` });
  assert.ok(liar.seen.length <= 2);
});

test("a batch that gets no further than its first line twice is given up with the reason", async (t) => {
  const error = { type: "x#token-expired", status: 401, detail: "The token has ended." };
  const liar = await listen(t, (_request, response) => ndjson(response, [{ line: 1, status: 401, error }]));
  const sent = all(liar.client.sendBatch(creations(["a", "b"])));
  await assert.rejects(sent, { name: "ApiError", status: 401, detail: error.detail });
  assert.equal(liar.seen.length, 2);
});

test("a batch's answer about other lines than were sent is none", async (t) => {
  const answers: readonly (readonly [lines: readonly unknown[], message: RegExp])[] = [
    [[{ line: -5, status: 201, id: "a" }], /does not speak the Task Center API/],
    [[{ line: 1, status: "a" }], /does not speak the Task Center API/],
    [[null], /does not speak the Task Center API/],
    [[1, 2, 3].map((line) => ({ line, status: 201, id: "a" })), /has not all of its lines/],
    [[1, 2, 3, 4].map((line) => ({ line, status: 401, error: { status: 401 } })), /401/],
  ];
  for (const [lines, message] of answers) {
    const liar = await listen(t, (_request, response) => ndjson(response, lines));
    await assert.rejects(all(liar.client.sendBatch(creations(["a", "b"]))), { message });
    assert.equal(liar.seen.length, 1);
  }
});

test("an answer of another shape is said to be none of a Task Center's", async (t) => {
  const odd: readonly unknown[] = [
    null,
    [],
    "text",
    { ...answeredNoTasks, tasks: [null] },
    { ...answeredNoTasks, tasks: [{ ...answeredTask(), created_at: "never" }] },
    { ...answeredNoTasks, tasks: [{ ...answeredTask(), instance: null }] },
    { ...answeredNoTasks, total: -1 },
    { tasks: [], total: 0 },
  ];
  for (const answer of odd) {
    const { origin, client } = await always(t, answer);
    const isNo = (what: string) => ({
      name: "ConnectionError",
      message: `${origin} does not speak the Task Center API: its answer is not ${what}`,
    });
    await assert.rejects(client.listTasks(), isNo("a list of tasks"));
    await assert.rejects(client.getTask("t1"), isNo("a task"));
    await assert.rejects(
      client.createTask({ service: "rds", name: "X", instance: { id: "i" } }),
      isNo("a task"),
    );
    await assert.rejects(client.countTasks(), isNo("counts of tasks"));
    await assert.rejects(client.listHistory("t1"), isNo("a task's history"));
    await assert.rejects(all(client.exportTasks()), isNo("an exported task"));
  }
});

test("commands say of such an answer that it is none, and end", async (t) => {
  const liar = await always(t, { id: { nested: 1 }, revision: "NaN", tasks: [null], total: -1 });
  const is = (what: string): CliEnd => ({
    code: 69,
    stdout: "",
    stderr: `taskcenter: ${liar.origin} does not speak the Task Center API: its answer is not ${what}\n`,
  });
  assert.deepEqual(await liar.run("list"), is("a list of tasks"));
  assert.deepEqual(await liar.run("show", "t1"), is("a task"));
  assert.deepEqual(await liar.run("watch", "t1"), is("a task"));
  assert.deepEqual(await liar.run("simulate", "--no-history"), is("a list of tasks"));
});

test("what was refused is not counted as a simulation's tasks", async (t) => {
  const liar = await listen(t, (request, response, body) => {
    if (request.method === "GET") return response.end(JSON.stringify(answeredNoTasks));
    const error = { type: "x#invalid-parameter", status: 400, detail: "It is not to be." };
    const count = body.trimEnd().split("\n").length;
    ndjson(
      response,
      Array.from({ length: count }, (_, index) => ({ line: index + 1, status: 400, error })),
    );
  });
  const { code, stdout } = await liar.run("simulate", "--history", "1h", "--duration", "1s");
  assert.equal(stdout, "simulated 0 tasks: 0 succeeded, 0 failed, 0 canceled, 0 left unfinished\n");
  assert.equal(code, 1);
});

test("a server's time that no clock shows is not gone by", async (t) => {
  for (const date of ["Sat, 13 Sep 275760 00:00:00 GMT", "tomorrow", "-1"]) {
    const { client } = await listen(t, (_request, response) => {
      response.setHeader("date", date);
      response.end(JSON.stringify(answeredNoTasks));
    });
    assert.equal(await client.serverAheadMs(), 0, date);
  }
});
