import type { CreateTaskBody } from "../../client/index.ts";
import type { JsonObject } from "../../task/task.ts";
import { type Arrival, type Planning, Script, type TaskPlan } from "./script.ts";

const minuteMs = 60_000;

/** Whoever goes silent has promised to report often: it is noticed soon. */
const silentLeaseSeconds = 20;

/** How many attempts there are, when people try again and when the night's schedule does. */
const attempts = { manual: 2, automation: 2, schedule: 3 } as const;

/** Plans an ordinary task: it runs, and completes, fails, is canceled, or goes silent. */
export function planInstantTask(arrival: Arrival, planning: Planning): TaskPlan {
  const script = new Script(arrival, planning);
  const { random } = script;
  const { atMs: fromMs, operation, instance, fate } = arrival;
  const { tellsProgress } = operation;
  const toMs = fromMs + durationMs(script);
  const somewhere = fromMs + Math.floor(((toMs - fromMs) * random.int(8, 92)) / 100);
  const isRds = instance.engine.service === "rds";
  const instanceStatus = (status: string | undefined) =>
    isRds && status !== undefined ? { instance: { status } } : {};
  const create = (body: Partial<CreateTaskBody>) =>
    script.create({
      ...(tellsProgress ? { progress: 0 } : {}),
      lease_seconds: script.leaseSeconds(
        Math.max(60, Math.ceil((3 * script.pauseMs({ fromMs, toMs })) / 1000)),
      ),
      details: detailsOf(script),
      ...body,
    });
  const complete = (atMs: number) =>
    script.report(atMs, {
      status: "Completed",
      ...(tellsProgress ? { progress: 100 } : {}),
      ...instanceStatus(operation.instanceStatus?.[1]),
      ...(operation.nightly ? { details: resultOf(script) } : {}),
    });

  if (fate?.kind === "goes-silent" || (fate === undefined && random.oneIn(70))) {
    const leaseSeconds = script.leaseSeconds(silentLeaseSeconds);
    const failsForSilence = fate === undefined && random.oneIn(2);
    create({ lease_seconds: leaseSeconds, ...(failsForSilence ? { on_stale: "fail" } : {}) });
    // Whose silence is wanted is silent soon, so that it is seen.
    const silentMs = fate === undefined ? somewhere : Math.min(somewhere, fromMs + 8 * minuteMs);
    script.goOn({ fromMs, toMs, untilMs: silentMs, tellsProgress });
    if (failsForSilence) {
      // The server fails it by itself, but what is past it can only be told.
      const overdueMs = silentMs + leaseSeconds * 1000;
      if (script.isPast(overdueMs)) {
        script.report(overdueMs, { status: "Failed", fail_reason: `No report for ${leaseSeconds} seconds.` });
      }
    } else if (fate === undefined && random.percent(60)) {
      // It has only been cut off.
      complete(toMs + random.int(6 * minuteMs, 20 * minuteMs));
    } else {
      script.report(toMs + random.int(120 * minuteMs, 900 * minuteMs), {
        status: "Failed",
        fail_reason: `Interrupted: the agent on ${instance.host} was restarted while the task was running.`,
      });
    }
    return script.plan();
  }
  create({});
  if (fate?.kind === "fails" || (fate === undefined && random.oneIn(operation.failsOneIn))) {
    const failedMs = fate?.atOnce ? fromMs + random.int(4_000, 20_000) : somewhere;
    const progress = script.goOn({ fromMs, toMs, untilMs: failedMs, tellsProgress });
    script.report(failedMs, {
      status: "Failed",
      ...(tellsProgress && !fate?.atOnce ? { progress } : {}),
      fail_reason: script.reasonOf(fate?.kind === "fails" ? fate.reasons : operation.reasons),
      ...instanceStatus(failedInstanceStatus(operation.name)),
    });
    planRetry(script, failedMs);
  } else if (arrival.trigger === "manual" && random.oneIn(45)) {
    const progress = script.goOn({ fromMs, toMs, untilMs: somewhere, tellsProgress });
    script.report(somewhere, {
      status: "Canceled",
      ...(tellsProgress ? { progress } : {}),
      fail_reason: `Canceled by ${script.person}.`,
      ...instanceStatus("ACTIVE"),
    });
  } else {
    script.goOn({ fromMs, toMs, untilMs: toMs, tellsProgress });
    complete(toMs);
  }
  return script.plan();
}

function durationMs({ random, arrival: { operation, instance } }: Script): number {
  if (operation.nightly) return Math.floor((instance.night.seconds * random.int(850, 1150)) / 1000) * 1000;
  const [from, to] = operation.minutes;
  return random.int(from * 60_000, Math.max(to * 60_000, from * 60_000 + 30_000));
}

/** What failed is tried again: by the schedule always, by people mostly. */
function planRetry(script: Script, failedMs: number): void {
  const { arrival, random } = script;
  const { trigger, attempt, fate } = arrival;
  if (attempt >= attempts[trigger] || (trigger !== "schedule" && random.percent(35))) return;
  const { fate: _, ...same } = arrival;
  const failsAgain = fate?.kind === "fails" && (fate.retriesFail || random.percent(50));
  script.followUp({
    ...same,
    ...(failsAgain ? { fate } : {}),
    atMs: failedMs + random.int(3 * minuteMs, 12 * minuteMs),
    attempt: attempt + 1,
    parentId: script.id,
  });
}

function failedInstanceStatus(name: string): string {
  if (name.startsWith("Create")) return "CREATE FAIL";
  return /Restore|Restart/.test(name) ? "FAILED" : "ACTIVE";
}

function detailsOf(script: Script): JsonObject {
  const { arrival, random, person } = script;
  const { instance, operation, trigger } = arrival;
  const { engine } = instance;
  if (operation.nightly) {
    const day = script.timeText(arrival.atMs).slice(0, 10);
    return {
      program: "backup-agent",
      host: instance.host,
      pid: random.int(1200, 64_000),
      backup_type: trigger === "schedule" && random.percent(80) ? "incremental" : "full",
      location: `https://backups.storage.example.com/nightly/${instance.name}/${day}`,
    };
  }
  const asked = { program: "db-agent", host: instance.host, requested_by: person };
  if (engine.service !== "rds" || !operation.name.startsWith("Create")) return asked;
  return {
    ...asked,
    entities: {
      instance: {
        endpoint: `${instance.name}.db.example.com`,
        type: operation.target === "replica" ? "replica" : "ha",
        datastore: { type: engine.name, version: engine.version },
        volume: { type: "CLOUDSSD", size: random.pick([100, 200, 500, 1000]) },
      },
    },
  };
}

/** What a backup says of itself when it is done. An instance's backups differ a little from night to night. */
function resultOf({ random, arrival: { instance } }: Script): JsonObject {
  return {
    size_mb: Math.floor((instance.night.seconds * 37 * random.int(950, 1050)) / 1000),
    sha256: random.hex(64),
  };
}
