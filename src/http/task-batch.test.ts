import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import Fastify from "fastify";
import { signedHeaders } from "../../test/identities.ts";
import { admin, type OpenIdentity, openIdentity, project } from "../../test/open-identity.ts";
import type { TaskStore } from "../store/store.ts";
import { TaskCenterError } from "../task/error.ts";
import { registerTaskBatch } from "./task-batch.ts";

/** The batch route over a store that takes its time, and how many changes it was asked for at once at most. */
async function openBatches(
  context: TestContext,
  change: (open: OpenIdentity) => Partial<TaskStore> = () => ({}),
) {
  const open = await openIdentity(context);
  const { identity, administration, tasks, nowMs, root } = open;
  const most = { atOnce: 0 };
  let atOnce = 0;
  async function slowly<T>(change: () => Promise<T>): Promise<T> {
    atOnce += 1;
    most.atOnce = Math.max(most.atOnce, atOnce);
    await setTimeout(5);
    atOnce -= 1;
    return change();
  }
  const log: string[] = [];
  const app = Fastify({
    logger: { level: "error", stream: { write: (line: string) => void log.push(line) } },
  });
  registerTaskBatch(app, {
    tasks: {
      ...tasks,
      createTask: (creation) => slowly(() => tasks.createTask(creation)),
      changeTask: (key, decide) => slowly(() => tasks.changeTask(key, decide)),
      ...change(open),
    },
    identity,
    clock: nowMs,
    retentionMs: 1000,
    publicUrl: () => "https://tasks.example.com",
  });
  context.after(() => app.close());
  const { token } = await identity.issueToken(admin, { kind: "project", project: { id: project.id } });
  const { access, secret } = await administration.createAccessKey(root, {
    userId: root.user.id,
    description: "",
  });
  const url = `/v1/${project.id}/tasks:batch`;
  async function send(lines: readonly object[], by: "token" | "signature" = "token") {
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const signed = {
      key: { access, secret },
      method: "POST",
      url: `http://localhost:80${url}`,
      body,
      nowMs: nowMs(),
    };
    const answer = await app.inject({
      method: "POST",
      url,
      headers: {
        "content-type": "application/x-ndjson",
        ...(by === "token" ? { "x-auth-token": token } : { host: "localhost", ...signedHeaders(signed) }),
      },
      payload: body,
    });
    return answer.body
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }
  return { tasks, most, send, log, access };
}

const creation = (id: string): object => ({
  create: { id, service: "rds", name: "BackupInstance", instance: { id: "in-1" } },
});

test("lines about different tasks are done at once, so that they share commits", async (context) => {
  const { most, send } = await openBatches(context);
  const answers = await send(Array.from({ length: 300 }, (_, index) => creation(`task-${index}`)));
  assert.ok(answers.every(({ status }) => status === 201));
  assert.equal(most.atOnce, 256);
});

test("lines about the same task are done one after the other, also where one is refused", async (context) => {
  const { tasks, most, send } = await openBatches(context);
  const answers = await send([
    creation("same"),
    { report: { id: "same", progress: 10 } },
    { report: { id: "same", status: "Expanding" } },
    { report: { id: "same", status: "Completed", progress: 100 } },
    { report: { id: "same", progress: 20 } },
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 200, 400, 200, 409],
  );
  assert.equal(most.atOnce, 1);
  const task = await tasks.getTask({ projectId: project.id, id: "same" });
  assert.deepEqual([task?.status, task?.progressPercent, task?.revision], ["Completed", 100, 3]);
});

const key = { userId: "u1", scope: { kind: "project", projectId: project.id }, role: "admin" } as const;
const losses: Readonly<
  Record<string, { status: number; readonly takeAway: (open: OpenIdentity) => Promise<unknown> }>
> = {
  "its key is deleted": {
    status: 401,
    takeAway: async ({ store }) => {
      for (const { access } of await store.listAccessKeys("u1")) await store.deleteAccessKey(access);
    },
  },
  "its role is removed": { status: 403, takeAway: ({ store }) => store.revokeRole(key) },
  "its project is disabled": {
    status: 403,
    takeAway: ({ store }) => store.updateProject(project.id, { enabled: false }),
  },
};

for (const [loss, { status, takeAway }] of Object.entries(losses)) {
  test(`a signed batch ends where ${loss}: the last line names the first that was not done`, async (context) => {
    let created = 0;
    const { tasks, send } = await openBatches(context, (open) => ({
      async createTask(creation) {
        const outcome = await open.tasks.createTask(creation);
        created += 1;
        if (created === 256) await takeAway(open);
        return outcome;
      },
    }));
    const lines = Array.from({ length: 300 }, (_, index) => creation(`task-${index}`));
    const answers = await send(lines, "signature");
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [...Array<number>(256).fill(201), status],
    );
    assert.equal(answers.at(-1)?.line, 257);
    assert.equal(await tasks.getTask({ projectId: project.id, id: "task-256" }), undefined);
  });
}

test("a signed batch goes on while nothing is taken away, however long ago it was signed", async (context) => {
  const { send } = await openBatches(context, ({ tasks, advance }) => ({
    createTask(creation) {
      advance(60 * 1000);
      return tasks.createTask(creation);
    },
  }));
  const lines = Array.from({ length: 300 }, (_, index) => creation(`task-${index}`));
  const answers = await send(lines, "signature");
  assert.deepEqual([answers.length, answers.at(-1)?.status], [300, 201]);
});

test("what fails many lines alike is logged once a batch", async (context) => {
  const { send, log } = await openBatches(context, ({ tasks }) => ({
    async createTask() {
      throw new TaskCenterError("store-unavailable", "The store does not answer.");
    },
    changeTask: async (taskKey, decide) => {
      if (taskKey.id === "odd") throw new Error("odd");
      return tasks.changeTask(taskKey, decide);
    },
  }));
  const lines = Array.from({ length: 300 }, (_, index) =>
    index === 150 ? { report: { id: "odd" } } : creation(`task-${index}`),
  );
  for (const batches of [1, 2]) {
    const answers = await send(lines);
    assert.deepEqual(
      [answers.length, answers[0].status, answers[150].status, answers[299].status],
      [300, 503, 500, 503],
    );
    assert.deepEqual(
      log.map((line) => JSON.parse(line).code),
      Array.from({ length: batches }, () => ["store-unavailable", "internal"]).flat(),
    );
  }
});
