import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { TestServer } from "./start-server.ts";

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));

/** How a program ended, and what it said. */
export interface CliEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Variables beside those by which it finds the server's admin; an empty one takes one away. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads; nothing unless given. */
  readonly stdin?: string;
}

/** Starts the program as its user does, in a folder and a home without anything of ours. */
export function startCli(
  server: TestServer,
  args: readonly string[],
  { env, stdin = "" }: CliOptions = {},
): ChildProcessByStdio<Writable, Readable, Readable> {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: server.directory,
    env: {
      PATH: process.env.PATH,
      HOME: server.directory,
      OS_CLIENT_CONFIG_FILE: server.cloudsFile,
      ...env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Who does not read it may be gone before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return child;
}

/** Runs the program to its end. */
export async function runCli(
  server: TestServer,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliEnd> {
  const child = startCli(server, args, options);
  const [[code], stdout, stderr] = await Promise.all([
    once(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}
