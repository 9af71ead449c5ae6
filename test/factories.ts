import type { NewTask } from "../src/store/store.ts";
import { createTask, type TaskCreation } from "../src/task/report.ts";
import type { HistoryEntry, Task } from "../src/task/task.ts";

/** When the factories' tasks were created, unless a test says otherwise: 2026-03-01T12:00:00Z. */
export const factoryCreatedAtMs = Date.UTC(2026, 2, 1, 12);

/** How long the factories' finished tasks took: one minute. */
const durationMs = 60_000;

/** What a test is about; the rest is filled in. */
type TaskFacts = Partial<Task>;

/** Builds valid tasks of every state: `taskFactory.failed({ failReason: "disk full" })`. */
export const taskFactory = {
  running: (facts: TaskFacts = {}): Task => task({ progressPercent: 10, ...facts }),

  completed: (facts: TaskFacts = {}): Task => ended({ status: "Completed", progressPercent: 100, ...facts }),

  failed: (facts: TaskFacts = {}): Task =>
    ended({ status: "Failed", failReason: "The disk is full.", ...facts }),

  canceled: (facts: TaskFacts = {}): Task => ended({ status: "Canceled", ...facts }),

  /** A shard configuration task of DDM that waits for its switch. */
  toBeSwitched: (facts: TaskFacts = {}): Task =>
    task({ service: "ddm", name: "migrateLogicDb", status: "ToBeSwitched", ...facts }),

  /** A scheduled task of RDS that waits for its time. */
  scheduled: (facts: TaskFacts = {}): Task =>
    task({ service: "rds", kind: "scheduled", status: "Pending", startedAtMs: null, priority: 1, ...facts }),
};

/** The creation of a task. The digest stands for the body that a producer sent. */
export function creationOf(
  created: Task,
  options: { readonly digest?: string; readonly idempotencyKey?: string } = {},
): NewTask & { readonly task: Task; readonly entry: HistoryEntry } {
  const { digest = "0".repeat(64), ...key } = options;
  const { projectId, id, createdBy, heardAtMs, createdAtMs, status } = created;
  const made = {
    task: created,
    entry: {
      revision: created.revision,
      atMs: heardAtMs,
      reportedAtMs: createdAtMs,
      by: createdBy,
      message: "",
      changes: { status: { from: null, to: status } },
    },
  };
  return {
    projectId,
    ...made,
    make: () => ({ task: created, history: [made.entry] }),
    receipt: { taskId: id, digest, acceptedAtMs: heardAtMs, createdBy },
    ...key,
  };
}

function ended(facts: TaskFacts): Task {
  const endedAtMs = (facts.createdAtMs ?? factoryCreatedAtMs) + durationMs;
  return task({ endedAtMs, updatedAtMs: endedAtMs, ...facts });
}

function task(facts: TaskFacts): Task {
  const createdAtMs = facts.createdAtMs ?? factoryCreatedAtMs;
  return {
    projectId: "0123456789abcdef0123456789abcdef",
    id: "task-1",
    service: "rds",
    kind: "instant",
    name: "RestartMysqlInstance",
    status: "Running",
    progressPercent: null,
    instance: { id: "instance-1", name: "orders", status: "ACTIVE" },
    databaseName: "",
    orderId: "",
    failReason: "",
    createdAtMs,
    startedAtMs: createdAtMs,
    updatedAtMs: createdAtMs,
    endedAtMs: null,
    plannedStartAtMs: null,
    plannedEndAtMs: null,
    priority: null,
    parentId: null,
    attempt: 1,
    leaseSeconds: null,
    onStale: "mark",
    heardAtMs: facts.updatedAtMs ?? createdAtMs,
    lostStatus: null,
    details: {},
    labels: {},
    createdBy: "producer",
    revision: 1,
    ...facts,
  };
}

/** The project of every sample. */
export const sampleProjectId = "619d3e78f61b4be68bc5aa0b59edcf7b";

/** A task for tests, made as a producer's report makes one, so that it is valid; a test says what it is about. */
export function sampleTask(facts: Partial<TaskCreation> & Pick<TaskCreation, "service">): Task {
  const createdAtMs = facts.createdAtMs ?? Date.parse("2025-05-20T08:00:00Z");
  return createTask(
    { name: "RestartInstance", instance: { id: "in-1", name: "orders" }, ...facts, createdAtMs },
    {
      projectId: sampleProjectId,
      id: facts.id ?? "task-1",
      createdBy: "producer",
      nowMs: facts.endedAtMs ?? createdAtMs,
    },
  ).task;
}
