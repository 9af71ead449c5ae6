import type { TaskStore } from "../store/store.ts";
import { type Service, statusMeanings, type TaskState } from "../task/lifecycle.ts";
import { isEnded, type Task } from "../task/task.ts";

/** Every question and change of a store by its name in the metrics; the compiler names the one that is missing. */
const operationOf = {
  createTask: "create_task",
  changeTask: "change_task",
  deleteTask: "delete_task",
  getTask: "get_task",
  listTasks: "list_tasks",
  streamTasks: "stream_tasks",
  countTasks: "count_tasks",
  listLastSuccesses: "list_last_successes",
  listHistory: "list_history",
  listOverdueTasks: "list_overdue_tasks",
  findEndedTasks: "find_ended_tasks",
  deleteEndedTasks: "delete_ended_tasks",
} as const satisfies Record<keyof TaskStore, string>;

export type Operation = (typeof operationOf)[keyof TaskStore];
export const operations: readonly Operation[] = Object.values(operationOf);

/** Who is told of what a store does. */
export interface StoreObserver {
  /** A task that was not there before. */
  recorded(task: Task): void;
  /** A task has ended, so many seconds after its start. */
  ended(how: { readonly service: Service; readonly state: TaskState }, seconds: number): void;
  took(operation: Operation, seconds: number): void;
}

/** The same store, with an observer of everything that it does. */
export function observedTaskStore(tasks: TaskStore, observer: StoreObserver): TaskStore {
  /** Looks on while the store works, and answers what it answers: nobody waits for the observer. */
  function observe<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const answer = work();
    const took = () => observer.took(operation, (performance.now() - startedMs) / 1000);
    answer.then(took, took);
    return answer;
  }

  function noteEnd(task: Task): void {
    if (task.endedAtMs === null) return;
    const ms = task.endedAtMs - (task.startedAtMs ?? task.createdAtMs);
    const { state } = statusMeanings[task.status];
    observer.ended({ service: task.service, state }, Math.max(0, ms) / 1000);
  }

  return {
    async createTask(creation) {
      let made: Task | undefined;
      const standing = await observe(operationOf.createTask, () =>
        tasks.createTask({
          ...creation,
          make() {
            const making = creation.make();
            made = making.task;
            return making;
          },
        }),
      );
      if (standing.foundBy === "new" && made !== undefined) {
        observer.recorded(made);
        noteEnd(made);
      }
      return standing;
    },

    async changeTask(key, decide) {
      // What was decided on last is what stands.
      let before: Task | undefined;
      const after = await observe(operationOf.changeTask, () =>
        tasks.changeTask(key, (current) => {
          before = current;
          return decide(current);
        }),
      );
      if (before !== undefined && !isEnded(before)) noteEnd(after);
      return after;
    },

    async *streamTasks(query) {
      const parts = tasks.streamTasks(query)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const part = await observe(operationOf.streamTasks, () => parts.next());
          if (part.done) return;
          yield part.value;
        }
      } finally {
        await parts.return?.();
      }
    },

    deleteTask: (key, condition) => observe(operationOf.deleteTask, () => tasks.deleteTask(key, condition)),
    getTask: (key) => observe(operationOf.getTask, () => tasks.getTask(key)),
    listTasks: (query) => observe(operationOf.listTasks, () => tasks.listTasks(query)),
    countTasks: (query) => observe(operationOf.countTasks, () => tasks.countTasks(query)),
    listLastSuccesses: (query) =>
      observe(operationOf.listLastSuccesses, () => tasks.listLastSuccesses(query)),
    listHistory: (query) => observe(operationOf.listHistory, () => tasks.listHistory(query)),
    listOverdueTasks: (query) => observe(operationOf.listOverdueTasks, () => tasks.listOverdueTasks(query)),
    findEndedTasks: (query) => observe(operationOf.findEndedTasks, () => tasks.findEndedTasks(query)),
    deleteEndedTasks: (ended) => observe(operationOf.deleteEndedTasks, () => tasks.deleteEndedTasks(ended)),
  };
}
