import assert from "node:assert/strict";
import test from "node:test";
import { sampleTask } from "../../test/factories.ts";
import { lifecycles, type TaskStatus } from "../task/lifecycle.ts";
import type { Task } from "../task/task.ts";
import { shownEndMs, shownFailReason, shownProgress, shownStatus, statusesByWord } from "./vocabulary.ts";

const base = sampleTask({ service: "rds" });

test("a canceled task is shown as failed, every other status as it is", () => {
  const shown = Object.fromEntries(
    Object.keys({ ...lifecycles.instant, ...lifecycles.shard }).map((status) => [
      status,
      shownStatus({ ...base, status: status as TaskStatus }),
    ]),
  );
  assert.deepEqual(shown, {
    Running: "Running",
    Completed: "Completed",
    Failed: "Failed",
    Canceled: "Failed",
    Expanding: "Expanding",
    ToBeSwitched: "ToBeSwitched",
    Switching: "Switching",
    ToBeCleaned: "ToBeCleaned",
    Canceling: "Canceling",
    Rollbacking: "Rollbacking",
    CancelSuccess: "CancelSuccess",
    RollbackSuccess: "RollbackSuccess",
  });
});

test("a status filter finds exactly the instant tasks that are shown with its word", () => {
  for (const [word, statuses] of Object.entries(statusesByWord)) {
    const shownSo = Object.keys(lifecycles.instant).filter(
      (status) => shownStatus({ ...base, status: status as TaskStatus }) === word,
    );
    assert.deepEqual([...statuses], shownSo);
  }
});

test("the fail reason of a canceled task begins with Canceled", () => {
  const shown = (status: TaskStatus, failReason: string) => shownFailReason({ ...base, status, failReason });
  assert.equal(shown("Canceled", "by the operator"), "Canceled: by the operator");
  assert.equal(shown("Canceled", ""), "Canceled");
  assert.equal(shown("Canceled", "Canceled by the operator"), "Canceled by the operator");
  assert.equal(shown("Canceled", "canceled"), "Canceled: canceled");
  assert.equal(shown("Failed", "disk full"), "disk full");
  assert.equal(shown("Failed", ""), "");
  assert.equal(shown("CancelSuccess", "disk full"), "disk full");
});

test("progress is whole percent, cut, with the service's unit", () => {
  const shown = (progressPercent: number | null) => shownProgress({ ...base, progressPercent }, "%");
  assert.equal(shown(0), "0%");
  assert.equal(shown(0.999), "0%");
  assert.equal(shown(60), "60%");
  assert.equal(shown(99.999), "99%");
  assert.equal(shown(100), "100%");
  assert.equal(shown(null), "0%");
  assert.equal(shownProgress({ ...base, progressPercent: 60.5 }, ""), "60");
});

test("progress is shown exactly while a task is being executed", () => {
  const executed: readonly TaskStatus[] = ["Running", "Expanding", "Switching", "Canceling", "Rollbacking"];
  for (const status of Object.keys({ ...lifecycles.instant, ...lifecycles.shard }) as TaskStatus[]) {
    const shown = shownProgress({ ...base, status, progressPercent: 50 }, "%");
    assert.equal(shown, executed.includes(status) ? "50%" : "", status);
  }
});

test("the end of a task is the real one, else the planned one, else its last change", () => {
  const times = (facts: Pick<Task, "endedAtMs" | "plannedEndAtMs">) =>
    shownEndMs({ ...base, updatedAtMs: 1, ...facts });
  assert.equal(times({ endedAtMs: 3, plannedEndAtMs: 2 }), 3);
  assert.equal(times({ endedAtMs: null, plannedEndAtMs: 2 }), 2);
  assert.equal(times({ endedAtMs: null, plannedEndAtMs: null }), 1);
  assert.equal(times({ endedAtMs: 0, plannedEndAtMs: 2 }), 0);
});
