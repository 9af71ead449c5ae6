import type { Service, TaskKind, TaskStatus } from "../task/lifecycle.ts";
import {
  detailsText,
  type FieldChange,
  type HistoryEntry,
  type JsonValue,
  longDetails,
  type OnStale,
  type Task,
  withLongDetails,
} from "../task/task.ts";

/** The columns that make a task, in the order of `TaskRow`. */
export const taskColumns = [
  "project_id",
  "id",
  "service",
  "kind",
  "name",
  "status",
  "progress_percent",
  "instance_id",
  "instance_name",
  "instance_status",
  "database_name",
  "order_id",
  "fail_reason",
  "created_at_ms",
  "started_at_ms",
  "updated_at_ms",
  "ended_at_ms",
  "planned_start_at_ms",
  "planned_end_at_ms",
  "priority",
  "parent_id",
  "attempt",
  "lease_seconds",
  "on_stale",
  "heard_at_ms",
  "lost_status",
  "details",
  "labels",
  "created_by",
  "revision",
] as const;

/** A column of `TaskRow`. */
export type TaskColumn = (typeof taskColumns)[number];

/** One task as its row holds it. */
export type TaskRow = readonly [
  projectId: string,
  id: string,
  service: Service,
  kind: TaskKind,
  name: string,
  status: TaskStatus,
  progressPercent: number | null,
  instanceId: string,
  instanceName: string,
  instanceStatus: string,
  databaseName: string,
  orderId: string,
  failReason: string,
  createdAtMs: number,
  startedAtMs: number | null,
  updatedAtMs: number,
  endedAtMs: number | null,
  plannedStartAtMs: number | null,
  plannedEndAtMs: number | null,
  priority: number | null,
  parentId: string | null,
  attempt: number,
  leaseSeconds: number | null,
  onStale: OnStale,
  heardAtMs: number,
  lostStatus: TaskStatus | null,
  details: string,
  labels: string,
  createdBy: string,
  revision: number,
];

/** The task that a row holds. */
export function taskOfRow(row: TaskRow): Task {
  const [
    projectId,
    id,
    service,
    kind,
    name,
    status,
    progressPercent,
    instanceId,
    instanceName,
    instanceStatus,
    databaseName,
    orderId,
    failReason,
    createdAtMs,
    startedAtMs,
    updatedAtMs,
    endedAtMs,
    plannedStartAtMs,
    plannedEndAtMs,
    priority,
    parentId,
    attempt,
    leaseSeconds,
    onStale,
    heardAtMs,
    lostStatus,
    details,
    labels,
    createdBy,
    revision,
  ] = row;
  const isLong = details.length > longDetails;
  const task: Task = {
    projectId,
    id,
    service,
    kind,
    name,
    status,
    progressPercent,
    instance: { id: instanceId, name: instanceName, status: instanceStatus },
    databaseName,
    orderId,
    failReason,
    createdAtMs,
    startedAtMs,
    updatedAtMs,
    endedAtMs,
    plannedStartAtMs,
    plannedEndAtMs,
    priority,
    parentId,
    attempt,
    leaseSeconds,
    onStale,
    heardAtMs,
    lostStatus,
    details: isLong ? {} : parseObject(details),
    labels: parseObject<string>(labels),
    createdBy,
    revision,
  };
  return isLong ? withLongDetails(task, details) : task;
}

/** The row that holds a task: `taskOfRow` the other way round. */
export function rowOfTask(task: Task): TaskRow {
  return [
    task.projectId,
    task.id,
    task.service,
    task.kind,
    task.name,
    task.status,
    task.progressPercent,
    task.instance.id,
    task.instance.name,
    task.instance.status,
    task.databaseName,
    task.orderId,
    task.failReason,
    task.createdAtMs,
    task.startedAtMs,
    task.updatedAtMs,
    task.endedAtMs,
    task.plannedStartAtMs,
    task.plannedEndAtMs,
    task.priority,
    task.parentId,
    task.attempt,
    task.leaseSeconds,
    task.onStale,
    task.heardAtMs,
    task.lostStatus,
    detailsText(task),
    JSON.stringify(task.labels),
    task.createdBy,
    task.revision,
  ];
}

/** The columns that make a line of a task's history, in the order of `HistoryRow`. */
export const historyColumns = [
  "revision",
  "at_ms",
  "reported_at_ms",
  "author",
  "message",
  "changes",
] as const;

/** One line of a task's history as its row holds it. */
export type HistoryRow = readonly [
  revision: number,
  atMs: number,
  reportedAtMs: number,
  by: string,
  message: string,
  changes: string,
];

/** The line of history that a row holds. */
export function entryOfRow([revision, atMs, reportedAtMs, by, message, changes]: HistoryRow): HistoryEntry {
  return { revision, atMs, reportedAtMs, by, message, changes: parseObject<FieldChange>(changes) };
}

/** The row that holds a line of history: `entryOfRow` the other way round. */
export function rowOfEntry(entry: HistoryEntry): HistoryRow {
  const { revision, atMs, reportedAtMs, by, message, changes } = entry;
  return [revision, atMs, reportedAtMs, by, message, JSON.stringify(changes)];
}

/** Reads an object that this store wrote. Most are empty, and are not worth the parser's time. */
function parseObject<Value = JsonValue>(text: string): Readonly<Record<string, Value>> {
  return text === "{}" ? {} : JSON.parse(text);
}
