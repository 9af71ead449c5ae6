import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Vitals } from "./vitals.ts";

/** A server in a process of its own, so that it never shares a thread with the load. Disposing of it kills it. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  /** How long it took from its start until it accepted requests. */
  readonly startedInMs: number;
  /** Asks the process how it is. */
  vitals(): Promise<Vitals>;
  /** Asks it to stop as its user would, and waits until it has. */
  stop(): Promise<void>;
}

/** A program of Node's to start. */
export interface ServerProgram {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where it was told to listen. Without, it says so itself: its first line is `listening on URL`. */
  readonly url?: string;
}

const vitalsModule = new URL("vitals.ts", import.meta.url).href;
/** How often a server that says nothing is asked whether it is there. */
const knockMs = 50;

/**
 * Starts a server and waits until it accepts requests. The signal kills it at any time, also while it starts: whatever
 * waits for it then fails, and cleans up after itself.
 */
export async function startServer(program: ServerProgram, signal: AbortSignal): Promise<ServerProcess> {
  signal.throwIfAborted();
  const startedMs = performance.now();
  const name = program.args.join(" ");
  const child = spawn(process.execPath, ["--import", vitalsModule, ...program.args], {
    cwd: program.cwd,
    env: program.env,
    signal,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // The types do not know that a fourth stream leaves the first three as they are.
  }) as ChildProcessByStdio<null, Readable, Readable>;
  let lastWords = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    // A child that could not be started has no exit; any other one has an exit too.
    child.on("error", () => child.pid === undefined && resolve());
  });
  const gone = new AbortController();
  ended.then(() => gone.abort());
  const kill = (): Promise<void> => {
    child.kill("SIGKILL");
    return ended;
  };
  /** What the child says, unless it ends before that. */
  const hear = async <T>(word: Promise<T>): Promise<T> => {
    const heard = await Promise.race([word.then((said) => ({ said })), ended]);
    if (heard === undefined) throw new Error(`${name} has ended: ${lastWords}`);
    return heard.said;
  };
  const announced = async (): Promise<string> => {
    const [line] = await hear<unknown[]>(once(createInterface({ input: child.stdout }), "line"));
    const [, url] = /^listening on (http:\S+)$/.exec(String(line)) ?? [];
    if (url !== undefined) return url;
    await kill();
    throw new Error(`${name} said ${line} instead of where it listens`);
  };
  const answering = async (url: string): Promise<string> => {
    // Nobody reads what it says, some with every request; a child whose pipe is full would wait.
    child.stdout.resume();
    await hear(untilAnswered(url, gone.signal));
    return url;
  };
  const url = await (program.url === undefined ? announced() : answering(program.url));
  return {
    url,
    startedInMs: performance.now() - startedMs,
    async vitals() {
      child.send("vitals");
      const [vitals] = await hear<unknown[]>(once(child, "message"));
      return vitals as Vitals;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      if (child.exitCode !== 0) throw new Error(`${name} did not stop well: ${lastWords}`);
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** Knocks until somebody answers, whatever the answer is, or until there is nobody who could. */
async function untilAnswered(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const answer = await fetch(url, { signal });
      await answer.bytes();
      return;
    } catch {
      await pause(knockMs);
    }
  }
}
