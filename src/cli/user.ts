import { Command, Option } from "commander";
import { connectIam, type IamClient, type RoleName, roleNames } from "../client/index.ts";
import { connectToIam, findIamLoginHere } from "./cloud.ts";
import { grantCommand, revokeCommand } from "./iam/grant.ts";
import { userLayout, userRows } from "./iam/layouts.ts";
import { findProject, findUser, findVisibleUser, listVisibleUsers } from "./iam/lookup.ts";
import {
  noPassword,
  type PasswordSource,
  passwordSource,
  readNewPassword,
  readPasswordChange,
} from "./iam/password.ts";
import { type OutputForm, outputOption } from "./option-values.ts";
import { renderList } from "./output.ts";
import { tableStyle } from "./table.ts";
import { print, stdout } from "./terminal.ts";
import { printable } from "./text.ts";

/** `taskcenter user`: who may use the server, and what for. */
export function userCommand(): Command {
  const command = new Command("user")
    .summary("look after users and their roles")
    .description(
      "Looks after users and their roles. That takes the role admin in the domain; everybody may see themselves " +
        "and change their own password.",
    )
    .addHelpText(
      "after",
      `
Roles: reader; operator (reads, operates, deletes records); reporter (reads, creates, reports);
admin (all of these in its project; in the domain, users, projects, roles and access keys too).

Examples:
  $ taskcenter user add backup --project eu-de --role reporter
  $ taskcenter user add --help`,
    );
  const commands = [
    addCommand(),
    listCommand(),
    removeCommand(),
    passwordCommand(),
    grantCommand(),
    revokeCommand(),
    enabledCommand("disable"),
    enabledCommand("enable"),
  ];
  for (const subcommand of commands) command.addCommand(subcommand);
  return command;
}

interface AddOptions {
  readonly project?: string;
  readonly role?: readonly RoleName[];
  readonly passwordStdin?: boolean;
  readonly description?: string;
  readonly email?: string;
}

function addCommand(): Command {
  return new Command("add")
    .summary("add a user, and print its id")
    .description(
      "Adds a user and prints its id. The password is asked for on a terminal. A user without one cannot log in, " +
        "but can use access keys: that is how machines do it.",
    )
    .argument("<NAME>", "the user's name")
    .option("--project <PROJECT>", "the project that the roles are for, by name or id")
    .addOption(
      new Option(
        "--role <ROLE...>",
        "what the user may do in the project, see taskcenter user --help",
      ).choices(roleNames),
    )
    .option("--password-stdin", "read the password from stdin, one line")
    .option("--description <TEXT>", "what the user is for")
    .option("--email <ADDRESS>", "where to reach them")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter user add ann --project eu-de --role reader operator --email ann@example.com
  $ taskcenter user add backup --project eu-de --role reporter && taskcenter access-key add --user backup
  $ (umask 077; openssl rand -hex 16 > ben.txt)
  $ taskcenter user add ben --project eu-de --role reader --password-stdin < ben.txt`,
    )
    .action(async (name: string, options: AddOptions, command: Command) => {
      const { project, role: roles = [], description, email } = options;
      if ((project === undefined) !== (roles.length === 0)) {
        command.error("error: --project and --role must be given together");
      }
      const iam = await connectToIam();
      // Before anybody is asked for a password that would be of no use.
      if ((await iam.listUsers({ name })).length > 0) {
        throw new Error(`there is a user ${JSON.stringify(name)} already`);
      }
      const projectId = project === undefined ? undefined : (await findProject(iam, project)).id;
      const password = await readNewPassword(passwordSource(options));
      const { id } = await iam.createUser({ name, password, description, email });
      await print(`${id}\n`);
      if (password === undefined) say(`user ${name} has no password, and can use access keys only`);
      if (projectId !== undefined) await grantAll(iam, { userId: id, roles, projectId });
    });
}

/** The user is there already: whoever asked for more must learn what is missing. */
async function grantAll(
  iam: IamClient,
  wanted: { readonly userId: string; readonly roles: readonly RoleName[]; readonly projectId: string },
): Promise<void> {
  const { userId, roles, projectId } = wanted;
  for (const [index, role] of roles.entries()) {
    try {
      await iam.grantRole({ userId, role, scope: { projectId } });
    } catch (error) {
      say(`the user is added, but not granted ${roles.slice(index).join(", ")}: see taskcenter user grant`);
      throw error;
    }
  }
}

function say(message: string): void {
  process.stderr.write(`${printable(message)}\n`);
}

function listCommand(): Command {
  return new Command("list")
    .summary("list users with their roles")
    .description(
      "Lists users with their roles in every project and in the domain: an administrator sees all, everybody else " +
        "themselves.",
    )
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter user list
  $ taskcenter user list -o json`,
    )
    .action(async ({ output }: { readonly output: OutputForm }) => {
      const iam = await connectToIam();
      const { users, areAll } = await listVisibleUsers(iam);
      const assignments = await iam.listRoleAssignments(areAll ? {} : { userId: users[0]?.id });
      const rows = userRows(users, assignments);
      await print(renderList(rows, userLayout, output, tableStyle(stdout())));
    });
}

function removeCommand(): Command {
  return new Command("remove")
    .summary("remove a user")
    .description(
      "Removes a user with their roles and access keys; what they have done stays in the tasks' history. To keep " +
        "the user, disable them.",
    )
    .argument("<NAME>", "the user's name or id")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter user remove ben`,
    )
    .action(async (name: string) => {
      const iam = await connectToIam();
      await iam.deleteUser((await findUser(iam, name)).id);
    });
}

function enabledCommand(verb: "disable" | "enable"): Command {
  const effect = {
    disable: "Disables a user: their tokens and access keys are refused at once, and they cannot log in.",
    enable: "Enables a user, who can log in again; their access keys work again too.",
  };
  return new Command(verb)
    .summary(`${verb} a user`)
    .description(effect[verb])
    .argument("<NAME>", "the user's name or id")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter user ${verb} ben`,
    )
    .action(async (name: string) => {
      const iam = await connectToIam();
      await iam.updateUser((await findUser(iam, name)).id, { enabled: verb === "enable" });
    });
}

function passwordCommand(): Command {
  return new Command("passwd")
    .summary("change a password")
    .description(
      "Changes your own password, for which the old one is asked too; with a name that of a user, for which only an " +
        "administrator needs no old one. Every token of that user ends.",
    )
    .argument("[NAME]", "the user's name or id; yourself unless given")
    .option("--password-stdin", "read from stdin: the new password; for your own the old one and the new one")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter user passwd
  $ taskcenter user passwd ben
  $ (umask 077; openssl rand -hex 16 > ben.txt)
  $ taskcenter user passwd ben --password-stdin < ben.txt`,
    )
    .action((name: string | undefined, options: { readonly passwordStdin?: boolean }) =>
      changePassword(name, passwordSource(options)),
    );
}

/** An administrator sets the password of a user who is named; everybody else changes their own. */
async function changePassword(name: string | undefined, source: PasswordSource): Promise<void> {
  const login = findIamLoginHere();
  const iam = await connectIam({ credentials: login });
  const seen = name === undefined ? undefined : await findVisibleUser(iam, name);
  if (!seen?.areAll) {
    await iam.changeOwnPassword(await readPasswordChange(source));
    return say(changeElsewhere);
  }
  const { id } = seen.user;
  const isOfLogin = login.kind === "password" && (await iam.getOwnUser()).id === id;
  const password = await readNewPassword(source);
  if (password === undefined) throw noPassword();
  await iam.updateUser(id, { password });
  if (isOfLogin) say(changeElsewhere);
}

const changeElsewhere = "the password is changed; where it is kept, as in clouds.yaml, change it too";
