import { resolve } from "node:path";
import { Command, Option } from "commander";
import {
  type Config,
  readConfig,
  type Setting,
  type SettingKey,
  secretVariables,
  settings,
} from "../config.ts";
import type { RunningServer } from "../server.ts";
import { shortPath } from "./short-path.ts";
import { openQuestions } from "./worker-questions.ts";
import { isWorker, leave, onToldToStop, runWorkers, tellListening, workersOf } from "./workers.ts";

/** `taskcenter serve`: the server, until a signal stops it. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .summary("start the server")
    .description(
      "Starts the server, with its embedded store or on PostgreSQL. A setting comes from its flag, else from the " +
        "environment, else from ./taskcenter.yaml (whose keys are the flags without dashes), else it has its default.",
    )
    .option("--config <FILE>", "read settings from this file instead of ./taskcenter.yaml");
  for (const [key, setting] of Object.entries(settings) as [SettingKey, Setting][]) {
    const shown = setting.default === undefined ? "" : `; default ${setting.default}`;
    command.addOption(
      new Option(`--${key} <${setting.form}>`, `${setting.description} (${setting.env}${shown})`),
    );
  }
  return command
    .addHelpText(
      "after",
      `
From the environment alone, since they are secrets:
  TASKCENTER_ENCRYPTION_KEY   seals secret keys in the store, 64 hex digits; else DATA/encryption.key, made if need be
  TASKCENTER_METRICS_TOKEN    what GET /metrics asks for, from 16 characters; without one it is open, and names no task

Used only when the store is created:
  TASKCENTER_ADMIN_PASSWORD   the password of user admin; else random, in DATA/clouds.yaml
  TASKCENTER_PROJECT_ID       the id of the first project, 32 hex digits; else random

What is a secret, or may hold one, can be read from a file:${secretVariables.map((name) => `\n  ${name}_FILE`).join("")}

Examples:
  $ taskcenter serve
  $ taskcenter serve --listen 0.0.0.0:8080 --public-url https://tasks.example.com --data /var/lib/taskcenter
  $ taskcenter serve --listen 127.0.0.1:0 --listen-ddm 127.0.0.1:0
  $ TASKCENTER_STORE=postgres://taskcenter@db.example.com/taskcenter taskcenter serve --workers auto`,
    )
    .action(async (_options, invoked: Command) => {
      const { config: configFile, ...flags } = flagValues(invoked);
      const config = readConfig({ flags, env: process.env, configFile, workingDirectory: process.cwd() });
      const workers = workersOf(config.workers);
      const stopping = stopSignal();
      if (isWorker) return await serveAsWorker(config, stopping);
      if (workers === 1) return await serve(config, { stopping, announce });
      process.exitCode = await runWorkers({
        workers,
        stopping,
        announce: (facts: ServerFacts) => announce(facts, config.dataDirectory),
      });
    });
}

/** What is known of a server that accepts requests, without the means to stop it. */
type ServerFacts = Omit<RunningServer, "close">;

/** Serves until it is told to stop. */
async function serve(
  config: Config,
  when: {
    readonly stopping: Promise<void>;
    readonly announce: (facts: ServerFacts, dataDirectory: string) => void;
  },
): Promise<void> {
  // Only here: every other command starts in half the time without the server's code.
  const { startServer } = await import("../server.ts");
  const server = await startServer({ config, ...(isWorker && { peers: openQuestions() }) });
  when.announce(server, config.dataDirectory);
  await when.stopping;
  await server.close();
}

/** One of several that serve: it speaks to the process that started it, and that one to people. */
async function serveAsWorker(config: Config, stopping: Promise<void>): Promise<void> {
  const announce = ({ url, serviceUrls, firstStart }: ServerFacts) =>
    tellListening<ServerFacts>({ url, serviceUrls, firstStart });
  try {
    await serve(config, { stopping, announce });
  } finally {
    leave();
  }
}

/** The flags as they were given, by their own names: commander keeps them in camel case. */
function flagValues(command: Command): Partial<Record<SettingKey | "config", string>> {
  const values = command.opts<Record<string, string>>();
  const given: Partial<Record<SettingKey | "config", string>> = {};
  for (const option of command.options) {
    const value = values[option.attributeName()];
    if (value !== undefined) given[option.name() as SettingKey | "config"] = value;
  }
  return given;
}

/** Fulfilled by the first signal that asks the process to stop; a second one, of either kind, ends it at once. */
function stopSignal(): Promise<void> {
  const signals = ["SIGTERM", "SIGINT"] as const;
  return new Promise((resolve) => {
    const stop = () => {
      for (const signal of signals) process.off(signal, stop);
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
    // Ctrl-C reaches a worker too, before it is told: so that is no second signal.
    if (isWorker) onToldToStop(stop);
  });
}

function announce(server: ServerFacts, dataDirectory: string): void {
  console.log(`listening on ${server.url}`);
  for (const [service, url] of Object.entries(server.serviceUrls)) {
    console.log(`listening on ${url} (${service})`);
  }
  if (server.firstStart === undefined) return;
  const { cloudsFile, userName, projectName, projectId } = server.firstStart;
  // The commands look for it in ./taskcenter-data by themselves.
  const isFound = dataDirectory === resolve("taskcenter-data");
  console.log(`
This is the first start: project ${projectName} (${projectId}) and user ${userName} were created.
The password is in ${shortPath(cloudsFile)}, which only you can read; the commands below find it there.

Next: open ${server.url}/console/ in a browser, and sign in as ${userName}.
In another terminal in this directory:${isFound ? "" : `\n  export TASKCENTER_DATA=${dataDirectory}`}
  npx taskcenter simulate                                                            # a fleet of databases to look at
  npx taskcenter run --service rds --name BackupInstance --instance db1 -- sleep 5   # record a command as a task
  npx taskcenter list                                                                # what is running, what failed
  npx taskcenter --help                                                              # everything else
`);
}
