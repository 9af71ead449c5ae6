import { Command } from "commander";
import { connectIam, type IamClient, projectAddress, serverAddress } from "../client/index.ts";
import { connectToIam, findIamLoginHere, type IamLogin } from "./cloud.ts";
import { accessKeyLayout, newAccessKeyLayout } from "./iam/layouts.ts";
import { findProject, findUser } from "./iam/lookup.ts";
import { type OutputForm, outputOption } from "./option-values.ts";
import { renderList, renderOne } from "./output.ts";
import { tableStyle } from "./table.ts";
import { print, stdout } from "./terminal.ts";

/** `taskcenter access-key`: what machines log in with. */
export function accessKeyCommand(): Command {
  const command = new Command("access-key")
    .summary("look after access keys, with which machines log in")
    .description(
      "Looks after access keys: your own, or as an administrator those of every user. A machine that has one signs " +
        "its requests, and needs nobody's password.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter access-key add --user backup
  $ taskcenter access-key add --help`,
    );
  for (const subcommand of [addCommand(), listCommand(), removeCommand()]) command.addCommand(subcommand);
  return command;
}

interface AddOptions {
  readonly user?: string;
  readonly description?: string;
  readonly output: OutputForm;
}

function addCommand(): Command {
  return new Command("add")
    .summary("make an access key, and show it this once")
    .description(
      "Makes an access key. Its secret key is shown this once. To replace a key, make the new one before the old " +
        "one is removed.",
    )
    .option("--user <NAME>", "whose key it is to be; yours unless given")
    .option("--description <TEXT>", "what the key is for")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter access-key add --user backup --description "nightly backups"
  $ (umask 077; taskcenter access-key add --user backup -o json > key.json)`,
    )
    .action(async ({ user, description, output }: AddOptions) => {
      const login = findIamLoginHere();
      const iam = await connectIam({ credentials: login });
      const userId = await idOf(iam, user);
      // Before there is a key whose secret a failure would lose.
      const url = await addressFor(iam, login);
      const key = await iam.createAccessKey({ userId, description });
      await print(renderOne(key, newAccessKeyLayout, output, tableStyle(stdout())));
      if (output === "table") process.stderr.write(hint(url, key.access));
    });
}

/**
 * The address that a machine is to use: that of the project which our own login is for, so that it never depends on the
 * projects that its user comes to have a role in. To be filled in where ours is for none.
 */
async function addressFor(iam: IamClient, login: IamLogin): Promise<string> {
  const given = login.kind === "password" ? undefined : serverAddress(login.url).project;
  if (given !== undefined) return given;
  const project = login.kind === "token" ? undefined : login.project;
  if (project === undefined) return `${iam.server}/v1/...`;
  const id = "id" in project ? project.id : (await findProject(iam, project.name)).id;
  return projectAddress(iam.server, id);
}

/** What to do with the key. The secret itself is on stdout alone: stderr ends in logs more often. */
function hint(url: string, access: string): string {
  return `
The secret key is not shown again. On the machine that is to use it:
  export TASKCENTER_URL=${url}
  export TASKCENTER_ACCESS_KEY=${access}
  export TASKCENTER_SECRET_KEY=...
`;
}

function listCommand(): Command {
  return new Command("list")
    .summary("list access keys")
    .description("Lists the access keys of a user, oldest first. Secret keys are not shown.")
    .option("--user <NAME>", "whose keys; yours unless given")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter access-key list
  $ taskcenter access-key list --user backup`,
    )
    .action(async ({ user, output }: { readonly user?: string; readonly output: OutputForm }) => {
      const iam = await connectToIam();
      const keys = await iam.listAccessKeys({ userId: await idOf(iam, user) });
      await print(renderList(keys, accessKeyLayout, output, tableStyle(stdout())));
    });
}

function removeCommand(): Command {
  return new Command("remove")
    .summary("remove an access key")
    .description("Removes an access key: what is signed with it is refused at once.")
    .argument("<ACCESS-KEY>", "the key's public half, as it is listed")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter access-key remove 5YQ7PJM2V0LFK3XDHWCB`,
    )
    .action(async (access: string) => {
      const iam = await connectToIam();
      await iam.deleteAccessKey(access);
    });
}

/** Nobody has to be looked up for one's own keys. */
async function idOf(iam: IamClient, userName: string | undefined): Promise<string | undefined> {
  return userName === undefined ? undefined : (await findUser(iam, userName)).id;
}
