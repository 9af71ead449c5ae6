import { join } from "node:path";
import { systemClock } from "../../src/task/clock.ts";
import { shown } from "../finding.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { type AimFinding, tellAim } from "./aims.ts";
import { apart } from "./apart.ts";
import type { AnsweredTotal } from "./brute-force.ts";
import type { FilledStore } from "./filled-store.ts";
import { measureIngest } from "./ingest.ts";
import { copyStore, keepStore } from "./kept-store.ts";
import { measureInstalledPeers, type PeerFindings } from "./peers-beside.ts";
import { type Random, seededRandom } from "./random.ts";
import { answerTotals, measureDeepReads, measureReads, type Parties } from "./reads.ts";
import {
  compareReadings,
  keepEverything,
  readDuringDeletion,
  readUndisturbed,
  retentionSetting,
} from "./retention.ts";
import { serve } from "./served-store.ts";
import type { ScaleSize } from "./sizes.ts";
import { measureCosts, measureDeepPages } from "./totals.ts";
import { measureCreates, measureReports } from "./writes.ts";

/** What the full run has found. */
export interface ScaleFindings {
  readonly aims: readonly AimFinding[];
  readonly peers: PeerFindings;
}

/** What a run needs to know beside its size. */
export interface ScaleRun {
  readonly size: ScaleSize;
  /** Where stores and peers are kept from run to run. */
  readonly cache: string;
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
}

/** Of the questions. Stores have one of their own. */
const seed = 15;

/**
 * Measures every line of the table of aims on a copy of the kept store, and the peers in turns with it: first what only
 * reads, then what writes, and at last whether the store is still whole and every total right.
 */
export async function measureScale(run: ScaleRun): Promise<ScaleFindings> {
  const { size, cache, signal, tell } = run;
  const random = seededRandom(seed);
  const kept = await keepStore(cache, { tasks: size.tasks, nowMs: systemClock() }, run);
  using folder = temporaryFolder();
  const store = await copyStore(kept, join(folder.path, "large"), run);
  const findings: AimFinding[] = [];
  const found = (...some: readonly AimFinding[]): void => {
    findings.push(...some);
    for (const finding of some) tell(tellAim(finding));
  };

  const small = await apart(
    "makeStore",
    {
      directory: join(folder.path, "small"),
      tasks: size.smallStoreTasks,
      endMs: store.population.endMs,
    },
    { signal, tell: () => {} },
  );
  const costs = await measureCosts({ large: store, small }, random, size);
  found(...costs.findings);
  const deepPages = await measureDeepPages(store, random, size, run);

  const { peers, deepReads } = await measureServed(run, { store, random, found, answered: costs.answered });
  found({
    number: 4,
    value: Math.max(deepPages.ratio, deepReads.ratio),
    from: `${deepPages.from}; ${deepReads.from}; the higher`,
  });
  found(await measureIngest(store, join(folder.path, "bare.db"), random, size));
  found(await measureDeletion(run, store, random));
  const { directory } = store;
  const { seconds, series } = await apart("timeRebuild", { directory }, run);
  found({ number: 15, value: seconds, from: `${shown(series)} series, in one transaction` });
  await apart("checkWhole", { directory }, run);
  return { aims: findings, peers };
}

/** Measures everything over HTTP that needs no other setting, and compares totals before anything is written. */
async function measureServed(
  run: ScaleRun,
  on: {
    readonly store: FilledStore;
    readonly random: Random;
    readonly found: (...findings: readonly AimFinding[]) => void;
    readonly answered: readonly AnsweredTotal[];
  },
) {
  const { size, tell } = run;
  const { store, random, found } = on;
  await using served = await serve(store, { random, size, settings: keepEverything }, run.signal);
  const { parties } = served;
  found(...(await measureReads(parties)));
  const deepReads = await measureDeepReads(parties);
  const peers = await measureInstalledPeers(parties, run);

  const asked = await answerTotals(parties, size.comparedAnswers);
  const totals = [...asked, ...sampleOf(on.answered, size.comparedAnswers)];
  await apart("compareTotals", { directory: store.directory, answered: totals }, run);
  tell(`${totals.length} totals are those of a look at every task`);

  found(await measureCreates(parties), await measureReports(parties));
  found({ number: 12, value: served.highestBytes() / 2 ** 20, from: "the highest after any load" });
  await served.process.stop();
  return { deepReads, peers };
}

/** Measures lists on servers over the same store, of which the second one has much to delete, and the others nothing. */
async function measureDeletion(run: ScaleRun, store: FilledStore, random: Random): Promise<AimFinding> {
  const before = await served(keepEverything, readUndisturbed);
  const deleting = retentionSetting(store, run.size);
  const during = await served(deleting, (parties) => readDuringDeletion(parties, before));
  return compareReadings([before, await served(keepEverything, readUndisturbed)], during);

  async function served<T>(
    settings: readonly string[],
    measured: (parties: Parties) => Promise<T>,
  ): Promise<T> {
    await using server = await serve(store, { random, size: run.size, settings }, run.signal);
    const result = await measured(server.parties);
    await server.process.stop();
    return result;
  }
}

/** So many of some values, evenly spread. */
function sampleOf<T>(values: readonly T[], count: number): readonly T[] {
  const every = Math.max(1, Math.floor(values.length / count));
  return values.filter((_, index) => index % every === 0).slice(0, count);
}
