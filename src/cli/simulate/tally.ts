import { statusMeanings, statusRule, type TaskState, type TaskStatus } from "../../task/lifecycle.ts";
import type { PlannedTask } from "./script.ts";
import type { FleetEvent } from "./timeline.ts";

/** What last happened that people want to see: a beginning, an end, another status. */
export interface Happening {
  readonly task: PlannedTask;
  readonly status: TaskStatus;
}

/** How many tasks the fleet has so far, and where they stand. In memory are those alone that something may happen to. */
export class Tally {
  readonly #live = new Map<string, TaskState>();
  /** The shard configuration tasks that have failed: they may go on, to be rolled back. */
  readonly #failedShards = new Set<string>();
  readonly #ended: Record<TaskState, number> = {
    pending: 0,
    running: 0,
    succeeded: 0,
    failed: 0,
    canceled: 0,
  };
  #last: Happening | undefined;

  follow({ task, line }: FleetEvent): void {
    const status = "create" in line ? (line.create.status ?? "Running") : line.report.status;
    if (status === undefined) return;
    const { state, ended } = statusMeanings[status];
    // What is told of a task whose creation was refused tells of none.
    if (!("create" in line || this.#live.has(task.id) || this.#failedShards.has(task.id))) return;
    if (this.#failedShards.delete(task.id)) this.#ended.failed -= 1;
    if (ended) {
      this.#live.delete(task.id);
      this.#ended[state] += 1;
      if (mayGoOn(task, status)) this.#failedShards.add(task.id);
    } else {
      this.#live.set(task.id, state);
    }
    this.#last = { task, status };
  }

  get last(): Happening | undefined {
    return this.#last;
  }

  isLive(id: string): boolean {
    return this.#live.has(id);
  }

  counts(): Readonly<Record<TaskState, number>> & { readonly live: number; readonly all: number } {
    const { succeeded, failed, canceled } = this.#ended;
    const live = this.#live.size;
    const pending = [...this.#live.values()].filter((state) => state === "pending").length;
    const all = live + succeeded + failed + canceled;
    return { succeeded, failed, canceled, live, all, pending, running: live - pending };
  }
}

/** Whether an ended task is one that goes on all the same. */
function mayGoOn({ name, instance }: PlannedTask, status: TaskStatus): boolean {
  const subject = { service: instance.engine.service, kind: "instant", name } as const;
  return (statusRule(subject, status)?.mayBecome.length ?? 0) > 0;
}
