import { readFileSync } from "node:fs";
import { Command } from "commander";
import { createCommand } from "./create.ts";
import { describeFailure } from "./failure.ts";
import { listCommand } from "./list.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";
import { serveCommand } from "./serve.ts";
import { showCommand } from "./show.ts";
import { stdout } from "./terminal.ts";
import { printableLines } from "./text.ts";
import { waitCommand } from "./wait.ts";
import { watchCommand } from "./watch.ts";

/**
 * Runs a command line and answers its exit code, which a command sets as `process.exitCode` unless it throws. Nothing
 * is thrown from here: errors end as one line on stderr.
 */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const { message, exitCode } = describeFailure(error);
    if (message !== undefined) process.stderr.write(`taskcenter: ${message}\n`);
    return exitCode;
  }
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
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout().write(text),
      // In the log of a script, a line must say whose it is.
      outputError: (text, write) => write(printableLines(text.replace(/^error: /, "taskcenter: "))),
    })
    .addHelpText(
      "after",
      `
Server and user are found as OpenStack tools find them: OS_CLOUD, or the only cloud, of clouds.yaml in
OS_CLIENT_CONFIG_FILE, else ., ./taskcenter-data (TASKCENTER_DATA), ~/.config/openstack or /etc/openstack;
OS_AUTH_URL, OS_USERNAME and their like win over the file. Or TASKCENTER_URL with TASKCENTER_TOKEN.

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
  ];
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  return program;
}

/** The manifest lies two folders up, from the sources as from the build. */
function version(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
