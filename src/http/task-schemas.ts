import { type Static, Type } from "typebox";
import { operations, services, taskKinds, taskStates, taskStatuses } from "../task/lifecycle.ts";
import { maxLabels } from "../task/report.ts";
import type { JsonObject } from "../task/task.ts";
import {
  cursorPattern,
  idempotencyKeyPattern,
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
      time("default the earliest of now, started_at and ended_at; at most 5 minutes ahead"),
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

/** The query of `GET /v1/{project_id}/tasks`. A repeated key means any of its values. */
export const ListTasksQuery = Type.Object(
  {
    service: Type.Optional(anyOf(services)),
    kind: Type.Optional(anyOf(taskKinds)),
    state: Type.Optional(anyOf(taskStates)),
    status: Type.Optional(anyOf(taskStatuses)),
    name: Type.Optional(anyText("exact names")),
    instance_id: Type.Optional(anyText("exact instance ids")),
    order_id: Type.Optional(anyText("exact order ids")),
    created_from: Type.Optional(time("created at this time or later")),
    created_to: Type.Optional(time("created at this time or earlier")),
    sort: Type.Optional(word(["-created_at", "created_at"], "default -created_at: newest first; ties by id")),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "default 50" })),
    offset: Type.Optional(
      Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "default 0" }),
    ),
  },
  strict,
);
export type ListTasksQuery = Static<typeof ListTasksQuery>;

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
});
export type TaskList = Static<typeof TaskList>;

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
