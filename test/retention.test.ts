import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { domain, first, project } from "../src/store/conformance/samples.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import { retentionSweep } from "../src/sweep/retention.ts";
import { creationOf, taskFactory } from "./factories.ts";
import { assertProblem } from "./problems.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/** A test that waits for a round ends here if none comes. */
const options = { timeout: 30_000 };

const startMs = Date.parse("2026-03-01T12:00:00Z");
const dayMs = 24 * 60 * 60 * 1000;
/** The retention unless a setting says otherwise. */
const retentionMs = 400 * dayMs;

const tasksPath = `/v1/${projectId}/tasks`;
const minimal = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };
const timeText = (ms: number): string => new Date(ms).toISOString();

/** A folder for a server's data, gone after the test. */
function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-retention-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Runs a server at one moment for as long as `use` takes. */
async function serving(
  at: { readonly directory: string; readonly nowMs: number; readonly retention?: string },
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const { directory, nowMs, retention } = at;
  const server = await startServer({
    directory,
    clock: () => nowMs,
    flags: retention === undefined ? {} : { retention },
  });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

async function create(server: TestServer, body: object): Promise<void> {
  const answer = await server.call(tasksPath, { body: { ...minimal, ...body } });
  assert.equal(answer.status, 201, answer.text);
}

test(
  "a server deletes what ended before the retention, and its lists are right all the while",
  options,
  async (t) => {
    const directory = newDirectory(t);
    const created_at = timeText(startMs - dayMs);
    const oldEnd = { status: "Completed", created_at, ended_at: timeText(startMs - 1) };
    const old = Array.from({ length: 300 }, (_, index) => ({ ...oldEnd, id: `old-${index}` }));
    const kept = [
      { id: "at-the-bound", ...oldEnd, ended_at: timeText(startMs) },
      { id: "running", created_at },
      { id: "scheduled", kind: "scheduled", created_at },
    ];
    await serving({ directory, nowMs: startMs }, async (server) => {
      await Promise.all([...old, ...kept].map((body) => create(server, body)));
    });

    const nowMs = startMs + retentionMs;
    await serving({ directory, nowMs }, async (server) => {
      const totals = [old.length + kept.length];
      while (totals.at(-1) !== kept.length) {
        const { json } = await server.call(`${tasksPath}?limit=500`);
        assert.equal(json.tasks.length, json.total);
        assert.ok(
          json.total >= kept.length && json.total <= Number(totals.at(-1)),
          `after ${totals}: ${json.total}`,
        );
        totals.push(json.total);
        const completed = await server.call(`${tasksPath}?limit=500&status=Completed`);
        assert.equal(completed.json.tasks.length, completed.json.total);
        // All that is deleted had completed, and two of what is kept have not.
        assert.ok(completed.json.total <= json.total - 2);
        await sleep(5, undefined, { signal: t.signal });
      }
      const { json } = await server.call(tasksPath);
      assert.deepEqual(
        json.tasks.map(({ id }: { id: string }) => id).sort(),
        kept.map(({ id }) => id).sort(),
      );
      assertProblem(await server.call(`${tasksPath}/old-0`), 404, "task-not-found");
      assertProblem(await server.call(`${tasksPath}/old-0/history`), 404, "task-not-found");
      assert.equal((await server.call(`${tasksPath}/at-the-bound/history`)).json.history.length, 1);
    });
  },
);

test("the log tells what a round has deleted, in one line without names", options, async (t) => {
  const directory = newDirectory(t);
  await serving({ directory, nowMs: startMs }, async (server) => {
    await Promise.all(["a", "b", "c"].map((id) => create(server, { id, status: "Failed" })));
  });
  await serving({ directory, nowMs: startMs + dayMs + 1, retention: "1d" }, async (server) => {
    const told = () => server.logged.filter((line) => line.includes("before the retention"));
    while (told().length === 0) await sleep(5, undefined, { signal: t.signal });
    const [line = ""] = told();
    const { tasks, projects, tookMs } = JSON.parse(line);
    assert.deepEqual([told().length, tasks, projects, typeof tookMs], [1, 3, 1, "number"]);
    assert.ok(!line.includes(projectId));
  });
});

test("a creation is refused where it says that the task is older than the retention", async (t) => {
  const directory = newDirectory(t);
  const oldest = { ...minimal, id: "oldest", created_at: timeText(startMs - retentionMs) };
  let first = "";
  await serving({ directory, nowMs: startMs }, async (server) => {
    const created = await server.call(tasksPath, { body: oldest });
    assert.equal(created.status, 201, created.text);
    first = created.text;
    const older = timeText(startMs - retentionMs - 1);
    for (const body of [
      { created_at: older },
      { status: "Completed", created_at: older, ended_at: timeText(startMs) },
      { status: "Completed", ended_at: older },
    ]) {
      const refused = await server.call(tasksPath, { body: { ...minimal, id: "older", ...body } });
      assertProblem(refused, 400, "invalid-parameter", ["created_at"]);
      assert.match(refused.json.errors[0].message, /2025-01-25T12:00:00\.000Z/);
    }
  });
  // What was accepted gets its first answer again, after any time and under any retention.
  await serving({ directory, nowMs: startMs + 10 * dayMs, retention: "1d" }, async (server) => {
    const again = await server.call(tasksPath, { body: oldest });
    assert.deepEqual([again.status, again.text], [201, first]);
  });
});

test("the store's file does not grow for ever: what deleted tasks held is used again", async (t) => {
  const path = join(newDirectory(t), "store.db");
  const sizes: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const nowMs = startMs + round * (retentionMs + dayMs);
    const store = await openSqliteStore({ path, clock: () => nowMs });
    await store.identity.createFirstIdentity({ ...first, domain, project });
    const sweep = retentionSweep({
      ...store,
      clock: () => nowMs,
      retentionMs,
      pause: async () => undefined,
      onDeleted: () => undefined,
    });
    await sweep(new AbortController().signal);
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => {
        const id = `round-${round}-task-${index}`;
        const createdAtMs = nowMs - index * 1000;
        const details = { note: "x".repeat(200) };
        const ended = taskFactory.completed({ projectId: project.id, id, createdAtMs, details });
        return store.tasks.createTask(creationOf({ ...ended, endedAtMs: nowMs }));
      }),
    );
    await store.close();
    sizes.push(statSync(path).size);
  }
  const [, second = 0] = sizes;
  assert.ok(second > 500 * 200);
  assert.ok(Math.max(...sizes) <= second, sizes.join(", "));
});
