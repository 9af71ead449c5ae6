import { invalidParameter, TaskCenterError } from "./error.ts";
import { type Service, statusesOf, statusRule, type TaskKind, type TaskStatus } from "./lifecycle.ts";
import {
  type FieldChange,
  type HistoryEntry,
  isEnded,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  leaseExpiresAtMs,
  type OnStale,
  type Task,
} from "./task.ts";

/** What a producer says when it creates a task. Text lengths and character sets are checked where it is read. */
export interface TaskCreation {
  readonly service: Service;
  readonly name: string;
  readonly instance: { readonly id: string; readonly name?: string; readonly status?: string };
  readonly id?: string;
  readonly kind?: TaskKind;
  readonly status?: TaskStatus;
  readonly progressPercent?: number | null;
  readonly databaseName?: string;
  readonly orderId?: string;
  readonly failReason?: string;
  readonly createdAtMs?: number;
  readonly startedAtMs?: number | null;
  readonly endedAtMs?: number;
  readonly plannedStartAtMs?: number | null;
  readonly plannedEndAtMs?: number | null;
  readonly priority?: number | null;
  readonly parentId?: string | null;
  readonly attempt?: number;
  readonly leaseSeconds?: number | null;
  readonly onStale?: OnStale;
  readonly details?: JsonObject;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a producer says of a task that exists: only what it names changes. A report that names nothing is a heartbeat. */
export interface TaskReport {
  readonly status?: TaskStatus;
  readonly progressPercent?: number | null;
  readonly failReason?: string;
  readonly instance?: { readonly id?: string; readonly name?: string; readonly status?: string };
  readonly startedAtMs?: number | null;
  readonly endedAtMs?: number;
  readonly plannedStartAtMs?: number | null;
  readonly plannedEndAtMs?: number | null;
  readonly leaseSeconds?: number | null;
  readonly onStale?: OnStale;
  /** Merged into the task's details as RFC 7396 says: null removes a key. */
  readonly details?: JsonObject;
  /** Merged into the task's labels: null removes a label. */
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly message?: string;
  /** When it happened, if not now. */
  readonly reportedAtMs?: number;
}

/** A task as it stands after a change, and the line for its history where the change is worth one. */
export interface TaskChange {
  readonly task: Task;
  readonly entry: HistoryEntry | undefined;
}

/** How far a producer's clock may be ahead of the server's: 5 minutes. */
const clockToleranceMs = 5 * 60 * 1000;
/** The size of a task's details as JSON text in UTF-8: 64 KiB. */
export const maxDetailsBytes = 64 * 1024;
/** How deep a task's details may be nested; the details themselves are the first level. */
export const maxDetailsDepth = 8;
/** How many characters of JSON the history keeps of one member of the details, before and after a change. */
const maxHistoryValueLength = 1024;
/** How many labels a task may have. */
export const maxLabels = 32;

/**
 * The task that a creation makes. The same creation accepted at the same time by the same user always makes the same
 * task, so that a repeated creation can be given its first answer.
 *
 * @throws TaskCenterError `invalid-parameter` where values contradict each other or the lifecycle.
 */
export function createTask(
  creation: TaskCreation,
  context: {
    readonly projectId: string;
    readonly id: string;
    readonly createdBy: string;
    readonly nowMs: number;
    /** How long tasks are kept after they have ended. Not given for a creation that was accepted before. */
    readonly retentionMs?: number | undefined;
  },
): TaskChange & { readonly entry: HistoryEntry } {
  const { nowMs, retentionMs = Number.POSITIVE_INFINITY } = context;
  const kind = creation.kind ?? "instant";
  if (kind === "scheduled" && creation.service !== "rds") {
    throw invalidParameter("kind", "scheduled tasks exist only in the service rds");
  }
  const subject = { service: creation.service, kind, name: creation.name };
  const status = creation.status ?? (kind === "scheduled" ? "Pending" : "Running");
  const rule = statusRule(subject, status);
  if (rule === undefined) {
    throw invalidParameter("status", `must be one of ${statusesOf(subject).join(", ")} for this task`);
  }
  // A finished task that is imported without its creation time began no later than it started and ended.
  const createdAtMs =
    creation.createdAtMs ?? Math.min(nowMs, creation.startedAtMs ?? nowMs, creation.endedAtMs ?? nowMs);
  checkNotAhead("created_at", createdAtMs, nowMs);
  checkRetained(createdAtMs, nowMs - retentionMs);
  if (!rule.ended && creation.endedAtMs !== undefined) throw endedAtOfLiveTask(status);
  const startedAtMs = creation.startedAtMs ?? (rule.executed ? createdAtMs : null);
  const endedAtMs = rule.ended
    ? (creation.endedAtMs ?? endNotBefore(nowMs, { createdAtMs, startedAtMs }))
    : null;
  const task: Task = {
    projectId: context.projectId,
    id: context.id,
    ...subject,
    status,
    progressPercent: creation.progressPercent ?? null,
    instance: {
      id: creation.instance.id,
      name: creation.instance.name ?? "",
      status: creation.instance.status ?? "",
    },
    databaseName: creation.databaseName ?? "",
    orderId: creation.orderId ?? "",
    failReason: creation.failReason ?? "",
    createdAtMs,
    startedAtMs,
    updatedAtMs: Math.max(createdAtMs, endedAtMs ?? createdAtMs),
    endedAtMs,
    plannedStartAtMs: creation.plannedStartAtMs ?? null,
    plannedEndAtMs: creation.plannedEndAtMs ?? null,
    priority: creation.priority ?? null,
    parentId: creation.parentId ?? null,
    attempt: creation.attempt ?? 1,
    leaseSeconds: creation.leaseSeconds ?? null,
    onStale: creation.onStale ?? "mark",
    heardAtMs: nowMs,
    lostStatus: null,
    details: creation.details ?? {},
    labels: creation.labels ?? {},
    createdBy: context.createdBy,
    revision: 1,
  };
  checkGivenTimes(creation, nowMs);
  checkConsistency(task);
  const entry: HistoryEntry = {
    revision: 1,
    atMs: nowMs,
    reportedAtMs: createdAtMs,
    by: context.createdBy,
    message: "",
    changes: { status: { from: null, to: status } },
  };
  return { task, entry };
}

/**
 * A task after a report on it. A report that only repeats what stands changes nothing but renews the lease; where not
 * even that is needed, the very same task is answered. An ended task changes only as the lifecycle says, or when its
 * lease had failed it: then the report reopens it.
 *
 * @throws TaskCenterError `transition-refused` where the lifecycle does not allow the change; `invalid-parameter`
 * where values contradict each other.
 */
export function applyReport(
  current: Task,
  report: TaskReport,
  context: { readonly by: string; readonly nowMs: number },
): TaskChange {
  const { by, nowMs } = context;
  const reportedAtMs = report.reportedAtMs ?? nowMs;
  checkNotAhead("reported_at", reportedAtMs, nowMs);

  const standing = reopened(current);
  const status = report.status ?? standing.status;
  const rule = statusRule(standing, status);
  if (rule === undefined) {
    throw invalidParameter("status", `must be one of ${statusesOf(standing).join(", ")} for this task`);
  }
  const moves = status !== standing.status;
  if (moves && !statusRule(standing, standing.status)?.mayBecome.includes(status)) {
    throw refusedTransition(standing.status, status);
  }
  if (!rule.ended && report.endedAtMs !== undefined) throw endedAtOfLiveTask(status);
  // Before the merge, which goes as deep as the report does.
  if (report.details !== undefined) checkPlain(report.details);

  const startedAtMs = given(
    report.startedAtMs,
    standing.startedAtMs ?? (moves && rule.executed ? reportedAtMs : null),
  );
  const next: Task = {
    ...standing,
    status,
    progressPercent: given(report.progressPercent, standing.progressPercent),
    // What failed and goes on has not failed any more.
    failReason: report.failReason ?? (isEnded(standing) && !rule.ended ? "" : standing.failReason),
    instance: {
      id: report.instance?.id ?? standing.instance.id,
      name: report.instance?.name ?? standing.instance.name,
      status: report.instance?.status ?? standing.instance.status,
    },
    startedAtMs,
    endedAtMs: rule.ended
      ? (report.endedAtMs ??
        standing.endedAtMs ??
        endNotBefore(reportedAtMs, { createdAtMs: standing.createdAtMs, startedAtMs }))
      : null,
    plannedStartAtMs: given(report.plannedStartAtMs, standing.plannedStartAtMs),
    plannedEndAtMs: given(report.plannedEndAtMs, standing.plannedEndAtMs),
    leaseSeconds: given(report.leaseSeconds, standing.leaseSeconds),
    onStale: report.onStale ?? standing.onStale,
    details: report.details === undefined ? standing.details : mergedObject(standing.details, report.details),
    labels: report.labels === undefined ? standing.labels : mergedLabels(standing.labels, report.labels),
  };

  const changes = changesBetween(current, next);
  const message = report.message ?? "";
  if (Object.keys(changes).length === 0 && message === "") {
    return { task: isEnded(current) ? current : { ...current, heardAtMs: nowMs }, entry: undefined };
  }
  if (!moves && isEnded(standing)) {
    throw new TaskCenterError(
      "transition-refused",
      `The task has ended as ${standing.status}; it does not change any more.`,
    );
  }
  checkGivenTimes(report, nowMs);
  checkConsistency(next);

  const task: Task = {
    ...next,
    updatedAtMs: Math.max(current.updatedAtMs, reportedAtMs),
    heardAtMs: nowMs,
    revision: current.revision + 1,
  };
  const entry: HistoryEntry = { revision: task.revision, atMs: nowMs, reportedAtMs, by, message, changes };
  return { task, entry: isWithinOnePercent(entry) ? undefined : entry };
}

/**
 * When a task fails unless its producer reports before: the end of its lease, where the producer asked for that and the
 * lifecycle lets the task fail. Null where silence only makes it stale.
 */
export function failsForSilenceAtMs(task: Task): number | null {
  const mayFail = statusRule(task, task.status)?.mayBecome.includes("Failed") ?? false;
  return task.onStale === "fail" && mayFail ? leaseExpiresAtMs(task) : null;
}

/**
 * A task whose producer broke its promise to report and asked to fail then; the very same task where that is not so
 * (any more). Silence counts only while somebody listened. The next report reopens the task.
 */
export function failForSilence(
  current: Task,
  context: { readonly nowMs: number; readonly listeningSinceMs: number },
): TaskChange {
  const { nowMs, listeningSinceMs } = context;
  const failsAtMs = failsForSilenceAtMs({
    ...current,
    heardAtMs: Math.max(current.heardAtMs, listeningSinceMs),
  });
  if (failsAtMs === null || nowMs <= failsAtMs) return { task: current, entry: undefined };
  const task: Task = {
    ...current,
    status: "Failed",
    failReason: `No report for ${current.leaseSeconds} seconds.`,
    endedAtMs: endNotBefore(nowMs, current),
    updatedAtMs: Math.max(current.updatedAtMs, nowMs),
    lostStatus: current.status,
    revision: current.revision + 1,
  };
  const entry: HistoryEntry = {
    revision: task.revision,
    atMs: nowMs,
    reportedAtMs: nowMs,
    by: "taskcenter",
    message: "",
    changes: changesBetween(current, task),
  };
  return { task, entry };
}

/** The task as it was before its lease failed it; any other task as it is. */
function reopened(task: Task): Task {
  if (task.lostStatus === null) return task;
  return { ...task, status: task.lostStatus, failReason: "", endedAtMs: null, lostStatus: null };
}

function given<T>(reported: T | undefined, standing: T): T {
  return reported === undefined ? standing : reported;
}

/** When a task ended that says only that it has: then, but not before its beginning, since clocks differ. */
function endNotBefore(timeMs: number, task: Pick<Task, "createdAtMs" | "startedAtMs">): number {
  return Math.max(timeMs, task.createdAtMs, task.startedAtMs ?? task.createdAtMs);
}

function refusedTransition(from: TaskStatus, to: TaskStatus): TaskCenterError {
  return new TaskCenterError("transition-refused", `The task is ${from}; it cannot become ${to}.`);
}

function endedAtOfLiveTask(status: TaskStatus): TaskCenterError {
  return invalidParameter("ended_at", `is given only with a status that ends the task, not with ${status}`);
}

/** Holds a time to the server's clock. @throws TaskCenterError `invalid-parameter`. */
export function checkNotAhead(field: string, timeMs: number, nowMs: number): void {
  if (timeMs > nowMs + clockToleranceMs) {
    throw invalidParameter(field, "must not be more than 5 minutes ahead of the server's clock");
  }
}

/** What begins no earlier cannot have ended earlier either: so nothing is accepted only to be deleted at once. */
function checkRetained(createdAtMs: number, keptFromMs: number): void {
  if (createdAtMs < keptFromMs) {
    throw invalidParameter(
      "created_at",
      `must not be before ${timeText(keptFromMs)}: older tasks are not kept`,
    );
  }
}

/** Only what is said now is held against the clock, which may have been set back since the rest was said. */
function checkGivenTimes(said: Pick<TaskReport, "startedAtMs" | "endedAtMs">, nowMs: number): void {
  if (said.startedAtMs != null) checkNotAhead("started_at", said.startedAtMs, nowMs);
  if (said.endedAtMs !== undefined) checkNotAhead("ended_at", said.endedAtMs, nowMs);
}

/** Holds a task's times, labels and details to what every task keeps. @throws TaskCenterError `invalid-parameter`. */
export function checkConsistency(task: Task): void {
  if (task.endedAtMs !== null) {
    if (task.endedAtMs < task.createdAtMs) {
      throw invalidParameter("ended_at", "must not be before created_at");
    }
    if (task.startedAtMs !== null && task.endedAtMs < task.startedAtMs) {
      throw invalidParameter("ended_at", "must not be before started_at");
    }
  }
  if (
    task.plannedStartAtMs !== null &&
    task.plannedEndAtMs !== null &&
    task.plannedEndAtMs < task.plannedStartAtMs
  ) {
    throw invalidParameter("planned_end_at", "must not be before planned_start_at");
  }
  if (Object.keys(task.labels).length > maxLabels) {
    throw invalidParameter("labels", `must not be more than ${maxLabels}`);
  }
  checkDetails(task.details);
}

/**
 * Holds details to text and numbers that every store keeps exactly, and to their depth, before anything walks them.
 * @throws TaskCenterError `invalid-parameter`.
 */
export function checkPlain(details: JsonObject): void {
  if (!isPlainWithin(details, maxDetailsDepth)) {
    throw invalidParameter(
      "details",
      `must be nested at most ${maxDetailsDepth} levels deep, its text well-formed and without U+0000, its numbers finite`,
    );
  }
}

function checkDetails(details: JsonObject): void {
  checkPlain(details);
  if (new TextEncoder().encode(JSON.stringify(details)).length > maxDetailsBytes) {
    throw invalidParameter("details", `must be at most ${maxDetailsBytes} bytes of JSON`);
  }
}

/** Whether every store keeps a JSON value exactly: its text and numbers, nested no deeper than so many levels. */
export function isPlainWithin(value: JsonValue, depthLeft: number): boolean {
  if (typeof value === "string") return isPlainText(value);
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (depthLeft === 0) return false;
  if (Array.isArray(value)) return value.every((item: JsonValue) => isPlainWithin(item, depthLeft - 1));
  return Object.entries(value).every(([key, item]) => isPlainText(key) && isPlainWithin(item, depthLeft - 1));
}

function isPlainText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}

/** RFC 7396: objects are merged key by key, null removes, anything else replaces. */
function mergedObject(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else if (isJsonObject(value)) {
      const standing = merged.get(key);
      merged.set(key, mergedObject(isJsonObject(standing) ? standing : {}, value));
    } else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

function mergedLabels(
  target: Readonly<Record<string, string>>,
  patch: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** What a history line tells of two states of a task, by the API's names. */
function changesBetween(before: Task, after: Task): Record<string, FieldChange> {
  const earlier = watchedFields(before);
  const changes: Record<string, FieldChange> = {};
  const later = watchedFields(after);
  for (const field of new Set([...earlier.keys(), ...later.keys()])) {
    const from = earlier.get(field) ?? null;
    const to = later.get(field) ?? null;
    if (!isSameJson(from, to)) changes[field] = { from: abridged(field, from), to: abridged(field, to) };
  }
  return changes;
}

/** A large part of the details by its size alone: every report that changes it would store it twice. */
function abridged(field: string, value: JsonValue): JsonValue {
  if (!field.startsWith("details.")) return value;
  const { length } = JSON.stringify(value);
  return length > maxHistoryValueLength ? `(${length} characters of JSON)` : value;
}

function watchedFields(task: Task): Map<string, JsonValue> {
  const fields = new Map<string, JsonValue>([
    ["status", task.status],
    ["progress", task.progressPercent],
    ["fail_reason", task.failReason],
    ["instance.id", task.instance.id],
    ["instance.name", task.instance.name],
    ["instance.status", task.instance.status],
    ["started_at", timeText(task.startedAtMs)],
    ["ended_at", timeText(task.endedAtMs)],
    ["planned_start_at", timeText(task.plannedStartAtMs)],
    ["planned_end_at", timeText(task.plannedEndAtMs)],
    ["lease_seconds", task.leaseSeconds],
    ["on_stale", task.onStale],
  ]);
  for (const [key, value] of Object.entries(task.labels)) fields.set(`labels.${key}`, value);
  for (const [key, value] of Object.entries(task.details)) fields.set(`details.${key}`, value);
  return fields;
}

function timeText(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** Whether two JSON values are equal; the order of an object's keys does not matter. */
function isSameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item: JsonValue, index) => isSameJson(item, b[index] ?? null));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key] ?? null, b[key] ?? null))
  );
}

/** Whether an entry tells only of progress within the same whole percent: that is not worth a line. */
function isWithinOnePercent(entry: HistoryEntry): boolean {
  const { progress, ...others } = entry.changes;
  return (
    progress !== undefined &&
    Object.keys(others).length === 0 &&
    entry.message === "" &&
    typeof progress.from === "number" &&
    typeof progress.to === "number" &&
    Math.floor(progress.from) === Math.floor(progress.to)
  );
}
