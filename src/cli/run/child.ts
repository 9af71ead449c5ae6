import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Readable } from "node:stream";
import type { Ending } from "./ending.ts";
import { type OutputPipe, openOutputPipes } from "./pipe.ts";

/** One stream of a command's output. */
export type ChildOutput = Pick<OutputPipe, "source"> & Partial<Pick<OutputPipe, "handOver">>;

/** A command that was started, or that could not be: then it has ended already and put out nothing. */
export interface Child {
  /** Undefined where the command never ran. */
  readonly pid: number | undefined;
  readonly stdout: ChildOutput;
  readonly stderr: ChildOutput;
  /** Fulfilled when the process itself has ended. Output may follow: what is under way, and that of its descendants. */
  readonly ended: Promise<Ending>;
  /** Sends it a signal, if it still runs. */
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts a command in our own process group, on our terminal and our stdin, so that passwords can be asked for and jobs
 * controlled as without us. Only its output goes through us.
 */
export function startChild(
  command: readonly [program: string, ...args: string[]],
  environment: NodeJS.ProcessEnv,
): Child {
  const [program, ...args] = command;
  const pipes = openOutputPipes();
  try {
    const child = spawn(program, args, {
      stdio: ["inherit", pipes?.stdout.commandEnd ?? "pipe", pipes?.stderr.commandEnd ?? "pipe"],
      env: environment,
    });
    return {
      pid: child.pid,
      stdout: pipes?.stdout ?? { source: child.stdout ?? Readable.from([]) },
      stderr: pipes?.stderr ?? { source: child.stderr ?? Readable.from([]) },
      ended: endingOf(child, program),
      kill: (signal) => child.kill(signal),
    };
  } catch (error) {
    // Some of the reasons for which a command cannot start are thrown, others are told by an event.
    return {
      pid: undefined,
      stdout: pipes?.stdout ?? { source: Readable.from([]) },
      stderr: pipes?.stderr ?? { source: Readable.from([]) },
      ended: Promise.resolve(notStarted(program, error)),
      kill: () => {},
    };
  } finally {
    // The streams end when nobody has them open for writing any more.
    if (pipes !== undefined) for (const pipe of [pipes.stdout, pipes.stderr]) closeSync(pipe.commandEnd);
  }
}

function endingOf(child: ChildProcess, program: string): Promise<Ending> {
  return new Promise((resolve) => {
    child.on("error", (error) => {
      // The same event tells of a signal that could not be sent to a command that runs.
      if (child.pid === undefined) resolve(notStarted(program, error));
    });
    child.once("exit", (code, signal) => {
      resolve(signal === null ? { kind: "exited", code: code ?? 0 } : { kind: "killed", signal });
    });
  });
}

function notStarted(program: string, error: unknown): Ending {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // Node itself refuses an empty name. To a shell that is a command that is not found.
  return { kind: "not-started", program, errno: code === "ERR_INVALID_ARG_VALUE" ? "ENOENT" : code };
}
