import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskCenterError } from "../../task/error.ts";
import { services, statusesOf, taskKinds, taskStatuses } from "../../task/lifecycle.ts";
import {
  compareBytewise,
  compareNewestFirst,
  matchesFilter,
  type TaskFilter,
  type TaskPage,
  type TaskQuery,
} from "../../task/query.ts";
import {
  applyReport,
  createTask,
  type TaskChange,
  type TaskCreation,
  type TaskReport,
} from "../../task/report.ts";
import type { Task } from "../../task/task.ts";
import type { TaskStore } from "../store.ts";
import type { Check } from "./subject.ts";

/** Something that happens to a project's tasks. */
type Action =
  | { readonly does: "create"; readonly id: string; readonly creation: TaskCreation }
  | { readonly does: "report"; readonly id: string; readonly report: TaskReport }
  | { readonly does: "delete"; readonly id: string };

/** What producers and askers choose from: little, so that ids collide, times tie, and filters meet tasks. */
const nowMs = 1_000_000;
const ids = ["a", "aa", "B", "b-", "b_1", "0", "10", "9", "z", "-", "_", "Z"];
const names = ["CreateInstance", "Restart", "migrateLogicDb", "é", "\uffee", "😀"];
const instanceIds = ["i", "I", "j"];
const instanceNames = ["", "orders", "Orders"];
const orderIds = ["", "x", "y"];
const times = { min: nowMs - 5, max: nowMs };

const anyId = fc.constantFrom(...ids);
const anyTime = fc.integer(times);
const anyInstance = fc.record({
  id: fc.constantFrom(...instanceIds),
  name: fc.constantFrom(...instanceNames),
});

const anyCreation: fc.Arbitrary<TaskCreation> = fc
  .record({
    service: fc.constantFrom(...services),
    kind: fc.constantFrom(...taskKinds),
    name: fc.constantFrom(...names),
    instance: anyInstance,
    orderId: fc.constantFrom(...orderIds),
    createdAtMs: anyTime,
    status: fc.nat(),
  })
  .map(({ kind, status, ...creation }) => {
    const subject = { ...creation, kind: creation.service === "rds" ? kind : ("instant" as const) };
    const statuses = statusesOf(subject);
    return { ...subject, status: statuses[status % statuses.length] ?? "Running", startedAtMs: null };
  });

const anyReport: fc.Arbitrary<TaskReport> = fc.record(
  {
    status: fc.constantFrom(...taskStatuses),
    progressPercent: fc.option(fc.integer({ min: 0, max: 100 })),
    instance: anyInstance,
  },
  { requiredKeys: [] },
);

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant("create"), id: anyId, creation: anyCreation }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("report"), id: anyId, report: anyReport }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("delete"), id: anyId }) },
);

/** A question without its project. */
type Question = Omit<TaskQuery, "filter"> & { readonly filter: Omit<TaskFilter, "projectId"> };

const anyQuestion: fc.Arbitrary<Question> = fc.record({
  filter: fc.record({
    services: someOf(services),
    kinds: someOf(taskKinds),
    statuses: someOf(taskStatuses),
    names: someOf(names),
    ids: someOf(ids),
    instanceIds: someOf(instanceIds),
    instanceNames: someOf(instanceNames),
    orderIds: someOf(orderIds),
    createdFromMs: seldom(anyTime),
    createdToMs: seldom(anyTime),
  }),
  order: fc.constantFrom("newest-first", "oldest-first"),
  offset: fc.oneof(fc.constant(0), fc.nat(ids.length)),
  limit: fc.integer({ min: 1, max: ids.length }),
  withNames: fc.boolean(),
});

/** Most questions have few conditions, so that most answers have tasks. */
function seldom<T>(condition: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: condition });
}

/** Some values of a list, in any order, some of them twice; seldom none. */
function someOf<T>(values: readonly T[]): fc.Arbitrary<readonly T[] | undefined> {
  return seldom(fc.array(fc.constantFrom(...values), { maxLength: 2 * values.length, size: "max" }));
}

/** The store's contract in its simplest form: a map of tasks, and a search through all of them. */
function answerFrom(
  model: ReadonlyMap<string, Task>,
  { filter, order, offset, limit, withNames }: TaskQuery,
): TaskPage {
  const matching = [...model.values()].filter((task) => matchesFilter(task, filter)).sort(compareNewestFirst);
  const ordered = order === "newest-first" ? matching : matching.toReversed();
  const distinctNames = [...new Set(matching.map(({ name }) => name))].sort(compareBytewise);
  return {
    tasks: ordered.slice(offset, offset + limit),
    total: matching.length,
    names: withNames ? distinctNames : [],
  };
}

function created(projectId: string, { id, creation }: Action & { does: "create" }) {
  return createTask(creation, { projectId, id, createdBy: "producer", nowMs });
}

function changed(current: Task, { report }: Action & { does: "report" }): TaskChange {
  return applyReport(current, report, { by: "producer", nowMs });
}

/** What comes of a report in the model: a change, or the code of its refusal. */
function outcomeOf(current: Task | undefined, action: Action & { does: "report" }): Task | string {
  if (current === undefined) return "task-not-found";
  try {
    return changed(current, action).task;
  } catch (error) {
    if (error instanceof TaskCenterError) return error.code;
    throw error;
  }
}

/** Lets an action happen to the store and to the model, and compares what is answered. */
async function perform(
  tasks: TaskStore,
  projectId: string,
  model: Map<string, Task>,
  action: Action,
): Promise<void> {
  const { id } = action;
  const key = { projectId, id };
  if (action.does === "create") {
    const { task, entry } = created(projectId, action);
    const receipt = { taskId: id, digest: "", acceptedAtMs: nowMs, createdBy: task.createdBy };
    const { foundBy } = await tasks.createTask({ projectId, receipt, make: () => ({ task, entry }) });
    assert.equal(foundBy, model.has(id) ? "id" : "new");
    if (foundBy === "new") model.set(id, task);
  } else if (action.does === "delete") {
    assert.equal(await tasks.deleteTask(key), model.delete(id));
  } else {
    const outcome = outcomeOf(model.get(id), action);
    const change = tasks.changeTask(key, (current) => changed(current, action));
    if (typeof outcome === "string") {
      await assert.rejects(change, { code: outcome });
    } else {
      assert.deepEqual(await change, outcome);
      model.set(id, outcome);
    }
  }
}

/** Holds a store against the model: each run in a project of its own, with the other runs' tasks around it. */
export function checkAgainstModel(check: Check): void {
  check(
    "after any creations, reports and deletions, any question is answered as a search of all",
    async (subject) => {
      const { tasks } = subject;
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyAction, { minLength: 1, maxLength: 40 }),
          fc.array(anyQuestion, { minLength: 20, maxLength: 20 }),
          async (actions, questions) => {
            runs += 1;
            const projectId = `project-${runs}`;
            const model = new Map<string, Task>();
            for (const action of actions) await perform(tasks, projectId, model, action);
            for (const question of questions) {
              const query: TaskQuery = { ...question, filter: { ...question.filter, projectId } };
              assert.deepEqual(await tasks.listTasks(query), answerFrom(model, query));
            }
          },
        ),
        { numRuns: 100 },
      );
    },
  );
}
