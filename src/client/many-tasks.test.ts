import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import test, { after, before, type TestContext } from "node:test";
import { answeredTask } from "../../test/answers.ts";
import { projectId, startServer, type TestServer } from "../../test/start-server.ts";
import { ApiError, type BatchLine, connect, type TaskCenterClient } from "./index.ts";

/** Calls about many tasks: against a real server, and against connections that break. */
const nowMs = Date.parse("2026-01-31T08:30:00Z");
let server: TestServer;
let client: TaskCenterClient;

before(async () => {
  server = await startServer({ clock: () => nowMs });
  client = await connect({ credentials: { kind: "token", url: server.url, token: server.token } });
});
after(() => server.close());

const task = (name: string, id?: string): BatchLine => ({
  create: { service: "rds", name, instance: { id: "in-1" }, ...(id === undefined ? {} : { id }) },
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A server that answers in its own way, and the bodies of the requests that it has seen. */
async function listen(
  t: TestContext,
  answer: (
    seen: IncomingMessage & { readonly body: string },
    response: ServerResponse,
    count: number,
  ) => void,
  timeoutMs = 10_000,
) {
  const seen: { readonly url: string; readonly body: string }[] = [];
  const other = createServer(async (request, response) => {
    const body = await text(request);
    seen.push({ url: request.url ?? "", body });
    answer(Object.assign(request, { body }), response, seen.length);
  });
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => {
    other.closeAllConnections();
    other.close();
  });
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}/v1/p1`;
  return { seen, client: await connect({ credentials: { kind: "token", url, token: "t" }, timeoutMs }) };
}

const ndjson = (response: ServerResponse, values: readonly unknown[]): ServerResponse => {
  response.setHeader("content-type", "application/x-ndjson");
  for (const value of values) response.write(`${JSON.stringify(value)}\n`);
  return response;
};

test("more lines than a request holds are sent in several, and their results come in order", async () => {
  async function* lines() {
    for (let index = 0; index < 2500; index += 1)
      yield task(index === 1700 ? "" : "Batched", `batched-${index}`);
  }
  const results = await all(client.sendBatch(lines()));
  assert.deepEqual(
    results.map(({ line }) => line),
    Array.from({ length: 2500 }, (_, index) => index + 1),
  );
  const refused = results.filter(({ error }) => error !== undefined);
  assert.deepEqual(
    refused.map(({ line, status, error }) => [line, status, error?.code, error?.errors[0]?.field]),
    [[1701, 400, "invalid-parameter", "name"]],
  );
  assert.ok(refused[0]?.error instanceof ApiError);
  assert.equal((await client.countTasks({ name: ["Batched"] })).total, 2499);
});

test("creations, reports and imports go together, and a report says how the task stands then", async () => {
  const exported = {
    task: {
      ...(await client.createTask({ service: "rds", name: "X", instance: { id: "in-1" } })),
      id: "copy",
    },
    history: (await client.listHistory((await client.listTasks({ name: ["X"] })).tasks[0]?.id ?? "")).history,
  };
  const lines: readonly BatchLine[] = [
    task("Mixed", "mixed"),
    { report: { id: "mixed", status: "Completed", message: "done" } },
    { import: exported },
    { import: exported },
  ];
  const results = await all(client.sendBatch(lines));
  assert.deepEqual(
    results.map(({ status }) => status),
    [201, 200, 201, 200],
  );
  assert.equal((await client.getTask("mixed")).status, "Completed");
  assert.deepEqual(await client.getTask("copy"), exported.task);
});

test("no lines make no request", async (t) => {
  const other = await listen(t, (_seen, response) => response.end());
  assert.deepEqual(await all(other.client.sendBatch([])), []);
  assert.deepEqual(other.seen, []);
});

test("lines are sent again where the connection breaks, with the same ids; messages are not", async (t) => {
  const other = await listen(t, ({ body, socket }, response, count) => {
    if (count <= 2) socket.destroy();
    else
      ndjson(
        response,
        body
          .trim()
          .split("\n")
          .map((_, index) => ({ line: index + 1, status: 201, id: "x" })),
      ).end();
  });
  assert.equal((await all(other.client.sendBatch([task("A"), task("B", "b")]))).length, 2);
  assert.equal(other.seen.length, 3);
  assert.equal(new Set(other.seen.map(({ body }) => body)).size, 1);
  assert.match(other.seen[0]?.body ?? "", /"id":"[0-9a-f-]{36}"/);

  const noted = await listen(t, ({ socket }) => socket.destroy());
  const lines: readonly BatchLine[] = [task("A"), { report: { id: "b", message: "once" } }];
  await assert.rejects(all(noted.client.sendBatch(lines)), { name: "ConnectionError" });
  assert.equal(noted.seen.length, 1);
});

test("an answer that ends before the lines do throws what its last line says", async (t) => {
  const error = { type: "x#forbidden", status: 403, detail: "The role is gone." };
  const ended = await listen(t, (_seen, response) =>
    ndjson(response, [
      { line: 1, status: 201, id: "a" },
      { line: 2, status: 403, error },
    ]).end(),
  );
  await assert.rejects(all(ended.client.sendBatch([task("A"), task("B"), task("C")])), {
    name: "ApiError",
    status: 403,
    code: "forbidden",
  });
});

test("where the token ends between two lines, the lines from there on are sent with another one", async (t) => {
  const lines = ["a", "b", "c"].map((id) => task("A", id));
  const other = await listen(t, (_seen, response, count) => {
    const first = [
      { line: 1, status: 201, id: "a" },
      { line: 2, status: 401, error: { status: 401 } },
    ];
    const second = ["b", "c"].map((id, index) => ({ line: index + 1, status: 201, id }));
    ndjson(response, count === 1 ? first : second).end();
  });
  assert.deepEqual(
    (await all(other.client.sendBatch(lines))).map(({ line, status }) => [line, status]),
    [
      [1, 201],
      [2, 201],
      [3, 201],
    ],
  );
  const [, ...rest] = lines.map((line) => `${JSON.stringify(line)}\n`);
  assert.equal(other.seen[1]?.body, rest.join(""));
});

test("every task of a filter comes once, in either order, while others are created", async () => {
  const ids = Array.from({ length: 1100 }, (_, index) => `each-${String(index).padStart(4, "0")}`);
  await all(client.sendBatch(ids.map((id) => task("Each", id))));
  const newest: string[] = [];
  for await (const { id } of client.eachTask({ name: ["Each"] })) {
    newest.push(id);
    if (newest.length % 300 === 0) await client.createTask({ ...late, id: `each-z${newest.length}` });
  }
  assert.deepEqual(newest, ids.toReversed());
  const oldest = await all(
    client.eachTask({ name: ["Each"], sort: "created_at", created_to: "2026-01-31T08:30:00Z" }),
  );
  assert.deepEqual(oldest.map(({ id }) => id).slice(0, 1100), ids);
});
const late = { service: "rds", name: "Each", instance: { id: "in-1" } } as const;

test("labels are asked for by their keys, and tasks are counted in groups", async () => {
  const labelled = (id: string, labels: Readonly<Record<string, string>>): BatchLine => ({
    create: { service: "ddm", name: "Labelled", instance: { id: "in-1" }, id, labels },
  });
  await all(
    client.sendBatch([
      labelled("l1", { team: "a", "x.y": "1" }),
      labelled("l2", { team: "b" }),
      labelled("l3", {}),
    ]),
  );
  const idsOf = async (label: Readonly<Record<string, readonly string[]>>) =>
    (await client.listTasks({ label, sort: "created_at" })).tasks.map(({ id }) => id);
  assert.deepEqual(await idsOf({ team: ["a", "b"] }), ["l1", "l2"]);
  assert.deepEqual(await idsOf({ team: ["a", "b"], "x.y": ["1"] }), ["l1"]);
  const counts = await client.countTasks({
    name: ["Labelled"],
    group_by: ["service", "state"],
    bucket: "1h",
  });
  assert.deepEqual(counts, {
    groups: [{ bucket: "2026-01-31T08:00:00.000Z", service: "ddm", state: "running", count: 3 }],
    total: 3,
  });
});

test("an export has each task with its history, and goes on behind a task", async () => {
  const exported = await all(client.exportTasks({ name: ["Labelled"] }));
  assert.deepEqual(
    exported.map(({ task: { id }, history }) => [id, history.length]),
    [
      ["l1", 1],
      ["l2", 1],
      ["l3", 1],
    ],
  );
  assert.deepEqual(exported[0]?.task, await client.getTask("l1"));
  const rest = await all(client.exportTasks({ name: ["Labelled"] }, { after: exported[0]?.task }));
  assert.deepEqual(rest, exported.slice(1));
  assert.equal(exported[0]?.task.project_id, projectId);
});

test("an export that breaks off goes on from there, and has no task twice", async (t) => {
  const line = (id: string, second: number) => ({
    task: answeredTask({ id, created_at: `2026-01-31T08:00:0${second}.000Z` }),
    history: [],
  });
  const tasks = [line("b", 1), line("c", 1), line("a", 2), line("d", 3)];
  const other = await listen(t, (_seen, response, count) => {
    if (count === 1) ndjson(response, tasks.slice(0, 2)).write('{"task":', () => response.destroy());
    else ndjson(response, tasks).end();
  });
  const exported = await all(other.client.exportTasks({ created_from: "2026-01-01T00:00:00Z" }));
  assert.deepEqual(
    exported.map(({ task: { id } }) => id),
    ["b", "c", "a", "d"],
  );
  const from = other.seen.map(({ url }) => new URL(url, "http://x").searchParams.get("created_from"));
  assert.deepEqual(from, ["2026-01-01T00:00:00Z", "2026-01-31T08:00:01.000Z"]);
});

test("an export waits for a slow reader, and asks a server that has gone silent once more", async (t) => {
  const gone = new AbortController();
  const other = await listen(
    t,
    (_seen, response, count) => {
      const tasks = [0, 1].map((id) => ({ task: answeredTask({ id: `t${id}` }), history: [] }));
      if (count === 1) ndjson(response, tasks).end();
      else ndjson(response, []).flushHeaders();
      if (count === 3) gone.abort(new Error("enough"));
    },
    1000,
  );
  const seen: string[] = [];
  for await (const { task: exported } of other.client.exportTasks()) {
    seen.push(exported.id);
    await new Promise((resolve) => setTimeout(resolve, 1200));
  }
  assert.deepEqual(seen, ["t0", "t1"]);
  await assert.rejects(all(other.client.exportTasks({}, { signal: gone.signal })), { message: "enough" });
});

test("an export of which its reader has enough is not read on", async (t) => {
  let closed = false;
  const other = await listen(t, (_seen, response) => {
    response.on("close", () => {
      closed = true;
    });
    ndjson(response, [{ task: answeredTask(), history: [] }]);
  });
  for await (const _exported of other.client.exportTasks()) break;
  while (!closed) await new Promise((resolve) => setTimeout(resolve, 5));
});
