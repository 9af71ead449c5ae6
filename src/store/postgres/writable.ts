import { taskNotFound } from "../../task/error.ts";
import type { TaskFilter } from "../../task/query.ts";
import type { TaskKey } from "../../task/task.ts";
import type { TaskStore } from "../store.ts";

/**
 * The same tasks for whoever asks with a U+0000, which the database's text cannot hold: no task has one, so there is
 * nothing of that name. The question would fail, and with it all that go to the database together.
 */
export function onlyWritable(tasks: TaskStore): TaskStore {
  const isAbsent = ({ id }: TaskKey): boolean => !isWritable(id);
  return {
    ...tasks,
    changeTask: async (key, decide) => {
      if (isAbsent(key)) throw taskNotFound();
      return tasks.changeTask(key, decide);
    },
    deleteTask: async (key, condition) => !isAbsent(key) && tasks.deleteTask(key, condition),
    getTask: async (key) => (isAbsent(key) ? undefined : tasks.getTask(key)),
    listHistory: async (query) => (isAbsent(query) ? undefined : tasks.listHistory(query)),
    listTasks: (query) => tasks.listTasks({ ...query, filter: writableFilter(query.filter) }),
    countTasks: (query) => tasks.countTasks({ ...query, filter: writableFilter(query.filter) }),
    streamTasks: (query) => tasks.streamTasks({ ...query, filter: writableFilter(query.filter) }),
  };
}

function isWritable(text: string): boolean {
  return !text.includes("\u0000");
}

/** A filter without the values that no task has. A list without any value leaves no task. */
function writableFilter({ labels, ...filter }: TaskFilter): TaskFilter {
  const members = Object.entries(filter).map(([member, value]) => [member, writableValues(value)]);
  const writableLabels =
    labels &&
    Object.fromEntries(Object.entries(labels).map(([key, values]) => [key, values.filter(isWritable)]));
  return { ...Object.fromEntries(members), labels: writableLabels };
}

function writableValues(value: unknown): unknown {
  return Array.isArray(value) ? value.filter((each) => typeof each !== "string" || isWritable(each)) : value;
}
