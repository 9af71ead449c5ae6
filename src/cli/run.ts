import { randomUUIDv7 } from "node:crypto";
import { Command, InvalidArgumentError, Option } from "commander";
import type { CreateTaskBody } from "../client/index.ts";
import { systemClock } from "../task/clock.ts";
import { type Service, services } from "../task/lifecycle.ts";
import { connectToServer } from "./cloud.ts";
import { readInstance, readLease } from "./option-values.ts";
import { progressPattern } from "./run/progress.ts";
import { runRecorded } from "./run/recorded-run.ts";
import { clientReporter } from "./run/reporter.ts";

interface RunOptions {
  readonly service: Service;
  readonly name: string;
  readonly instance: CreateTaskBody["instance"];
  readonly database?: string;
  readonly id?: string;
  readonly progress?: RegExp;
  readonly lease: number;
}

/** How long the server may take for one answer. */
const answerTimeoutMs = 4000;

/** `taskcenter run`: runs a command and records it as a task. */
export function runCommand(): Command {
  return new Command("run")
    .summary("run a command and record it as a task")
    .description(
      "Runs a command and records it as a task: that it runs, how far it is, how it ended, and if it failed why. " +
        "Input, output, signals and the exit code are the command's own. It runs with or without a server: trouble " +
        "with the record is one warning on stderr.",
    )
    .usage("[options] -- COMMAND [ARGUMENTS...]")
    .addOption(
      new Option("--service <SERVICE>", "the service of the instance")
        .choices(services)
        .makeOptionMandatory(),
    )
    .requiredOption("--name <NAME>", "the operation, in the service's words: BackupInstance")
    .requiredOption("--instance <ID[=NAME]>", "the instance that is worked on", readInstance)
    .option("--database <NAME>", "the database that is worked on")
    .option(
      "--id <ID>",
      "the task's id, 1 to 64 of A-Z a-z 0-9 - _, new for every run; made here unless given",
    )
    .option(
      "--progress <REGEX>",
      "where a line of output tells the percentage: the group named progress, else the first group",
      readProgressPattern,
    )
    .option(
      "--lease <SECONDS>",
      "the task counts as stale after so long without a sign of life, 5 to 86400",
      readLease,
      60,
    )
    .argument("<COMMAND...>", "the command with its arguments")
    .passThroughOptions()
    .addHelpText("after", notes)
    .action(async (command: [string, ...string[]], options: RunOptions) => {
      const result = await runRecorded(
        {
          command,
          task: {
            id: options.id ?? randomUUIDv7(),
            service: options.service,
            name: options.name,
            instance: options.instance,
            database_name: options.database,
          },
          leaseSeconds: options.lease,
          progressPattern: options.progress,
        },
        {
          environment: process.env,
          reporter: clientReporter(({ signal }) => connectToServer({ signal, timeoutMs: answerTimeoutMs })),
          clock: systemClock,
        },
      );
      process.exitCode = result.exitCode;
      // A shell that runs a script ends it after Ctrl-C only when it sees that what it waited for died of it.
      if (result.interrupted) process.kill(process.pid, "SIGINT");
    });
}

const notes = `
Progress is the last percentage of a line of stdout or stderr; lines end in \\n or \\r. A stream in which a zero byte
comes is data, and not read on. Where the output has percentages that mean something else, say with --progress
which are meant.

The record has the program's name, its process id and this host; arguments may hold secrets and are not recorded.
A failed command leaves the last 20 lines of its stderr in the fail reason, without what looks like a password, a
token or a key, and without the values of environment variables that are named so.

The command sees pipes instead of a terminal for its output. It finds the task's id in TASKCENTER_TASK_ID. Signals are
passed on to it; Ctrl-C reaches it from the terminal. To have it survive a hangup, put nohup before the command.

Exit codes: the command's own; 128 + n when signal n ended it; 127 not found, 126 not executable; 74 when it
succeeded but its output could not be written; 2 wrong usage, and nothing has been run.

Examples:
  $ taskcenter run --service rds --name BackupInstance --instance db1=orders -- pgbackrest backup --stanza=orders
  $ taskcenter run --service rds --name RestoreInstance --instance db1 -- pg_restore -d orders < orders.dump
  $ taskcenter run --service ddm --name EnlargeNode --instance ddm-7 --progress 'step (\\d+) of 100' -- ./enlarge.sh`;

function readProgressPattern(text: string): RegExp {
  try {
    return progressPattern(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
