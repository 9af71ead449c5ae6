import { readFileSync } from "node:fs";
import { Command, Help, type Option } from "commander";
import { accessKeyCommand } from "./access-key.ts";
import { completionCommand } from "./completion.ts";
import { createCommand } from "./create.ts";
import { exitCodes } from "./exit-codes.ts";
import { exportCommand } from "./export.ts";
import { describeFailure } from "./failure.ts";
import { importCommand } from "./import.ts";
import { listCommand } from "./list.ts";
import { projectCommand } from "./project.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";
import { serveCommand } from "./serve.ts";
import { showCommand } from "./show.ts";
import { simulateCommand } from "./simulate.ts";
import { storeCommand } from "./store.ts";
import { stdout } from "./terminal.ts";
import { printableLines } from "./text.ts";
import { userCommand } from "./user.ts";
import { waitCommand } from "./wait.ts";
import { watchCommand } from "./watch.ts";

/**
 * Runs a command line and answers its exit code, which a command sets as `process.exitCode` unless it throws. Nothing
 * is thrown from here: errors end as one line on stderr.
 */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(withHelpFlag(argv), { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const { message, exitCode } = describeFailure(error);
    if (message !== undefined) process.stderr.write(`taskcenter: ${message}\n`);
    // A shell that runs a script ends it only when it sees that what it waited for died of the Ctrl-C.
    if (exitCode === exitCodes.interrupted) process.kill(process.pid, "SIGINT");
    return exitCode;
  }
}

/**
 * In the log of a script, a line must say whose it is. Arguments that are too many may be passwords. What is missing is
 * explained by the command's help.
 */
function usageError(text: string, command: string): string {
  return text
    .replace(/^error: /, "taskcenter: ")
    .replace(/(too many arguments.* but got \d+): .*/s, "$1.\n")
    .replace(
      /^(\S+ (?:required option .* not specified|missing required argument .*))\n$/,
      `$1: see ${command} --help\n`,
    );
}

/** `help user add` as `user add --help`: commander's own help knows no commands of commands. */
function withHelpFlag(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  return first === "help" && rest.length > 1 ? [...rest, "--help"] : argv;
}

/** All commands with their help. */
export function buildProgram(): Command {
  const program = new Command("taskcenter")
    .description(
      "The durable record of every long-running operation on your databases, in one exact list, " +
        "through the API that your tools already speak.",
    )
    .version(version(), "-V, --version", "print the version")
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm, optionDescription })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout().write(text),
    })
    .addHelpText(
      "after",
      `
Server and user are found in the first of these that applies; where a server was started, nothing has to be set:
  TASKCENTER_URL with TASKCENTER_ACCESS_KEY and TASKCENTER_SECRET_KEY (made by taskcenter access-key add), or with
    TASKCENTER_TOKEN; the address is the server's, or ends in /v1/PROJECT_ID
  OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, all set and OS_CLOUD not, as OpenStack tools read them
  clouds.yaml, its cloud OS_CLOUD or its only one: the file OS_CLIENT_CONFIG_FILE, else the first there is in .,
    $TASKCENTER_DATA or ./taskcenter-data, ~/.config/openstack and /etc/openstack; OS_ variables win over it

Exit codes: 0 done, 1 failed, 2 wrong usage, 69 server not reached, 77 not allowed;
of wait and watch: 0 succeeded, 1 failed, 3 canceled, 124 not ended in time; of run: the command's own.

Examples:
  $ taskcenter serve
  $ taskcenter run --service rds --name BackupInstance --instance db1 -- pg_dump --file orders.dump orders
  $ taskcenter list --state failed --since 24h
  $ taskcenter help run`,
    );
  const commands = [
    serveCommand(),
    runCommand(),
    listCommand(),
    showCommand(),
    watchCommand(),
    waitCommand(),
    createCommand(),
    reportCommand(),
    exportCommand(),
    importCommand(),
    simulateCommand(),
    userCommand(),
    projectCommand(),
    accessKeyCommand(),
    storeCommand(),
    completionCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  inheritSettings(program, "taskcenter");
  return program;
}

/** A command in the list of commands. Whatever `run` records stands behind a `--`, which commander leaves out. */
function subcommandTerm(command: Command): string {
  const term = new Help().subcommandTerm(command);
  return command.name() === "run" ? term.replace(" <COMMAND", " -- <COMMAND") : term;
}

/** What an option means. Commander does not say which have to be given. */
function optionDescription(option: Option): string {
  return `${new Help().optionDescription(option)}${option.mandatory ? " (required)" : ""}`;
}

/** Commander hands its settings on only to commands that it makes itself. `words` are what the parent is called by. */
function inheritSettings(parent: Command, words: string): void {
  parent.configureOutput({
    outputError: (text, write) => write(printableLines(usageError(text, words))),
  });
  for (const command of parent.commands) {
    inheritSettings(command.copyInheritedSettings(parent), `${words} ${command.name()}`);
  }
}

/** The manifest lies two folders up, from the sources as from the build. */
function version(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
