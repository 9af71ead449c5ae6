import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import { taskFactory } from "../../../test/factories.ts";
import { openMigratedDatabase } from "../../../test/postgres.ts";
import { beginning, startOf, theEnd } from "../../counts/place.ts";
import { type Span, spanBeyond } from "../../counts/span.ts";
import { TaskCenterError } from "../../task/error.ts";
import type { Place, TaskFilter, TaskQuery } from "../../task/query.ts";
import { applyReport, createTask } from "../../task/report.ts";
import { longDetails, type Task } from "../../task/task.ts";
import { type Action, anyAction, anyQuestion, nowMs } from "../conformance/any-question.ts";
import {
  naiveCounts,
  naiveEnded,
  naiveLastSuccesses,
  naivePage,
  naiveStream,
} from "../conformance/naive-answers.ts";
import { rowOfTask, taskColumns, taskOfRow } from "../task-rows.ts";
import { openBriefReads } from "./brief-reads.ts";
import { pageStatement } from "./filters.ts";
import { createLooking } from "./looking.ts";
import { openSession, type Session, statement } from "./session.ts";

const insertTask = statement(
  `INSERT INTO task (${taskColumns.join(", ")}, creation_digest, accepted_at_ms)
   VALUES (${taskColumns.map((_, index) => `$${index + 1}`).join(", ")}, '', 0)`,
);

async function open(t: TestContext) {
  const opened: Session[] = [];
  // Before the database goes.
  t.after(() => Promise.all(opened.map(({ close }) => close())));
  const { url } = await openMigratedDatabase(t);
  // Unused connections may break when the database goes.
  const onTrouble = () => {};
  // Many rows are written at once.
  const session = openSession({ url, connections: 3, statementMs: 60_000, onTrouble });
  const long = openSession({ url, connections: 2, onTrouble });
  opened.push(session, long);
  const readBriefly = openBriefReads(session);
  return { session, long, readBriefly, ...createLooking({ session, readBriefly, long }) };
}

async function insertAll(session: Session, tasks: readonly Task[]): Promise<void> {
  await session.transaction(async (query) => {
    await Promise.all(tasks.map((task) => query(insertTask, rowOfTask(task))));
  });
}

/** The tasks that some actions leave behind. */
function tasksAfter(actions: readonly Action[], projectId: string): readonly Task[] {
  const tasks = new Map<string, Task>();
  for (const action of actions) {
    if (action.does === "create" && !tasks.has(action.id)) {
      const { id, creation } = action;
      tasks.set(id, createTask(creation, { projectId, id, createdBy: "producer", nowMs }).task);
    } else if (action.does === "report") {
      const current = tasks.get(action.id);
      if (current !== undefined) tasks.set(action.id, reported(current, action.report));
    }
  }
  return [...tasks.values()];
}

function reported(current: Task, report: Parameters<typeof applyReport>[1]): Task {
  try {
    return applyReport(current, report, { by: "producer", nowMs }).task;
  } catch (error) {
    if (error instanceof TaskCenterError) return current;
    throw error;
  }
}

async function stepsOf(stream: AsyncIterable<readonly Task[]>): Promise<readonly (readonly Task[])[]> {
  const steps: (readonly Task[])[] = [];
  for await (const step of stream) steps.push(step);
  return steps;
}

async function streamed(stream: AsyncIterable<readonly Task[]>): Promise<readonly Task[]> {
  return (await stepsOf(stream)).flat();
}

test("any question is answered as by a look at all tasks", async (t) => {
  const { session, listTasks, countTasks, streamTasks, findEndedTasks, listLastSuccesses } = await open(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyAction, { minLength: 1, maxLength: 40 }),
      fc.array(anyQuestion, { minLength: 20, maxLength: 20 }),
      fc.record({
        endedBeforeMs: fc.integer({ min: nowMs - 5, max: nowMs + 3 }),
        limit: fc.integer({ min: 1, max: 5 }),
      }),
      async (actions, questions, sought) => {
        runs += 1;
        const projectId = `project-${runs}`;
        const tasks = tasksAfter(actions, projectId);
        await insertAll(session, tasks);
        for (const question of questions) {
          if (question.asks === "successes") {
            const query = { projectId, limit: question.limit };
            assert.deepEqual(await listLastSuccesses(query), naiveLastSuccesses(tasks, query));
            continue;
          }
          const { asks, query: asked } = question;
          const filter: TaskFilter = { ...asked.filter, projectId };
          if (asks === "page") {
            const query = { ...asked, filter };
            const expected = naivePage(tasks, query);
            assert.deepEqual(await listTasks(query), expected);
            await comparePage(session, query, expected.tasks);
          } else if (asks === "counts") {
            const query = { ...asked, filter };
            assert.deepEqual(await countTasks(query), naiveCounts(tasks, query));
          } else {
            const query = { ...asked, filter };
            assert.deepEqual(await streamed(streamTasks(query)), naiveStream(tasks, query));
          }
        }
        const { endedBeforeMs, limit } = sought;
        const found: string[] = [];
        let from: Place | undefined;
        do {
          const { ids, next } = await findEndedTasks({ projectId, endedBeforeMs, from, limit });
          assert.ok(ids.length <= limit);
          found.push(...ids);
          from = next;
        } while (from !== undefined);
        assert.deepEqual(found, naiveEnded(tasks, { projectId, endedBeforeMs }));
      },
    ),
    { numRuns: 60 },
  );
});

/** Holds the statement of a page against what is expected of the page. */
async function comparePage(session: Session, query: TaskQuery, expected: readonly Task[]): Promise<void> {
  const { filter, order, after, offset, limit } = query;
  const window: Span = {
    from: filter.createdFromMs === undefined ? beginning : startOf(filter.createdFromMs),
    to: filter.createdToMs === undefined ? theEnd : startOf(filter.createdToMs + 1),
  };
  const span = after === undefined ? window : spanBeyond(window, after, order);
  const page = pageStatement(filter, order);
  const rows = await session.query(page.statement, page.values({ ...span, offset, limit }));
  assert.deepEqual(rows.map(taskOfRow), expected);
}

test("texts are looked for as they are written, whatever they mean elsewhere", async (t) => {
  const { session, listTasks } = await open(t);
  const texts = [
    "100%",
    "a_b",
    "back\\slash",
    "quote\"s and 'others'",
    "{braces},",
    "NULL",
    "Straße",
    "ÄÖ",
    "",
  ];
  const tasks = texts.map((failReason, index) => taskFactory.failed({ id: `task-${index}`, failReason }));
  await insertAll(session, tasks);
  for (const text of [...texts, "%", "_", "\\", '"', "null", "STRASSE", "äö", "straße"]) {
    const filter = {
      projectId: tasks[0]?.projectId ?? "",
      texts: [text],
      names: tasks.map(({ name }) => name),
    };
    const query = { filter, order: "oldest-first", offset: 0, limit: 100, withNames: true } as const;
    assert.deepEqual(await listTasks(query), naivePage(tasks, query));
    const named = {
      ...query,
      filter: { projectId: filter.projectId, names: [text], labels: { [text]: [text] } },
    };
    assert.deepEqual(await listTasks(named), naivePage(tasks, named));
  }
});

test("a stream goes on over many steps, also where few tasks match, and each comes once", async (t) => {
  const { session, streamTasks } = await open(t);
  const tasks = Array.from({ length: 1500 }, (_, index) =>
    taskFactory.completed({
      id: `task-${String(index).padStart(4, "0")}`,
      createdAtMs: nowMs + Math.floor(index / 7),
      failReason: index % 400 === 0 ? "rare" : "",
      service: index % 2 === 0 ? "rds" : "ddm",
    }),
  );
  await insertAll(session, tasks);
  const { projectId } = tasks[0] ?? taskFactory.running();
  const filters: readonly TaskFilter[] = [
    { projectId },
    { projectId, services: ["rds"], statuses: ["Completed"] },
    { projectId, texts: ["RARE"] },
    { projectId, texts: ["task"], createdFromMs: nowMs + 10 },
    { projectId, texts: ["nothing has it"] },
  ];
  for (const filter of filters) {
    for (const order of ["newest-first", "oldest-first"] as const) {
      for (const limit of [undefined, 300]) {
        const query = { filter, order, limit };
        assert.deepEqual(await streamed(streamTasks(query)), naiveStream(tasks, query));
      }
    }
  }
});

test("a step of a stream ends earlier where its tasks are large", async (t) => {
  const { session, streamTasks } = await open(t);
  const details = { text: "x".repeat(600 * longDetails) };
  const tasks = ["a", "b", "c", "d"].map((id) => taskFactory.running({ id, details }));
  await insertAll(session, tasks);
  const { projectId } = taskFactory.running();
  for (const texts of [undefined, ["a", "b", "c", "d"]]) {
    const steps = await stepsOf(
      streamTasks({ filter: { projectId, texts }, order: "oldest-first", limit: undefined }),
    );
    assert.deepEqual(
      steps.map((step) => step.map(({ id }) => id)),
      [
        ["a", "b"],
        ["c", "d"],
      ],
    );
  }
});

test("a search for what has ended looks at so many tasks, and goes on from there", async (t) => {
  const { session, findEndedTasks } = await open(t);
  const live = Array.from({ length: 2100 }, (_, index) =>
    taskFactory.running({ id: `live-${index}`, createdAtMs: index }),
  );
  const ended = taskFactory.completed({ id: "ended", createdAtMs: 5000, endedAtMs: 6000 });
  await insertAll(session, [...live, ended]);
  const query = { projectId: ended.projectId, endedBeforeMs: 6001, from: undefined, limit: 100 };
  const first = await findEndedTasks(query);
  assert.deepEqual(first, { ids: [], next: { createdAtMs: 1999, id: "live-1999" } });
  assert.deepEqual(await findEndedTasks({ ...query, from: first.next }), { ids: ["ended"], next: undefined });
  assert.deepEqual(await findEndedTasks({ ...query, endedBeforeMs: 6000, from: first.next }), {
    ids: [],
    next: undefined,
  });
});

test("a question that takes too long is too broad, and one with too many groups is, too", async (t) => {
  const { session, long, readBriefly, countTasks } = await open(t);
  const impatient = createLooking({ session, readBriefly, long, patienceMs: 50 });
  const filter = { projectId: "project", texts: ["x"] };
  const groups = { filter, groupBy: [], bucketMs: undefined };
  await session.transaction(async (query) => {
    await query(statement("LOCK TABLE task IN ACCESS EXCLUSIVE MODE"));
    const asked = { filter, order: "newest-first", offset: 0, limit: 1, withNames: true } as const;
    await assert.rejects(impatient.listTasks(asked), {
      code: "query-too-broad",
      message: /^No index serves/,
    });
    await assert.rejects(impatient.countTasks(groups), { code: "query-too-broad" });
  });
  // The connections serve on. Whoever has patience asks: on a busy machine even this may take a while.
  assert.deepEqual(await countTasks(groups), { groups: [], total: 0 });

  await session.query(
    statement(
      `INSERT INTO task SELECT (jsonb_populate_record(NULL::task, jsonb_build_object('id', 'x' || number, 'name', number::text)
         || $1::jsonb)).* FROM generate_series(1, 10001) AS number`,
    ),
    [rowAsJson(taskFactory.running({ projectId: "project" }))],
  );
  await assert.rejects(countTasks({ ...groups, groupBy: ["name"] }), {
    code: "query-too-broad",
    message: "The tasks make more than 10000 groups.",
  });
  assert.equal((await countTasks(groups)).total, 10_001);
});

/** A task's row as JSON, without id and name. */
function rowAsJson(task: Task): string {
  const { id, name, ...columns } = Object.fromEntries(
    rowOfTask(task).map((value, index) => [taskColumns[index], value]),
  );
  return JSON.stringify({ ...columns, creation_digest: "", accepted_at_ms: 0 });
}

test("while many long questions of a project wait, more are refused", async (t) => {
  const { session, countTasks, streamTasks } = await open(t);
  const filter = { projectId: "project", texts: ["x"] };
  const ask = () => countTasks({ filter, groupBy: [], bucketMs: undefined });
  let asked: readonly Promise<unknown>[] = [];
  await session.transaction(async (query) => {
    await query(statement("LOCK TABLE task IN ACCESS EXCLUSIVE MODE"));
    asked = Array.from({ length: 33 }, ask);
    await assert.rejects(ask(), { code: "too-many-requests" });
  });
  await Promise.all([
    ...asked,
    // Streams are not.
    streamed(streamTasks({ filter, order: "newest-first", limit: undefined })),
  ]);
  assert.equal((await ask()).total, 0);
});
