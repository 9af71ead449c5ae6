import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));

/** How a program ended, and what it said. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A module that is run before the program, to make something happen at one point of it. */
  readonly preload?: string;
  /** The size that no file may outgrow: a disk that is full. */
  readonly maxFileKiB?: number;
}

/** Runs the program in a folder, with nothing in its environment, to its end. */
export async function runProgram(
  directory: string,
  args: readonly string[],
  { env, preload, maxFileKiB }: ProgramOptions = {},
): Promise<ProgramEnd> {
  const load =
    preload === undefined ? [] : ["--import", `data:text/javascript,${encodeURIComponent(preload)}`];
  // The shell counts in blocks of 512 bytes.
  const limit = maxFileKiB === undefined ? "" : `ulimit -f ${maxFileKiB * 2}; `;
  const child = spawn("sh", ["-c", `${limit}exec "$@"`, "sh", process.execPath, ...load, launcher, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}
