import { Command } from "commander";
import { ApiError, type TaskCenterClient, type TaskFilter } from "../client/index.ts";
import { ConfigError } from "../config.ts";
import { connectToServer } from "./cloud.ts";
import { exportToFile, printedExport } from "./export-file.ts";
import { progressOn } from "./progress.ts";
import { type FilterOptions, filterOf, withFilterOptions } from "./task-filter.ts";

interface ExportOptions extends FilterOptions {
  readonly output?: string;
  readonly resume?: boolean;
}

/** `taskcenter export`: tasks with their histories, for `taskcenter import` and whatever else reads NDJSON. */
export function exportCommand(): Command {
  const command = new Command("export")
    .summary("write tasks with their histories, as NDJSON")
    .description(
      "Writes tasks with their histories, oldest first: one object {task, history} a line. Of a filter with several " +
        "values any may match.",
    );
  return withFilterOptions(command)
    .option("--output <FILE>", "where to; to stdout unless given")
    .option("--resume", "go on after the last whole line of FILE, with the filter that it was begun with")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter export --output tasks.ndjson
  $ taskcenter export --output tasks.ndjson --resume
  $ taskcenter export --service rds --since 30d | gzip > rds.ndjson.gz`,
    )
    .action(async ({ output, resume = false, ...options }: ExportOptions) => {
      if (resume && output === undefined) throw new ConfigError("--resume: takes --output FILE");
      const client = await connectToServer();
      const filter = filterOf(options);
      // Asked before the file is opened: where the server refuses or is not there, an earlier export stays as it is.
      const all = await totalOf(client, filter);
      const target = output === undefined ? printedExport() : await exportToFile(output, { resume });
      try {
        const { after } = target;
        const total =
          after === undefined ? all : await totalOf(client, { ...filter, created_from: after.created_at });
        const progress = progressOn(process.stderr);
        try {
          let written = 0;
          for await (const exported of client.exportTasks(filter, { after })) {
            await target.write(JSON.stringify(exported));
            written += 1;
            progress.show("exporting", total && Math.min((100 * written) / total, 100));
          }
        } finally {
          progress.erase();
        }
      } finally {
        await target.close();
      }
    });
}

/** How many tasks there are now; undefined where counting them takes longer than the server gives it, unlike exporting. */
async function totalOf(client: TaskCenterClient, filter: TaskFilter): Promise<number | undefined> {
  try {
    const { total } = await client.listTasks({ ...filter, limit: 1 });
    return total;
  } catch (error) {
    if (error instanceof ApiError && error.code === "query-too-broad") return undefined;
    throw error;
  }
}
