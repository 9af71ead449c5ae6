import { hostname } from "node:os";
import { basename } from "node:path";
import { isatty } from "node:tty";
import type { CreateTaskBody, ReportTaskBody } from "../../client/index.ts";
import type { Clock } from "../../task/clock.ts";
import { oneLine } from "../text.ts";
import { TerminalBar } from "./bar.ts";
import { type Child, type ChildOutput, startChild } from "./child.ts";
import { describeEnding, type Ending, exitCodeOf, succeeded } from "./ending.ts";
import { failReason } from "./fail-reason.ts";
import { inForeground } from "./foreground.ts";
import { secretValuesOf } from "./masking.ts";
import { Outlet, restoreBlocking } from "./outlet.ts";
import { Passage } from "./passage.ts";
import { ProgressReader } from "./progress.ts";
import { type RecordTiming, TaskRecord } from "./record.ts";
import type { TaskReporter } from "./reporter.ts";
import { passSignals } from "./signals.ts";
import { StreamTail } from "./tail.ts";

/** A command that is to be run as a task. */
export interface RecordedRun {
  readonly command: readonly [program: string, ...args: string[]];
  readonly task: Pick<CreateTaskBody, "service" | "name" | "instance" | "database_name"> & {
    readonly id: string;
  };
  readonly leaseSeconds: number;
  /** Where the command's output tells the progress; undefined means any percentage. */
  readonly progressPattern: RegExp | undefined;
}

export interface RunSurroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly reporter: TaskReporter;
  readonly clock: Clock;
}

export interface RunResult {
  readonly exitCode: number;
  /** The command died of a Ctrl-C, which was typed for whoever started us as well. */
  readonly interrupted: boolean;
}

/** How much of stderr is kept: more than a fail reason quotes, since much of it may not be readable text. */
const keptStderrBytes = 64 * 1024;

/** How long to wait for the rest of the output before the end of the command is reported without it. */
const restOfOutputMs = 1000;

/**
 * Runs a command and records it as a task. Whatever becomes of the record, the command runs, and the exit code is its
 * own: it is started first, and waits for nothing that the server does.
 */
export async function runRecorded(run: RecordedRun, surroundings: RunSurroundings): Promise<RunResult> {
  const { environment, reporter, clock } = surroundings;
  restoreBlocking();
  const bar = isatty(2) ? new TerminalBar(process.stderr, titleOf(run), inForeground) : undefined;
  const stdout = new Outlet(1, bar);
  const stderr = new Outlet(2, bar);
  // Where nobody reads stderr there is nobody to tell.
  const say = (message: string) => {
    stderr.write(Buffer.from(`taskcenter: ${oneLine(message)}\n`)).catch(() => {});
  };

  // Listening comes before there is anybody to pass signals to, so that none of them ends us and leaves the command.
  let child: Child | undefined;
  const signals = passSignals({ pass: (signal) => child?.kill(signal), beforeStop: () => bar?.erase() });
  const startedAt = new Date(clock()).toISOString();
  child = startChild(run.command, { ...environment, TASKCENTER_TASK_ID: run.task.id });
  const record = new TaskRecord({
    creation: creationOf(run, startedAt, child.pid),
    reporter,
    timing: timingOf(run),
    now: clock,
    warn: say,
  });

  const follow = (from: ChildOutput, to: Outlet, tail?: StreamTail) => {
    const progress = new ProgressReader(run.progressPattern);
    return new Passage(from, to, (chunk) => {
      tail?.push(chunk);
      const percent = progress.read(chunk);
      if (percent === undefined) return;
      record.progress(percent);
      bar?.show(percent);
    });
  };
  const stderrTail = new StreamTail(keptStderrBytes);
  const passages = { stdout: follow(child.stdout, stdout), stderr: follow(child.stderr, stderr, stderrTail) };

  const ended = await child.ended;
  bar?.close();
  // Usually the output ends with the command. A process that it left behind may keep it open, and go on writing.
  await Promise.all([passages.stdout.endsWithin(restOfOutputMs), passages.stderr.endsWithin(restOfOutputMs)]);

  // What the command could not tell its user itself.
  const loss = () => {
    const { failure } = passages.stdout;
    return failure === undefined ? undefined : `stdout could not be written: ${failure.message}`;
  };
  const ending = (): Ending => (loss() !== undefined && succeeded(ended) ? { kind: "output-lost" } : ended);
  const remark = ended.kind === "not-started" ? describeEnding(ended) : loss();
  if (remark !== undefined) say(remark);

  await record.end(endReport(ending(), `${stderrTail.text()}\n${loss() ?? ""}`, environment));
  signals.stop();
  await Promise.all([passages.stdout.leave(), passages.stderr.leave()]);
  return {
    exitCode: exitCodeOf(ending()),
    interrupted: signals.wasInterrupted() && ended.kind === "killed" && ended.signal === "SIGINT",
  };
}

/** Of the command line only the program is told: arguments may hold secrets. */
function creationOf(
  run: RecordedRun,
  startedAt: string,
  pid: number | undefined,
): CreateTaskBody & { readonly id: string } {
  return {
    ...run.task,
    created_at: startedAt,
    lease_seconds: run.leaseSeconds,
    details: {
      program: basename(run.command[0]).toWellFormed(),
      host: hostname(),
      ...(pid === undefined ? {} : { pid }),
    },
  };
}

function timingOf(run: RecordedRun): RecordTiming {
  return {
    reportMs: 1000,
    // Two may go astray before the lease runs out.
    heartbeatMs: (run.leaseSeconds * 1000) / 3,
    patienceMs: 5000,
    closingMs: 10_000,
  };
}

function endReport(ending: Ending, stderr: string, environment: NodeJS.ProcessEnv): ReportTaskBody {
  if (succeeded(ending)) return { status: "Completed", progress: 100 };
  return {
    status: "Failed",
    fail_reason: failReason(ending, { stderr, secretValues: secretValuesOf(environment) }),
  };
}

function titleOf({ task }: RecordedRun): string {
  return oneLine(`${task.name} ${task.instance.name ?? task.instance.id}`);
}
