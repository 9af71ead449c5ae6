import { columnsOfScope } from "../scope-columns.ts";
import {
  type Domain,
  type Project,
  type RoleName,
  roleNames,
  type Scope,
  type Standing,
  type User,
} from "../store.ts";
import { domainObject } from "./domains.ts";
import { projectObject } from "./projects.ts";
import { type Query, statement } from "./session.ts";
import { userObject } from "./users.ts";

/** What a user is in a scope, as one row. */
export type StandingRow = readonly [
  user: User,
  project: Project | null,
  domain: Domain | null,
  roles: readonly RoleName[],
  administers: boolean,
];

/**
 * The columns of `StandingRow`, and the tables that join `user_account` for them: a few look-ups by primary keys. The
 * scope is given as two expressions, of which one is null.
 */
export function standingSql({
  projectId,
  domainId,
}: {
  readonly projectId: string;
  readonly domainId: string;
}): {
  readonly columns: string;
  readonly joins: string;
} {
  return {
    columns: `${userObject("user_domain")},
      CASE WHEN project.id IS NOT NULL THEN ${projectObject("project_domain")} END,
      CASE WHEN domain.id IS NOT NULL THEN ${domainObject("domain")} END,
      ARRAY(
        SELECT role FROM project_role WHERE user_id = user_account.id AND project_id = ${projectId}
        UNION ALL
        SELECT role FROM domain_role WHERE user_id = user_account.id AND domain_id = ${domainId}
      ),
      EXISTS (
        SELECT 1 FROM domain_role
        WHERE user_id = user_account.id AND domain_id = user_account.domain_id AND role = 'admin'
      )`,
    joins: `JOIN domain AS user_domain ON user_domain.id = user_account.domain_id
      LEFT JOIN project ON project.id = ${projectId}
      LEFT JOIN domain AS project_domain ON project_domain.id = project.domain_id
      LEFT JOIN domain ON domain.id = ${domainId}`,
  };
}

const asked = standingSql({ projectId: "$2", domainId: "$3" });
const byUserAndScope = statement<StandingRow>(
  `SELECT ${asked.columns} FROM user_account ${asked.joins} WHERE user_account.id = $1`,
);

export async function findStanding(
  query: Query,
  userId: string,
  scope: Scope,
): Promise<Standing | undefined> {
  const [row] = await query(byUserAndScope, [userId, ...columnsOfScope(scope)]);
  return row && standingOfRow(row);
}

export function standingOfRow([user, project, domain, roles, administers]: StandingRow): Standing {
  return {
    user,
    project: project ?? undefined,
    domain: domain ?? undefined,
    roles: roleNames.filter((role) => roles.includes(role)),
    administers,
  };
}
