import { Argument, Command, Option } from "commander";
import { type IamClient, type RoleGrant, type RoleName, roleNames } from "../../client/index.ts";
import { connectToIam } from "../cloud.ts";
import { findProject, findUser, orMissing } from "./lookup.ts";

/** `taskcenter user grant`: gives a role. */
export function grantCommand(): Command {
  return roleCommand("grant", (iam, grant) => iam.grantRole(grant))
    .summary("give a role to a user")
    .description("Gives a role to a user, in a project or in the user's domain.")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter user grant ben operator --project eu-de
  $ taskcenter user grant ann admin --domain`,
    );
}

/** `taskcenter user revoke`: takes a role away. */
export function revokeCommand(): Command {
  return roleCommand("revoke", (iam, grant, what) =>
    iam.revokeRole(grant).catch(orMissing(`there is no ${what}`)),
  )
    .summary("take a role from a user")
    .description("Takes a role from a user, and ends their tokens in that project or domain.")
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter user revoke ben operator --project eu-de`,
    );
}

interface RoleOptions {
  readonly project?: string;
  readonly domain?: true;
}

/** The two are told the same: whose role, which, and where. */
function roleCommand(
  name: string,
  change: (iam: IamClient, grant: RoleGrant, what: string) => Promise<void>,
): Command {
  return new Command(name)
    .argument("<NAME>", "the user's name or id")
    .addArgument(new Argument("<ROLE>", "the role, see taskcenter user --help").choices(roleNames))
    .option("--project <PROJECT>", "in this project, by name or id")
    .addOption(new Option("--domain", "in the user's domain").conflicts("project"))
    .action(async (userName: string, role: RoleName, { project, domain }: RoleOptions, command: Command) => {
      if (project === undefined && domain === undefined) {
        command.error("error: say where: --project <PROJECT> or --domain");
      }
      const iam = await connectToIam();
      const user = await findUser(iam, userName);
      const scope =
        project === undefined
          ? { domainId: user.domain_id }
          : { projectId: (await findProject(iam, project)).id };
      const where = project === undefined ? "the domain" : `project ${JSON.stringify(project)}`;
      const what = `role ${role} of user ${JSON.stringify(userName)} in ${where}`;
      await change(iam, { userId: user.id, role, scope }, what);
    });
}
