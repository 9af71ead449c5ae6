import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import type { TaskFilter, TaskQuery } from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import type { Store } from "../store.ts";
import { openSqliteStore } from "./store.ts";

/** A statement that the store prepared, and the engine's explanation of how it is run. */
interface Explained {
  readonly sql: string;
  /** `SEARCH task USING INDEX …`, line by line. */
  readonly plan: readonly string[];
  /** The tables and indexes that it writes to. */
  readonly writes: readonly string[];
}

/** Every statement that a store prepares: when it is opened, and then while it is used. */
async function explainStatements(
  t: TestContext,
  use: (store: Store) => Promise<unknown> = async () => {},
): Promise<{ readonly onOpen: readonly Explained[]; readonly onUse: readonly Explained[] }> {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-plans-"));
  const path = join(folder, "store.db");
  const prepare = t.mock.method(DatabaseSync.prototype, "prepare");
  const store = await openSqliteStore({ path, clock: () => 0 });
  try {
    const preparedOnOpen = prepare.mock.callCount();
    await use(store);
    const statements = prepare.mock.calls.map((call) => String(call.arguments[0]));
    prepare.mock.restore();
    using engine = new DatabaseSync(path);
    const explained = statements.map((sql) => explain(engine, sql));
    return { onOpen: explained.slice(0, preparedOnOpen), onUse: explained.slice(preparedOnOpen) };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

function explain(engine: DatabaseSync, sql: string): Explained {
  const nameOfPage = engine.prepare("SELECT name FROM sqlite_schema WHERE rootpage = ?");
  const program = engine.prepare(`EXPLAIN ${sql}`).all();
  const written = program.filter(({ opcode }) => /^(Idx)?(Insert|Delete)$/.test(String(opcode)));
  const opened = program.filter(
    ({ opcode, p1 }) => opcode === "OpenWrite" && written.some((step) => step.p1 === p1),
  );
  return {
    sql,
    plan: engine
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail)),
    writes: opened.map(({ p2 }) => String(nameOfPage.get(Number(p2))?.name)),
  };
}

/** What a plan does with the tasks' table, each kind of step once. */
function stepsOnTasks(statements: readonly Explained[]): readonly string[] {
  const steps = statements.flatMap(({ plan }) => plan).filter((step) => /^\w+ task\b/.test(step));
  return [...new Set(steps)].sort();
}

/** The search of a range, in the order of the lists, in the index alone. */
function rangeOf(index: string, column = ""): string {
  const columns = `project_id=? AND service=? AND kind=?${column && ` AND ${column}=?`}`;
  return `SEARCH task USING COVERING INDEX ${index} (${columns} AND created_at_ms>? AND created_at_ms<?)`;
}

const rowsOfPage = "SEARCH task USING INTEGER PRIMARY KEY (rowid=?)";
const firstName = "SEARCH task USING COVERING INDEX task_by_name (project_id=? AND service=? AND kind=?)";
const nextName =
  "SEARCH task USING COVERING INDEX task_by_name (project_id=? AND service=? AND kind=? AND name>?)";

const anyOfName = rangeOf("task_by_name", "name").replace("SEARCH task", "SEARCH task EXISTS");

const window = { createdFromMs: 1, createdToMs: 2 };
const ofRds = { services: ["rds"], kinds: ["instant"], ...window } as const;
const scheduled = { services: ["rds"], kinds: ["scheduled"], ...window } as const;

/** The questions that servers are asked all day long, and the only steps that may answer them. */
const hotQuestions: Readonly<
  Record<
    string,
    { readonly query: Partial<TaskQuery> & Pick<TaskQuery, "filter">; readonly steps: readonly string[] }
  >
> = {
  "a service's list": {
    query: { filter: { projectId: "p", services: ["ddm"], kinds: ["instant"], ...window } },
    steps: [rangeOf("task_by_service"), rowsOfPage],
  },
  "a service's list of some statuses": {
    query: { filter: { projectId: "p", ...ofRds, statuses: ["Failed", "Canceled"] } },
    steps: [rangeOf("task_by_service"), rowsOfPage],
  },
  "a service's list with its distinct names": {
    query: { filter: { projectId: "p", ...ofRds, statuses: ["Completed"] }, withNames: true },
    steps: [rangeOf("task_by_service"), rowsOfPage, firstName, nextName, anyOfName],
  },
  "a service's list of one name": {
    query: {
      filter: { projectId: "p", ...ofRds, names: ["Restart"], statuses: ["Running"] },
      withNames: true,
    },
    steps: [rangeOf("task_by_name", "name"), rowsOfPage],
  },
  "a service's list of several names": {
    query: { filter: { projectId: "p", services: ["geminidb"], kinds: ["instant"], names: ["A", "B", "C"] } },
    steps: [rangeOf("task_by_name", "name"), rowsOfPage],
  },
  "an instance's list": {
    query: { filter: { projectId: "p", ...ofRds, instanceIds: ["i"], statuses: ["Failed"] } },
    steps: [rangeOf("task_by_instance", "instance_id"), rowsOfPage],
  },
  "an order's list": {
    query: { filter: { projectId: "p", ...ofRds, orderIds: ["o"] } },
    steps: [rangeOf("task_by_order", "order_id"), rowsOfPage],
  },
  "a list of the scheduled tasks": {
    query: { filter: { projectId: "p", ...scheduled, statuses: ["Pending"] } },
    steps: [rangeOf("task_by_service"), rowsOfPage],
  },
  "a list of the scheduled tasks on instances of a name": {
    query: { filter: { projectId: "p", ...scheduled, instanceNames: ["orders"], statuses: ["Pending"] } },
    steps: [rangeOf("task_by_scheduled_instance_name", "instance_name"), rowsOfPage],
  },
  "a project's list over all services": {
    query: { filter: { projectId: "p" } },
    steps: [rangeOf("task_by_service"), rowsOfPage],
  },
  "a project's list of some statuses, oldest first": {
    query: { filter: { projectId: "p", statuses: ["Running", "Pending"] }, order: "oldest-first" },
    steps: [rangeOf("task_by_service"), rowsOfPage],
  },
  "named tasks": {
    query: { filter: { projectId: "p", ids: ["1", "2"] }, withNames: true },
    steps: [],
  },
};

/** A task that a filter finds, so that every step of the answer is taken. */
function taskIn(filter: TaskFilter): Task {
  const { projectId, services, kinds, names, statuses, instanceIds, instanceNames, orderIds } = filter;
  return taskFactory.running({
    projectId,
    service: services?.[0] ?? "rds",
    kind: kinds?.[0] ?? "instant",
    name: names?.[0] ?? "Restart",
    status: statuses?.[0] ?? "Running",
    instance: { id: instanceIds?.[0] ?? "i", name: instanceNames?.[0] ?? "", status: "" },
    orderId: orderIds?.[0] ?? "",
    createdAtMs: window.createdFromMs,
  });
}

for (const [question, { query, steps }] of Object.entries(hotQuestions)) {
  test(`${question}: page, total and names come out of an index in order, without scan or sort`, async (t) => {
    // Past the end of the list, so that nothing is known without counting.
    const pastEnd = { order: "newest-first", offset: 1, limit: 10, withNames: false } as const;
    const { onUse } = await explainStatements(t, async ({ tasks }) => {
      await tasks.createTask(creationOf(taskIn(query.filter)));
      await tasks.listTasks({ ...pastEnd, ...query });
    });
    assert.deepEqual(stepsOnTasks(onUse), steps.toSorted());
    assert.deepEqual(
      onUse.flatMap(({ plan }) => plan).filter((step) => step.includes("TEMP B-TREE")),
      [],
    );
    // A bare parameter there has the engine prepare the statement anew each time.
    assert.doesNotMatch(onUse.map(({ sql }) => sql).join(), /LIMIT \?(?! \+ 0)/);
  });
}

test("an instance's name has its index for scheduled tasks alone, and is exact everywhere", async (t) => {
  for (const kinds of [undefined, ["instant"], ["scheduled", "instant"]] as const) {
    const filter: TaskFilter = { projectId: "p", services: ["rds"], kinds, instanceNames: ["orders"] };
    const task = taskIn(filter);
    const { onUse } = await explainStatements(t, async ({ tasks }) => {
      await tasks.createTask(creationOf(task));
      const query = { filter, order: "newest-first", offset: 0, limit: 1, withNames: false } as const;
      assert.deepEqual(await tasks.listTasks(query), { tasks: [task], total: 1, names: [] });
    });
    assert.ok(stepsOnTasks(onUse).some((step) => step.includes(" task_by_service ")));
  }
});

test("no statement on single tasks, histories, keys, tokens or roles scans a table or sorts", async (t) => {
  const { onOpen } = await explainStatements(t);
  const unbounded =
    /^SCAN (task|task_history|remembered_creation|token|access_key|project_role|domain_role)\b|TEMP B-TREE/;
  const steps = onOpen.flatMap(({ plan }) => plan).filter((step) => unbounded.test(step));
  // A user's projects are few: they may be sorted.
  assert.deepEqual(steps, ["USE TEMP B-TREE FOR ORDER BY"]);
  assert.ok(
    onOpen.some(({ plan }) => plan.some((step) => step.includes("task_by_failure_time (project_id=?"))),
  );
});

test("a report that moves no task in any list writes to no index of the lists", async (t) => {
  const { onOpen } = await explainStatements(t);
  const updates = onOpen.filter(({ sql }) => sql.startsWith("UPDATE task "));
  const lists = [
    "task_by_instance",
    "task_by_name",
    "task_by_order",
    "task_by_scheduled_instance_name",
    "task_by_service",
  ];
  assert.deepEqual(
    updates.map(({ writes }) => writes.toSorted()),
    [
      ["task", "task_by_failure_time", ...lists],
      ["task", "task_by_failure_time"],
    ],
  );
});
