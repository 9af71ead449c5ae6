import assert from "node:assert/strict";
import { taskFactory } from "../../../test/factories.ts";
import type { TaskFilter, TaskPage, TaskQuery } from "../../task/query.ts";
import type { Task, TaskKey } from "../../task/task.ts";
import type { TaskStore } from "../store.ts";
import { type Check, recordAll } from "./subject.ts";

const { projectId } = taskFactory.running();

/** Asks for all of a project's tasks, newest first, unless a check says otherwise. */
function list(
  tasks: TaskStore,
  filter: Partial<TaskFilter> = {},
  query: Partial<TaskQuery> = {},
): Promise<TaskPage> {
  return tasks.listTasks({
    filter: { projectId, ...filter },
    order: "newest-first",
    offset: 0,
    limit: 1000,
    withNames: false,
    ...query,
  });
}

function idsOf(page: TaskPage): readonly string[] {
  return page.tasks.map(({ id }) => id);
}

async function partsOf(stream: AsyncIterable<readonly Task[]>): Promise<readonly (readonly Task[])[]> {
  const parts: (readonly Task[])[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** The sentences of the contract that are about lists. */
export function checkLists(check: Check): void {
  check(
    "a list has whole tasks, newest first, ties by id, bytewise, descending",
    async ({ tasks, startMs }) => {
      const expected = [
        taskFactory.running({ id: "newest", createdAtMs: startMs + 1 }),
        ...["b", "a-", "a", "_", "Z", "A", "9", "10", "-"].map((id) => taskFactory.completed({ id })),
        taskFactory.scheduled({ id: "oldest", createdAtMs: startMs - 1, service: "rds" }),
      ];
      await recordAll(tasks, expected.toReversed());
      assert.deepEqual(await list(tasks), { tasks: expected, total: 11, names: [] });
      assert.deepEqual(await list(tasks, {}, { order: "oldest-first" }), {
        tasks: expected.toReversed(),
        total: 11,
        names: [],
      });
    },
  );

  check(
    "nothing is found by a U+0000, which no task has, and nobody else's question suffers",
    async ({ tasks }) => {
      const task = taskFactory.running({ id: "one" });
      await recordAll(tasks, [task]);
      const absent = { projectId, id: "\u0000" };
      const nothing = { tasks: [], total: 0, names: [] };
      for (const member of [
        "names",
        "ids",
        "instanceIds",
        "databaseNames",
        "orderIds",
        "parentIds",
        "texts",
      ]) {
        assert.deepEqual(await list(tasks, { [member]: ["\u0000", "a\u0000"] }), nothing, member);
      }
      assert.deepEqual(await list(tasks, { labels: { team: ["\u0000"] } }), nothing);
      assert.equal((await list(tasks, { ids: ["\u0000", task.id] })).total, 1);
      assert.equal(await tasks.getTask(absent), undefined);
      assert.equal(await tasks.deleteTask(absent), false);
      assert.equal(await tasks.listHistory({ ...absent, afterRevision: 0, limit: 1 }), undefined);
      const change = (key: TaskKey) =>
        tasks.changeTask(key, (current) => ({ task: current, entry: undefined }));
      const [refused, changed] = await Promise.allSettled([change(absent), change(task)]);
      assert.deepEqual([refused.status, changed.status], ["rejected", "fulfilled"]);
      await assert.rejects(change(absent), { code: "task-not-found" });
    },
  );

  check(
    "details come as they were recorded, short and long, alone, in lists and in streams",
    async ({ tasks }) => {
      const all = [10, 1000, 60_000].map((length, index) =>
        taskFactory.running({ id: `${3 - index}`, details: { plan: [{ text: "é".repeat(length) }], n: 1 } }),
      );
      await recordAll(tasks, all);
      assert.deepEqual((await list(tasks)).tasks, all);
      const [, , long] = all;
      assert.deepEqual(await tasks.getTask({ projectId, id: "1" }), long);
      const filter = { projectId };
      const parts = await partsOf(tasks.streamTasks({ filter, order: "newest-first", limit: undefined }));
      assert.deepEqual(parts.flat(), all);
    },
  );

  check("a stream of tasks with long details comes in small parts, each task once", async ({ tasks }) => {
    const text = "x".repeat(60_000);
    const all = Array.from({ length: 40 }, (_, index) =>
      taskFactory.running({ id: `${index + 10}`, details: { text } }),
    ).reverse();
    await recordAll(tasks, all);
    for (const labels of [undefined, {}]) {
      const parts = await partsOf(
        tasks.streamTasks({ filter: { projectId, labels }, order: "newest-first", limit: 39 }),
      );
      assert.ok(parts.every((part) => part.length < 30));
      assert.deepEqual(
        idsOf({ tasks: parts.flat(), total: 0, names: [] }),
        idsOf({ tasks: all.slice(0, 39), total: 0, names: [] }),
      );
    }
  });

  check("services and kinds share one order", async ({ tasks, startMs }) => {
    const services = ["ddm", "rds", "geminidb"] as const;
    const expected = Array.from({ length: 30 }, (_, index) =>
      index % 4 === 3
        ? taskFactory.scheduled({ id: `task-${index}`, createdAtMs: startMs - index })
        : taskFactory.running({
            id: `task-${index}`,
            createdAtMs: startMs - index,
            service: services[index % 4] ?? "rds",
          }),
    );
    await recordAll(tasks, expected);
    assert.deepEqual((await list(tasks)).tasks, expected);
    assert.deepEqual((await list(tasks, {}, { offset: 7, limit: 5 })).tasks, expected.slice(7, 12));
  });

  check("pages cut the list without gap or overlap, each with the whole total", async ({ tasks }) => {
    const all = Array.from({ length: 7 }, (_, index) => taskFactory.running({ id: `${7 - index}` }));
    await recordAll(tasks, all);
    for (const [offset, ids] of [
      [0, ["7", "6", "5"]],
      [3, ["4", "3", "2"]],
      [6, ["1"]],
    ] as const) {
      const page = await list(tasks, {}, { offset, limit: 3 });
      assert.deepEqual([idsOf(page), page.total], [ids, 7]);
    }
  });

  check("an offset past the end has no tasks, and keeps the total and the names", async ({ tasks }) => {
    await recordAll(tasks, [taskFactory.running({ id: "1" }), taskFactory.running({ id: "2" })]);
    for (const filter of [{}, { ids: ["1", "2"] }]) {
      for (const offset of [2, 3, 999_999_999_999_999]) {
        const page = await list(tasks, filter, { offset, limit: 1, withNames: true });
        assert.deepEqual(page, { tasks: [], total: 2, names: ["RestartMysqlInstance"] });
      }
    }
  });

  check(
    "both ends of the time window are inclusive, and each may be given alone",
    async ({ tasks, startMs }) => {
      await recordAll(
        tasks,
        [1, 2, 3, 4].map((ms) => taskFactory.running({ id: `${ms}`, createdAtMs: startMs + ms })),
      );
      const window = (from?: number, to?: number): Partial<TaskFilter> => ({
        createdFromMs: from === undefined ? undefined : startMs + from,
        createdToMs: to === undefined ? undefined : startMs + to,
      });
      assert.deepEqual(idsOf(await list(tasks, window(2, 3))), ["3", "2"]);
      assert.deepEqual(idsOf(await list(tasks, window(3, 3))), ["3"]);
      assert.deepEqual(idsOf(await list(tasks, window(3))), ["4", "3"]);
      assert.deepEqual(idsOf(await list(tasks, window(undefined, 2))), ["2", "1"]);
      assert.deepEqual(idsOf(await list(tasks, window(3, 2))), []);
    },
  );

  check("each condition narrows the list, a list of values means any of them", async ({ tasks }) => {
    const instanceOf = (id: string, name: string) => ({ instance: { id, name, status: "" } });
    await recordAll(tasks, [
      taskFactory.running({ id: "1", name: "A", orderId: "x", ...instanceOf("i", "orders") }),
      taskFactory.failed({ id: "2", name: "B", orderId: "y", parentId: "1", ...instanceOf("j", "") }),
      taskFactory.completed({
        id: "3",
        name: "B",
        service: "ddm",
        parentId: "1",
        ...instanceOf("i", "stock"),
      }),
      taskFactory.scheduled({
        id: "4",
        name: "C",
        orderId: "x",
        parentId: "gone",
        ...instanceOf("k", "orders"),
      }),
    ]);
    const expectations: readonly (readonly [Partial<TaskFilter>, readonly string[]])[] = [
      [{ services: ["ddm"] }, ["3"]],
      [{ services: ["rds", "geminidb"] }, ["4", "2", "1"]],
      [{ kinds: ["scheduled"] }, ["4"]],
      [{ kinds: ["instant", "scheduled"] }, ["4", "3", "2", "1"]],
      [{ statuses: ["Failed"] }, ["2"]],
      [{ statuses: ["Running", "Pending"] }, ["4", "1"]],
      [{ names: ["B"] }, ["3", "2"]],
      [{ names: ["C", "A", "D"] }, ["4", "1"]],
      [{ ids: ["2"] }, ["2"]],
      [{ ids: ["1", "unknown", "3"] }, ["3", "1"]],
      [{ instanceIds: ["i"] }, ["3", "1"]],
      [{ instanceIds: ["j", "k"] }, ["4", "2"]],
      [{ instanceNames: ["orders"] }, ["4", "1"]],
      [{ instanceNames: ["stock", ""] }, ["3", "2"]],
      [{ instanceNames: ["orders"], kinds: ["scheduled"] }, ["4"]],
      [{ instanceNames: ["orders"], kinds: ["scheduled", "instant"], services: ["rds"] }, ["4", "1"]],
      [{ instanceNames: ["orders", "stock"], kinds: ["scheduled"], statuses: ["Running"] }, []],
      [{ instanceNames: ["orders"], kinds: ["scheduled"], instanceIds: ["i"] }, []],
      [{ orderIds: ["x"] }, ["4", "1"]],
      [{ orderIds: [""] }, ["3"]],
      [{ orderIds: ["", "y"] }, ["3", "2"]],
      [{ parentIds: ["1"] }, ["3", "2"]],
      [{ parentIds: ["gone", "1", "3"] }, ["4", "3", "2"]],
      [{ parentIds: [""] }, []],
      [{ parentIds: ["1"], services: ["ddm"] }, ["3"]],
      [{ parentIds: ["1", "gone"], kinds: ["scheduled"], statuses: ["Pending", "Failed"] }, ["4"]],
      [{ parentIds: ["1"], names: ["B"], instanceIds: ["j"], orderIds: ["y"] }, ["2"]],
      [{ parentIds: ["1"], ids: ["1", "2", "4"] }, ["2"]],
      [{ parentIds: ["gone"], instanceNames: ["orders"], kinds: ["scheduled"] }, ["4"]],
      [{ parentIds: ["1"], texts: ["stock"] }, ["3"]],
      [{ instanceIds: ["i"], names: ["B"] }, ["3"]],
      [{ instanceIds: ["i"], orderIds: ["x"], statuses: ["Running"] }, ["1"]],
      [{ names: ["B"], statuses: ["Failed"], services: ["rds"] }, ["2"]],
      [{ names: ["B"], statuses: ["Running"] }, []],
      [{ ids: ["1", "2", "4"], orderIds: ["x"], kinds: ["instant"] }, ["1"]],
    ];
    for (const [filter, ids] of expectations) {
      const page = await list(tasks, filter);
      assert.deepEqual([filter, idsOf(page), page.total], [filter, ids, ids.length]);
    }
  });

  check("an empty list of values means no task at all", async ({ tasks }) => {
    await recordAll(tasks, [taskFactory.running({ orderId: "order", parentId: "parent" })]);
    const lists = [
      "services",
      "kinds",
      "statuses",
      "names",
      "ids",
      "instanceIds",
      "instanceNames",
      "orderIds",
      "parentIds",
    ] as const;
    for (const name of lists) {
      for (const others of [{}, { instanceIds: ["instance-1"] }, { instanceNames: ["orders"] }]) {
        const page = await list(tasks, { ...others, [name]: [] }, { withNames: true });
        assert.deepEqual(page, { tasks: [], total: 0, names: [] });
      }
    }
  });

  check("an instance that is renamed is found by its new name alone", async ({ tasks }) => {
    for (const task of [taskFactory.running({ id: "1" }), taskFactory.scheduled({ id: "2" })]) {
      await recordAll(tasks, [task]);
      const instance = { ...task.instance, name: "renamed" };
      const renamed: Task = { ...task, instance, revision: 2 };
      await tasks.changeTask(task, () => ({ task: renamed, entry: undefined }));
      const { kind } = task;
      assert.deepEqual(await list(tasks, { kinds: [kind], instanceNames: ["orders"] }), {
        tasks: [],
        total: 0,
        names: [],
      });
      assert.deepEqual(await list(tasks, { kinds: [kind], instanceNames: ["renamed"] }), {
        tasks: [renamed],
        total: 1,
        names: [],
      });
    }
  });

  check("a value that is given twice counts once", async ({ tasks }) => {
    const task = taskFactory.running({ orderId: "order", parentId: "parent" });
    await recordAll(tasks, [task]);
    const filters: readonly Partial<TaskFilter>[] = [
      { services: ["rds", "rds"] },
      { kinds: ["instant", "instant"] },
      { statuses: ["Running", "Running"] },
      { names: [task.name, task.name] },
      { ids: [task.id, task.id] },
      { instanceIds: [task.instance.id, task.instance.id] },
      { instanceNames: [task.instance.name, task.instance.name] },
      { orderIds: ["order", "order"] },
      { parentIds: ["parent", "parent"] },
    ];
    for (const filter of filters) {
      const page = await list(tasks, filter, { limit: 1, withNames: true });
      assert.deepEqual(page, { tasks: [task], total: 1, names: [task.name] });
    }
  });

  check("a thousand values are as good as one", async ({ tasks }) => {
    const task = taskFactory.running({ orderId: "wanted-500", parentId: "wanted-500" });
    const instance = { ...task.instance, id: "wanted-500", name: "wanted-500" };
    const wanted: Task = { ...task, name: "wanted-500", instance };
    await recordAll(tasks, [wanted, taskFactory.running({ id: "unwanted" })]);
    const values = Array.from({ length: 1000 }, (_, index) => `wanted-${index}`);
    for (const name of ["names", "instanceIds", "instanceNames", "orderIds", "parentIds"] as const) {
      const filter = { [name]: values };
      const page = await list(tasks, filter, { limit: 1, withNames: true });
      assert.deepEqual(page, { tasks: [wanted], total: 1, names: ["wanted-500"] });
    }
    const page = await list(tasks, { ids: [...values, task.id] }, { limit: 1, withNames: true });
    assert.deepEqual(page, { tasks: [wanted], total: 1, names: ["wanted-500"] });
  });

  check("text is compared exactly: case, spaces, accents and quotes all count", async ({ tasks }) => {
    const names = ["Name", "name", "Name ", "Ñame", "N\u0303ame", "O'Name", "%", "_", '"; --', "名前", "😀"];
    await recordAll(
      tasks,
      names.map((name, index) =>
        taskFactory.scheduled({
          id: `${index}`,
          name,
          orderId: name,
          parentId: name,
          instance: { id: name, name, status: "" },
        }),
      ),
    );
    for (const [index, name] of names.entries()) {
      for (const condition of ["names", "instanceIds", "instanceNames", "orderIds", "parentIds"] as const) {
        for (const kinds of [undefined, ["scheduled"]] as const) {
          assert.deepEqual(idsOf(await list(tasks, { [condition]: [name], kinds })), [`${index}`]);
        }
      }
    }
  });

  check(
    "names are those of the whole filter, not of the page, each once, sorted bytewise",
    async ({ tasks }) => {
      // U+FFEE comes before U+1F600 in UTF-8, and after it in JavaScript's own comparison.
      const sorted = ["10", "9", "A", "Z", "a", "aa", "é", "名", "\uffee", "😀"];
      await recordAll(
        tasks,
        sorted
          .toReversed()
          .flatMap((name, index) => [
            taskFactory.running({ id: `rds-${index}`, name }),
            taskFactory.running({ id: `ddm-${index}`, name, service: "ddm" }),
          ]),
      );
      for (const filter of [{}, { names: sorted.toReversed() }, { instanceIds: ["instance-1"] }]) {
        const page = await list(tasks, filter, { limit: 1, withNames: true });
        assert.deepEqual([page.names, page.total, page.tasks.length], [sorted, 20, 1]);
      }
    },
  );

  check("names are exact under every condition of the filter", async ({ tasks, startMs }) => {
    const inOrder = { orderId: "order", parentId: "parent", instance: { id: "i", name: "", status: "" } };
    await recordAll(tasks, [
      taskFactory.running({ ...inOrder, id: "1", name: "Meant" }),
      taskFactory.running({ ...inOrder, id: "2", name: "Earlier", createdAtMs: startMs - 1 }),
      taskFactory.running({ ...inOrder, id: "3", name: "Later", createdAtMs: startMs + 1 }),
      taskFactory.failed({ ...inOrder, id: "4", name: "Failed" }),
      taskFactory.running({ ...inOrder, id: "5", name: "Elsewhere", service: "geminidb" }),
      taskFactory.scheduled({ ...inOrder, id: "6", name: "Scheduled", status: "Running" }),
      taskFactory.running({ id: "7", name: "Unordered" }),
      taskFactory.running({ ...inOrder, id: "8", name: "Foreign", projectId: "other" }),
    ]);
    const meant: Partial<TaskFilter> = {
      services: ["rds"],
      kinds: ["instant"],
      statuses: ["Running", "Canceled"],
      createdFromMs: startMs,
      createdToMs: startMs,
    };
    const namesUnder = async (filter: Partial<TaskFilter>): Promise<readonly string[]> =>
      (await list(tasks, filter, { withNames: true })).names;
    assert.deepEqual(await namesUnder(meant), ["Meant", "Unordered"]);
    assert.deepEqual(await namesUnder({ ...meant, orderIds: ["order"] }), ["Meant"]);
    assert.deepEqual(await namesUnder({ ...meant, parentIds: ["parent"] }), ["Meant"]);
    assert.deepEqual(await namesUnder({ ...meant, instanceIds: ["i"] }), ["Meant"]);
    assert.deepEqual(await namesUnder({ ...meant, instanceNames: [""] }), ["Meant"]);
    assert.deepEqual(await namesUnder({ ...meant, kinds: ["scheduled"], instanceNames: [""] }), [
      "Scheduled",
    ]);
    assert.deepEqual(await namesUnder({ ...meant, names: ["Failed", "Meant", "Later"] }), ["Meant"]);
    assert.deepEqual(await namesUnder({ ...meant, ids: ["1", "2", "3", "4"] }), ["Meant"]);
    assert.deepEqual(await namesUnder({ ...meant, statuses: ["Completed"] }), []);
    assert.deepEqual((await list(tasks, meant)).names, [], "names that nobody asked for");
  });

  check("another project's tasks are never seen, even where their ids are equal", async ({ tasks }) => {
    const own = taskFactory.running({ name: "Own" });
    const foreign = taskFactory.failed({ projectId: "other", name: "Foreign" });
    await recordAll(tasks, [own, foreign, taskFactory.running({ projectId: "other", id: "task-2" })]);
    for (const filter of [{}, { ids: ["task-1", "task-2"] }, { instanceIds: ["instance-1"] }]) {
      assert.deepEqual(await list(tasks, filter, { withNames: true }), {
        tasks: [own],
        total: 1,
        names: ["Own"],
      });
    }
    assert.deepEqual(await list(tasks, { projectId: "third" }), { tasks: [], total: 0, names: [] });
  });
}
