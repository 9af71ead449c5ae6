import { UnusableAnswer } from "./errors.ts";
import { memberOf } from "./http.ts";
import type {
  ExportedTask,
  HistoryDocument,
  TaskCountsDocument,
  TaskDocument,
  TaskListDocument,
} from "./types.ts";

/** Whether a value from outside can be taken for what it should be. */
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const time: Check = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const object: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

function has<T>(members: { readonly [Key in keyof T]?: Check }): Check {
  const checks = Object.entries<Check | undefined>(members);
  return (value) => checks.every(([key, check]) => check?.(memberOf(value, key)) ?? true);
}

/** What readers of a task take apart. The rest they only show, and a server of another version may have other words. */
const isTask = has<TaskDocument>({
  id: text,
  service: text,
  name: text,
  status: text,
  state: text,
  instance: has<TaskDocument["instance"]>({ id: text, name: text, status: text }),
  fail_reason: text,
  operations: listOf(text),
  created_at: time,
  updated_at: time,
  ended_at: orNull(time),
  details: object,
  labels: object,
  revision: count,
});

/** What a server answers, by what it is called in messages. */
interface Documents {
  readonly "a task": TaskDocument;
  readonly "a list of tasks": TaskListDocument;
  readonly "counts of tasks": TaskCountsDocument;
  readonly "a task's history": HistoryDocument;
  readonly "an exported task": ExportedTask;
}

const checks: Readonly<Record<keyof Documents, Check>> = {
  "a task": isTask,
  "a list of tasks": has<TaskListDocument>({
    tasks: listOf(isTask),
    total: count,
    next_cursor: orNull(text),
  }),
  "counts of tasks": has<TaskCountsDocument>({ groups: listOf(object), total: count }),
  "a task's history": has<HistoryDocument>({ history: listOf(object), next_cursor: orNull(text) }),
  "an exported task": has<ExportedTask>({ task: isTask, history: listOf(object) }),
};

/** What a server at an address has answered, as what was asked for. @throws ConnectionError where it is something else. */
export function documentIn<Kind extends keyof Documents>(
  answer: unknown,
  kind: Kind,
  { origin }: { readonly origin: string },
): Documents[Kind] {
  if (checks[kind](answer)) return answer as Documents[Kind];
  throw new UnusableAnswer(`${origin} does not speak the Task Center API: its answer is not ${kind}`);
}
