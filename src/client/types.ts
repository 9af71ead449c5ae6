import type { Operation, Service, TaskKind, TaskState, TaskStatus } from "../task/lifecycle.ts";
import type { FieldChange, JsonObject, OnStale } from "../task/task.ts";

/**
 * The JSON of the API under `/v1/{project_id}`, name by name. Times are RFC 3339 text: in any zone on their way in,
 * in UTC with milliseconds on their way out. An undefined member is one that is not sent.
 */

/** One task, as every call answers it. */
export interface TaskDocument {
  readonly id: string;
  readonly project_id: string;
  readonly service: Service;
  readonly kind: TaskKind;
  readonly name: string;
  /** The service's own word for where the task stands. */
  readonly status: TaskStatus;
  /** What that word means over all services. */
  readonly state: TaskState;
  /** 0 to 100; null where the producer gave no number. */
  readonly progress: number | null;
  readonly instance: { readonly id: string; readonly name: string; readonly status: string };
  readonly database_name: string;
  readonly order_id: string;
  readonly fail_reason: string;
  /** What an operator may ask of the task now. */
  readonly operations: readonly Operation[];
  readonly created_at: string;
  readonly started_at: string | null;
  readonly updated_at: string;
  /** Set exactly while the task is ended. */
  readonly ended_at: string | null;
  readonly planned_start_at: string | null;
  readonly planned_end_at: string | null;
  readonly priority: number | null;
  readonly parent_id: string | null;
  readonly attempt: number;
  /** The producer has been silent for longer than it promised. */
  readonly stale: boolean;
  readonly lease_expires_at: string | null;
  readonly details: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly created_by: string;
  /** 1 after creation, one more with every accepted change. */
  readonly revision: number;
}

/** What a producer says when it creates a task. What it leaves out gets the API's defaults. */
export interface CreateTaskBody {
  readonly service: Service;
  readonly name: string;
  readonly instance: {
    readonly id: string;
    readonly name?: string | undefined;
    readonly status?: string | undefined;
  };
  /** 1 to 64 of `A-Z a-z 0-9 - _`, unique in the project; the server makes one where it is left out. */
  readonly id?: string | undefined;
  readonly kind?: TaskKind | undefined;
  readonly status?: TaskStatus | undefined;
  readonly progress?: number | null | undefined;
  readonly database_name?: string | undefined;
  readonly order_id?: string | undefined;
  readonly fail_reason?: string | undefined;
  readonly created_at?: string | undefined;
  readonly started_at?: string | null | undefined;
  readonly ended_at?: string | undefined;
  readonly planned_start_at?: string | null | undefined;
  readonly planned_end_at?: string | null | undefined;
  readonly priority?: number | null | undefined;
  readonly parent_id?: string | null | undefined;
  readonly attempt?: number | undefined;
  readonly lease_seconds?: number | null | undefined;
  readonly on_stale?: OnStale | undefined;
  readonly details?: JsonObject | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What a producer says of a task that exists: only what it names changes. An empty report is a heartbeat. */
export interface ReportTaskBody {
  readonly status?: TaskStatus | undefined;
  readonly progress?: number | null | undefined;
  readonly fail_reason?: string | undefined;
  readonly instance?:
    | {
        readonly id?: string | undefined;
        readonly name?: string | undefined;
        readonly status?: string | undefined;
      }
    | undefined;
  readonly started_at?: string | null | undefined;
  readonly ended_at?: string | undefined;
  readonly planned_start_at?: string | null | undefined;
  readonly planned_end_at?: string | null | undefined;
  readonly lease_seconds?: number | null | undefined;
  readonly on_stale?: OnStale | undefined;
  /** Merged into the task's details as RFC 7396 says: null removes a key. */
  readonly details?: JsonObject | undefined;
  /** Merged into the task's labels: null removes a label. */
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  /** A line for the history. */
  readonly message?: string | undefined;
  /** When it happened, if not now. */
  readonly reported_at?: string | undefined;
}

/**
 * Which tasks are meant: every condition given must hold. A list means any of its values, at most 100; an empty list is
 * a condition not given.
 */
export interface TaskFilter {
  readonly service?: readonly Service[] | undefined;
  readonly kind?: readonly TaskKind[] | undefined;
  readonly state?: readonly TaskState[] | undefined;
  readonly status?: readonly TaskStatus[] | undefined;
  readonly name?: readonly string[] | undefined;
  readonly instance_id?: readonly string[] | undefined;
  readonly instance_name?: readonly string[] | undefined;
  readonly database_name?: readonly string[] | undefined;
  readonly order_id?: readonly string[] | undefined;
  /** Of which tasks they are children. */
  readonly parent_id?: readonly string[] | undefined;
  /** By the label's key. Sent as `label.KEY`. */
  readonly label?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Parts of the id, the names, the instance or the fail reason. */
  readonly q?: readonly string[] | undefined;
  readonly stale?: boolean | undefined;
  /** Created at this time or later. */
  readonly created_from?: string | undefined;
  /** Created at this time or earlier. */
  readonly created_to?: string | undefined;
}

/** Which page of which tasks is asked for. */
export interface ListTasksQuery extends TaskFilter {
  /** Newest first unless given. */
  readonly sort?: "-created_at" | "created_at" | undefined;
  /** 1 to 500; 50 unless given. */
  readonly limit?: number | undefined;
  /** How many tasks to pass over; 0 unless given. */
  readonly offset?: number | undefined;
  /** The `next_cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** A page of tasks. An offset past the end has none, and the true total. */
export interface TaskListDocument {
  readonly tasks: readonly TaskDocument[];
  /** How many tasks the whole filter matches, exactly. */
  readonly total: number;
  /** Asks for the page that follows; null on the last one. */
  readonly next_cursor: string | null;
}

/** Which tasks are counted, and by what. */
export interface CountTasksQuery extends TaskFilter {
  /** Which properties tell two groups apart. */
  readonly group_by?: readonly ("state" | "status" | "service" | "name" | "instance_id")[] | undefined;
  /** The length of the buckets of creation times, in UTC. */
  readonly bucket?: "1m" | "5m" | "15m" | "1h" | "6h" | "1d" | undefined;
}

/** How many tasks have the same properties. There is a member for each that was asked for. */
export interface TaskGroupDocument {
  readonly state?: TaskState;
  readonly status?: TaskStatus;
  readonly service?: Service;
  readonly name?: string;
  readonly instance_id?: string;
  /** When the bucket of creation times begins. */
  readonly bucket?: string;
  readonly count: number;
}

export interface TaskCountsDocument {
  readonly groups: readonly TaskGroupDocument[];
  readonly total: number;
}

/** Which part of a task's history is asked for, oldest first. */
export interface ListHistoryQuery {
  /** 1 to 500; 50 unless given. */
  readonly limit?: number | undefined;
  /** The `next_cursor` of the part before. */
  readonly cursor?: string | undefined;
}

/** What one accepted change changed, when, and by whom. */
export interface HistoryEntryDocument {
  /** The task's revision after the change. */
  readonly revision: number;
  /** When the server accepted it. */
  readonly at: string;
  /** When it happened, as its producer tells it. */
  readonly reported_at: string;
  readonly by: string;
  readonly message: string;
  /** By the names that the task itself uses: `status`, `instance.name`, `labels.team`. */
  readonly changes: Readonly<Record<string, FieldChange>>;
}

export interface HistoryDocument {
  readonly history: readonly HistoryEntryDocument[];
  /** Asks for the part that follows; null at the end. */
  readonly next_cursor: string | null;
}

/** A task with its whole history, as it is exported and imported. */
export interface ExportedTask {
  readonly task: TaskDocument;
  /** Oldest first. */
  readonly history: readonly HistoryEntryDocument[];
}

/** One thing to do among many. To import takes the role admin. */
export type BatchLine =
  | { readonly create: CreateTaskBody }
  | { readonly report: ReportTaskBody & { readonly id: string } }
  | { readonly import: ExportedTask };
