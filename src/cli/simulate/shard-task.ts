import type { JsonObject } from "../../task/task.ts";
import { type Arrival, type Planning, Script, type TaskPlan } from "./script.ts";

const minuteMs = 60_000;

/**
 * Plans a shard configuration task of DDM: data is copied to more shards, then routes are switched to them and the old
 * copies are cleaned, by a window or by hand. What goes wrong is rolled back, canceled, or retried by another task.
 */
export function planShardTask(arrival: Arrival, planning: Planning): TaskPlan {
  const script = new Script(arrival, planning);
  const { random } = script;
  const { atMs, operation } = arrival;
  const isManual = random.percent(40);
  const expandingMs = atMs + random.int(8_000, 40_000);
  const [from, to] = operation.minutes;
  const copiedMs = expandingMs + random.int(from * minuteMs, to * minuteMs);
  const somewhereMs = expandingMs + Math.floor(((copiedMs - expandingMs) * random.int(8, 92)) / 100);
  const copying = { fromMs: expandingMs, toMs: copiedMs, tellsProgress: true };

  script.create({
    progress: 0,
    details: { shard: shardDetails(script, isManual), requested_by: script.person },
    lease_seconds: leaseFor(script, copying),
  });
  script.report(expandingMs, { status: "Expanding" });

  if (random.oneIn(operation.failsOneIn)) {
    const progress = script.goOn({ ...copying, untilMs: somewhereMs });
    script.report(somewhereMs, {
      status: "Failed",
      progress,
      fail_reason: script.reasonOf(operation.reasons),
    });
    afterFailure(script, somewhereMs);
    return script.plan();
  }
  if (random.oneIn(10)) {
    script.goOn({ ...copying, untilMs: somewhereMs });
    undo(script, { status: "Canceling", atMs: somewhereMs });
    return script.plan();
  }
  script.goOn({ ...copying, untilMs: copiedMs });
  // Who waits for a person has promised nothing.
  script.report(copiedMs, { status: "ToBeSwitched", progress: 100, lease_seconds: null });

  const switchingMs = copiedMs + random.int(3 * minuteMs, (isManual ? 40 : 20) * minuteMs);
  const switchedMs = switchingMs + random.int(1 * minuteMs, 4 * minuteMs);
  const switching = { fromMs: switchingMs, toMs: switchedMs };
  script.report(switchingMs, {
    status: "Switching",
    progress: 0,
    lease_seconds: leaseFor(script, switching),
    message: isManual ? `Switched by ${script.person}.` : "Switched in its window.",
  });
  script.goOn({ ...switching, untilMs: switchedMs, tellsProgress: true });
  script.report(switchedMs, { status: "ToBeCleaned", progress: 100, lease_seconds: null });
  script.report(switchedMs + random.int(2 * minuteMs, 25 * minuteMs), {
    status: "Completed",
    message: "The source data was cleaned.",
  });
  return script.plan();
}

/** What people do about a migration that failed. */
function afterFailure(script: Script, failedMs: number): void {
  const { random, arrival } = script;
  const laterMs = failedMs + random.int(3 * minuteMs, 15 * minuteMs);
  const choice = random.int(1, 100);
  if (choice <= 45 && arrival.attempt < 3) {
    const { fate: _, ...same } = arrival;
    script.followUp({
      ...same,
      operation: { ...arrival.operation, name: "retryMigrateLogicDb" },
      atMs: laterMs,
      attempt: arrival.attempt + 1,
      parentId: script.id,
    });
  } else if (choice <= 80) {
    undo(script, { status: "Rollbacking", atMs: laterMs });
  } else if (choice <= 90) {
    undo(script, { status: "Canceling", atMs: laterMs });
  }
}

/** Takes back what was done so far, which mostly succeeds. */
function undo(
  script: Script,
  { status, atMs }: { readonly status: "Canceling" | "Rollbacking"; readonly atMs: number },
): void {
  const { random, person } = script;
  const doneMs = atMs + random.int(1 * minuteMs, 6 * minuteMs);
  const span = { fromMs: atMs, toMs: doneMs };
  const verb = status === "Canceling" ? "Canceled" : "Rolled back";
  script.report(atMs, {
    status,
    progress: 0,
    lease_seconds: leaseFor(script, span),
    message: `${verb} by ${person}.`,
  });
  script.goOn({ ...span, untilMs: doneMs, tellsProgress: true });
  if (random.oneIn(8)) {
    script.report(doneMs, {
      status: "Failed",
      fail_reason: "The target shards could not be dropped: a metadata lock is held by connection 88214.",
    });
  } else {
    const undone = status === "Canceling" ? "CancelSuccess" : "RollbackSuccess";
    script.report(doneMs, { status: undone, progress: 100 });
  }
}

function leaseFor(script: Script, span: { readonly fromMs: number; readonly toMs: number }): number {
  return script.leaseSeconds(Math.max(60, Math.ceil((3 * script.pauseMs(span)) / 1000)));
}

/** The configuration as the shard configuration calls show it. */
function shardDetails({ random, arrival }: Script, isManual: boolean): JsonObject {
  const { dataNodes } = arrival.instance;
  const nodes = dataNodes.map((node) => ({ ...node }));
  const before = random.pick([8, 16, 32]);
  const hour = random.int(1, 4);
  return {
    original_shard_num: before,
    after_shard_num: before * 2,
    original_dn_info_list: nodes.slice(0, 2),
    after_dn_info_list: nodes,
    switch_route_is_manual: isManual,
    auto_switch_begin_time: isManual ? "" : `0${hour}:00:00`,
    auto_switch_end_time: isManual ? "" : `0${hour + 1}:00:00`,
    node_id_for_migrate: random.hex(32),
    is_exclusive: random.oneIn(3),
  };
}
