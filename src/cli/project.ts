import { Command } from "commander";
import { connectToIam } from "./cloud.ts";
import { projectLayout } from "./iam/layouts.ts";
import { findProject } from "./iam/lookup.ts";
import { type OutputForm, outputOption } from "./option-values.ts";
import { renderList } from "./output.ts";
import { tableStyle } from "./table.ts";
import { print, stdout } from "./terminal.ts";

/** `taskcenter project`: what keeps one tenant's tasks apart from another's. */
export function projectCommand(): Command {
  const command = new Command("project")
    .summary("look after projects")
    .description(
      "Looks after projects. Every task belongs to one, and so does every role but those of the domain.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter project add shop
  $ taskcenter project add --help`,
    );
  const commands = [
    addCommand(),
    listCommand(),
    removeCommand(),
    enabledCommand("disable"),
    enabledCommand("enable"),
  ];
  for (const subcommand of commands) command.addCommand(subcommand);
  return command;
}

function addCommand(): Command {
  return new Command("add")
    .summary("add a project, and print its id")
    .description("Adds a project and prints its id. Nobody has a role in it yet.")
    .argument("<NAME>", "the project's name")
    .option("--description <TEXT>", "what the project is for")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter project add shop --description "the shop's databases"
  $ taskcenter user grant ann admin --project shop`,
    )
    .action(async (name: string, { description }: { readonly description?: string }) => {
      const iam = await connectToIam();
      const { id } = await iam.createProject({ name, description });
      await print(`${id}\n`);
    });
}

function listCommand(): Command {
  return new Command("list")
    .summary("list projects")
    .description("Lists projects: an administrator sees all, everybody else those in which they have a role.")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter project list
  $ taskcenter project list -o json`,
    )
    .action(async ({ output }: { readonly output: OutputForm }) => {
      const iam = await connectToIam();
      await print(renderList(await iam.listProjects(), projectLayout, output, tableStyle(stdout())));
    });
}

function removeCommand(): Command {
  return new Command("remove")
    .summary("remove a project without tasks")
    .description(
      "Removes a project with the roles in it. One that has tasks is refused, since they are the record: disable it.",
    )
    .argument("<NAME>", "the project's name or id")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter project remove shop || taskcenter project disable shop`,
    )
    .action(async (name: string) => {
      const iam = await connectToIam();
      await iam.deleteProject((await findProject(iam, name)).id);
    });
}

function enabledCommand(verb: "disable" | "enable"): Command {
  const effect = {
    disable: "Disables a project: nobody gets at it any more, and its tasks are kept.",
    enable: "Enables a project: whoever has a role in it gets at its tasks again.",
  };
  return new Command(verb)
    .summary(`${verb} a project`)
    .description(effect[verb])
    .argument("<NAME>", "the project's name or id")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter project ${verb} shop`,
    )
    .action(async (name: string) => {
      const iam = await connectToIam();
      await iam.updateProject((await findProject(iam, name)).id, { enabled: verb === "enable" });
    });
}
