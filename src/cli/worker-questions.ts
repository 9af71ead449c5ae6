import cluster, { type Worker } from "node:cluster";

/** A worker asks what all workers answer. */
interface Question {
  readonly kind: "question";
  /** The worker's own number for it. */
  readonly id: number;
}

/** Each worker is asked. */
interface Asked {
  readonly kind: "asked";
  readonly round: number;
}

interface Told {
  readonly kind: "told";
  readonly round: number;
  readonly answer: unknown;
}

/** The worker that asked gets what came in time. */
interface Answers<Answer> extends Everybody<Answer> {
  readonly kind: "answers";
  readonly id: number;
}

/** What the workers of one server answered, each with its number, from 1. */
export interface Everybody<Answer> {
  /** How many there are meant to be. */
  readonly workers: number;
  readonly answers: readonly { readonly worker: number; readonly answer: Answer }[];
}

/** How long workers have for an answer. One that hangs is no reason to hear nothing of the others. */
const answerMs = 2000;

/** How long a worker waits for the answers of all: longer than they may take. */
const patienceMs = 5000;

/**
 * In the process that starts the workers, before it does: passes questions on to all that serve, and their answers back.
 */
export function relayQuestions(options: { readonly workers: number }): {
  /** Gives a worker its number: that of the one it replaces. */
  number(worker: Worker, number: number): void;
  /** The worker accepts requests: from now on it is asked, whoever asks. */
  include(worker: Worker): void;
} {
  const numbers = new Map<Worker, number>();
  const serving = new Set<Worker>();
  const rounds = new Map<number, (worker: Worker, answer: unknown) => void>();
  let lastRound = 0;

  async function ask(asking: Worker, id: number): Promise<void> {
    const asked = new Set([...serving, asking].filter((worker) => worker.isConnected()));
    const answers: { worker: number; answer: unknown }[] = [];
    lastRound += 1;
    const round = lastRound;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, answerMs);
    rounds.set(round, (worker, answer) => {
      if (!asked.delete(worker)) return;
      answers.push({ worker: numbers.get(worker) ?? 0, answer });
      if (asked.size === 0) resolve();
    });
    for (const worker of asked) worker.send({ kind: "asked", round } satisfies Asked, ignoreGone);
    if (asked.size === 0) resolve();
    await promise;
    clearTimeout(timer);
    rounds.delete(round);
    if (!asking.isConnected()) return;
    const { workers } = options;
    answers.sort((a, b) => a.worker - b.worker);
    asking.send({ kind: "answers", id, workers, answers } satisfies Answers<unknown>, ignoreGone);
  }

  cluster.on("message", (worker, message: Question | Told | { readonly kind: undefined }) => {
    if (message.kind === "question") void ask(worker, message.id);
    if (message.kind === "told") rounds.get(message.round)?.(worker, message.answer);
  });
  cluster.on("exit", (worker) => {
    serving.delete(worker);
    numbers.delete(worker);
  });

  return {
    number(worker, number) {
      numbers.set(worker, number);
    },
    include(worker) {
      serving.add(worker);
    },
  };
}

/** In a worker: answers what all are asked, and asks all. */
export function openQuestions<Answer>(): {
  answer(own: () => Promise<Answer>): void;
  askAll(): Promise<Everybody<Answer>>;
} {
  const waiting = new Map<number, (everybody: Everybody<Answer>) => void>();
  let own: (() => Promise<Answer>) | undefined;
  let lastId = 0;

  process.on("message", (message: Asked | Answers<Answer> | { readonly kind: undefined }) => {
    if (message.kind === "asked") {
      own?.().then(
        (answer) =>
          process.send?.(
            { kind: "told", round: message.round, answer } satisfies Told,
            undefined,
            {},
            ignoreGone,
          ),
        // Whoever cannot answer is missing among the answers.
        () => {},
      );
    }
    if (message.kind === "answers") {
      waiting.get(message.id)?.(message);
    }
  });

  return {
    answer(answering) {
      own = answering;
    },
    async askAll() {
      lastId += 1;
      const id = lastId;
      const { promise, resolve, reject } = Promise.withResolvers<Everybody<Answer>>();
      const timer = setTimeout(() => reject(new Error("the workers could not be asked")), patienceMs);
      waiting.set(id, resolve);
      process.send?.({ kind: "question", id } satisfies Question, undefined, {}, ignoreGone);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
  };
}

/** A process that ends meanwhile takes its messages along. */
function ignoreGone(): void {}
