import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { TaskStore } from "../src/store/store.ts";
import { TaskCenterError } from "../src/task/error.ts";
import { applyReport } from "../src/task/report.ts";
import type { Task } from "../src/task/task.ts";
import { creationOf, taskFactory } from "./factories.ts";
import { listenLocally, openApp } from "./open-app.ts";
import { admin, type OpenIdentity, openIdentity, project, tokenLifetimeMs } from "./open-identity.ts";
import { assertProblem } from "./problems.ts";
import { type Answer, callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** All tasks at once, as CSV and NDJSON: what they say, and how they come. */

const nowMs = Date.UTC(2026, 2, 1, 12);
const tasksPath = `/v1/${projectId}/tasks`;
const ndjson = "application/x-ndjson";
const csv = "text/csv";

const columns =
  "id,project_id,service,kind,name,status,state,progress,instance_id,instance_name,instance_status,database_name,order_id,fail_reason,operations,created_at,started_at,updated_at,ended_at,planned_start_at,planned_end_at,priority,parent_id,attempt,stale,lease_expires_at,details,labels,created_by,revision";

/** Reads CSV as RFC 4180 has it: every row ends with CRLF, and a field is plain, or quoted with its quotes doubled. */
function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (const [, quoted, plain, end] of text.matchAll(field)) {
    rows.at(-1)?.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  assert.deepEqual(rows.pop(), []);
  assert.equal(text.replaceAll(field, ""), "", "nothing is left");
  return rows;
}

const linesOf = (text: string) => {
  assert.ok(text === "" || text.endsWith("\n"));
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
};

describe("the list of a server with more tasks than a page holds", () => {
  const many = 620;
  let server: TestServer;

  before(async () => {
    server = await startServer({ clock: () => nowMs });
    for (let from = 0; from < many; from += 62) {
      await Promise.all(Array.from({ length: 62 }, (_, index) => create(from + index)));
    }
  });
  after(() => server.close());

  async function create(index: number): Promise<void> {
    const texts = [
      "plain",
      'a "quoted" word',
      "a,b;c",
      "two\r\nlines",
      "lone\rreturn",
      "lone\nfeed",
      "=1+1",
      "Ünï\u{1F4BE}",
    ];
    const body = {
      id: `task-${index}`,
      service: "rds",
      name: texts[index % 8],
      instance: { id: `in0${index % 3}`, name: texts[(index + 1) % 8] },
      fail_reason: index % 2 === 0 ? "" : texts[(index + 2) % 8],
      progress: index % 4 === 0 ? null : 0.5,
      labels: index % 5 === 0 ? {} : { team: 'a,"b"' },
      details: index % 7 === 0 ? { deep: [1, { "": null }] } : {},
      created_at: new Date(nowMs - (index % 100)).toISOString(),
    };
    const answer = await server.call(tasksPath, { body });
    assert.equal(answer.status, 201, answer.text);
  }

  const stream = (type: string, query = "") =>
    server.call(`${tasksPath}?${query}`, { headers: { accept: type } });

  /** All tasks of a filter, page by page. */
  async function allTasks(query = "") {
    const tasks = [];
    for (let cursor = ""; ; ) {
      const { json } = await server.call(`${tasksPath}?limit=500&${query}${cursor}`);
      tasks.push(...json.tasks);
      if (json.next_cursor === null) return tasks;
      cursor = `&cursor=${json.next_cursor}`;
    }
  }

  test("comes as NDJSON with each task on a line, as the pages have them", async () => {
    const answer = await stream(ndjson);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
    assert.equal(answer.headers.get("vary"), "Accept");
    assert.equal(answer.headers.get("link"), null);
    assert.match(answer.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
    const tasks = linesOf(answer.text);
    assert.equal(tasks.length, many);
    assert.deepEqual(tasks, await allTasks());
    const oldest = linesOf((await stream(ndjson, "sort=created_at")).text);
    assert.deepEqual(oldest, tasks.toReversed());
  });

  test("comes as CSV with a header row and the same values, formulas and line ends untouched", async () => {
    const answer = await stream(csv);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "text/csv; charset=utf-8; header=present");
    const [header = [], ...rows] = readCsv(answer.text);
    assert.equal(header.join(), columns);
    const cellOf = (value: unknown) => {
      if (value === null) return "";
      return typeof value === "object" ? JSON.stringify(value) : String(value);
    };
    const expected = (await allTasks()).map(({ instance, ...task }) => {
      const flat = {
        ...task,
        instance_id: instance.id,
        instance_name: instance.name,
        instance_status: instance.status,
      };
      return header.map((name) => cellOf(flat[name]));
    });
    assert.equal(rows.length, many);
    assert.deepEqual(rows, expected);
  });

  test("is filtered and limited as the pages are, and beyond the longest page", async () => {
    const wanted = await allTasks("instance_id=in01");
    assert.deepEqual(linesOf((await stream(ndjson, "instance_id=in01")).text), wanted);
    assert.deepEqual(linesOf((await stream(ndjson, "instance_id=in01&limit=7")).text), wanted.slice(0, 7));
    assert.equal(linesOf((await stream(ndjson, "limit=501")).text).length, 501);
    assert.equal(readCsv((await stream(csv, `limit=${Number.MAX_SAFE_INTEGER}`)).text).length, 1 + many);
    assert.equal((await stream(ndjson, "name=none")).text, "");
    assert.equal((await stream(csv, "name=none")).text, `${columns}\r\n`);
  });

  test("refuses what makes no sense where all tasks come at once", async () => {
    const { next_cursor: cursor } = (await server.call(`${tasksPath}?limit=1`)).json;
    for (const [type, field, query] of [
      [csv, "offset", "offset=0"],
      [ndjson, "offset", "offset=5"],
      [csv, "cursor", `cursor=${cursor}`],
      [ndjson, "cursor", `cursor=${cursor}`],
      [csv, "history", "history=true"],
      ["application/json", "history", "history=true"],
      [ndjson, "history", "history=yes"],
      [ndjson, "history", "history=true&history=true"],
      ["application/json", "limit", "limit=501"],
      [csv, "limit", "limit=0"],
      [ndjson, "limit", "limit=9007199254740992"],
      [csv, "colour", "colour=red"],
    ] as const) {
      assertProblem(await stream(type, query), 400, "invalid-parameter", [field]);
    }
    assert.equal((await stream(csv, "history=false&limit=1")).status, 200);
    assert.equal((await stream("application/json", "history=false")).status, 200);
  });

  test("comes as JSON to whoever does not say, and to whoever wants what is not there", async () => {
    for (const accept of [
      "*/*",
      "text/html",
      "application/xml, application/json;q=0.5",
      "application/json;q=0",
    ]) {
      const answer = await stream(accept);
      assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8", accept);
      assert.equal(answer.headers.get("vary"), "Accept");
      assert.equal(answer.json.tasks.length, 50);
    }
  });

  test("tells its head without its tasks", async () => {
    for (const type of [csv, ndjson]) {
      const answer = await server.call(tasksPath, { method: "HEAD", headers: { accept: type } });
      assert.deepEqual([answer.status, answer.text], [200, ""]);
      assert.ok(answer.headers.get("content-type")?.startsWith(type));
      assert.equal(answer.headers.get("content-length"), null, "nobody knows how long it would be");
    }
  });

  test("comes with every task's whole history where that is wanted", async () => {
    // More lines than are read at a time.
    for (let number = 0; number < 505; number += 1) {
      const body = { message: `number ${number}` };
      await server.call(`${tasksPath}/task-1`, { method: "PATCH", body });
    }
    await server.call(`${tasksPath}/task-4`, {
      method: "PATCH",
      body: { status: "Failed", fail_reason: "gone" },
    });
    const lines = linesOf((await stream(ndjson, "history=true&instance_id=in01")).text);
    assert.deepEqual(
      lines.map(({ task }) => task),
      await allTasks("instance_id=in01"),
    );
    for (const id of ["task-1", "task-4", "task-7"]) {
      const line = lines.find(({ task }) => task.id === id);
      const { json: first } = await server.call(`${tasksPath}/${id}/history?limit=500`);
      const { json: rest } = await server.call(
        `${tasksPath}/${id}/history?cursor=${first.next_cursor ?? "500"}`,
      );
      assert.deepEqual(Object.keys(line), ["task", "history"]);
      assert.deepEqual(line.history, [...first.history, ...rest.history]);
    }
    const { json: history } = await server.call(`${tasksPath}/task-1/history?limit=500`);
    assert.notEqual(history.next_cursor, null);
  });
});

/** A server over a real store, some of whose answers are others. */
async function openServer(context: TestContext, change: (tasks: TaskStore) => Partial<TaskStore>) {
  const open = await openIdentity(context);
  const app = await openApp(context, { ...open, tasks: { ...open.tasks, ...change(open.tasks) } });
  const url = `http://127.0.0.1:${await listenLocally(app)}/v1/${project.id}/tasks`;
  const scope = { kind: "project", project: { id: project.id } } as const;
  const { token } = await open.identity.issueToken(admin, scope);
  const headers = (type: string) => ({ "x-auth-token": token, accept: type });
  return {
    ...open,
    app,
    token,
    call: (type: string, query = ""): Promise<Answer> =>
      callServer(`${url}?${query}`, { token, headers: { accept: type } }),
    /** Begins to read, and leaves the body to the test. */
    begin: async (type: string, query = ""): Promise<IncomingMessage> => {
      const [response] = await once(get(`${url}?${query}`, { headers: headers(type) }), "response");
      return response;
    },
  };
}

/** Waits until something holds that comes by itself. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!holds() && performance.now() < deadline) await pause(5);
  assert.ok(holds());
}

/** Tasks without end, counted as they are read, and whether whoever reads them has stopped. */
function endless() {
  const batch = Array.from({ length: 100 }, (_, index) =>
    taskFactory.running({ projectId: project.id, id: `task-${index}`, details: { text: "x".repeat(5000) } }),
  );
  const counted = { batches: 0, ended: false };
  async function* streamTasks(): AsyncGenerator<readonly Task[]> {
    try {
      for (;;) {
        counted.batches += 1;
        yield batch;
      }
    } finally {
      counted.ended = true;
    }
  }
  return { counted, streamTasks };
}

const losses: Readonly<Record<string, (server: OpenIdentity & { readonly token: string }) => unknown>> = {
  "the token is revoked": ({ identity, token }) => identity.revokeToken(token),
  "the token has expired": ({ advance }) => advance(tokenLifetimeMs),
  "the project is disabled": ({ store }) => store.updateProject(project.id, { enabled: false }),
  "the role is removed": ({ store, root }) =>
    store.revokeRole({
      userId: root.user.id,
      scope: { kind: "project", projectId: project.id },
      role: "admin",
    }),
};

for (const type of [csv, ndjson]) {
  describe(`tasks without end, as ${type}`, () => {
    test("are read from the store only as fast as the client reads them", async (context) => {
      const { counted, streamTasks } = endless();
      const { begin } = await openServer(context, () => ({ streamTasks }));
      const response = await begin(type);
      // What the two sockets hold is filled, and then nothing more is read.
      let before = -1;
      while (before !== counted.batches) {
        before = counted.batches;
        assert.ok(before < 200, `${before} batches were read for nobody`);
        await pause(200);
      }
      response.resume();
      await until(() => counted.batches > before + 10);
      response.destroy();
      await until(() => counted.ended);
    });

    test("are no longer read when the client goes away", async (context) => {
      const { counted, streamTasks } = endless();
      const { begin } = await openServer(context, () => ({ streamTasks }));
      const response = await begin(type);
      await once(response, "data");
      response.destroy();
      await until(() => counted.ended);
    });

    test("are cut off when the server stops", async (context) => {
      const { counted, streamTasks } = endless();
      const { app, begin } = await openServer(context, () => ({ streamTasks }));
      const response = await begin(type);
      await until(() => counted.batches > 0);
      const closed = app.close();
      app.server.closeAllConnections();
      await closed;
      await until(() => counted.ended);
      response.resume();
      await assert.rejects(once(response, "end"), { code: "ECONNRESET" });
      assert.equal(response.complete, false);
    });

    for (const [loss, takeAway] of Object.entries(losses)) {
      test(`are cut off when ${loss}`, async (context) => {
        const { counted, streamTasks } = endless();
        const server = await openServer(context, () => ({ streamTasks }));
        const response = await server.begin(type);
        await once(response, "readable");
        await takeAway(server);
        response.resume();
        await assert.rejects(once(response, "end"), { code: "ECONNRESET" });
        assert.equal(response.complete, false);
        await until(() => counted.ended);
      });
    }

    test("that fail before the first of them are answered as an error", async (context) => {
      const { call } = await openServer(context, () => ({
        // biome-ignore lint/correctness/useYield: it fails before
        async *streamTasks() {
          throw new TaskCenterError("query-too-broad", "Too many tasks would have to be looked at.");
        },
      }));
      assertProblem(await call(type), 422, "query-too-broad");
    });

    test("that fail later end without the end that an answer has", async (context) => {
      const { streamTasks } = endless();
      const { begin } = await openServer(context, () => ({
        async *streamTasks() {
          for await (const batch of streamTasks()) {
            yield batch;
            throw new TaskCenterError("store-unavailable", "The store does not answer.");
          }
        },
      }));
      const response = await begin(type);
      assert.equal(response.statusCode, 200);
      response.resume();
      await assert.rejects(once(response, "end"), { code: "ECONNRESET" });
      assert.equal(response.complete, false);
    });
  });
}

describe("a history that comes with its task", () => {
  const kept = taskFactory.running({ projectId: project.id, id: "kept", createdBy: "admin" });
  const gone = taskFactory.running({ projectId: project.id, id: "gone", createdBy: "admin" });
  const readAll = async (context: TestContext, change: (tasks: TaskStore) => Partial<TaskStore>) => {
    let tasks: OpenIdentity["tasks"] | undefined;
    const { call } = await openServer(context, (store) => {
      tasks = store;
      return change(store);
    });
    for (const task of [kept, gone]) await tasks?.createTask(creationOf(task));
    const { status, text } = await call(ndjson, "history=true&sort=created_at");
    assert.equal(status, 200);
    return linesOf(text);
  };

  test("ends with the task as it was read, whatever is reported meanwhile", async (context) => {
    const lines = await readAll(context, (tasks) => ({
      async listHistory(query) {
        await tasks.changeTask(query, (current) =>
          applyReport(current, { message: "meanwhile" }, { by: "admin", nowMs: nowMs + 1 }),
        );
        return tasks.listHistory(query);
      },
    }));
    assert.deepEqual(
      lines.map(({ task, history }) => [
        task.revision,
        history.map((line: { revision: number }) => line.revision),
      ]),
      [
        [1, [1]],
        [1, [1]],
      ],
    );
  });

  test("may be empty", async (context) => {
    const lines = await readAll(context, () => ({ listHistory: async () => ({ entries: [], more: false }) }));
    assert.deepEqual(
      lines.map(({ task, history }) => [task.id, history]),
      [
        ["gone", []],
        ["kept", []],
      ],
    );
  });

  test("that is gone before it was read to its end is no whole line: the answer is cut", async (context) => {
    const { begin, tasks } = await openServer(context, (store) => ({
      async listHistory(query) {
        const page = await store.listHistory(query);
        await store.deleteTask(kept);
        // As if there were more of it, and more than is sent at a time.
        return (
          page && {
            entries: page.entries.map((entry) => ({ ...entry, revision: 0, message: "x".repeat(70_000) })),
            more: true,
          }
        );
      },
    }));
    await tasks.createTask(creationOf(kept));
    const response = await begin(ndjson, "history=true");
    assert.equal(response.statusCode, 200);
    let received = "";
    response.setEncoding("utf8").on("data", (text: string) => {
      received += text;
    });
    await assert.rejects(once(response, "end"), { code: "ECONNRESET" });
    assert.equal(response.complete, false);
    assert.ok(received.startsWith('{"task":') && !received.includes("]}"));
  });

  test("is left out with its task where that is deleted meanwhile", async (context) => {
    const lines = await readAll(context, (tasks) => ({
      async listHistory(query) {
        await tasks.deleteTask(gone);
        return tasks.listHistory(query);
      },
    }));
    assert.deepEqual(
      lines.map(({ task }) => task.id),
      ["kept"],
    );
  });
});

test("a reader that stands still does not keep the server from stopping", async () => {
  const server = await startServer({ clock: () => nowMs });
  const details = { text: "x".repeat(60_000) };
  for (let number = 0; number < 300; number += 1) {
    const body = { service: "rds", name: "BackupInstance", instance: { id: "in01" }, details };
    assert.equal((await server.call(tasksPath, { body })).status, 201);
  }
  const headers = { "x-auth-token": server.token, accept: ndjson };
  const [response] = await once(get(server.url + tasksPath, { headers }), "response");
  const startedMs = performance.now();
  await server.close();
  assert.ok(performance.now() - startedMs < 10_000);
  response.resume();
  await assert.rejects(once(response, "end"), { code: "ECONNRESET" });
});
