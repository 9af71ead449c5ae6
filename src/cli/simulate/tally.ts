import { statusMeanings, type TaskState, type TaskStatus } from "../../task/lifecycle.ts";
import type { PlannedTask } from "./script.ts";
import type { FleetEvent } from "./timeline.ts";

/** What last happened that people want to see: a beginning, an end, another status. */
export interface Happening {
  readonly task: PlannedTask;
  readonly status: TaskStatus;
}

/** How many tasks the fleet has so far, and where they stand. In memory are the live ones alone. */
export class Tally {
  readonly #live = new Map<string, TaskState>();
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
    // A shard configuration task that has failed may go on, to be rolled back.
    if (!("create" in line) && !this.#live.has(task.id)) this.#ended.failed -= 1;
    if (ended) {
      this.#live.delete(task.id);
      this.#ended[state] += 1;
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
