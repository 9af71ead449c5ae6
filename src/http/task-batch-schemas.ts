import { type Static, Type } from "typebox";
import type { RecordedTask } from "../task/import.ts";
import type { FieldChange } from "../task/task.ts";
import { taskIdPattern, textPattern } from "./patterns.ts";
import { readTime } from "./task-documents.ts";
import { CreateTaskBody, HistoryDocument, Problem, ReportTaskBody, TaskDocument } from "./task-schemas.ts";

/** The shapes of the lines of `POST /v1/{project_id}/tasks:batch`, and of what is answered to each. */

const strict = { additionalProperties: false } as const;
const by = Type.String({ maxLength: 255, pattern: textPattern, description: "a user's name" });
const revision = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** A report with the id of its task. */
export const BatchReport = Type.Object(
  { id: Type.String({ pattern: taskIdPattern }), ...ReportTaskBody.properties },
  strict,
);
export type BatchReport = Static<typeof BatchReport>;

const {
  lease_seconds: _leaseSeconds,
  on_stale: _onStale,
  instance,
  ...createdMembers
} = CreateTaskBody.properties;
const { id, kind, project_id, state, operations, stale, lease_expires_at } = TaskDocument.properties;

/** A task document with the limits of a creation. What follows from the rest may be there, and means nothing. */
const ImportedTask = Type.Object(
  {
    ...Type.Required(Type.Object(createdMembers)).properties,
    id,
    kind,
    instance: Type.Required(instance, strict),
    updated_at: TaskDocument.properties.updated_at,
    ended_at: TaskDocument.properties.ended_at,
    created_by: by,
    revision,
    project_id: Type.Optional(project_id),
    state: Type.Optional(state),
    operations: Type.Optional(operations),
    stale: Type.Optional(stale),
    lease_expires_at: Type.Optional(lease_expires_at),
  },
  strict,
);

/** A task with its history, as `GET /v1/{project_id}/tasks` answers them together. */
export const BatchImport = Type.Object(
  {
    task: ImportedTask,
    history: Type.Array(
      Type.Object(
        {
          ...HistoryDocument.properties.history.items.properties,
          revision,
          by,
          message: Type.String({ maxLength: 4096, pattern: textPattern }),
          changes: Type.Unsafe<Record<string, FieldChange>>({
            type: "object",
            additionalProperties: Type.Object({ from: Type.Unknown(), to: Type.Unknown() }, strict),
          }),
        },
        strict,
      ),
      { minItems: 1, description: "oldest first" },
    ),
  },
  strict,
);
export type BatchImport = Static<typeof BatchImport>;

/** One line of a batch: exactly one of these members. */
export const BatchLine = Type.Object(
  {
    create: Type.Optional(CreateTaskBody),
    report: Type.Optional(BatchReport),
    import: Type.Optional(BatchImport),
  },
  { ...strict, minProperties: 1, maxProperties: 1 },
);

const { request_id: _requestId, ...problemMembers } = Problem.properties;

/** What is answered to one line: the task's id, or why there is none. */
export const BatchAnswer = Type.Object({
  line: Type.Integer({ description: "the line's number in the batch, from 1" }),
  status: Type.Integer({ description: "the HTTP status that the line would get as a call of its own" }),
  id: Type.Optional(Type.String({ description: "the task's id, where the line was accepted" })),
  error: Type.Optional(Type.Object(problemMembers, { description: "the refusal, with the reason" })),
});
export type BatchAnswer = Static<typeof BatchAnswer>;

/** Reads an import that its schema has accepted. @throws TaskCenterError `invalid-parameter` for an impossible time. */
export function readImport({ task, history }: BatchImport): RecordedTask {
  return {
    task: {
      id: task.id,
      service: task.service,
      kind: task.kind,
      name: task.name,
      status: task.status,
      progressPercent: task.progress,
      instance: { id: task.instance.id, name: task.instance.name, status: task.instance.status },
      databaseName: task.database_name,
      orderId: task.order_id,
      failReason: task.fail_reason,
      createdAtMs: readTime("task.created_at", task.created_at),
      startedAtMs: readTime("task.started_at", task.started_at),
      updatedAtMs: readTime("task.updated_at", task.updated_at),
      endedAtMs: readTime("task.ended_at", task.ended_at),
      plannedStartAtMs: readTime("task.planned_start_at", task.planned_start_at),
      plannedEndAtMs: readTime("task.planned_end_at", task.planned_end_at),
      priority: task.priority,
      parentId: task.parent_id,
      attempt: task.attempt,
      details: task.details,
      labels: task.labels,
      createdBy: task.created_by,
      revision: task.revision,
    },
    history: history.map((entry, index) => ({
      revision: entry.revision,
      atMs: readTime(`history.${index}.at`, entry.at),
      reportedAtMs: readTime(`history.${index}.reported_at`, entry.reported_at),
      by: entry.by,
      message: entry.message,
      changes: entry.changes,
    })),
  };
}
