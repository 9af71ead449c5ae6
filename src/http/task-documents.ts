import { exactTimeFormat } from "../dialects/time.ts";
import { invalidParameter } from "../task/error.ts";
import { statusMeanings } from "../task/lifecycle.ts";
import type { HistoryPage, TaskCounts, TaskPage } from "../task/query.ts";
import type { TaskCreation, TaskReport } from "../task/report.ts";
import { type HistoryEntry, isStale, leaseExpiresAtMs, operationsOf, type Task } from "../task/task.ts";
import type {
  CreateTaskBody,
  HistoryDocument,
  ReportTaskBody,
  TaskCountsDocument,
  TaskDocument,
  TaskList,
} from "./task-schemas.ts";

/** Reads a creation that its schema has accepted. @throws TaskCenterError `invalid-parameter` for an impossible time. */
export function readCreation(body: CreateTaskBody): TaskCreation {
  return {
    service: body.service,
    name: body.name,
    instance: body.instance,
    ...named("id", body.id),
    ...named("kind", body.kind),
    ...named("status", body.status),
    ...named("progressPercent", body.progress),
    ...named("databaseName", body.database_name),
    ...named("orderId", body.order_id),
    ...named("failReason", body.fail_reason),
    ...named("createdAtMs", readTime("created_at", body.created_at)),
    ...named("startedAtMs", readTime("started_at", body.started_at)),
    ...named("endedAtMs", readTime("ended_at", body.ended_at)),
    ...named("plannedStartAtMs", readTime("planned_start_at", body.planned_start_at)),
    ...named("plannedEndAtMs", readTime("planned_end_at", body.planned_end_at)),
    ...named("priority", body.priority),
    ...named("parentId", body.parent_id),
    ...named("attempt", body.attempt),
    ...named("leaseSeconds", body.lease_seconds),
    ...named("onStale", body.on_stale),
    ...named("details", body.details),
    ...named("labels", body.labels),
  };
}

/** Reads a report that its schema has accepted. @throws TaskCenterError `invalid-parameter` for an impossible time. */
export function readReport(body: ReportTaskBody): TaskReport {
  return {
    ...named("status", body.status),
    ...named("progressPercent", body.progress),
    ...named("failReason", body.fail_reason),
    ...named("instance", body.instance),
    ...named("startedAtMs", readTime("started_at", body.started_at)),
    ...named("endedAtMs", readTime("ended_at", body.ended_at)),
    ...named("plannedStartAtMs", readTime("planned_start_at", body.planned_start_at)),
    ...named("plannedEndAtMs", readTime("planned_end_at", body.planned_end_at)),
    ...named("leaseSeconds", body.lease_seconds),
    ...named("onStale", body.on_stale),
    ...named("details", body.details),
    ...named("labels", body.labels),
    ...named("message", body.message),
    ...named("reportedAtMs", readTime("reported_at", body.reported_at)),
  };
}

/** A task as our API answers it at a moment, which decides whether it is stale. */
export function taskDocument(task: Task, nowMs: number, details = task.details): TaskDocument {
  return {
    id: task.id,
    project_id: task.projectId,
    service: task.service,
    kind: task.kind,
    name: task.name,
    status: task.status,
    state: statusMeanings[task.status].state,
    progress: task.progressPercent,
    instance: task.instance,
    database_name: task.databaseName,
    order_id: task.orderId,
    fail_reason: task.failReason,
    operations: [...operationsOf(task)],
    created_at: timeText(task.createdAtMs),
    started_at: optionalTimeText(task.startedAtMs),
    updated_at: timeText(task.updatedAtMs),
    ended_at: optionalTimeText(task.endedAtMs),
    planned_start_at: optionalTimeText(task.plannedStartAtMs),
    planned_end_at: optionalTimeText(task.plannedEndAtMs),
    priority: task.priority,
    parent_id: task.parentId,
    attempt: task.attempt,
    stale: isStale(task, nowMs),
    lease_expires_at: optionalTimeText(leaseExpiresAtMs(task)),
    details,
    labels: task.labels,
    created_by: task.createdBy,
    revision: task.revision,
  };
}

/** A page of the list, and the cursor of the page that follows; null on the last one. */
export interface ListPage extends Pick<TaskPage, "tasks" | "total"> {
  readonly nextCursor: string | null;
}

export function taskList({ tasks, total, nextCursor }: ListPage, nowMs: number): TaskList {
  return { tasks: tasks.map((task) => taskDocument(task, nowMs)), total, next_cursor: nextCursor };
}

export function taskCounts({ groups, total }: TaskCounts): TaskCountsDocument {
  return {
    groups: groups.map(({ bucketMs, instanceId, count, ...properties }) => ({
      ...properties,
      ...named("instance_id", instanceId),
      ...(bucketMs === undefined ? {} : { bucket: timeText(bucketMs) }),
      count,
    })),
    total,
  };
}

export function historyDocument(page: HistoryPage): HistoryDocument {
  return {
    history: page.entries.map(historyLine),
    next_cursor: page.more ? String(page.entries.at(-1)?.revision ?? 0) : null,
  };
}

/** A line of a task's history as our API answers it. */
export function historyLine(entry: HistoryEntry): HistoryDocument["history"][number] {
  return {
    revision: entry.revision,
    at: timeText(entry.atMs),
    reported_at: timeText(entry.reportedAtMs),
    by: entry.by,
    message: entry.message,
    changes: entry.changes,
  };
}

/** A member only where there is a value: what is not given must stay absent. */
function named<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}

/** The last moment that has four digits for its year in every zone that times are shown in. */
const latestTimeMs = Date.UTC(9999, 11, 31, 9, 59, 59, 999);

/** Reads a time that its schema has accepted. @throws TaskCenterError `invalid-parameter` where there is no such time. */
export function readTime<T extends string | null | undefined>(
  field: string,
  text: T,
): number | Exclude<T, string> {
  if (typeof text !== "string") return text as Exclude<T, string>;
  // The schema lets RFC 3339's other spellings pass too: a space for the T, lower case, a leap second.
  const timeMs = Date.parse(text.toUpperCase().replace(" ", "T"));
  if (!(timeMs >= 0 && timeMs <= latestTimeMs)) {
    throw invalidParameter(field, "must be an RFC 3339 time that exists, from 1970 to 9999");
  }
  return timeMs;
}

/** RFC 3339 in UTC with milliseconds. */
export const timeText = exactTimeFormat();

function optionalTimeText(timeMs: number | null): string | null {
  return timeMs === null ? null : timeText(timeMs);
}
