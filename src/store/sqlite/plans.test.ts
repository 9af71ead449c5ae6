import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import test, { after, before, type TestContext } from "node:test";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import type { TaskCountQuery, TaskFilter, TaskQuery } from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import { openCounting } from "./counting.ts";
import { openDatabase } from "./database.ts";
import type { EndedStep, StreamStep } from "./questions.ts";
import { openSqliteStore } from "./store.ts";
import { shortPatience } from "./task-lists.ts";
import { prepareTaskReading } from "./task-reading.ts";
import { prepareTaskStatements } from "./task-statements.ts";

const projectId = "p";
const clock = (): number => 0;

/** Each task of the patterns is there so many times, a hundred times in a row at the same millisecond. */
const copies = 604;

/** Tasks of every kind, most of them of one service: 50 of RDS, and four each of DDM, GeminiDB and the scheduled ones. */
const patterns: readonly Task[] = Array.from({ length: 62 }, (_, index) => {
  const facts = { projectId, id: `${index}`, createdAtMs: 1000, name: nameAt(index) };
  const instance = { id: `i${index % 5}`, name: index === 61 ? "rare" : "orders", status: "" };
  if (index === 7) return taskFactory.failed({ ...facts, instance });
  if (index === 8) return taskFactory.running({ ...facts, instance, onStale: "fail", leaseSeconds: 60 });
  if (index < 50)
    return (index % 2 === 0 ? taskFactory.running : taskFactory.completed)({ ...facts, instance });
  if (index < 54) return taskFactory.toBeSwitched({ ...facts, name: "migrateLogicDb", instance });
  if (index < 58) return taskFactory.running({ ...facts, service: "geminidb", instance });
  return taskFactory.scheduled({ ...facts, instance });
});

function nameAt(index: number): string {
  return ["A", "B", "C"][index % 3] ?? "A";
}

let folder = "";
let path = "";

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "taskcenter-plans-"));
  path = join(folder, "store.db");
  const { tasks, close } = await openSqliteStore({ path, clock });
  await Promise.all(patterns.map((task) => tasks.createTask(creationOf(task))));
  await close();
  using database = new DatabaseSync(path);
  const columns = database
    .prepare("SELECT name FROM pragma_table_info('task')")
    .all()
    .map(({ name }) => String(name));
  const copied = columns
    .join(", ")
    .replace(/\bid\b/, "id || '-' || n")
    .replace(/\bcreated_at_ms\b/, "created_at_ms + n / 100 * 1000");
  database.exec(`
    WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < ${copies - 1})
    INSERT INTO task (${columns.join(", ")}) SELECT ${copied} FROM task, copy;
    UPDATE task SET order_id = 'o' WHERE rowid % 5000 = 0;
    UPDATE task SET parent_id = '7' WHERE rowid % 3000 = 0;
    -- The next one who opens the store counts anew.
    DELETE FROM count_node;
  `);
});

after(() => rmSync(folder, { recursive: true }));

/** What the engine tells of a prepared statement. Node's types do not know of it. */
type MeasuredStatement = StatementSync & {
  stat(counter: "run" | "vmStep" | "fullscanStep" | "sort" | "autoindex" | "reprepare"): number;
};

interface PreparedStatement {
  readonly sql: string;
  readonly statement: MeasuredStatement;
}

/** Keeps every statement that is prepared from now on, until the test ends. */
function keepStatements(t: TestContext): () => readonly PreparedStatement[] {
  const prepare = t.mock.method(DatabaseSync.prototype, "prepare");
  return () => {
    const prepared = prepare.mock.calls.map(({ arguments: [sql], result }) => ({
      sql: String(sql),
      statement: result as MeasuredStatement,
    }));
    prepare.mock.restore();
    return prepared;
  };
}

/** The steps of the engine's plan: `SEARCH task USING INDEX …`, line by line. */
function planOf(database: DatabaseSync, sql: string): readonly string[] {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
}

/** What can be asked of a store's tasks. */
type Asked = ReturnType<typeof prepareAsked>;

function prepareAsked(database: DatabaseSync) {
  const statements = prepareTaskStatements(database);
  const counting = openCounting(database);
  const { readTask } = statements;
  const reading = prepareTaskReading({ database, counting, readTask, patience: shortPatience });
  return {
    list: (filter: Partial<TaskFilter>, query: Partial<TaskQuery> = {}) =>
      reading.answer({
        asks: "list",
        query: {
          order: "newest-first",
          offset: 0,
          limit: 10,
          withNames: false,
          ...query,
          filter: { projectId, ...filter },
        },
      }),
    count: (filter: Partial<TaskFilter>, query: Omit<TaskCountQuery, "filter">) =>
      reading.answer({ asks: "count", query: { ...query, filter: { projectId, ...filter } } }),
    stream: (filter: Partial<TaskFilter>, query: Omit<StreamStep, "filter">) =>
      reading.answer({ asks: "stream", query: { ...query, filter: { projectId, ...filter } } }),
    ended: (query: Omit<EndedStep, "projectId">) =>
      reading.answer({ asks: "ended", query: { projectId, ...query } }),
    lastSuccesses: (limit: number) => reading.answer({ asks: "successes", query: { projectId, limit } }),
    statements,
  };
}

/** How one range of an index is read: it has the same value in a column, and is in the order of the lists. */
function rangesOf(index: string, columns: string) {
  const covering = `SEARCH task USING COVERING INDEX ${index}`;
  const [atOrAfter, before] = ["(created_at_ms,id)>(?,?)", "(created_at_ms,id)<(?,?)"];
  return {
    /** The rows of a page. */
    rows: `SEARCH task USING INDEX ${index} (${columns} AND ${atOrAfter} AND ${before})`,
    /** A part of a block, or the places of a page: in the index alone. */
    places: `${covering} (${columns} AND ${atOrAfter} AND ${before})`,
    /** One look at an end of the range. */
    first: `${covering} (${columns} AND ${atOrAfter})`,
    last: `${covering} (${columns} AND ${before})`,
  };
}

const ofService = rangesOf("task_by_service", "service_series=?");
const ofName = rangesOf("task_by_name", "name_series=?");
const ofInstance = rangesOf("task_by_instance", "instance_series=?");
const ofOrder = rangesOf("task_by_order", "service_series=? AND order_id=?");
const ofParent = rangesOf("task_by_parent", "project_id=? AND parent_id=?");
const ofScheduled = rangesOf("task_by_scheduled_instance_name", "service_series=? AND instance_name=?");
const oneTask = "SEARCH task USING INDEX sqlite_autoindex_task_1 (project_id=? AND id=?)";
const rowOfPlace = "SEARCH task USING INTEGER PRIMARY KEY (rowid=?)";
const firstSuccess = "SEARCH task USING COVERING INDEX task_by_success (service_series=?)";
const nextInstancesSuccess =
  "SEARCH task USING COVERING INDEX task_by_success (service_series=? AND name=? AND instance_id>?)";
const nextNamesSuccess = "SEARCH task USING COVERING INDEX task_by_success (service_series=? AND name>?)";
const overdue = "SEARCH task USING COVERING INDEX task_by_failure_time (project_id=? AND fails_at_ms<?)";

const window = { createdFromMs: 1500, createdToMs: 5500 };
const moment = { createdFromMs: 3000, createdToMs: 3000 };
/** Few tasks were created then. */
const recent = { createdFromMs: 7000 };
const ofRds = { services: ["rds"], kinds: ["instant"], ...window } as const;
const scheduled = { services: ["rds"], kinds: ["scheduled"] } as const;
const halfway = { createdAtMs: 4000, id: "30-350" };

/**
 * How many steps the engine may make for one question. A task that is passed in an index takes some 15 of them, so this
 * is less than a tenth of all tasks.
 */
const mostSteps = 45_000;

/** The questions that servers are asked all day long, and the only steps on tasks that may answer them. */
const hotQuestions = {
  "a service's list": {
    ask: ({ list }) => list(ofRds),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a service's list, some pages on": {
    ask: ({ list }) => list(ofRds, { offset: 100 }),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a service's list, deep": {
    ask: ({ list }) => list(ofRds, { offset: 9000 }),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a service's list, past its end": {
    ask: ({ list }) => list(ofRds, { offset: 1_000_000 }),
    steps: [ofService.last, ofService.places],
  },
  "a service's list after a place": {
    ask: ({ list }) => list(ofRds, { after: halfway }),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a service's list of some statuses": {
    ask: ({ list }) => list({ ...ofRds, statuses: ["Failed", "Completed"] }),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a service's list of some statuses, deep": {
    ask: ({ list }) => list({ ...ofRds, statuses: ["Failed", "Running"] }, { offset: 7000 }),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a service's list of a status that no task has": {
    ask: ({ list }) => list({ ...ofRds, statuses: ["Canceled"] }),
    steps: [ofService.last],
  },
  "a service's list with its distinct names": {
    ask: ({ list }) => list({ ...ofRds, statuses: ["Completed"] }, { withNames: true }),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a service's list of one name": {
    ask: ({ list }) => list({ ...ofRds, names: ["A"], statuses: ["Running"] }, { withNames: true }),
    steps: [ofName.last, ofName.places, ofName.rows],
  },
  "a service's list of several names, deep": {
    ask: ({ list }) => list({ ...ofRds, names: ["A", "B", "C"] }, { offset: 7000 }),
    steps: [ofName.last, ofName.places, rowOfPlace],
  },
  "a service's list of several names and statuses, deep": {
    ask: ({ list }) =>
      list({ ...ofRds, names: ["A", "B"], statuses: ["Failed", "Running"] }, { offset: 4000 }),
    steps: [ofName.last, ofName.places, rowOfPlace],
  },
  "an instance's list": {
    ask: ({ list }) => list({ ...ofRds, instanceIds: ["i2"], statuses: ["Failed"] }, { withNames: false }),
    steps: [ofInstance.last, ofInstance.places, ofInstance.rows],
  },
  "an instance's recent list with its distinct names": {
    ask: ({ list }) =>
      list({ ...ofRds, ...recent, createdToMs: undefined, instanceIds: ["i1"] }, { withNames: true }),
    steps: [ofInstance.last, ofInstance.places, ofInstance.rows, rowOfPlace],
  },
  "an order's list": {
    ask: ({ list }) => list({ ...ofRds, orderIds: ["o"] }),
    steps: [ofOrder.places, rowOfPlace, oneTask],
  },
  "a task's children": {
    ask: ({ list }) => list({ parentIds: ["7"] }),
    steps: [ofParent.places, rowOfPlace, oneTask],
  },
  "the children of several tasks, of some statuses": {
    ask: ({ list }) => list({ parentIds: ["7", "8"], statuses: ["Running"], ...window }),
    steps: [ofParent.places, rowOfPlace, oneTask],
  },
  "a list of the scheduled tasks": {
    ask: ({ list }) => list({ ...scheduled, ...window, statuses: ["Pending"] }),
    steps: [ofService.last, ofService.places, ofService.rows],
  },
  "a list of the scheduled tasks on instances of a name": {
    ask: ({ list }) =>
      list({ ...scheduled, instanceNames: ["rare"], statuses: ["Pending"], createdFromMs: 4000 }),
    steps: [ofScheduled.places, rowOfPlace, oneTask],
  },
  "a project's list over all services": {
    ask: ({ list }) => list({}),
    steps: [ofService.last, ofService.places, rowOfPlace],
  },
  "a project's list over all services, deep": {
    ask: ({ list }) => list({}, { offset: 20_000 }),
    steps: [ofService.last, ofService.places, rowOfPlace],
  },
  "a project's list of some statuses, oldest first, after a place": {
    ask: ({ list }) => list({ statuses: ["Failed", "Pending"] }, { order: "oldest-first", after: halfway }),
    steps: [ofService.last, ofService.places, rowOfPlace],
  },
  "a project's list of some statuses, with the distinct names of a moment": {
    ask: ({ list }) => list({ ...moment, statuses: ["Running", "Failed"] }, { withNames: true }),
    steps: [ofService.last, ofService.places, rowOfPlace, ofName.last, ofName.places],
  },
  "named tasks": {
    ask: ({ list }) => list({ ids: ["1", "2"] }, { withNames: true }),
    steps: [oneTask],
  },
  "a list of one database, few tasks": {
    ask: ({ list }) => list({ ...ofRds, ...recent, createdToMs: undefined, databaseNames: [""] }),
    steps: [ofService.last, ofService.places, rowOfPlace, oneTask],
  },
  "an instance's list of one name, few tasks": {
    ask: ({ list }) => list({ ...recent, instanceIds: ["i3"], names: ["A"] }),
    steps: [ofInstance.last, ofInstance.places, rowOfPlace, oneTask],
  },
  "the counts of a window by service and status": {
    ask: ({ count }) => count(window, { groupBy: ["service", "status"], bucketMs: undefined }),
    steps: [ofService.first, ofService.last, ofService.places],
  },
  "the counts of a window by name": {
    ask: ({ count }) => count({ ...ofRds }, { groupBy: ["name"], bucketMs: undefined }),
    steps: [ofName.first, ofName.last, ofName.places, ofService.last, ofService.places],
  },
  "the counts of a window by instance": {
    ask: ({ count }) => count({ ...ofRds }, { groupBy: ["instanceId"], bucketMs: undefined }),
    steps: [ofInstance.first, ofInstance.last, ofInstance.places, ofService.last, ofService.places],
  },
  "the counts of few tasks by name and instance": {
    ask: ({ count }) =>
      count(
        { ...ofRds, ...recent, createdToMs: undefined },
        { groupBy: ["name", "instanceId"], bucketMs: 1 },
      ),
    steps: [ofService.last, ofService.places, rowOfPlace],
  },
  "the last successes": {
    ask: ({ lastSuccesses }) => lastSuccesses(10),
    steps: [firstSuccess, nextInstancesSuccess, nextNamesSuccess],
  },
  "a piece of a stream": {
    ask: ({ stream }) => stream({}, { order: "oldest-first", after: halfway, limit: 128 }),
    steps: [ofService.places, rowOfPlace],
  },
  "a task, and what came of it": {
    ask: ({ statements }) => [
      statements.readTask({ projectId, id: "1" }),
      statements.readReceipt({ projectId, id: "1" }),
    ],
    steps: [oneTask],
  },
  "a task's history": {
    ask: ({ statements }) => statements.readEntries({ projectId, id: "1", afterRevision: 0, limit: 10 }),
    steps: [oneTask],
  },
  "the tasks that silence makes fail": {
    ask: ({ statements }) => statements.readOverdueIds(projectId, Number.MAX_SAFE_INTEGER, 10),
    steps: [overdue],
  },
} as const satisfies Readonly<
  Record<string, { readonly ask: (asked: Asked) => unknown; readonly steps: readonly string[] }>
>;

/** Where SCAN means no table: what the statement itself has found before, and the list that it was given. */
const scansOfFew = /^SCAN (place|\(subquery-\d+\)|json_each\b.*)$/;

for (const [question, { ask, steps }] of Object.entries(hotQuestions)) {
  test(`${question}: no scan, no sort, no count of more than a few blocks`, (t) => {
    const { database, lock } = openDatabase(path, clock);
    try {
      const stopKeeping = keepStatements(t);
      const answer = ask(prepareAsked(database));
      const ran = stopKeeping().filter(({ statement }) => statement.stat("run") > 0);
      assert.notEqual(answer, undefined, "the question is left to another thread");

      const plan = ran.flatMap(({ sql }) => planOf(database, sql));
      const onTasks = plan.filter((step) => /^\w+ task\b/.test(step));
      assert.deepEqual([...new Set(onTasks)].sort(), steps.toSorted());
      assert.deepEqual(
        plan.filter((step) => step.startsWith("SCAN") && !scansOfFew.test(step)),
        [],
      );
      assert.deepEqual(
        plan.filter((step) => step.includes("TEMP B-TREE") && !step.endsWith("FOR GROUP BY")),
        [],
      );
      for (const { sql, statement } of ran) {
        // A part of a block is sorted to be tallied, and nothing else.
        assert.equal(statement.stat("sort") > 0 && !sql.endsWith("GROUP BY status"), false, sql);
        assert.equal(statement.stat("autoindex"), 0, sql);
        // A bare parameter for a limit has the engine prepare the statement anew each time.
        assert.equal(statement.stat("reprepare"), 0, sql);
      }
      const made = ran.reduce((sum, { statement }) => sum + statement.stat("vmStep"), 0);
      assert.ok(made <= mostSteps, `${made} steps`);
    } finally {
      database.close();
      lock.release();
    }
  });
}

/** For each index of the tasks, a question that could not be answered without it. */
const neededBy = {
  sqlite_autoindex_task_1: "named tasks",
  task_by_service: "a service's list",
  task_by_name: "a service's list of one name",
  task_by_instance: "an instance's list",
  task_by_order: "an order's list",
  task_by_parent: "a task's children",
  task_by_success: "the last successes",
  task_by_scheduled_instance_name: "a list of the scheduled tasks on instances of a name",
  task_by_failure_time: "the tasks that silence makes fail",
} as const satisfies Record<string, keyof typeof hotQuestions>;

test("every index of the tasks is needed by a hot question, and slows ingest for nothing else", () => {
  using database = new DatabaseSync(path);
  const indexes = database.prepare("SELECT name FROM pragma_index_list('task')").all();
  assert.deepEqual(indexes.map(({ name }) => name).sort(), Object.keys(neededBy).sort());
  for (const [index, question] of Object.entries(neededBy)) {
    const { steps } = hotQuestions[question];
    assert.ok(
      steps.some((step) => step.includes(` ${index} `)),
      `${question} does without ${index}`,
    );
  }
});

test("an instance's name has its index for scheduled tasks alone: others are looked at one by one", (t) => {
  const { database, lock } = openDatabase(path, clock);
  try {
    for (const kinds of [undefined, ["instant"], ["scheduled", "instant"]] as const) {
      const stopKeeping = keepStatements(t);
      const { list } = prepareAsked(database);
      const few = list({ ...recent, services: ["rds"], kinds, instanceNames: ["orders"] });
      assert.ok(few !== undefined && few.total > 0);
      // Among many they are left to another thread.
      assert.equal(list({ services: ["rds"], kinds, instanceNames: ["orders"] }), undefined);
      const ran = stopKeeping().filter(({ statement }) => statement.stat("run") > 0);
      const steps = ran.flatMap(({ sql }) => planOf(database, sql));
      assert.ok(steps.includes(ofService.places));
      assert.ok(!steps.includes(ofScheduled.places));
    }
  } finally {
    database.close();
    lock.release();
  }
});

test("few tasks of a status are looked at here, unless very many of other statuses lie between them", () => {
  const { database, lock } = openDatabase(path, clock);
  try {
    const { list } = prepareAsked(database);
    const failed = { services: ["rds"], kinds: ["instant"], statuses: ["Failed"] } as const;
    // A hundred of them at each of these moments, and fifty times as many tasks.
    assert.equal(list({ ...failed, createdFromMs: 2000, createdToMs: 5000 })?.total, 400);
    assert.equal(
      list({ ...failed, databaseNames: [""], createdFromMs: 2000, createdToMs: 2000 })?.total,
      100,
    );
    assert.equal(list({ ...failed, databaseNames: [""], createdFromMs: 2000, createdToMs: 5000 }), undefined);
  } finally {
    database.close();
    lock.release();
  }
});

test("no statement on single tasks, histories, keys, tokens or roles scans a table or sorts", async (t) => {
  const stopKeeping = keepStatements(t);
  const { close } = await openSqliteStore({ path: join(folder, "empty.db"), clock });
  await close();
  using database = new DatabaseSync(path);
  const unbounded =
    /^SCAN (task|task_history|series|count_node|remembered_creation|token|access_key|project_role|domain_role)\b|TEMP B-TREE/;
  const steps = stopKeeping()
    .flatMap(({ sql }) => planOf(database, sql))
    .filter((step) => unbounded.test(step));
  assert.deepEqual(steps, [
    // Whether there are series without counts: the first row of each table tells.
    "SCAN series",
    "SCAN count_node",
    // The tallies of a part of a block, by service, name and instance.
    "USE TEMP B-TREE FOR GROUP BY",
    "USE TEMP B-TREE FOR GROUP BY",
    "USE TEMP B-TREE FOR GROUP BY",
    // A user's projects are few.
    "USE TEMP B-TREE FOR ORDER BY",
  ]);
});

/** The tables and indexes that a statement writes to. */
function writesOf(database: DatabaseSync, sql: string): readonly string[] {
  const nameOfPage = database.prepare("SELECT name FROM sqlite_schema WHERE rootpage = ?");
  const program = database.prepare(`EXPLAIN ${sql}`).all();
  const written = program.filter(({ opcode }) => /^(Idx)?(Insert|Delete)$/.test(String(opcode)));
  return program
    .filter(({ opcode, p1 }) => opcode === "OpenWrite" && written.some((step) => step.p1 === p1))
    .map(({ p2 }) => String(nameOfPage.get(Number(p2))?.name));
}

test("a report that moves no task in any list writes to no index of the lists", (t) => {
  using database = new DatabaseSync(path);
  const stopKeeping = keepStatements(t);
  prepareTaskStatements(database);
  const updates = stopKeeping().filter(({ sql }) => sql.startsWith("UPDATE task "));
  assert.deepEqual(
    updates.map(({ sql }) => writesOf(database, sql).toSorted()),
    [
      [
        "task",
        "task_by_failure_time",
        "task_by_instance",
        "task_by_name",
        "task_by_order",
        "task_by_parent",
        "task_by_scheduled_instance_name",
        "task_by_service",
        "task_by_success",
      ],
      ["task", "task_by_failure_time"],
    ],
  );
});
