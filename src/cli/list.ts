import { Command, Option } from "commander";
import { CursorTrail } from "../client/cursors.ts";
import type { ListTasksQuery, TaskCenterClient, TaskDocument } from "../client/index.ts";
import { connectToServer } from "./cloud.ts";
import { type OutputForm, outputOption, readCount } from "./option-values.ts";
import { renderList } from "./output.ts";
import { tableStyle } from "./table.ts";
import { type FilterOptions, filterOf, withFilterOptions } from "./task-filter.ts";
import { taskLayout } from "./task-layout.ts";
import { print, stdout } from "./terminal.ts";

/** What the API calls the two orders. */
const sorts = { newest: "-created_at", oldest: "created_at" } as const;

interface ListOptions extends FilterOptions {
  readonly sort: keyof typeof sorts;
  readonly limit: number;
  readonly output: OutputForm;
}

/** `taskcenter list`: the tasks of the project, newest first. */
export function listCommand(): Command {
  const command = new Command("list")
    .summary("list tasks, newest first")
    .description(
      "Lists the tasks of the project, newest first. Of a filter with several values any may match.",
    );
  return withFilterOptions(command)
    .addOption(
      new Option("--sort <ORDER>", "which come first, by creation")
        .choices(Object.keys(sorts))
        .default("newest"),
    )
    .option("--limit <NUMBER>", "how many to show", readCount, 50)
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter list --state running
  $ taskcenter list --state failed --since 2h
  $ taskcenter list --label team=payments --query "disk full"
  $ taskcenter list --service rds --instance db1 --limit 1000 -o csv > tasks.csv`,
    )
    .action(async (options: ListOptions) => {
      const client = await connectToServer();
      const query = { ...filterOf(options), sort: sorts[options.sort] };
      const { tasks, total } = await fetchTasks(client, query, options.limit);
      await print(renderList(tasks, taskLayout, options.output, tableStyle(stdout())));
      if (options.output === "table") process.stderr.write(`showing ${tasks.length} of ${total}\n`);
    });
}

/** How many tasks the API answers at once at most. */
const pageSize = 500;

/** The first tasks, in as many requests as it takes, and the exact total at the first of them. */
async function fetchTasks(
  client: TaskCenterClient,
  query: ListTasksQuery,
  limit: number,
): Promise<{ readonly tasks: readonly TaskDocument[]; readonly total: number }> {
  let page = await client.listTasks({ ...query, limit: Math.min(limit, pageSize) });
  const { total } = page;
  const tasks = [...page.tasks];
  const trail = new CursorTrail();
  for (
    let cursor = trail.after(page);
    cursor !== undefined && tasks.length < limit;
    cursor = trail.after(page)
  ) {
    page = await client.listTasks({ ...query, cursor, limit: Math.min(limit - tasks.length, pageSize) });
    tasks.push(...page.tasks);
  }
  return { tasks, total };
}
