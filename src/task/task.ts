import {
  type LifecycleSubject,
  type Operation,
  type Service,
  statusMeanings,
  statusRule,
  type TaskKind,
  type TaskStatus,
} from "./lifecycle.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** The database instance that a task works on, as its producer names it. */
export interface Instance {
  readonly id: string;
  readonly name: string;
  /** The instance's own status, an open list of the service's words (RDS shows it); `""` where none was reported. */
  readonly status: string;
}

/** What happens when a producer breaks its promise to report: the task is only marked stale, or it fails. */
export type OnStale = "mark" | "fail";

/** One long-running operation on a database instance: what its producer has said of it so far. */
export interface Task extends LifecycleSubject {
  readonly projectId: string;
  /** Unique in its project over all services. */
  readonly id: string;
  readonly service: Service;
  readonly kind: TaskKind;
  readonly name: string;
  readonly status: TaskStatus;
  /** 0 to 100, fractions allowed; null where the producer gave no number. */
  readonly progressPercent: number | null;
  readonly instance: Instance;
  readonly databaseName: string;
  readonly orderId: string;
  readonly failReason: string;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  /** When the last change happened, as its producer tells it. A heartbeat is no change. */
  readonly updatedAtMs: number;
  /** Set exactly while the task is ended. */
  readonly endedAtMs: number | null;
  readonly plannedStartAtMs: number | null;
  readonly plannedEndAtMs: number | null;
  /** 1 to 100, of scheduled tasks. */
  readonly priority: number | null;
  readonly parentId: string | null;
  readonly attempt: number;
  /** The producer's promise to report at least this often; null where it gave none. */
  readonly leaseSeconds: number | null;
  readonly onStale: OnStale;
  /** When the server last heard of the task, by its own clock. */
  readonly heardAtMs: number;
  /** The status that the task had when its lease failed it, and to which the next report reopens it; else null. */
  readonly lostStatus: TaskStatus | null;
  readonly details: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  /** The name of the user who created it. */
  readonly createdBy: string;
  /** 1 after creation, one more with every accepted change. */
  readonly revision: number;
}

/** The details of tasks as the text that they were read as. */
const detailsTexts = new WeakMap<Task, string>();

/** Details of more characters are parsed when somebody looks at them; for shorter ones that is not worth it. */
export const longDetails = 1024;

/**
 * The task with its details, which come as JSON text, as `JSON.stringify` writes it. They are parsed when somebody looks
 * at them: a page of tasks with long details is mostly passed on as it is.
 */
export function withLongDetails(task: Task, text: string): Task {
  let parsed: JsonObject | undefined;
  const whole: Task = {
    ...task,
    get details() {
      parsed ??= JSON.parse(text) as JsonObject;
      return parsed;
    },
  };
  detailsTexts.set(whole, text);
  return whole;
}

/** The details of a task as JSON text. */
export function detailsText(task: Task): string {
  return detailsTexts.get(task) ?? JSON.stringify(task.details);
}

/** How long the text is that a task's long details are kept as; nothing where they are short. */
export function longDetailsLength(task: Task): number {
  return detailsTexts.get(task)?.length ?? 0;
}

/** Names one task. Every access names the project, so that no task is ever found through another's. */
export interface TaskKey {
  readonly projectId: string;
  readonly id: string;
}

/** A change of one field, as it stood before and after. */
export interface FieldChange {
  readonly from: JsonValue;
  readonly to: JsonValue;
}

/** One line of a task's history: what an accepted change changed, when, and by whom. */
export interface HistoryEntry {
  /** The task's revision after the change. */
  readonly revision: number;
  /** When the server accepted it. */
  readonly atMs: number;
  /** When it happened, as the producer tells it. */
  readonly reportedAtMs: number;
  readonly by: string;
  readonly message: string;
  /** By the API's names: `status`, `instance.name`, `labels.team`. */
  readonly changes: Readonly<Record<string, FieldChange>>;
}

/** How long a task without a lease may be silent before it counts as stale: 24 hours. */
export const silenceBeforeStaleMs = 24 * 60 * 60 * 1000;

/** When the lease of a live task ends; null where there is no lease, or nothing left to promise. */
export function leaseExpiresAtMs(task: Task): number | null {
  if (task.leaseSeconds === null || isEnded(task)) return null;
  return task.heardAtMs + task.leaseSeconds * 1000;
}

/** The last moment at which a live task that stays silent is not stale yet; null for an ended task, which never is. */
export function freshUntilMs(task: Task): number | null {
  return isEnded(task) ? null : (leaseExpiresAtMs(task) ?? task.heardAtMs + silenceBeforeStaleMs);
}

/** Whether a live task has been silent for longer than its producer promised. An ended task is never stale. */
export function isStale(task: Task, nowMs: number): boolean {
  const untilMs = freshUntilMs(task);
  return untilMs !== null && nowMs > untilMs;
}

/** Whether the task has ended. */
export function isEnded(task: Pick<Task, "status">): boolean {
  return statusMeanings[task.status].ended;
}

/**
 * What an operator may ask of the task now, in the table's order. A shard configuration task is switched by hand only
 * where its policy is manual, which is also what a task without a policy has.
 */
export function operationsOf(task: Task): readonly Operation[] {
  const allowed = statusRule(task, task.status)?.operations ?? [];
  return allowed.includes("switch") && !switchesByHand(task)
    ? allowed.filter((operation) => operation !== "switch")
    : allowed;
}

function switchesByHand(task: Task): boolean {
  const shard = task.details.shard;
  return !(isJsonObject(shard) && shard.switch_route_is_manual === false);
}

/** Whether a JSON value is an object: neither an array nor null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
