import { Command, Option } from "commander";
import type { ListTasksQuery, TaskCenterClient, TaskListDocument } from "../client/index.ts";
import { systemClock } from "../task/clock.ts";
import {
  type Service,
  services,
  type TaskState,
  type TaskStatus,
  taskStates,
  taskStatuses,
} from "../task/lifecycle.ts";
import { connectToServer } from "./cloud.ts";
import { type OutputForm, outputOption, readCount, readSince } from "./option-values.ts";
import { renderList } from "./output.ts";
import { tableStyle } from "./table.ts";
import { taskLayout } from "./task-layout.ts";
import { print, stdout } from "./terminal.ts";

interface ListOptions {
  readonly service?: readonly Service[];
  readonly state?: readonly TaskState[];
  readonly status?: readonly TaskStatus[];
  readonly name?: readonly string[];
  readonly instance?: readonly string[];
  readonly since?: string;
  readonly limit: number;
  readonly output: OutputForm;
}

/** `taskcenter list`: the tasks of the project, newest first. */
export function listCommand(): Command {
  return new Command("list")
    .summary("list tasks, newest first")
    .description(
      "Lists the tasks of the project, newest first. Of a filter with several values any may match.",
    )
    .addOption(new Option("--service <SERVICE...>", "only of these services").choices(services))
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
    .option(
      "--since <WHEN>",
      "only created since: 90s, 15m, 2h, 3d ago, or an RFC 3339 time",
      (text: string) => readSince(text, systemClock),
    )
    .option("--limit <NUMBER>", "how many to show", readCount, 50)
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter list --state running
  $ taskcenter list --state failed --since 2h
  $ taskcenter list --service rds --instance db1 --limit 1000 -o csv > tasks.csv`,
    )
    .action(async (options: ListOptions) => {
      const client = await connectToServer();
      const { tasks, total } = await fetchTasks(client, queryOf(options), options.limit);
      await print(renderList(tasks, taskLayout, options.output, tableStyle(stdout())));
      if (options.output === "table") process.stderr.write(`showing ${tasks.length} of ${total}\n`);
    });
}

function queryOf({ service, state, status, name, instance, since }: ListOptions): ListTasksQuery {
  return { service, state, status, name, instance_id: instance, created_from: since };
}

/** How many tasks the API answers at once at most. */
const pageSize = 500;

/**
 * The newest tasks, in as many requests as it takes, and the exact total at the first of them. Tasks that are created
 * meanwhile would push known ones on to the next page, so the pages that follow leave them out.
 */
async function fetchTasks(
  client: TaskCenterClient,
  query: ListTasksQuery,
  limit: number,
): Promise<TaskListDocument> {
  const first = await client.listTasks({ ...query, limit: Math.min(limit, pageSize) });
  const following = { ...query, created_to: first.tasks[0]?.created_at };
  const tasks = [...first.tasks];
  while (tasks.length < Math.min(limit, first.total)) {
    const page = await client.listTasks({
      ...following,
      offset: tasks.length,
      limit: Math.min(limit - tasks.length, pageSize),
    });
    // Fewer than there were: some have been deleted.
    if (page.tasks.length === 0) break;
    tasks.push(...page.tasks);
  }
  return { tasks, total: first.total };
}
