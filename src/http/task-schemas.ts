import { type Static, Type } from "typebox";
import { operations, services, taskKinds, taskStates, taskStatuses } from "../task/lifecycle.ts";
import { maxLabels } from "../task/report.ts";
import type { JsonObject } from "../task/task.ts";
import {
  cursorPattern,
  idempotencyKeyPattern,
  labelFilterPattern,
  labelKeyPattern,
  taskIdPattern,
  textPattern,
} from "./patterns.ts";

/**
 * The shapes of our own API: they validate what comes in, give the handlers their types, and are what
 * `/openapi.json` shows. Lengths count Unicode characters.
 */

const text = (minLength: number, maxLength: number, description: string) =>
  Type.String({ minLength, maxLength, pattern: textPattern, description });
const time = (description: string) => Type.String({ format: "date-time", description });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const word = <const T extends readonly string[]>(words: T, description: string) =>
  Type.Unsafe<T[number]>({ type: "string", enum: words, description });

const taskId = Type.String({
  pattern: taskIdPattern,
  description: "1 to 64 of A-Z a-z 0-9 - _; unique in its project over all services",
});
const progress = nullable(
  Type.Number({ minimum: 0, maximum: 100, description: "percent; null where nobody knows" }),
);
const details = Type.Unsafe<JsonObject>({
  type: "object",
  description: "anything the producer wants to keep; at most 64 KiB as JSON and 8 levels deep",
});
const leaseSeconds = nullable(
  Type.Integer({
    minimum: 5,
    maximum: 86_400,
    description: "the producer's promise to report at least this often, in seconds",
  }),
);
const onStale = word(
  ["mark", "fail"],
  "what happens when the lease passes: the task is only marked stale, or fails",
);
const labelValue = text(0, 256, "a label's value");
const strict = { additionalProperties: false } as const;

/** The body of `POST /v1/{project_id}/tasks`. */
export const CreateTaskBody = Type.Object(
  {
    service: word(services, "the service whose instance the task works on"),
    name: text(1, 64, "the operation, in the service's words: CreateInstance; the list is open"),
    instance: Type.Object(
      {
        id: text(1, 64, "the instance's id"),
        name: Type.Optional(text(0, 128, "the instance's name")),
        status: Type.Optional(text(0, 64, "the instance's own status, as RDS shows it")),
      },
      strict,
    ),
    id: Type.Optional(taskId),
    kind: Type.Optional(word(taskKinds, "scheduled tasks exist only in RDS")),
    status: Type.Optional(word(taskStatuses, "default Running; of a scheduled task Pending")),
    progress: Type.Optional(progress),
    database_name: Type.Optional(text(0, 128, "the database or schema")),
    order_id: Type.Optional(text(0, 64, "the order that the task belongs to")),
    fail_reason: Type.Optional(text(0, 4096, "why it failed")),
    created_at: Type.Optional(
      time(
        "default the earliest of now, started_at and ended_at; at most 5 minutes ahead, and no older than the retention",
      ),
    ),
    started_at: Type.Optional(nullable(time("when the execution began"))),
    ended_at: Type.Optional(
      time("only with a status that ends the task; default now, never before its beginning"),
    ),
    planned_start_at: Type.Optional(nullable(time("when it is planned to begin"))),
    planned_end_at: Type.Optional(nullable(time("when it is planned to end"))),
    priority: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 100 }))),
    parent_id: Type.Optional(nullable(taskId)),
    attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    lease_seconds: Type.Optional(leaseSeconds),
    on_stale: Type.Optional(onStale),
    details: Type.Optional(details),
    labels: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: "object",
        maxProperties: maxLabels,
        propertyNames: { pattern: labelKeyPattern },
        additionalProperties: labelValue,
        description: `at most ${maxLabels}; keys of 1 to 63 of a-z 0-9 . _ -`,
      }),
    ),
  },
  strict,
);
export type CreateTaskBody = Static<typeof CreateTaskBody>;

/** The body of `PATCH /v1/{project_id}/tasks/{id}`: a report, merged as RFC 7396 says. */
export const ReportTaskBody = Type.Object(
  {
    status: Type.Optional(word(taskStatuses, "the status that the task has now")),
    progress: Type.Optional(progress),
    fail_reason: Type.Optional(text(0, 4096, "why it failed")),
    instance: Type.Optional(
      Type.Object(
        {
          id: Type.Optional(text(1, 64, "the instance's id")),
          name: Type.Optional(text(0, 128, "the instance's name")),
          status: Type.Optional(text(0, 64, "the instance's own status")),
        },
        strict,
      ),
    ),
    started_at: Type.Optional(nullable(time("when the execution began"))),
    ended_at: Type.Optional(
      time("only with a status that ends the task; default reported_at, never before its beginning"),
    ),
    planned_start_at: Type.Optional(nullable(time("when it is planned to begin"))),
    planned_end_at: Type.Optional(nullable(time("when it is planned to end"))),
    lease_seconds: Type.Optional(leaseSeconds),
    on_stale: Type.Optional(onStale),
    details: Type.Optional(details),
    labels: Type.Optional(
      Type.Unsafe<Record<string, string | null>>({
        type: "object",
        propertyNames: { pattern: labelKeyPattern },
        additionalProperties: nullable(labelValue),
        description: "null removes a label",
      }),
    ),
    message: Type.Optional(text(0, 4096, "a line for the history")),
    reported_at: Type.Optional(time("when it happened, if not now; at most 5 minutes ahead")),
  },
  strict,
);
export type ReportTaskBody = Static<typeof ReportTaskBody>;

const anyOf = <const T extends readonly string[]>(words: T) =>
  Type.Array(word(words, "any of these"), { maxItems: 100 });
const anyText = (description: string) =>
  Type.Array(Type.String({ maxLength: 256 }), { maxItems: 100, description });
const flag = (description: string) => Type.Boolean({ description });

/** Which tasks are meant: the keys that every question about many tasks has. A repeated key means any of its values. */
const filterKeys = {
  service: Type.Optional(anyOf(services)),
  kind: Type.Optional(anyOf(taskKinds)),
  state: Type.Optional(anyOf(taskStates)),
  status: Type.Optional(anyOf(taskStatuses)),
  name: Type.Optional(anyText("exact names")),
  instance_id: Type.Optional(anyText("exact instance ids")),
  instance_name: Type.Optional(anyText("exact instance names")),
  database_name: Type.Optional(anyText("exact database names")),
  order_id: Type.Optional(anyText("exact order ids")),
  parent_id: Type.Optional(anyText("exact ids of parents: their children")),
  q: Type.Optional(
    Type.Array(text(1, 256, "a part"), {
      maxItems: 100,
      description:
        "parts of id, name, instance id, instance name, database name or fail reason; of A to Z the case does not matter",
    }),
  ),
  stale: Type.Optional(flag("silent for longer than promised, or not")),
  created_from: Type.Optional(time("created at this time or later")),
  created_to: Type.Optional(time("created at this time or earlier")),
};
const FilterQuery = Type.Object(filterKeys);
export type FilterQuery = Static<typeof FilterQuery>;

/** A query with filters: beside the keys that have a name, one for every label that there may be. */
const filtered = {
  ...strict,
  patternProperties: {
    [labelFilterPattern]: anyText(
      "by label, as label.team=orders: exact values of the label whose key follows the point; a key may be repeated",
    ),
  },
};

/** The query of `GET /v1/{project_id}/tasks`. */
export const ListTasksQuery = Type.Object(
  {
    ...filterKeys,
    sort: Type.Optional(word(["-created_at", "created_at"], "default -created_at: newest first; ties by id")),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "of JSON at most 500, default 50; of CSV and NDJSON any number, default all",
      }),
    ),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "default 0; not with a cursor, and only of JSON",
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "the next_cursor of the page before, with the same sort; only of JSON",
      }),
    ),
    history: Type.Optional(flag("of NDJSON alone: every line is {task, history}; default false")),
  },
  filtered,
);
export type ListTasksQuery = Static<typeof ListTasksQuery>;

/** The properties that tasks can be counted by. */
const groupingWords = ["state", "status", "service", "name", "instance_id"] as const;

/** The query of `GET /v1/{project_id}/tasks:stats`. */
export const CountTasksQuery = Type.Object(
  {
    ...filterKeys,
    group_by: Type.Optional(
      Type.Array(word(groupingWords, "a property that tells groups apart"), {
        maxItems: 100,
        description: "may also be separated by commas",
      }),
    ),
    bucket: Type.Optional(
      word(["1m", "5m", "15m", "1h", "6h", "1d"], "the length of the buckets of creation times, in UTC"),
    ),
  },
  filtered,
);
export type CountTasksQuery = Static<typeof CountTasksQuery>;

/** The query of `GET /v1/{project_id}/tasks/{id}/history`. */
export const ListHistoryQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "default 50" })),
    cursor: Type.Optional(
      Type.String({ pattern: cursorPattern, description: "the next_cursor of the page before" }),
    ),
  },
  strict,
);
export type ListHistoryQuery = Static<typeof ListHistoryQuery>;

/** The headers that a creation may have. */
export const CreateTaskHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Type.String({ pattern: idempotencyKeyPattern, description: "kept for 24 hours per project" }),
  ),
});
/** The headers of a call that is made only of a revision that its caller has seen. */
export const ConditionalHeaders = Type.Object({
  "if-match": Type.Optional(Type.String({ description: 'the ETag that the task must have: "3", or *' })),
});
/** The headers of a call that asks only for what its caller has not seen. */
export const FreshnessHeaders = Type.Object({
  "if-none-match": Type.Optional(Type.String({ description: "the ETag that the caller has" })),
});

export const ProjectParams = Type.Object({ project_id: Type.String() });
export const TaskParams = Type.Object({ project_id: Type.String(), id: Type.String() });

/** A task as our API answers it. */
export const TaskDocument = Type.Object({
  id: taskId,
  project_id: Type.String(),
  service: word(services, "the service"),
  kind: word(taskKinds, "instant, or scheduled"),
  name: Type.String(),
  status: word(taskStatuses, "the service's word"),
  state: word(taskStates, "what the status means over all services"),
  progress,
  instance: Type.Object({ id: Type.String(), name: Type.String(), status: Type.String() }),
  database_name: Type.String(),
  order_id: Type.String(),
  fail_reason: Type.String(),
  operations: Type.Array(word(operations, "what an operator may ask of the task now")),
  created_at: time("RFC 3339, UTC, with milliseconds, as all times"),
  started_at: nullable(time("when the execution began")),
  updated_at: time("when the last change happened"),
  ended_at: nullable(time("set exactly while the task is ended")),
  planned_start_at: nullable(time("when it is planned to begin")),
  planned_end_at: nullable(time("when it is planned to end")),
  priority: nullable(Type.Integer()),
  parent_id: nullable(Type.String()),
  attempt: Type.Integer(),
  stale: Type.Boolean({ description: "silent for longer than promised: the lease, or 24 hours without one" }),
  lease_expires_at: nullable(time("when the lease passes unless somebody reports")),
  details,
  labels: Type.Record(Type.String(), Type.String()),
  created_by: Type.String(),
  revision: Type.Integer({
    description: "1 after creation, one more with every accepted change; also the ETag",
  }),
});
export type TaskDocument = Static<typeof TaskDocument>;

export const TaskList = Type.Object({
  tasks: Type.Array(TaskDocument),
  total: Type.Integer({ description: "exact, for the whole filter" }),
  next_cursor: nullable(
    Type.String({ description: "the cursor of the page that follows; null on the last one" }),
  ),
});
export type TaskList = Static<typeof TaskList>;

/** How many tasks there are in each group: a member for each property that was asked for. */
export const TaskCountsDocument = Type.Object({
  groups: Type.Array(
    Type.Object({
      state: Type.Optional(word(taskStates, "what the status means over all services")),
      status: Type.Optional(word(taskStatuses, "the service's word")),
      service: Type.Optional(word(services, "the service")),
      name: Type.Optional(Type.String()),
      instance_id: Type.Optional(Type.String()),
      bucket: Type.Optional(time("when the bucket of creation times begins")),
      count: Type.Integer({ description: "at least 1: groups without tasks are left out" }),
    }),
  ),
  total: Type.Integer({ description: "exact, for the whole filter" }),
});
export type TaskCountsDocument = Static<typeof TaskCountsDocument>;

export const HistoryDocument = Type.Object({
  history: Type.Array(
    Type.Object({
      revision: Type.Integer(),
      at: time("when the server accepted it"),
      reported_at: time("when it happened"),
      by: Type.String(),
      message: Type.String(),
      changes: Type.Record(Type.String(), Type.Object({ from: Type.Unknown(), to: Type.Unknown() })),
    }),
  ),
  next_cursor: nullable(Type.String()),
});
export type HistoryDocument = Static<typeof HistoryDocument>;

/** Every error of our API, as `application/problem+json` (RFC 9457). */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  request_id: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
});

const refusal = {
  description: "The refusal, with the reason.",
  content: { "application/problem+json": { schema: Problem } },
};
/** What every call of our own API may answer instead of what was asked for. */
export const refusals = { "4xx": refusal, "5xx": refusal };
/** What the calls that look for tasks may answer besides. */
export const searchRefusals = {
  422: { ...refusal, description: "The question takes longer than it may: query-too-broad." },
  ...refusals,
};

/** The answer to a caller who has what would be answered. */
export const unchanged = { type: "null", description: "It is as the caller has it." } as const;

/** A header of an answer. */
export function answerHeader(description: string): object {
  return { type: "string", description };
}
