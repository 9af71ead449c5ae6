import type { Store } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import {
  type MetricFamily,
  type MetricsForm,
  type MetricsText,
  mergeFamilies,
  metricsText,
} from "./families.ts";
import { settledWithin, shareGathering } from "./gathering.ts";
import type { OwnFigures } from "./own-figures.ts";
import { storeFamilies, storeUpFamily, workerFamilies } from "./store-families.ts";
import { gatherStoreFigures } from "./store-figures.ts";

/** Everything that a scrape tells. */
export interface Metrics {
  /** Scrapes at the same time are answered together. Never fails because of the store. */
  scrape(form: MetricsForm): Promise<MetricsText>;
  close(): Promise<void>;
}

/** The processes that serve behind one address: whichever is asked tells of all. */
export interface Peers {
  /** Says how this process answers when another one asks. */
  answer(own: () => Promise<readonly MetricFamily[]>): void;
  /** Asks all of them, this one included; whoever does not answer in time is missing. */
  askAll(): Promise<{
    readonly workers: number;
    readonly answers: readonly { readonly worker: number; readonly answer: readonly MetricFamily[] }[];
  }>;
}

/** How long the store may take to show that it is there. */
const pingMs = 3000;

/** Opens what a scrape tells: what this process counts, and what the store holds. */
export function openMetrics(options: {
  readonly own: OwnFigures;
  readonly store: Store;
  readonly clock: Clock;
  /** Whether scrapes may tell what names projects' own things. */
  readonly withSuccesses: boolean;
  readonly pause: () => Promise<void>;
  /** Undefined for a process that serves alone. */
  readonly peers: Peers | undefined;
  readonly onError: (error: unknown) => void;
}): Metrics {
  const { own, store, clock, withSuccesses, pause, peers, onError } = options;
  const questions = { tasks: store.tasks, identity: store.identity, clock, pause, withSuccesses };
  const gathering = shareGathering({
    gather: (signal) => gatherStoreFigures(questions, signal),
    onError: (error) => {
      // That the store is away is told by its own metric.
      if (!(error instanceof TaskCenterError) || error.code !== "store-unavailable") onError(error);
    },
  });
  const underWay = new Map<MetricsForm, Promise<MetricsText>>();
  peers?.answer(own.families);

  async function processes(): Promise<readonly MetricFamily[]> {
    if (peers === undefined) {
      return [...(await own.families()), ...workerFamilies({ all: 1, answering: 1 })];
    }
    const { workers, answers } = await peers.askAll();
    const parts = answers.map(({ worker, answer }) => ({ labels: { worker }, families: answer }));
    return [...mergeFamilies(parts), ...workerFamilies({ all: workers, answering: answers.length })];
  }

  async function wholeStore(): Promise<readonly MetricFamily[]> {
    if (!(await answersWithin(store.ping(), pingMs))) return [storeUpFamily(false)];
    const figures = await gathering.figures();
    return [storeUpFamily(true), ...(figures === undefined ? [] : storeFamilies(figures, clock()))];
  }

  async function scrape(form: MetricsForm): Promise<MetricsText> {
    const families = await Promise.all([wholeStore(), processes()]);
    return metricsText(families.flat(), form);
  }

  return {
    scrape(form) {
      const known = underWay.get(form);
      if (known !== undefined) return known;
      const asked = scrape(form).finally(() => underWay.delete(form));
      underWay.set(form, asked);
      return asked;
    },
    close: gathering.close,
  };
}

/** Whether work succeeds, and in time. */
async function answersWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let isDone = false;
  const noted = work.then(
    () => {
      isDone = true;
    },
    () => {},
  );
  await settledWithin(noted, ms);
  return isDone;
}
