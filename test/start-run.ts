import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as elapse } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { TaskDocument } from "../src/client/index.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));

export interface RunEnd {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A command under `taskcenter run`. */
export interface StartedRun {
  readonly id: string;
  readonly process: ChildProcess;
  readonly ended: Promise<RunEnd>;
  /** Fulfilled when stdout holds this text. */
  printed(text: string): Promise<void>;
  /** The task as the server has it. */
  task(): Promise<TaskDocument>;
}

export interface RunOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads; `open` where the test writes and ends it; else nothing. */
  readonly stdin?: Buffer | "open";
  /** A file for its stdout; else a pipe, read unless `unread`. */
  readonly stdout?: number;
  readonly unread?: boolean;
}

/** A place to run commands in: a server, and a directory that goes with it. */
export interface RunSite {
  readonly server: TestServer;
  readonly directory: string;
  /** Starts `taskcenter run` as its user does, apart from any terminal. */
  start(command: readonly string[], options?: RunOptions): StartedRun;
  close(): Promise<void>;
}

export async function openRunSite(options: Parameters<typeof startServer>[0] = {}): Promise<RunSite> {
  const server = await startServer(options);
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-test-"));
  let runs = 0;
  return {
    server,
    directory,
    start(command, options = {}) {
      runs += 1;
      return startRun({ server, directory }, `run-${runs}`, command, options);
    },
    async close() {
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

function startRun(
  { server, directory }: Pick<RunSite, "server" | "directory">,
  id: string,
  command: readonly string[],
  options: RunOptions,
): StartedRun {
  const task = ["--service", "rds", "--name", "BackupInstance", "--instance", "db1=orders", "--id", id];
  const child = spawn(
    process.execPath,
    [launcher, "run", ...task, ...(options.flags ?? []), "--", ...command],
    {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        OS_CLIENT_CONFIG_FILE: server.cloudsFile,
        ...options.env,
      },
      detached: true,
      stdio: ["pipe", options.stdout ?? "pipe", "pipe"],
    },
  );
  child.stdin?.on("error", () => {});
  if (options.stdin !== "open") child.stdin?.end(options.stdin);
  const written: { readonly stdout: Buffer[]; readonly stderr: Buffer[] } = { stdout: [], stderr: [] };
  if (!options.unread) child.stdout?.on("data", (chunk) => written.stdout.push(chunk));
  child.stderr?.on("data", (chunk) => written.stderr.push(chunk));
  return {
    id,
    process: child,
    ended: new Promise((resolve) => {
      // What nobody reads is never closed.
      child.once(options.unread ? "exit" : "close", (code) =>
        resolve({
          code,
          stdout: Buffer.concat(written.stdout),
          stderr: Buffer.concat(written.stderr).toString(),
        }),
      );
    }),
    printed: (text) => until(() => Buffer.concat(written.stdout).includes(text)),
    task: async () => (await server.call(`/v1/${projectId}/tasks/${id}`)).json,
  };
}

/** Fulfilled when it holds; fails when it does not within some seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries === 1000) throw new Error(`not within time: ${holds}`);
    await elapse(10);
  }
}

/** The command that runs a script of the shell. */
export const shell = (script: string): readonly string[] => ["sh", "-c", script];

/** The command that runs a script of Node. */
export const node = (script: string): readonly string[] => [process.execPath, "-e", script];
