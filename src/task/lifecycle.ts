/**
 * Every status word, what it means, what may follow it and what an operator may do: one total table. Nothing else in
 * the code knows a status. The words are the services' own; DDM's shard configuration statuses come from the pages
 * "Querying Tasks" and "Shard configuration" of its manual, the scheduled ones from RDS's "Querying Scheduled Tasks".
 */

export const services = ["ddm", "rds", "geminidb"] as const;
/** The cloud service whose instance a task works on. */
export type Service = (typeof services)[number];

export const taskKinds = ["instant", "scheduled"] as const;
/** Whether a task runs at once, or waits for its planned time (RDS only). */
export type TaskKind = (typeof taskKinds)[number];

export const taskStates = ["pending", "running", "succeeded", "failed", "canceled"] as const;
/** What a status means over all services. */
export type TaskState = (typeof taskStates)[number];

export const taskStatuses = [
  "Initing",
  "Unauthorized",
  "Pending",
  "Running",
  "Expanding",
  "ToBeSwitched",
  "Switching",
  "ToBeCleaned",
  "Canceling",
  "Rollbacking",
  "Completed",
  "CancelSuccess",
  "RollbackSuccess",
  "Failed",
  "Canceled",
] as const;
/** A service's own word for where a task stands. */
export type TaskStatus = (typeof taskStatuses)[number];

export const operations = [
  "cancel",
  "retry",
  "rollback",
  "switch",
  "modify_switching_strategy",
  "clean",
  "approve",
] as const;
/** What an operator may ask of a task. */
export type Operation = (typeof operations)[number];

/** One row of the table. */
export interface StatusRule {
  readonly state: TaskState;
  /** The task is being executed: progress is shown. */
  readonly executed: boolean;
  /** The task has ended: `endedAtMs` is set. */
  readonly ended: boolean;
  readonly mayBecome: readonly TaskStatus[];
  readonly operations: readonly Operation[];
}

const live = { state: "running", executed: true, ended: false } as const;
const waiting = { state: "running", executed: false, ended: false } as const;
const pending = { state: "pending", executed: false, ended: false } as const;
const final = { executed: false, ended: true, mayBecome: [], operations: [] } as const;

const succeeded = { state: "succeeded", ...final } as const;
const failed = { state: "failed", ...final } as const;
const canceled = { state: "canceled", ...final } as const;

const runningInstant = {
  ...live,
  mayBecome: ["Completed", "Failed", "Canceled"],
  operations: ["cancel"],
} as const;

/** The life of a task, by the kind of task it is. A status that a kind does not list is none of its words. */
export const lifecycles = {
  instant: {
    Running: runningInstant,
    Completed: succeeded,
    Failed: failed,
    Canceled: canceled,
  },
  shard: {
    Running: {
      ...live,
      mayBecome: ["Expanding", "ToBeSwitched", "Completed", "Failed", "Canceling"],
      operations: ["cancel"],
    },
    Expanding: {
      ...live,
      mayBecome: ["Running", "ToBeSwitched", "Completed", "Failed", "Canceling"],
      operations: ["cancel"],
    },
    ToBeSwitched: {
      ...waiting,
      mayBecome: ["Switching", "Canceling", "Failed"],
      operations: ["cancel", "modify_switching_strategy", "switch"],
    },
    Switching: { ...live, mayBecome: ["ToBeCleaned", "Completed", "Failed"], operations: [] },
    ToBeCleaned: { ...waiting, mayBecome: ["Completed", "Failed"], operations: ["clean"] },
    Canceling: { ...live, mayBecome: ["CancelSuccess", "Failed"], operations: [] },
    Rollbacking: { ...live, mayBecome: ["RollbackSuccess", "Failed"], operations: [] },
    Completed: succeeded,
    CancelSuccess: canceled,
    RollbackSuccess: canceled,
    Failed: {
      ...failed,
      mayBecome: ["Canceling", "Rollbacking"],
      operations: ["cancel", "retry", "rollback"],
    },
  },
  scheduled: {
    Initing: {
      ...pending,
      mayBecome: ["Pending", "Unauthorized", "Failed", "Canceled"],
      operations: ["cancel"],
    },
    Unauthorized: { ...pending, mayBecome: ["Pending", "Canceled"], operations: ["cancel", "approve"] },
    Pending: { ...pending, mayBecome: ["Running", "Failed", "Canceled"], operations: ["cancel"] },
    Running: runningInstant,
    Completed: succeeded,
    Failed: failed,
    Canceled: canceled,
  },
} as const satisfies Record<string, Partial<Record<TaskStatus, StatusRule>>>;

/** The name of a life: ordinary, shard configuration, or scheduled. */
export type LifecycleName = keyof typeof lifecycles;

/** What decides which life a task has. None of it ever changes. */
export interface LifecycleSubject {
  readonly service: Service;
  readonly kind: TaskKind;
  readonly name: string;
}

const shardConfigurationNames: ReadonlySet<string> = new Set(["migrateLogicDb", "retryMigrateLogicDb"]);

/** Which life a task has. */
export function lifecycleOf(subject: LifecycleSubject): LifecycleName {
  if (subject.kind === "scheduled") return "scheduled";
  return subject.service === "ddm" && shardConfigurationNames.has(subject.name) ? "shard" : "instant";
}

/** The table's row for a status in a task's life; undefined where that life has no such word. */
export function statusRule(subject: LifecycleSubject, status: TaskStatus): StatusRule | undefined {
  const table: Partial<Record<TaskStatus, StatusRule>> = lifecycles[lifecycleOf(subject)];
  return table[status];
}

/** The status words of a task's life, in the table's order: for messages that name what is accepted. */
export function statusesOf(subject: LifecycleSubject): readonly TaskStatus[] {
  const table: Partial<Record<TaskStatus, StatusRule>> = lifecycles[lifecycleOf(subject)];
  return taskStatuses.filter((status) => table[status] !== undefined);
}

/** What every life says alike of a word (a test holds that): its state, and whether the task is executed or ended. */
export type StatusMeaning = Pick<StatusRule, "state" | "executed" | "ended">;

/** The meaning of every status word, read from the table once. */
export const statusMeanings: Readonly<Record<TaskStatus, StatusMeaning>> = meaningsByStatus();

function meaningsByStatus(): Record<TaskStatus, StatusMeaning> {
  const meanings: Partial<Record<TaskStatus, StatusMeaning>> = {};
  for (const lifecycle of Object.values(lifecycles)) {
    const rows: Partial<Record<TaskStatus, StatusRule>> = lifecycle;
    for (const status of taskStatuses) {
      const rule = rows[status];
      if (rule !== undefined) meanings[status] = rule;
    }
  }
  return meanings as Record<TaskStatus, StatusMeaning>;
}

/** Every status word that means one of these states. */
export function statusesMeaning(states: readonly TaskState[]): readonly TaskStatus[] {
  return taskStatuses.filter((status) => states.includes(statusMeanings[status].state));
}
