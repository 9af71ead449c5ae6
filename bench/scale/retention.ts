import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../../src/task/clock.ts";
import { shown } from "../finding.ts";
import { ask, type Load } from "../load.ts";
import { median } from "../statistics.ts";
import type { AimFinding } from "./aims.ts";
import type { FilledStore } from "./filled-store.ts";
import { type Parties, readLists } from "./reads.ts";
import type { ScaleSize } from "./sizes.ts";

/** More than any task of a store has been there for. */
export const keepEverything = ["--retention", "36500d"] as const;

/** How long it may take until the server has begun to delete: it lets whoever waited for it have their turn first. */
const longestStartMs = 60_000;
const lookMs = 20;

/** The moment before which that share of the tasks was created, about. */
function expiryOf({ population }: FilledStore, { expiringShare }: ScaleSize): number {
  const { beginMs, endMs } = population;
  return beginMs + Math.ceil(expiringShare * (endMs - beginMs));
}

/** The setting with which a server finds those tasks to delete. */
export function retentionSetting(store: FilledStore, size: ScaleSize): readonly string[] {
  return ["--retention", `${Math.floor((systemClock() - expiryOf(store, size)) / 1000)}s`];
}

/** Lists, and how many tasks were there before and after them that the retention of the deleting server does not keep. */
interface Reading {
  readonly loads: readonly Load[];
  readonly expired: { readonly before: number; readonly after: number };
  readonly tookSeconds: number;
}

/** Reads lists, as fast as it goes, on a server that deletes nothing. */
export async function readUndisturbed(parties: Parties): Promise<Reading> {
  await readLists(parties, parties.size.warmUpSeconds);
  return readRounds(parties, await countExpired(parties));
}

/** Reads lists while the server deletes, as soon as it has begun. Deletion need not come to its end meanwhile. */
export async function readDuringDeletion(parties: Parties, undisturbed: Reading): Promise<Reading> {
  await readLists(parties, parties.size.warmUpSeconds);
  const giveUpMs = performance.now() + longestStartMs;
  let left = await countExpired(parties);
  while (left === undisturbed.expired.after) {
    if (performance.now() > giveUpMs) {
      throw new Error("the server does not delete what its retention does not keep");
    }
    await pause(lookMs);
    left = await countExpired(parties);
  }
  return readRounds(parties, left);
}

/** Holds lists during deletion against those before and after it. */
export function compareReadings(undisturbed: readonly [Reading, ...Reading[]], during: Reading): AimFinding {
  const p99 = (readings: readonly Reading[]) =>
    median(readings.flatMap(({ loads }) => loads).map(({ p99Ms }) => p99Ms));
  const { expired, tookSeconds } = during;
  const all = undisturbed[0].expired.after;
  return {
    number: 14,
    value: p99([during]) / p99(undisturbed),
    from: [
      `${shown(p99([during]))} ms ÷ ${shown(p99(undisturbed))} ms`,
      `${shown(expired.before - expired.after)} of ${shown(all)} tasks deleted in ${shown(tookSeconds, 0)} s`,
    ].join("; "),
  };
}

async function readRounds(parties: Parties, before: number): Promise<Reading> {
  const loads: Load[] = [];
  const startedMs = performance.now();
  for (let round = 0; round < parties.size.readRounds; round += 1) {
    loads.push(await readLists(parties, parties.size.readSeconds));
  }
  const tookSeconds = (performance.now() - startedMs) / 1000;
  return { loads, expired: { before, after: await countExpired(parties) }, tookSeconds };
}

/** How many tasks of all projects have ended that were created before the retention's end. */
async function countExpired(parties: Parties): Promise<number> {
  const toMs = expiryOf(parties.store, parties.size);
  let sum = 0;
  for (const { id } of parties.store.population.projects) sum += await countEnded(parties, id, toMs);
  return sum;
}

/** How many of a project's tasks that were created until a time have ended. */
async function countEnded({ server, headersOf }: Parties, projectId: string, toMs: number): Promise<number> {
  const states = ["succeeded", "failed", "canceled"].map((state) => `state=${state}`).join("&");
  const path = `/v1/${projectId}/tasks?${states}&created_to=${new Date(toMs).toISOString()}&limit=1`;
  const { body } = await ask({ ...server, headers: headersOf(projectId) }, path);
  return Number(body.total);
}
