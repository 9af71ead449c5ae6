import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { requestToken } from "../src/client/login.ts";
import type { Target } from "./load.ts";
import type { Vitals } from "./vitals.ts";

/** The project of every server that is measured. */
export const projectId = "0483b6b16e954cb88930a360d2c4e663";
export const adminPassword = "correct horse battery";

/** A server in a process of its own, so that it never shares a thread with the load. Disposing of it kills it. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  /** How long it took from its start to its line `listening on`. */
  readonly startedInMs: number;
  /** Asks the process how it is. */
  vitals(): Promise<Vitals>;
  /** Asks it to stop as its user would, and waits until it has. */
  stop(): Promise<void>;
}

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));
const vitalsModule = new URL("vitals.ts", import.meta.url).href;
const bareServer = fileURLToPath(new URL("bare-server.ts", import.meta.url));

/** Starts Task Center as its user does. Settings in the environment of whoever measures do not reach it. */
export function startTaskCenter(directory: string, signal: AbortSignal): Promise<ServerProcess> {
  mkdirSync(directory, { recursive: true });
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("TASKCENTER_"));
  return startProcess({
    args: [launcher, "serve", "--listen", "127.0.0.1:0", "--data", directory],
    cwd: directory,
    env: {
      ...Object.fromEntries(others),
      TASKCENTER_ADMIN_PASSWORD: adminPassword,
      TASKCENTER_PROJECT_ID: projectId,
    },
    signal,
  });
}

/** Logs in at a Task Center that this started. */
export async function logIn({ url, vitals }: ServerProcess): Promise<Target> {
  const login = {
    authUrl: url,
    user: { name: "admin", domain: { id: "default" } },
    password: adminPassword,
  };
  const limits = { timeoutMs: 10_000, signal: undefined };
  const { token } = await requestToken(login, { project: { id: projectId } }, limits);
  return { url, headers: { "x-auth-token": token }, vitals };
}

/** Starts the bare server that everything is held against. */
export function startBareServer(signal: AbortSignal): Promise<ServerProcess> {
  return startProcess({ args: [bareServer], cwd: process.cwd(), env: process.env, signal });
}

/**
 * Starts a server that says `listening on URL`. The signal kills it at any time, also while it starts: whatever waits
 * for it then fails, and cleans up after itself.
 */
async function startProcess(options: {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<ServerProcess> {
  const { args, cwd, env, signal } = options;
  signal.throwIfAborted();
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", vitalsModule, ...args], {
    cwd,
    env,
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
  const kill = (): Promise<void> => {
    child.kill("SIGKILL");
    return ended;
  };
  /** What the child says, unless it ends before that. */
  const hear = async <T>(word: Promise<readonly T[]>): Promise<T | undefined> => {
    const heard = await Promise.race([word, ended]);
    if (heard === undefined) throw new Error(`${args.join(" ")} has ended: ${lastWords}`);
    return heard[0];
  };
  const line = await hear<string>(once(createInterface({ input: child.stdout }), "line"));
  const startedInMs = performance.now() - startedMs;
  const [, url] = /^listening on (http:\S+)$/.exec(line ?? "") ?? [];
  if (url === undefined) {
    await kill();
    throw new Error(`${args.join(" ")} said ${line} instead of where it listens`);
  }
  return {
    url,
    startedInMs,
    async vitals() {
      child.send("vitals");
      return (await hear(once(child, "message"))) as Vitals;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      if (child.exitCode !== 0) throw new Error(`${args.join(" ")} did not stop well: ${lastWords}`);
    },
    [Symbol.asyncDispose]: kill,
  };
}
