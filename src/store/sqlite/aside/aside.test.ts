import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { creationOf, taskFactory } from "../../../../test/factories.ts";
import type { Place, TaskFilter } from "../../../task/query.ts";
import { recordAll } from "../../conformance/subject.ts";
import type { Question } from "../questions.ts";
import { openSqliteStore } from "../store.ts";
import { type AsideLimits, openAside } from "./aside.ts";

/** More than are looked at in one go, so that a look at all of them has a pause. */
const taskCount = 2500;
const { projectId } = taskFactory.running();
const folder = mkdtempSync(join(tmpdir(), "taskcenter-aside-"));
const path = join(folder, "store.db");
const clock = () => 0;

before(async () => {
  const { tasks, close } = await openSqliteStore({ path, clock });
  const ids = Array.from({ length: taskCount }, (_, index) => index);
  await recordAll(
    tasks,
    ids.map((index) => taskFactory.running({ id: `task-${index}`, createdAtMs: index })),
  );
  await close();
});

after(() => rmSync(folder, { recursive: true }));

/** The place for long questions, and every thread that is started meanwhile. */
function open(t: TestContext, limits?: Partial<AsideLimits>) {
  const threads: Worker[] = [];
  const remember = (thread: Worker): void => {
    threads.push(thread);
  };
  process.on("worker", remember);
  const aside = openAside(path, limits);
  t.after(async () => {
    process.off("worker", remember);
    await aside.close();
  });
  return { ...aside, threads };
}

/** Asks for the number of tasks, which is quickly told. */
function howMany(filter: Partial<TaskFilter> = {}) {
  return {
    asks: "count",
    query: { filter: { projectId, ...filter }, groupBy: [], bucketMs: undefined },
  } as const satisfies Question;
}

/** The number of tasks with a text, each of which must be looked at. */
const withText = howMany({ texts: ["nowhere"] });

/** The same with so many texts that it takes a good part of a second. */
const withManyTexts = howMany({ texts: Array(400).fill("nowhere") });

const allTasks = { groups: [{ count: taskCount }], total: taskCount };

test("questions are answered in a thread, which is started with the first of them", async (t) => {
  const { answer, threads } = open(t);
  assert.equal(threads.length, 0);
  const answers = [answer(projectId, howMany()), answer(projectId, withText), answer("other", howMany())];
  assert.deepEqual(await Promise.all(answers), [allTasks, { groups: [], total: 0 }, allTasks]);
  assert.equal(threads.length, 1);
});

test("an answer has all that was written before its question came", async (t) => {
  const { answer } = open(t);
  const { tasks, close } = await openSqliteStore({ path, clock });
  const named = howMany({ names: ["Later"] });
  assert.equal((await answer(projectId, named)).total, 0);
  const later = taskFactory.running({ id: "later", name: "Later" });
  await tasks.createTask(creationOf(later));
  assert.equal((await answer(projectId, named)).total, 1);
  await tasks.deleteTask(later);
  assert.equal((await answer(projectId, named)).total, 0);
  await close();
});

test("projects take turns, and each has its answers in the order of its questions", async (t) => {
  const { answer } = open(t);
  const answered: string[] = [];
  const asked = ["a1", "a2", "a3", "b1", "b2", "c1"].map(async (name) => {
    await answer(name.slice(0, 1), howMany());
    answered.push(name);
  });
  await Promise.all(asked);
  assert.deepEqual(answered, ["a1", "b1", "c1", "a2", "b2", "a3"]);
});

test("32 questions of a project may wait, and another project's are not refused for them", async (t) => {
  const { answer } = open(t);
  const accepted = Array.from({ length: 1 + 32 }, () => answer(projectId, howMany()));
  await assert.rejects(answer(projectId, howMany()), { code: "too-many-requests", retryAfterSeconds: 5 });
  accepted.push(answer("other", howMany()));
  for (const { total } of await Promise.all(accepted)) assert.equal(total, taskCount);
  assert.equal((await answer(projectId, howMany())).total, taskCount);
});

test("a question that takes too long is refused, and the next one is answered by the same thread", async (t) => {
  const { answer, threads } = open(t, { patienceMs: 0 });
  const { filter } = withText.query;
  const page = { order: "newest-first", offset: 0, limit: 1 } as const;
  const tooLong: readonly Question[] = [
    withText,
    { asks: "list", query: { filter, ...page, withNames: false } },
    { asks: "list", query: { filter: { projectId }, ...page, withNames: true } },
  ];
  for (const question of tooLong) {
    await assert.rejects(answer(projectId, question), { code: "query-too-broad" });
  }
  const ofNoInstance = howMany({ instanceIds: ["nowhere"] });
  assert.deepEqual(await answer(projectId, ofNoInstance), { groups: [], total: 0 });
  assert.equal(threads.length, 1);
});

test("a stream rests after a while, and says where to go on", async (t) => {
  const { answer } = open(t, { restMs: 0, patienceMs: 0 });
  const filter = { projectId, texts: ["TASK-2499"] };
  let after: Place | undefined;
  let rests = 0;
  for (;;) {
    const query = { filter, order: "oldest-first", after, limit: 10 } as const;
    const { tasks, next } = await answer(projectId, { asks: "stream", query });
    assert.deepEqual(
      tasks.map(({ id }) => id),
      next === undefined ? ["task-2499"] : [],
    );
    if (next === undefined) break;
    assert.ok(next.createdAtMs > (after?.createdAtMs ?? -1));
    after = next;
    rests += 1;
  }
  assert.ok(rests > 0);
});

test("where the thread dies, its question fails, and the next one gets a new thread", async (t) => {
  const { answer, threads } = open(t);
  const unheardOf = { asks: "nothing that the thread knows", query: {} } as unknown as Question;
  const failing = answer(projectId, unheardOf);
  const next = answer(projectId, howMany());
  await assert.rejects(failing, { code: "store-unavailable" });
  assert.deepEqual(await next, allTasks);
  assert.equal(threads.length, 2);
});

test("a thread that says nothing for too long is ended, and its question fails", async (t) => {
  // It cannot even start in that time.
  const { answer } = open(t, { patienceMs: 0, graceMs: 1 });
  const refused = assert.rejects(answer(projectId, howMany()), { code: "store-unavailable" });
  const [thread] = await once(process, "worker");
  await Promise.all([once(thread, "exit"), refused]);
});

test("closing ends the thread in the middle of its work, and refuses whoever waits or comes", async (t) => {
  const { answer, close, threads } = open(t);
  await answer(projectId, howMany());
  const [thread] = threads;
  assert.ok(thread);
  const asked = [withManyTexts, howMany()].map((question) => answer(projectId, question));
  const refused = asked.map((question) => assert.rejects(question, { code: "store-unavailable" }));
  await pause(20);
  await Promise.all([once(thread, "exit"), close(), ...refused]);
  await assert.rejects(answer(projectId, howMany()), { code: "store-unavailable" });
  await close();
  assert.equal(threads.length, 1);
});

test("a thread without questions is ended after a while, and the next question starts one", async (t) => {
  const { answer, threads } = open(t, { idleMs: 10 });
  await answer(projectId, howMany());
  const [thread] = threads;
  assert.ok(thread);
  await once(thread, "exit");
  assert.deepEqual(await answer(projectId, howMany()), allTasks);
  assert.equal(threads.length, 2);
});

test("the log is carried over into the file when that is asked for", async () => {
  const ownPath = join(folder, "carried-over.db");
  const { tasks, close } = await openSqliteStore({ path: ownPath, clock });
  const aside = openAside(ownPath);
  await recordAll(
    tasks,
    Array.from({ length: 200 }, (_, index) => taskFactory.running({ id: `task-${index}` })),
  );
  const { size } = statSync(ownPath);
  aside.carryOver();
  while (statSync(ownPath).size === size) await pause(5);
  await aside.close();
  await close();
});

test("a process waits for an answer, and may end while its thread has nothing to do", async () => {
  const script = join(folder, "ask.ts");
  writeFileSync(
    script,
    `import { openAside } from ${JSON.stringify(new URL("aside.ts", import.meta.url).href)};
     const { answer } = openAside(${JSON.stringify(path)});
     await answer("p", ${JSON.stringify(howMany())});
     const { total } = await answer("p", ${JSON.stringify(howMany())});
     console.log(total);`,
  );
  const child = spawn(process.execPath, [script], {
    stdio: ["ignore", "pipe", "inherit"],
    // Long before the thread would be ended.
    timeout: 15_000,
  });
  child.stdout.setEncoding("utf8");
  const said = child.stdout.toArray();
  const [exitCode] = await once(child, "exit");
  assert.deepEqual([exitCode, (await said).join("")], [0, `${taskCount}\n`]);
});
