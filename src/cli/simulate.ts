import { Command, InvalidArgumentError, Option } from "commander";
import { ConfigError } from "../config.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { type Service, services } from "../task/lifecycle.ts";
import { connectToServer } from "./cloud.ts";
import { exitCodes } from "./exit-codes.ts";
import { describeFailure } from "./failure.ts";
import { interruptible } from "./interruption.ts";
import { durationMs, readCount, readSince, readTimeout } from "./option-values.ts";
import { candidatesOf } from "./simulate/arrivals.ts";
import { type Fleet, makeFleet, operationNames } from "./simulate/fleet.ts";
import { type Simulated, simulate } from "./simulate/runner.ts";
import type { Scenario } from "./simulate/scenario.ts";
import { viewOn } from "./simulate/view.ts";
import { print } from "./terminal.ts";
import { oneLine } from "./text.ts";

interface SimulateOptions {
  readonly seed: number;
  readonly start?: string;
  /** False where there is to be none. */
  readonly history: number | false;
  readonly duration?: number;
  readonly rate: number;
  readonly speed: number;
  readonly instances: number;
  readonly services: readonly Service[];
  readonly only: readonly string[];
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const defaults = { seed: 1, historyMs: 7 * dayMs, rate: 1, speed: 1, instances: 40 } as const;

/** So many tasks a minute, in our time, are as many as are begun. */
const mostPerMinute = 6000;

/** `taskcenter simulate`: lets a fleet of database instances live, and reports what happens to it. */
export function simulateCommand(): Command {
  return new Command("simulate")
    .summary("fill a task center with the tasks of a living fleet")
    .description(
      "Invents a fleet of database instances and reports what happens to it, as its producers would: first a past of " +
        "some days, with its nightly backups, busy hours and a bad night, then whatever happens now, until Ctrl-C. The " +
        "same --seed, --start and options are the same tasks. They are created like real ones, with the label " +
        "fleet=simulated-SEED: use a project of their own where real ones are kept.",
    )
    .option("--seed <NUMBER>", "which fleet: 0 to 4294967295", readSeed, defaults.seed)
    .option(
      "--start <WHEN>",
      "when it begins to live: an RFC 3339 time, or so long ago, as 2h; now unless given",
      (text: string) => readSince(text, systemClock),
    )
    .addOption(
      new Option("--history <TIME>", "how much of a past it has, from 1h to 90d")
        .argParser(readHistory)
        .default(defaults.historyMs, "7d"),
    )
    .option("--no-history", "only what happens from the start on")
    .option(
      "--duration <TIME>",
      "how long it lives from its start, as 10m, up to 24d; until Ctrl-C unless given",
      readTimeout,
    )
    .option(
      "--rate <TASKS>",
      "how many tasks people begin in a minute, from 0.1 to 600",
      readRate,
      defaults.rate,
    )
    .option(
      "--speed <FACTOR>",
      "how many times as fast everything goes from the start on, 1 to 1000",
      readSpeed,
      defaults.speed,
    )
    .option(
      "--instances <NUMBER>",
      "how many instances there are, 3 to 500",
      readInstances,
      defaults.instances,
    )
    .addOption(
      new Option("--services <SERVICE...>", "only instances of these services")
        .choices(services)
        .default(services, "all"),
    )
    .addOption(
      new Option(
        "--only <NAME...>",
        "only operations of these names, as BackupInstance or migrateLogicDb",
      ).default([], "all"),
    )
    .addHelpText(
      "after",
      `
--speed shortens what lasts and what lies between alike: --rate 1 --speed 10 begins 10 tasks in a minute of ours, and
what takes 20 minutes takes 2. A simulation that was stopped goes on with the same options and its --start.

Examples:
  $ taskcenter simulate
  $ taskcenter simulate --duration 10m --history 30d
  $ taskcenter simulate --no-history --services ddm --only migrateLogicDb --speed 120
  $ taskcenter simulate --seed 7 --start 2026-03-01T12:00:00Z --duration 1m`,
    )
    .action(async (options: SimulateOptions) => {
      // What is wrong is said before anybody is asked.
      planOf(options, systemClock());
      await interruptible(async (signal) => {
        const client = await connectToServer({ signal });
        const aheadMs = await client.serverAheadMs({ signal });
        // The server would refuse the times of a clock that is ahead of its own.
        const clock: Clock = () => systemClock() + aheadMs;
        const { scenario, fleet, untilMs } = planOf(options, clock());
        const view = viewOn(process.stderr, {
          begins: `The fleet of seed ${scenario.seed} lives${options.duration === undefined ? "; Ctrl-C ends it" : ""}.`,
          whyNot: (error) => describeFailure(error).message ?? "",
        });
        try {
          const simulated = await simulate({
            client,
            fleet,
            scenario,
            untilMs,
            clock,
            signal,
            audience: view,
          });
          view.close();
          await sayEnd(simulated, goOnCommand(scenario));
        } finally {
          view.close();
        }
      });
    });
}

/** @throws ConfigError where options do not go together. */
function planOf(
  options: SimulateOptions,
  nowMs: number,
): { readonly scenario: Scenario; readonly fleet: Fleet; readonly untilMs: number } {
  const { seed, instances, only, rate, speed } = options;
  // Whole seconds are easier to say again.
  const startMs = options.start === undefined ? Math.floor(nowMs / 1000) * 1000 : Date.parse(options.start);
  if (startMs > nowMs) throw new ConfigError("--start must not lie ahead");
  if (rate * speed > mostPerMinute) {
    throw new ConfigError(`--rate times --speed must be at most ${mostPerMinute} tasks a minute`);
  }
  const names = operationNames(options.services);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(`--only: nothing is called ${unknown}; there are ${names.join(", ")}`);
  }
  const scenario: Scenario = {
    seed,
    startMs,
    historyMs: options.history === false ? 0 : options.history,
    instances,
    services: options.services,
    only,
    ratePerMinute: rate,
    speed,
  };
  const fleet = makeFleet(scenario);
  if (candidatesOf(fleet, scenario).length === 0) {
    throw new ConfigError("none of this fleet's instances has such an operation: give more --instances");
  }
  const untilMs = options.duration === undefined ? Number.POSITIVE_INFINITY : startMs + options.duration;
  return { scenario, fleet, untilMs };
}

async function sayEnd({ tally, refused }: Simulated, goOn: string): Promise<void> {
  const { all, succeeded, failed, canceled, live } = tally.counts();
  const tasks = all === 1 ? "1 task" : `${all} tasks`;
  await print(
    `simulated ${tasks}: ${succeeded} succeeded, ${failed} failed, ${canceled} canceled, ${live} left unfinished\n`,
  );
  if (live > 0) process.stderr.write(`What is left goes on with: ${goOn}\n`);
  if (refused.count > 0) {
    process.stderr.write(
      `taskcenter: lines that were refused: ${refused.count}; the first: ${oneLine(refused.first)}\n`,
    );
    process.exitCode = exitCodes.failed;
  }
}

/** The command line that goes on with a simulation: what is not said is as it is where nobody says it. */
function goOnCommand(scenario: Scenario): string {
  const { seed, startMs, historyMs, instances, only, ratePerMinute, speed } = scenario;
  const history = historyMs === 0 ? "--no-history" : `--history ${historyMs / hourMs}h`;
  const words = [
    "taskcenter simulate",
    ...(seed === defaults.seed ? [] : [`--seed ${seed}`]),
    `--start ${new Date(startMs).toISOString()}`,
    ...(historyMs === defaults.historyMs ? [] : [history]),
    ...(ratePerMinute === defaults.rate ? [] : [`--rate ${ratePerMinute}`]),
    ...(speed === defaults.speed ? [] : [`--speed ${speed}`]),
    ...(instances === defaults.instances ? [] : [`--instances ${instances}`]),
    ...(scenario.services.length === services.length ? [] : [`--services ${scenario.services.join(" ")}`]),
    ...(only.length === 0 ? [] : [`--only ${only.join(" ")}`]),
  ];
  return words.join(" ");
}

function readSeed(text: string): number {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seed < 2 ** 32)) throw new InvalidArgumentError("Give a whole number from 0 to 4294967295.");
  return seed;
}

function readHistory(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms % hourMs !== 0 || ms < hourMs || ms > 90 * dayMs) {
    throw new InvalidArgumentError("Give a number with h or d, from 1h to 90d, such as 7d.");
  }
  return ms;
}

function readRate(text: string): number {
  const rate = /^\d{1,3}(\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(rate >= 0.1 && rate <= 600)) throw new InvalidArgumentError("Give a number from 0.1 to 600.");
  return rate;
}

function readSpeed(text: string): number {
  const speed = /^\d{1,4}(\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(speed >= 1 && speed <= 1000)) throw new InvalidArgumentError("Give a number from 1 to 1000.");
  return speed;
}

function readInstances(text: string): number {
  const count = readCount(text);
  if (count < 3 || count > 500) throw new InvalidArgumentError("Give a whole number from 3 to 500.");
  return count;
}
