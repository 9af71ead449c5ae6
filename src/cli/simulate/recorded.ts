import type { Fleet } from "./fleet.ts";
import type { TaskClient } from "./runner.ts";
import type { Scenario } from "./scenario.ts";
import type { FleetEvent } from "./timeline.ts";

/** A filter takes at most so many values. */
const idsAtOnce = 100;

/** What a server has of a fleet already. */
export interface Recorded {
  /**
   * Whether an event is to be told: it is new; or the server knows it already; or it is none of what is recorded, since
   * its time was filled by an earlier simulation.
   */
  standingOf(event: FleetEvent): "new" | "known" | "left-out";
}

/**
 * Asks what the server has of the fleet. A simulation that is started again goes on where it was; another one of the same
 * fleet fills the time since the last, rather than the same nights twice.
 */
export async function readRecorded(
  client: TaskClient,
  fleet: Fleet,
  { scenario, signal }: { readonly scenario: Scenario; readonly signal: AbortSignal },
): Promise<Recorded> {
  const created_from = new Date(scenario.startMs - scenario.historyMs).toISOString();
  const updatedMs = new Map<string, number>();
  const newestMs = new Map<string, number>();
  for (const instance_id of idGroups(fleet)) {
    for await (const task of client.eachTask({ instance_id, created_from }, { signal })) {
      updatedMs.set(task.id, Date.parse(task.updated_at));
      const createdMs = Date.parse(task.created_at);
      newestMs.set(task.service, Math.max(newestMs.get(task.service) ?? 0, createdMs));
    }
  }
  return {
    standingOf({ atMs, task }) {
      const known = updatedMs.get(task.id);
      if (known !== undefined) return atMs <= known ? "known" : "new";
      const newest = newestMs.get(task.instance.engine.service) ?? Number.NEGATIVE_INFINITY;
      return task.createdMs < scenario.startMs && task.createdMs <= newest ? "left-out" : "new";
    },
  };
}

/** The ids of all instances of a fleet, as many at a time as one question may name. */
export function* idGroups({ instances }: Fleet): Generator<readonly string[]> {
  for (let from = 0; from < instances.length; from += idsAtOnce) {
    yield instances.slice(from, from + idsAtOnce).map(({ id }) => id);
  }
}
