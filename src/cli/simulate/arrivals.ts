import * as reasons from "./fail-reasons.ts";
import { type Fleet, type FleetInstance, nightlyOf } from "./fleet.ts";
import type { OperationModel } from "./operations.ts";
import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import type { Arrival } from "./script.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** So long before its start the fleet lives as it will live then, so that some tasks are running at the start. */
const warmUpMs = 30 * minuteMs;

/** So many nights before the start, everybody's backups met with trouble. */
const badNightAgo = 2;
/** So many nights ago one instance's backup has begun to fail, and another's to be missing. */
const failingSinceAgo = 4;
const forgottenSinceAgo = 3;

/** How busy people are in each hour of a working day, in UTC, as shares of the whole day. */
const busyness = [1, 1, 1, 1, 1, 2, 4, 7, 11, 12, 12, 10, 8, 10, 11, 10, 8, 6, 4, 3, 2, 2, 1, 1] as const;
const wholeDay = busyness.reduce((total, share) => total + share, 0);

/** How many tasks people begin with on each instance, on a working day. */
const tasksPerInstance = 6;

/** Somebody begins with something; with what and where is decided when it is known who is idle. */
export type Occasion = Arrival | { readonly atMs: number; readonly trigger: "manual" | "automation" };

/** What an instance's people may begin with. */
export interface Candidate {
  readonly instance: FleetInstance;
  readonly operations: readonly OperationModel[];
  readonly weight: number;
}

/** Who may be worked on, and how: everything that the scenario's names leave. */
export function candidatesOf(fleet: Fleet, { only }: Pick<Scenario, "only">): readonly Candidate[] {
  const weights: Readonly<Record<string, number>> = { prod: 18, staging: 9, dev: 6 };
  return fleet.instances
    .map((instance) => ({
      instance,
      operations: instance.engine.operations.filter(
        ({ name, target, nightly }) =>
          target === instance.target &&
          (only.length === 0 || only.includes(name)) &&
          // Whose backups fail, or are forgotten, has nobody who makes one by hand.
          !(nightly && (instance === fleet.failing || instance === fleet.forgotten)),
      ),
      weight: instance.target === "primary" ? (weights[instance.environment] ?? 1) : 2,
    }))
    .filter(({ operations }) => operations.length > 0);
}

/** Everything that begins by itself, in several rows, each in the order of its time and without end. */
export function occasionRows(fleet: Fleet, scenario: Scenario, key: string): readonly Iterator<Occasion>[] {
  const { startMs, historyMs } = scenario;
  const fromMs = startMs - historyMs;
  const liveFromMs = Math.max(fromMs, startMs - warmUpMs);
  return [
    nights(fleet, scenario, { key, fromMs }),
    workingDays(scenario, { key, fromMs, untilMs: liveFromMs }),
    liveOccasions(scenario, { key, fromMs: liveFromMs }),
    silences(fleet, scenario, { key }),
  ];
}

/** The backups of every night. */
function* nights(
  fleet: Fleet,
  scenario: Scenario,
  { key, fromMs }: { readonly key: string; readonly fromMs: number },
): Generator<Arrival> {
  const { only } = scenario;
  const today = Math.floor(scenario.startMs / dayMs);
  const backups = fleet.instances.flatMap((instance) => {
    const operation = instance.target === "primary" ? nightlyOf(instance.engine) : undefined;
    const isWanted = operation !== undefined && (only.length === 0 || only.includes(operation.name));
    return isWanted ? [{ instance, operation }] : [];
  });
  if (backups.length === 0) return;
  for (let day = Math.floor(fromMs / dayMs); ; day += 1) {
    const random = new Random(`${key} night ${day}`);
    const tonight = backups.map(({ instance, operation }): Arrival => {
      const atMs = day * dayMs + instance.night.minute * minuteMs + random.int(0, 40_000);
      const meetsTrouble = random.percent(40);
      const arrival = {
        atMs,
        instance,
        operation,
        trigger: "schedule",
        attempt: 1,
        parentId: null,
      } as const;
      if (instance === fleet.failing) {
        // Until it began to fail, nothing was wrong with it: so it is plain since when that is.
        const fails = {
          kind: "fails",
          reasons: [reasons.mysqlBackupBroken],
          atOnce: true,
          retriesFail: true,
        } as const;
        return { ...arrival, fate: day > today - failingSinceAgo ? fails : { kind: "completes" } };
      }
      if (day === today - badNightAgo && meetsTrouble) {
        return {
          ...arrival,
          fate: { kind: "fails", reasons: reasons.objectStorageAway, atOnce: false, retriesFail: false },
        };
      }
      return arrival;
    });
    yield* tonight
      .filter(({ atMs }) => atMs >= fromMs)
      .filter(({ instance }) => !(instance === fleet.forgotten && day > today - forgottenSinceAgo))
      .sort((a, b) => a.atMs - b.atMs);
  }
}

/** What people did in the past: by day more than by night, and little at the weekend. */
function* workingDays(
  { instances }: Scenario,
  { key, fromMs, untilMs }: { readonly key: string; readonly fromMs: number; readonly untilMs: number },
): Generator<Occasion> {
  for (let hour = Math.floor(fromMs / hourMs); hour * hourMs < untilMs; hour += 1) {
    const random = new Random(`${key} hour ${hour}`);
    // 1970-01-01 was a Thursday.
    const weekday = (Math.floor(hour / 24) + 4) % 7;
    const isWeekend = weekday === 0 || weekday === 6;
    const share = busyness[hour % 24] ?? 1;
    const expected = (instances * tasksPerInstance * share * (isWeekend ? 1 : 4)) / (wholeDay * 4);
    // What is left of whole tasks happens in as many of a hundred such hours.
    const count = Math.floor(expected * random.int(70, 130) * 0.01 + random.int(0, 99) * 0.01);
    const times = Array.from({ length: count }, () => hour * hourMs + random.int(0, hourMs - 1));
    for (const atMs of times.sort((a, b) => a - b)) {
      if (atMs >= fromMs && atMs < untilMs) yield occasion(random, atMs);
    }
  }
}

/** What people do from the start on, at the rate that was asked for, whatever the hour is. */
function* liveOccasions(
  { ratePerMinute }: Scenario,
  { key, fromMs }: { readonly key: string; readonly fromMs: number },
): Generator<Occasion> {
  const random = new Random(`${key} live`);
  const meanMs = Math.round(minuteMs / ratePerMinute);
  let atMs = fromMs;
  for (;;) {
    atMs += random.int(Math.floor(meanMs / 5), Math.ceil((meanMs * 9) / 5));
    yield occasion(random, atMs);
  }
}

/** Two whose producers have gone silent shortly before the start, so that there is always something stale to see. */
function* silences(fleet: Fleet, scenario: Scenario, { key }: { readonly key: string }): Generator<Arrival> {
  if (scenario.historyMs < warmUpMs) return;
  const random = new Random(`${key} silence`);
  const candidates = candidatesOf(fleet, scenario).flatMap(({ instance, operations }) => {
    const operation = operations.find(({ life, tellsProgress }) => life === "instant" && tellsProgress);
    return operation === undefined || instance.environment !== "prod" ? [] : [{ instance, operation }];
  });
  for (const minutesAgo of candidates.length === 0 ? [] : [24, 17]) {
    yield {
      ...random.pick(candidates),
      atMs: scenario.startMs - minutesAgo * minuteMs,
      trigger: "automation",
      attempt: 1,
      parentId: null,
      fate: { kind: "goes-silent" },
    };
  }
}

function occasion(random: Random, atMs: number): Occasion {
  return { atMs, trigger: random.percent(70) ? "manual" : "automation" };
}
