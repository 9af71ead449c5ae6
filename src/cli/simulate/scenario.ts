import { type Service, services } from "../../task/lifecycle.ts";

/** What is simulated. The same scenario is the same tasks, to the letter of everything that is reported. */
export interface Scenario {
  readonly seed: number;
  /** When the fleet begins to live; what comes before is its past. */
  readonly startMs: number;
  /** How much of a past it has; 0 for none. */
  readonly historyMs: number;
  /** How many instances live as long as the fleet; some come and go beside them. */
  readonly instances: number;
  readonly services: readonly Service[];
  /** Only operations of these names; all of them where there are none. */
  readonly only: readonly string[];
  /** How many tasks people begin in a minute of the fleet's time. */
  readonly ratePerMinute: number;
  /** How many minutes of the fleet pass in one of ours, from the start on. */
  readonly speed: number;
}

/** Text that is another one for every other scenario: whatever is left to chance follows from it. */
export function scenarioKey(scenario: Scenario): string {
  const { seed, startMs, historyMs, instances, only, ratePerMinute, speed } = scenario;
  const wanted = services.filter((service) => scenario.services.includes(service));
  const names = [...new Set(only)].sort();
  return JSON.stringify([seed, startMs, historyMs, instances, wanted, names, ratePerMinute, speed]);
}

/** The label by which the tasks of a seed are told from real ones. */
export function fleetLabel({ seed }: Pick<Scenario, "seed">): string {
  return `simulated-${seed}`;
}

/** The fleet's time, in which everything is planned, and ours, in which it is reported. */
export class FleetTime {
  readonly #startMs: number;
  readonly #speed: number;

  constructor({ startMs, speed }: Pick<Scenario, "startMs" | "speed">) {
    this.#startMs = startMs;
    this.#speed = speed;
  }

  /** When something of the fleet happens for us: what is past was as long as it was, what comes passes faster. */
  ourMs(fleetMs: number): number {
    const sinceStart = fleetMs - this.#startMs;
    return sinceStart <= 0 ? fleetMs : this.#startMs + Math.round(sinceStart / this.#speed);
  }

  /** The same as text. */
  text(fleetMs: number): string {
    return new Date(this.ourMs(fleetMs)).toISOString();
  }

  isPast(fleetMs: number): boolean {
    return fleetMs < this.#startMs;
  }

  /** The lease of a task that is created at some time and reports so often. */
  leaseSeconds(createdMs: number, fleetSeconds: number): number {
    const seconds = this.isPast(createdMs) ? fleetSeconds : Math.ceil(fleetSeconds / this.#speed);
    return Math.min(Math.max(seconds, shortestLeaseSeconds), longestLeaseSeconds);
  }
}

const shortestLeaseSeconds = 5;
const longestLeaseSeconds = 86_400;
