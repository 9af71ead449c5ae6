import { type Arrival, type Planning, Script, type TaskPlan } from "./script.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const flavors = [
  { flavor: "rds.x1.large.4.ha", mem: "8", cpu: "2" },
  { flavor: "rds.x1.xlarge.4.ha", mem: "16", cpu: "4" },
  { flavor: "rds.x1.2xlarge.4.ha", mem: "32", cpu: "8" },
] as const;

/** Plans a task for a maintenance window: it may have to be approved first, and waits for its time. */
export function planScheduledTask(arrival: Arrival, planning: Planning): TaskPlan {
  const script = new Script(arrival, planning);
  const { random } = script;
  const { atMs, instance, operation } = arrival;
  const { engine } = instance;

  const checkedMs = atMs + random.int(15_000, 60_000);
  const asksApproval = random.percent(35);
  const approvedMs = asksApproval ? checkedMs + random.int(2 * minuteMs, 50 * minuteMs) : checkedMs;
  const windowMs = beginOfWindow(script, approvedMs);
  const windowLengthMs = random.pick([1, 2, 4]) * hourMs;

  script.create({
    kind: "scheduled",
    status: "Initing",
    // Nothing is done to the instance yet.
    instance: { id: instance.id, name: instance.name, status: "ACTIVE" },
    planned_start_at: script.timeText(windowMs),
    planned_end_at: script.timeText(windowMs + windowLengthMs),
    priority: random.pick([5, 10, 50]),
    details: {
      datastore_type: engine.name,
      target_config: random.pick(flavors),
      volume_type: "CLOUDSSD",
      requested_by: script.person,
    },
  });
  if (asksApproval) {
    script.report(checkedMs, {
      status: "Unauthorized",
      message: `Waits for the approval of ${instance.team}.`,
    });
    if (random.oneIn(5)) {
      script.report(approvedMs, { status: "Canceled", fail_reason: `Declined by ${script.person}.` });
      return script.plan();
    }
  }
  script.report(approvedMs, { status: "Pending" });
  if (random.oneIn(14)) {
    const canceledMs = approvedMs + Math.floor(((windowMs - approvedMs) * random.int(10, 90)) / 100);
    script.report(canceledMs, { status: "Canceled", fail_reason: `Canceled by ${script.person}.` });
    return script.plan();
  }

  const [from, to] = operation.minutes;
  const endMs = windowMs + random.int(from * minuteMs, to * minuteMs);
  const failedMs = random.oneIn(operation.failsOneIn)
    ? windowMs + Math.floor(((endMs - windowMs) * random.int(8, 92)) / 100)
    : undefined;
  const pauseMs = script.pauseMs({ fromMs: windowMs, toMs: endMs });
  script.report(windowMs, {
    status: "Running",
    progress: 0,
    instance: { status: operation.instanceStatus?.[0] },
    lease_seconds: script.leaseSeconds(Math.max(60, Math.ceil((3 * pauseMs) / 1000))),
  });
  const progress = script.goOn({
    fromMs: windowMs,
    toMs: endMs,
    untilMs: failedMs ?? endMs,
    tellsProgress: true,
  });
  if (failedMs === undefined) {
    script.report(endMs, { status: "Completed", progress: 100, instance: { status: "ACTIVE" } });
  } else {
    script.report(failedMs, {
      status: "Failed",
      progress,
      fail_reason: script.reasonOf(operation.reasons),
      instance: { status: "ACTIVE" },
    });
  }
  return script.plan();
}

/** Most wait for a night, the next one or the one after; some are done as soon as they may. */
function beginOfWindow({ random }: Script, notBeforeMs: number): number {
  if (random.percent(35)) {
    const soonMs = notBeforeMs + random.int(3 * minuteMs, 14 * minuteMs);
    return Math.ceil(soonMs / minuteMs) * minuteMs;
  }
  const midnightMs = Math.ceil(notBeforeMs / dayMs) * dayMs;
  const nights = random.percent(30) ? 1 : 0;
  return midnightMs + nights * dayMs + random.pick([1, 2, 3, 4]) * hourMs;
}
