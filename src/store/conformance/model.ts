import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskCenterError } from "../../task/error.ts";
import type { Place, TaskQuery } from "../../task/query.ts";
import { applyReport, createTask, type TaskChange } from "../../task/report.ts";
import type { Task } from "../../task/task.ts";
import type { TaskStore } from "../store.ts";
import { type Action, anyAction, anyQuestion, nowMs, type Question } from "./any-question.ts";
import { naiveCounts, naiveEnded, naiveLastSuccesses, naivePage, naiveStream } from "./naive-answers.ts";
import type { Check } from "./subject.ts";

type ActionThat<Does extends Action["does"]> = Extract<Action, { readonly does: Does }>;

/** A project's tasks in the store under test, and as they must be there, by id. */
interface Compared {
  readonly tasks: TaskStore;
  readonly projectId: string;
  readonly model: Map<string, Task>;
}

function changed(current: Task, { report }: ActionThat<"report">): TaskChange {
  return applyReport(current, report, { by: "producer", nowMs });
}

/** What comes of a report in the model: a change, or the code of its refusal. */
function outcomeOf(current: Task | undefined, action: ActionThat<"report">): Task | string {
  if (current === undefined) return "task-not-found";
  try {
    return changed(current, action).task;
  } catch (error) {
    if (error instanceof TaskCenterError) return error.code;
    throw error;
  }
}

async function create({ tasks, projectId, model }: Compared, action: ActionThat<"create">): Promise<void> {
  const { id, creation } = action;
  const { task, entry } = createTask(creation, { projectId, id, createdBy: "producer", nowMs });
  const receipt = { taskId: id, digest: "", acceptedAtMs: nowMs, createdBy: task.createdBy };
  const make = () => ({ task, history: [entry] });
  const { foundBy } = await tasks.createTask({ projectId, receipt, make });
  assert.equal(foundBy, model.has(id) ? "id" : "new");
  if (foundBy === "new") model.set(id, task);
}

async function report({ tasks, projectId, model }: Compared, action: ActionThat<"report">): Promise<void> {
  const { id } = action;
  const outcome = outcomeOf(model.get(id), action);
  const change = tasks.changeTask({ projectId, id }, (current) => changed(current, action));
  if (typeof outcome === "string") {
    await assert.rejects(change, { code: outcome });
  } else {
    assert.deepEqual(await change, outcome);
    model.set(id, outcome);
  }
}

/** Looks for what ended before a moment, as far as the search goes, and deletes what of it may be deleted. */
async function retire({ tasks, projectId, model }: Compared, action: ActionThat<"retire">): Promise<void> {
  const { endedBeforeMs, limit, others } = action;
  const expected = naiveEnded([...model.values()], { projectId, endedBeforeMs });
  const found: string[] = [];
  let from: Place | undefined;
  do {
    const { ids, next } = await tasks.findEndedTasks({ projectId, endedBeforeMs, from, limit });
    assert.ok(ids.length <= limit);
    found.push(...ids);
    from = next;
  } while (from !== undefined);
  assert.deepEqual(found, expected);
  const ids = [...others, ...found];
  assert.equal(await tasks.deleteEndedTasks({ projectId, ids, endedBeforeMs }), expected.length);
  for (const id of expected) model.delete(id);
}

/** Lets an action happen to the store and to the model, and compares what is answered. */
async function perform(compared: Compared, action: Action): Promise<void> {
  const { tasks, projectId, model } = compared;
  if (action.does === "create") return create(compared, action);
  if (action.does === "report") return report(compared, action);
  if (action.does === "retire") return retire(compared, action);
  assert.equal(await tasks.deleteTask({ projectId, id: action.id }), model.delete(action.id));
}

/** Asks the store and the model the same, and compares what they answer. */
async function ask({ tasks, projectId, model }: Compared, question: Question): Promise<void> {
  const all = [...model.values()];
  if (question.asks === "successes") {
    const query = { projectId, limit: question.limit };
    assert.deepEqual(await tasks.listLastSuccesses(query), naiveLastSuccesses(all, query));
    return;
  }
  const filter = { ...question.query.filter, projectId };
  if (question.asks === "page") {
    for (const window of [{}, ...question.laterWindows]) {
      const query: TaskQuery = { ...question.query, filter: { ...filter, ...window } };
      assert.deepEqual(await tasks.listTasks(query), naivePage(all, query));
    }
  } else if (question.asks === "counts") {
    const query = { ...question.query, filter };
    assert.deepEqual(await tasks.countTasks(query), naiveCounts(all, query));
  } else {
    const query = { ...question.query, filter };
    const streamed: Task[] = [];
    for await (const part of tasks.streamTasks(query)) streamed.push(...part);
    assert.deepEqual(streamed, naiveStream(all, query));
  }
}

const questionsPerRun = 10;

/** Holds a store against the model: each run in a project of its own, with the other runs' tasks around it. */
export function checkAgainstModel(check: Check): void {
  check(
    "while tasks come, change and go, any question is answered each time as by a look at all tasks",
    async ({ tasks }) => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyAction, { minLength: 1, maxLength: 40 }),
          fc.array(anyQuestion, { minLength: questionsPerRun, maxLength: questionsPerRun }),
          fc.array(
            fc.oneof(
              { weight: 3, arbitrary: fc.nat(questionsPerRun - 1) },
              { weight: 1, arbitrary: anyAction },
            ),
            { minLength: 30, maxLength: 30 },
          ),
          async (actions, questions, steps) => {
            runs += 1;
            const compared = { tasks, projectId: `project-${runs}`, model: new Map<string, Task>() };
            for (const action of actions) await perform(compared, action);
            for (const step of steps) {
              if (typeof step === "number") await ask(compared, questions[step] as Question);
              else await perform(compared, step);
            }
          },
        ),
        { numRuns: 100 },
      );
    },
  );
}
