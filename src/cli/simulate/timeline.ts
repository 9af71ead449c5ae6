import { Agenda } from "./agenda.ts";
import { type Candidate, candidatesOf, type Occasion, occasionRows } from "./arrivals.ts";
import type { Fleet } from "./fleet.ts";
import { planInstantTask } from "./instant-task.ts";
import { Random } from "./random.ts";
import { FleetTime, fleetLabel, type Scenario, scenarioKey } from "./scenario.ts";
import { planScheduledTask } from "./scheduled-task.ts";
import type { Arrival, PlannedLine, PlannedTask, Planning, TaskPlan } from "./script.ts";
import { planShardTask } from "./shard-task.ts";

/** Something that is told to the server, and when. */
export interface FleetEvent {
  /** In our time. */
  readonly atMs: number;
  readonly task: PlannedTask;
  readonly line: PlannedLine["line"];
}

/** How often somebody looks for an instance on which nothing is being done, before any is taken. */
const looksForIdle = 8;

type Item =
  | { readonly row: Iterator<Occasion>; readonly occasion: Occasion }
  | { readonly followUp: Arrival }
  | { readonly task: PlannedTask; readonly line: PlannedLine };

const planners = {
  instant: planInstantTask,
  shard: planShardTask,
  scheduled: planScheduledTask,
} as const satisfies Record<string, (arrival: Arrival, planning: Planning) => TaskPlan>;

/**
 * Everything that happens to a fleet, in the order of its time, without end. It depends on the scenario alone: neither on
 * the clock nor on what became of anything that was told.
 */
export function* timeline(fleet: Fleet, scenario: Scenario): Generator<FleetEvent, void, undefined> {
  const key = scenarioKey(scenario);
  const time = new FleetTime(scenario);
  const candidates = candidatesOf(fleet, scenario);
  const choice = new Random(`${key} choice`);
  /** Until when each instance is worked on. */
  const busyUntilMs = new Map<string, number>();
  const agenda = new Agenda<Item>();
  let planned = 0;

  function addNext(row: Iterator<Occasion>): void {
    const { done, value } = row.next();
    if (done !== true) agenda.add(value.atMs, { row, occasion: value });
  }
  function arrivalFor(occasion: Occasion): Arrival | undefined {
    if ("operation" in occasion) return occasion;
    if (candidates.length === 0) return undefined;
    const { instance, operations } = pickIdle(occasion.atMs);
    return { ...occasion, instance, operation: choice.pickByWeight(operations), attempt: 1, parentId: null };
  }
  function pickIdle(atMs: number): Candidate {
    let picked = choice.pickByWeight(candidates);
    for (let look = 0; look < looksForIdle; look += 1) {
      if ((busyUntilMs.get(picked.instance.id) ?? 0) <= atMs) break;
      picked = choice.pickByWeight(candidates);
    }
    return picked;
  }
  function plan(arrival: Arrival): void {
    const { task, lines, followUps } = planners[arrival.operation.life](arrival, {
      key: `${key} task ${planned}`,
      time,
      fleetLabel: fleetLabel(scenario),
    });
    planned += 1;
    for (const line of lines) agenda.add(line.atMs, { task, line });
    for (const followUp of followUps) agenda.add(followUp.atMs, { followUp });
    // A task for a maintenance window keeps nobody from working until then.
    if (arrival.operation.life !== "scheduled") {
      busyUntilMs.set(task.instance.id, lines.at(-1)?.atMs ?? arrival.atMs);
    }
  }

  for (const row of occasionRows(fleet, scenario, key)) addNext(row);
  for (let item = agenda.take(); item !== undefined; item = agenda.take()) {
    if ("line" in item) {
      yield { atMs: time.ourMs(item.line.atMs), task: item.task, line: item.line.line };
    } else if ("followUp" in item) {
      plan(item.followUp);
    } else {
      const arrival = arrivalFor(item.occasion);
      if (arrival !== undefined) plan(arrival);
      addNext(item.row);
    }
  }
}
