import { randomUUIDv7 } from "node:crypto";
import type { CreationReceipt, TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import { importTask, type RecordedTask } from "../task/import.ts";
import { applyReport, checkPlain, createTask } from "../task/report.ts";
import type { JsonValue, Task, TaskKey } from "../task/task.ts";
import { checkIfMatch } from "./entity-tags.ts";
import { digestOf } from "./idempotency.ts";
import { historyLine, readCreation, readReport, taskDocument } from "./task-documents.ts";
import type { CreateTaskBody, ReportTaskBody } from "./task-schemas.ts";

/** What our own API writes, in calls of their own and in the lines of a batch alike. The bodies are valid already. */
export interface TaskWriting {
  /**
   * Records a task, and answers it as it was first answered: also where the same creation comes again.
   * @throws TaskCenterError `invalid-parameter`, `task-exists`, `idempotency-key-reused`, `forbidden`.
   */
  create(
    body: CreateTaskBody,
    as: { readonly projectId: string; readonly by: string; readonly idempotencyKey?: string | undefined },
  ): Promise<Task>;
  /**
   * Applies a report, and answers the task as it stands then.
   * @throws TaskCenterError `invalid-parameter`, `task-not-found`, `transition-refused`, `revision-mismatch`.
   */
  report(
    body: ReportTaskBody,
    on: TaskKey & { readonly by: string; readonly ifMatch?: string | undefined },
  ): Promise<Task>;
  /**
   * Records a task exactly as it stood in another store. Answers whether it is new here; it is not where it was
   * imported before, or stands here just so.
   * @throws TaskCenterError `invalid-parameter`, `task-exists`, `forbidden`.
   */
  importRecorded(recorded: RecordedTask, into: { readonly projectId: string }): Promise<boolean>;
}

export function taskWriting(deps: {
  readonly tasks: TaskStore;
  readonly clock: Clock;
  readonly retentionMs: number;
}): TaskWriting {
  const { tasks, clock, retentionMs } = deps;
  return {
    async create(body, { projectId, by, idempotencyKey }) {
      const creation = readCreation(body);
      const answerTo = (accepted: Omit<CreationReceipt, "digest">, limits?: { retentionMs: number }) =>
        createTask(creation, {
          ...limits,
          projectId,
          id: accepted.taskId,
          createdBy: accepted.createdBy,
          nowMs: accepted.acceptedAtMs,
        });
      const accepted = {
        taskId: creation.id ?? randomUUIDv7(),
        acceptedAtMs: clock(),
        createdBy: by,
      };
      // What is acceptable is known to nest no deeper than it may, which the digest relies on.
      checkPlain(creation.details ?? {});
      const digest = digestOf(body as JsonValue);
      const standing = await tasks.createTask({
        projectId,
        make: () => {
          const { task, entry } = answerTo(accepted, { retentionMs });
          return { task, history: [entry] };
        },
        receipt: { ...accepted, digest },
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      if (standing.receipt.digest !== digest) {
        throw standing.foundBy === "key"
          ? new TaskCenterError("idempotency-key-reused", "The Idempotency-Key was used with another body.")
          : new TaskCenterError(
              "task-exists",
              "A task with this id exists, and was created with another body.",
            );
      }
      return answerTo(standing.receipt).task;
    },

    async report(body, { projectId, id, by, ifMatch }) {
      const report = readReport(body);
      return tasks.changeTask({ projectId, id }, (current) => {
        checkIfMatch(ifMatch, current);
        return applyReport(current, report, { by, nowMs: clock() });
      });
    },

    async importRecorded(recorded, { projectId }) {
      const nowMs = clock();
      const { task, history } = importTask(recorded, { projectId, nowMs, keptFromMs: nowMs - retentionMs });
      const digest = digestOf({
        import: standingOf(task),
        history: history.map(historyLine) as JsonValue,
      });
      const standing = await tasks.createTask({
        projectId,
        make: () => ({ task, history }),
        receipt: { taskId: task.id, digest, acceptedAtMs: nowMs, createdBy: task.createdBy },
      });
      if (standing.foundBy === "new") return true;
      if (standing.receipt.digest !== digest) {
        const known = await tasks.getTask(task);
        if (known === undefined || digestOf(standingOf(known)) !== digestOf(standingOf(task))) {
          throw new TaskCenterError("task-exists", "A task with this id exists, and is another one.");
        }
      }
      return false;
    },
  };
}

/** What an import tells of a task: all of its document but what depends on its lease and on the time. */
function standingOf(task: Task): JsonValue {
  return taskDocument({ ...task, leaseSeconds: null }, task.heardAtMs) as JsonValue;
}
