import type { CreateTaskBody, ReportTaskBody } from "../../client/index.ts";
import type { Clock } from "../../task/clock.ts";
import type { Outcome, TaskReporter } from "./reporter.ts";

/** How often the server is told, and how long to try. */
export interface RecordTiming {
  /** Progress is reported at most this often. */
  readonly reportMs: number;
  /** The server hears something at least this often. */
  readonly heartbeatMs: number;
  /** How long the task may fail to be created before the user hears of it. */
  readonly patienceMs: number;
  /** How long to go on once the command has ended. */
  readonly closingMs: number;
}

/** The pause after a first failure; it doubles with every further one, up to the time between heartbeats. */
const firstRetryMs = 250;

/**
 * The record of one command on a server that may be slow, away, or against it. It holds only what is to be told next:
 * one call at a time, and the latest progress instead of a queue. It never fails; of all that goes wrong it warns once.
 */
export class TaskRecord {
  readonly #creation: CreateTaskBody & { readonly id: string };
  readonly #reporter: TaskReporter;
  readonly #timing: RecordTiming;
  readonly #now: Clock;
  readonly #warn: (message: string) => void;

  readonly #told: Promise<void>;
  readonly #ended = new AbortController();
  readonly #outOfTime = new AbortController();
  #ending: ReportTaskBody = {};
  #percent: number | undefined;
  #toldPercent: number | undefined;
  #hasWarned = false;

  /** Begins at once to create the task. `warn` is called once at most. */
  constructor(options: {
    readonly creation: CreateTaskBody & { readonly id: string };
    readonly reporter: TaskReporter;
    readonly timing: RecordTiming;
    readonly now: Clock;
    readonly warn: (message: string) => void;
  }) {
    this.#creation = options.creation;
    this.#reporter = options.reporter;
    this.#timing = options.timing;
    this.#now = options.now;
    this.#warn = options.warn;
    this.#told = this.#tell();
  }

  /** Notes how far the command is. That is reported when its turn comes, unless a later one comes first. */
  progress(percent: number): void {
    this.#percent = percent;
  }

  /** Reports how the command ended. Fulfilled when that has arrived, or there is no more time for it. Call it once. */
  async end(ending: ReportTaskBody): Promise<void> {
    this.#ending = { ...this.#reportOf(this.#percent), ...ending };
    this.#ended.abort();
    const closing = setTimeout(() => this.#outOfTime.abort(), this.#timing.closingMs);
    await this.#told;
    clearTimeout(closing);
  }

  /** All that the server is told, from first to last. */
  async #tell(): Promise<void> {
    if ((await this.#create()) && (await this.#reportProgress())) await this.#reportEnding();
  }

  /**
   * Tries until the task exists; false where it never will. Once the command has ended, the call under way or else one
   * more is the last, lest every short command waits for a server that was never there.
   */
  async #create(): Promise<boolean> {
    let trouble = "the server has not answered";
    const patience = setTimeout(
      () => this.#warnOnce(`this run is not recorded yet: ${trouble}`),
      this.#timing.patienceMs,
    );
    try {
      for (let retryMs = firstRetryMs; ; retryMs = this.#longer(retryMs)) {
        const outcome = await this.#reporter.create(this.#creation, this.#outOfTime.signal);
        if (outcome.kind === "accepted") return true;
        trouble = outcome.reason;
        if (outcome.kind === "refused" || this.#ended.signal.aborted) {
          this.#warnOnce(`this run is not recorded: ${trouble}`);
          return false;
        }
        await pause(retryMs, this.#ended.signal);
      }
    } finally {
      clearTimeout(patience);
    }
  }

  /** Reports progress and heartbeats until the command ends; false where the server wants no more of them. */
  async #reportProgress(): Promise<boolean> {
    const { reportMs, heartbeatMs } = this.#timing;
    let pauseMs = reportMs;
    let silentMs = 0;
    for (;;) {
      await pause(pauseMs, this.#ended.signal);
      if (this.#ended.signal.aborted) return true;
      silentMs += pauseMs;
      const percent = this.#percent;
      const isNews = wholePercent(percent) !== wholePercent(this.#toldPercent);
      // After one more pause the heartbeat would be late.
      const isDue = silentMs + reportMs > heartbeatMs;
      if (!isNews && !isDue) continue;

      const outcome = await this.#report(isNews ? this.#reportOf(percent) : {});
      if (outcome.kind === "refused") return false;
      if (outcome.kind === "accepted") {
        if (isNews) this.#toldPercent = percent;
        silentMs = 0;
        pauseMs = reportMs;
      } else {
        silentMs = heartbeatMs;
        pauseMs = this.#longer(pauseMs);
      }
    }
  }

  /** Tries as long as there is time: the server knows the task, and would show it as running. */
  async #reportEnding(): Promise<void> {
    for (let retryMs = firstRetryMs; ; retryMs = this.#longer(retryMs)) {
      const outcome = await this.#report(this.#ending);
      if (outcome.kind !== "undelivered") return;
      await pause(retryMs, this.#outOfTime.signal);
      if (this.#outOfTime.signal.aborted) {
        return this.#warnOnce(
          `task ${this.#creation.id} does not know how this run ended: ${outcome.reason}`,
        );
      }
    }
  }

  async #report(report: ReportTaskBody): Promise<Outcome> {
    const { id } = this.#creation;
    const outcome = await this.#reporter.report(id, report, this.#outOfTime.signal);
    if (outcome.kind === "refused") {
      this.#warnOnce(`task ${id} takes no more reports from this run: ${outcome.reason}`);
    }
    return outcome;
  }

  /** A report as of now, by this machine's clock, which created the task too. */
  #reportOf(percent: number | undefined): ReportTaskBody {
    const reportedAt = { reported_at: new Date(this.#now()).toISOString() };
    return percent === undefined ? reportedAt : { progress: percent, ...reportedAt };
  }

  #longer(pauseMs: number): number {
    return Math.min(2 * pauseMs, this.#timing.heartbeatMs);
  }

  #warnOnce(message: string): void {
    if (!this.#hasWarned) this.#warn(message);
    this.#hasWarned = true;
  }
}

function wholePercent(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : Math.floor(percent);
}

/** Waits, but not beyond the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    if (signal.aborted) finish();
    else signal.addEventListener("abort", finish);
  });
}
