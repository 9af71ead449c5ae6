import { Command, Option } from "commander";
import type { CreateTaskBody } from "../client/index.ts";
import { type Service, services, type TaskStatus, taskStatuses } from "../task/lifecycle.ts";
import { connectToServer } from "./cloud.ts";
import { readInstance, readLease, readProgress } from "./option-values.ts";
import { print } from "./terminal.ts";

interface CreateOptions {
  readonly service: Service;
  readonly name: string;
  readonly instance: CreateTaskBody["instance"];
  readonly id?: string;
  readonly database?: string;
  readonly status?: TaskStatus;
  readonly progress?: number;
  readonly lease?: number;
}

/** `taskcenter create`: records a task that somebody else carries out. */
export function createCommand(): Command {
  return new Command("create")
    .summary("record a task, and print its id")
    .description(
      "Records a task and prints its id. With an id of its own, the same command may safely be repeated.",
    )
    .addOption(
      new Option("--service <SERVICE>", "the service of the instance")
        .choices(services)
        .makeOptionMandatory(),
    )
    .requiredOption("--name <NAME>", "the operation, in the service's words: BackupInstance")
    .requiredOption("--instance <ID[=NAME]>", "the instance that is worked on", readInstance)
    .option("--id <ID>", "the task's id, 1 to 64 of A-Z a-z 0-9 - _; made by the server unless given")
    .option("--database <NAME>", "the database that is worked on")
    .addOption(new Option("--status <STATUS>", "where it stands; Running unless given").choices(taskStatuses))
    .option("--progress <PERCENT>", "how far it is, 0 to 100", readProgress)
    .option("--lease <SECONDS>", "the promise to report at least this often, 5 to 86400", readLease)
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter create --service rds --name BackupInstance --instance db1=orders
  $ id=$(taskcenter create --service ddm --name EnlargeNode --instance ddm-7 --progress 0 --lease 300)`,
    )
    .action(async (options: CreateOptions) => {
      const client = await connectToServer();
      const task = await client.createTask({
        service: options.service,
        name: options.name,
        instance: options.instance,
        id: options.id,
        database_name: options.database,
        status: options.status,
        progress: options.progress,
        lease_seconds: options.lease,
      });
      await print(`${task.id}\n`);
    });
}
