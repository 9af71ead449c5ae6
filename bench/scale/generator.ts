import { lifecycleOf, type Service, services } from "../../src/task/lifecycle.ts";
import type { TaskCreation } from "../../src/task/report.ts";
import { arrivalsOf } from "./arrivals.ts";
import type { Population, ProjectPlan } from "./population.ts";
import { below, hexDigits, powerLaw, type Random, seededRandom, weightedPick } from "./random.ts";
import { databaseNames, failReasons, scheduledName, taskNames, teams } from "./vocabulary.ts";

/** A task as its producer told of it: all at once, when it had ended, or while it still ran. */
export interface GeneratedTask {
  readonly projectId: string;
  readonly id: string;
  /** When it was told. */
  readonly acceptedAtMs: number;
  readonly creation: TaskCreation;
}

/** Parts of the whole, out of 1. */
const burstOfOneProject = 0.5;
const serviceShares = { ddm: 0.3, rds: 0.5, geminidb: 0.2 } as const satisfies Record<Service, number>;
const scheduledShare = 0.01;
const abandonedShare = 0.0005;
const failedShare = 0.045;
const canceledShare = 0.02;
const orderedShare = 0.02;
const labeledShare = 0.05;

/** The most frequent names and instances stand out, as they do everywhere. */
const nameSteepness = 1.1;
const instanceSteepness = 0.6;

const shortestMs = 5000;
/** The longest time is the shortest one's multiple by so many powers of ten: some fourteen hours. Half take two minutes. */
const longestMagnitude = 4;

const pickService = weightedPick(services, (service) => serviceShares[service]);
const pickName = {
  ddm: weightedPick(taskNames.ddm, powerLaw(nameSteepness)),
  rds: weightedPick(taskNames.rds, powerLaw(nameSteepness)),
  geminidb: weightedPick(taskNames.geminidb, powerLaw(nameSteepness)),
} as const satisfies Record<Service, (random: Random) => string>;

/** All tasks of a population, by creation time: the same ones for the same seed. */
export function* generateTasks(population: Population, seed: number): Generator<GeneratedTask> {
  const random = seededRandom(seed);
  const pickProject = weightedPick(population.projects, ({ share }) => share);
  for (const { timesMs, burst } of arrivalsOf(population, random)) {
    const only = burst && random() < burstOfOneProject ? pickProject(random) : undefined;
    for (const createdAtMs of timesMs) {
      yield generateTask(
        { project: only ?? pickProject(random), createdAtMs, nowMs: population.endMs },
        random,
      );
    }
  }
}

/** One more task of a project, as it stands at `nowMs`. */
export function generateTask(
  place: { readonly project: ProjectPlan; readonly createdAtMs: number; readonly nowMs: number },
  random: Random,
): GeneratedTask {
  const { project, createdAtMs, nowMs } = place;
  const service = pickService(random);
  const scheduled = service === "rds" && random() < scheduledShare;
  const name = scheduled ? scheduledName : pickName[service](random);
  const tookMs = Math.floor(shortestMs * 10 ** (random() ** 1.5 * longestMagnitude));
  const endedAtMs = createdAtMs + tookMs;
  const running = endedAtMs > nowMs || random() < abandonedShare;
  // Each instance is one service's, and of those the first do the most.
  const instances = Math.max(1, Math.round(project.instances * serviceShares[service]));
  const instance = Math.floor(random() ** (1 / (1 - instanceSteepness)) * instances);
  return {
    projectId: project.id,
    id: timeOrderedId(createdAtMs, random),
    acceptedAtMs: running ? createdAtMs : endedAtMs,
    creation: {
      service,
      name,
      instance: {
        id: `${instance.toString(16).padStart(24, "0")}${project.id.slice(0, 8)}in${instanceSuffix[service]}`,
        name: `${service}-${instance}`,
        status: "ACTIVE",
      },
      databaseName: databaseNames[below(databaseNames.length, random)] ?? "",
      createdAtMs,
      ...(scheduled ? { kind: "scheduled", startedAtMs: createdAtMs } : {}),
      ...(running
        ? { status: "Running", progressPercent: below(100, random) }
        : { ...ending(service, name, random), endedAtMs }),
      ...(random() < orderedShare ? { orderId: `CS${hexDigits(14, random).toUpperCase()}` } : {}),
      ...(random() < labeledShare ? { labels: { team: teams[below(teams.length, random)] ?? "" } } : {}),
    },
  };
}

const instanceSuffix = { ddm: "09", rds: "01", geminidb: "06" } as const satisfies Record<Service, string>;

/** How a task has ended: most of them well. DDM's shard configuration tasks have words of their own for it. */
function ending(
  service: Service,
  name: string,
  random: Random,
): Pick<TaskCreation, "status" | "progressPercent" | "failReason"> {
  const chance = random();
  if (chance < failedShare) {
    return {
      status: "Failed",
      progressPercent: below(100, random),
      failReason: failReasons[below(failReasons.length, random)] ?? "",
    };
  }
  if (chance < failedShare + canceledShare) {
    const shard = lifecycleOf({ service, kind: "instant", name }) === "shard";
    return { status: shard ? "CancelSuccess" : "Canceled" };
  }
  return { status: "Completed", progressPercent: 100 };
}

/** A UUID of version 7: its first 48 bits are the time, the others are random. */
function timeOrderedId(timeMs: number, random: Random): string {
  const time = timeMs.toString(16).padStart(12, "0");
  const rest = hexDigits(18, random);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6)}`;
}
