import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { availableParallelism, hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../task/clock.ts";
import { relayQuestions } from "./worker-questions.ts";

/** What a worker says, once, when it accepts requests. */
interface Listening<Facts> {
  readonly kind: "listening";
  readonly facts: Facts;
}

/** What a worker is told when it is to end. */
const stopMessage = { kind: "stop" } as const;

/** How long to wait before a worker that died is replaced: at first, and when one after the other dies at once. */
const shortestPauseMs = 100;
const longestPauseMs = 30_000;
/** A worker that lived for so long did not die of its start. */
const soundLifeMs = 60_000;
/** How long workers may take to stop: three seconds more than they give their requests. */
const stopMs = 10_000;

/** What only the first worker is to be told: to all others, on a store that is made by then, it means nothing. */
const withoutFirstStart = {
  TASKCENTER_ADMIN_PASSWORD: "",
  TASKCENTER_ADMIN_PASSWORD_FILE: "",
  TASKCENTER_PROJECT_ID: "",
};

/** How many workers a setting means here. */
export function workersOf(setting: number | "auto"): number {
  return setting === "auto" ? availableParallelism() : setting;
}

/** Whether this process is a worker of another one that runs the same command. */
export const isWorker = cluster.isWorker;

/** Tells the process that started this worker that it accepts requests. */
export function tellListening<Facts>(facts: Facts): void {
  const message: Listening<Facts> = { kind: "listening", facts };
  process.send?.(message);
}

/** Calls back when this worker is told to stop. */
export function onToldToStop(stop: () => void): void {
  process.on("message", (message: unknown) => {
    if ((message as { readonly kind?: unknown }).kind === stopMessage.kind) stop();
  });
}

/** Lets this worker end when its work does: otherwise it would stay as long as the process that started it. */
export function leave(): void {
  process.channel?.unref();
}

/**
 * Runs this very command in so many workers, which share its listeners, until it is told to stop; answers the exit code.
 * The first worker starts alone: what happens once, and what keeps all from starting, is said once, and ends the command.
 * From then on a worker that dies is replaced, however often. When this process is killed, its workers end by themselves.
 */
export async function runWorkers<Facts>(options: {
  readonly workers: number;
  /** Called once, when all accept requests, with what the first one said. */
  readonly announce: (facts: Facts) => void;
  readonly stopping: Promise<void>;
  /** Where the log goes, as JSON lines. */
  readonly logTo?: { write(line: string): void };
}): Promise<number> {
  const { announce, stopping, logTo = process.stderr } = options;
  const stop = new AbortController();
  void stopping.then(() => stopAll(stop));

  const questions = relayQuestions(options);
  const first = cluster.fork();
  questions.number(first, 1);
  const end = once(first, "exit") as Promise<WorkerEnd>;
  const facts = await Promise.race([listening<Facts>(first), end.then(() => undefined)]);
  // It may also have been told to stop while it started: it is ending then, and the others never begin.
  if (facts === undefined || stop.signal.aborted) {
    const [code] = await end;
    return stop.signal.aborted ? 0 : (code ?? 1);
  }
  questions.include(first);
  const ready: Promise<void>[] = [];
  const keep = { stop: stop.signal, logTo, questions };
  const kept = [keepWorker(first, { ...keep, number: 1, onListening: () => {} })];
  for (let number = 2; number <= options.workers; number += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    ready.push(promise);
    kept.push(keepWorker(cluster.fork(withoutFirstStart), { ...keep, number, onListening: resolve }));
  }
  void Promise.all(ready).then(() => announce(facts));
  await Promise.all(kept);
  return 0;
}

type WorkerEnd = [code: number | null, signal: NodeJS.Signals | null];

/** What a worker says when it accepts requests. */
function listening<Facts>(worker: Worker): Promise<Facts> {
  return new Promise((resolve) => {
    worker.on("message", (message: Listening<Facts>) => {
      if (message.kind === "listening") resolve(message.facts);
    });
  });
}

/** Replaces a worker whenever it dies, until all are to stop. */
async function keepWorker(
  first: Worker,
  options: {
    readonly stop: AbortSignal;
    readonly logTo: { write(line: string): void };
    readonly questions: ReturnType<typeof relayQuestions>;
    readonly number: number;
    readonly onListening: () => void;
  },
): Promise<void> {
  const { stop, logTo, questions, number, onListening } = options;
  let pauseMs = shortestPauseMs;
  for (let worker = first; ; worker = cluster.fork(withoutFirstStart)) {
    questions.number(worker, number);
    void listening(worker).then(() => {
      questions.include(worker);
      onListening();
    });
    const startedMs = performance.now();
    const [code, signal] = (await once(worker, "exit")) as WorkerEnd;
    if (stop.aborted) return;
    const isSound = performance.now() - startedMs >= soundLifeMs;
    pauseMs = isSound ? shortestPauseMs : Math.min(2 * pauseMs, longestPauseMs);
    logTo.write(`${JSON.stringify(logLine({ worker: worker.process.pid, code, signal, pauseMs }))}\n`);
    await pause(pauseMs, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return;
  }
}

/** A line in the form of the server's own log. */
function logLine(facts: object): object {
  const line = { level: 50, time: systemClock(), pid: process.pid, hostname: hostname() };
  return { ...line, ...facts, msg: "a worker ended, and another one will take its place" };
}

/** Tells all workers to stop, and ends those that take too long. */
function stopAll(stop: AbortController): void {
  stop.abort();
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  for (const worker of workers) worker.send(stopMessage);
  setTimeout(() => {
    for (const worker of workers) worker.process.kill("SIGKILL");
  }, stopMs).unref();
}
