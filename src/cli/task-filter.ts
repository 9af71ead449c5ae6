import { type Command, Option } from "commander";
import type { TaskFilter } from "../client/index.ts";
import { systemClock } from "../task/clock.ts";
import {
  type Service,
  services,
  type TaskKind,
  type TaskState,
  type TaskStatus,
  taskKinds,
  taskStates,
  taskStatuses,
} from "../task/lifecycle.ts";
import { type LabelValues, readLabel, readSince } from "./option-values.ts";

/** The options of every command that is about some of the tasks. */
export interface FilterOptions {
  readonly service?: readonly Service[];
  readonly kind?: readonly TaskKind[];
  readonly state?: readonly TaskState[];
  readonly status?: readonly TaskStatus[];
  readonly name?: readonly string[];
  readonly instance?: readonly string[];
  readonly instanceName?: readonly string[];
  readonly database?: readonly string[];
  readonly parent?: readonly string[];
  readonly label?: LabelValues;
  readonly query?: string;
  readonly stale?: true;
  readonly since?: string;
}

/** Gives a command the options that say which tasks are meant. */
export function withFilterOptions(command: Command): Command {
  return command
    .addOption(new Option("--service <SERVICE...>", "only of these services").choices(services))
    .addOption(new Option("--kind <KIND...>", "only of these kinds").choices(taskKinds))
    .addOption(
      new Option("--state <STATE...>", "only in these states, over all services").choices(taskStates),
    )
    .addOption(
      new Option("--status <STATUS...>", "only with these statuses, in the services' words").choices(
        taskStatuses,
      ),
    )
    .option("--name <NAME...>", "only with these names")
    .option("--instance <ID...>", "only on these instances, by id")
    .option("--instance-name <NAME...>", "only on these instances, by name")
    .option("--database <NAME...>", "only on these databases")
    .option("--parent <ID...>", "only the children of these tasks")
    .option("--label <KEY=VALUE...>", "only with these labels; of one key any of its values", readLabel)
    .option("--query <TEXT>", "only with this text in id, name, instance, database or fail reason")
    .option("--stale", "only those whose producers have gone silent")
    .option(
      "--since <WHEN>",
      "only created since: 90s, 15m, 2h, 3d ago, or an RFC 3339 time",
      (text: string) => readSince(text, systemClock),
    );
}

/** Which tasks the options mean. */
export function filterOf(options: FilterOptions): TaskFilter {
  return {
    service: options.service,
    kind: options.kind,
    state: options.state,
    status: options.status,
    name: options.name,
    instance_id: options.instance,
    instance_name: options.instanceName,
    database_name: options.database,
    parent_id: options.parent,
    label: options.label,
    q: options.query === undefined ? undefined : [options.query],
    stale: options.stale,
    created_from: options.since,
  };
}
