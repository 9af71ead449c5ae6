import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { TaskCenterError } from "../../../task/error.ts";
import { taskOfRow } from "../../task-rows.ts";
import { storeUnavailable } from "../error.ts";
import type { AnswerTo, Question } from "../questions.ts";
import { type Asked, carryOverWord, type Heard, type WorkerSettings } from "./messages.ts";

/** Where long questions are answered, so that nobody's short one waits for them. */
export interface Aside {
  /**
   * Answers a question. A project's lists wait for each other, and so do its streams, its search for what has ended, and
   * what looks at its last successes: each is a line of its own, and lines take turns.
   *
   * @throws TaskCenterError `query-too-broad` for one that takes too long; `too-many-requests` while too many of its line
   * wait, unless it is a part of a stream or search; `store-unavailable`.
   */
  answer<Q extends Question>(projectId: string, question: Q): Promise<AnswerTo<Q>>;
  /** Carries the log's pages over into the file; answers false where it cannot, since a question is being answered. */
  carryOver(): boolean;
  /** Ends the thread, whatever it is doing. Those who still wait are refused. */
  close(): Promise<void>;
}

/** How far the patience with long questions goes. */
export interface AsideLimits {
  /** How long a question may take. */
  readonly patienceMs: number;
  /** How long a piece of a stream may take, so that others get their turn. */
  readonly restMs: number;
  /** A thread that has said nothing for so long after its patience is ended: one statement must have gone astray. */
  readonly graceMs: number;
  /** How many of a project's lists and counts may wait, and how many others that are asked once. */
  readonly maxWaiting: number;
  /** How long a thread without questions is kept. */
  readonly idleMs: number;
}

/** Whoever waits for a page still waits after three seconds. */
const usualLimits: AsideLimits = {
  patienceMs: 3000,
  restMs: 100,
  graceMs: 10_000,
  maxWaiting: 32,
  idleMs: 30_000,
};

/** In which of a project's lines a question waits. */
const lineOf = {
  list: "once",
  count: "once",
  stream: "stream",
  ended: "ended",
  successes: "successes",
} as const satisfies Record<Question["asks"], string>;

/** The lines in which a question is a part of something. What has begun must not be refused in the middle. */
const linesOfParts: readonly string[] = ["stream", "ended"];

/** A question that waits for its answer. */
interface Waiting {
  readonly question: Question;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Sources run as they are; a package has only their build. */
const workerModule = new URL(
  existsSync(new URL("worker.ts", import.meta.url)) ? "worker.ts" : "worker.js",
  import.meta.url,
);

/** Opens the place for long questions on a store's file. Its thread is started with the first of them. */
export function openAside(path: string, limits: Partial<AsideLimits> = {}): Aside {
  const { patienceMs, restMs, graceMs, maxWaiting, idleMs } = { ...usualLimits, ...limits };
  const waiting = new Map<string, Waiting[]>();
  let worker: Worker | undefined;
  let current: Waiting | undefined;
  /** The line whose question was asked last. */
  let served = "";
  let timer: NodeJS.Timeout | undefined;
  let asked = 0;
  let isOpen = true;

  function startWorker(): Worker {
    const settings: WorkerSettings = { path, patienceMs, restMs };
    const started = new Worker(workerModule, { workerData: settings });
    started.on("message", (heard: Heard) => {
      if (heard.number === asked) settle(heard);
    });
    started.on("error", (error) => lose(started, storeUnavailable("its reader failed", error)));
    started.on("exit", () => lose(started, storeUnavailable("its reader has ended")));
    return started;
  }

  /** The thread is gone: the question under way fails, and the next one gets a new thread. */
  function lose(lost: Worker, reason: TaskCenterError): void {
    if (worker !== lost) return;
    worker = undefined;
    const failed = current;
    current = undefined;
    clearTimeout(timer);
    failed?.reject(reason);
    askNext();
  }

  function settle({ answer, rows, refusal }: Heard): void {
    const answered = current;
    current = undefined;
    clearTimeout(timer);
    // A process may end while its thread has nothing to do.
    worker?.unref();
    if (refusal === undefined)
      answered?.resolve(rows === undefined ? answer : { ...answer, tasks: rows.map(taskOfRow) });
    else answered?.reject(new TaskCenterError(refusal.code, refusal.message));
    askNext();
  }

  function askNext(): void {
    if (current !== undefined || !isOpen) return;
    // The line that had its turn goes behind those that came meanwhile.
    const others = waiting.get(served);
    if (others !== undefined) {
      waiting.delete(served);
      waiting.set(served, others);
    }
    const [next] = waiting;
    if (next === undefined) {
      if (worker !== undefined) timer = setTimeout(endWorker, idleMs).unref();
      return;
    }
    const [line, questions] = next;
    served = line;
    current = questions.shift();
    if (questions.length === 0) waiting.delete(line);
    if (current === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(endWorker, patienceMs + graceMs).unref();
    worker ??= startWorker();
    worker.ref();
    asked += 1;
    const message: Asked = { number: asked, question: current.question };
    worker.postMessage(message);
  }

  async function endWorker(): Promise<void> {
    const ended = worker;
    if (ended === undefined) return;
    lose(ended, storeUnavailable(isOpen ? "its reader did not answer" : "it is closed"));
    await ended.terminate();
  }

  return {
    answer<Q extends Question>(projectId: string, question: Q) {
      if (!isOpen) return Promise.reject(storeUnavailable("it is closed"));
      const line = `${lineOf[question.asks]} ${projectId}`;
      const questions = waiting.get(line) ?? [];
      if (!linesOfParts.includes(lineOf[question.asks]) && questions.length >= maxWaiting) {
        const message = "Too many long questions of this project wait already.";
        return Promise.reject(new TaskCenterError("too-many-requests", message, { retryAfterSeconds: 5 }));
      }
      return new Promise<AnswerTo<Q>>((resolve, reject) => {
        // Whatever the thread answers is the answer to the question that it was asked.
        questions.push({ question, resolve: (answer) => resolve(answer as AnswerTo<Q>), reject });
        waiting.set(line, questions);
        askNext();
      });
    },

    carryOver() {
      if (!isOpen || current !== undefined) return false;
      clearTimeout(timer);
      if (worker === undefined) {
        worker = startWorker();
        worker.unref();
      }
      worker.postMessage(carryOverWord);
      askNext();
      return true;
    },

    async close() {
      isOpen = false;
      const refused = [...waiting.values()].flat();
      waiting.clear();
      for (const { reject } of refused) reject(storeUnavailable("it is closed"));
      await endWorker();
    },
  };
}
