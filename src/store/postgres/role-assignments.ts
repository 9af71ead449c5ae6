import { columnsOfScope } from "../scope-columns.ts";
import type { Domain, IdentityStore, RoleAssignment, RoleName } from "../store.ts";
import { domainObject } from "./domains.ts";
import { type Query, statement } from "./session.ts";

/** What an assignment shows of its user or project. */
function bearerObject(table: string, domain: string): string {
  return `json_build_object('id', ${table}.id, 'name', ${table}.name, 'domain', ${domainObject(domain)})`;
}

/** A condition that is null always holds. */
const select = statement<
  [
    role: RoleName,
    user: RoleAssignment["user"],
    project: NonNullable<RoleAssignment["project"]> | null,
    domain: Domain | null,
  ]
>(
  `SELECT held.role, ${bearerObject("user_account", "user_domain")},
     CASE WHEN project.id IS NOT NULL THEN ${bearerObject("project", "project_domain")} END,
     CASE WHEN domain.id IS NOT NULL THEN ${domainObject("domain")} END
   FROM (
     SELECT user_id, project_id, NULL AS domain_id, role FROM project_role
     UNION ALL
     SELECT user_id, NULL, domain_id, role FROM domain_role
   ) AS held
   JOIN user_account ON user_account.id = held.user_id
   JOIN domain AS user_domain ON user_domain.id = user_account.domain_id
   LEFT JOIN project ON project.id = held.project_id
   LEFT JOIN domain AS project_domain ON project_domain.id = project.domain_id
   LEFT JOIN domain ON domain.id = held.domain_id
   WHERE user_account.domain_id = $1
     AND ($2::text IS NULL OR held.user_id = $2)
     AND ($3::text IS NULL OR held.project_id = $3)
     AND ($4::text IS NULL OR held.domain_id = $4)
     AND ($5::text IS NULL OR held.role = $5)
   ORDER BY user_account.name, project.name NULLS FIRST, domain.name NULLS FIRST, held.role`,
);

export async function listRoleAssignments(
  query: Query,
  { domainId, userId, scope, role }: Parameters<IdentityStore["listRoleAssignments"]>[0],
): Promise<readonly RoleAssignment[]> {
  const inScope = scope === undefined ? [null, null] : columnsOfScope(scope);
  const rows = await query(select, [domainId, userId ?? null, ...inScope, role ?? null]);
  return rows.map(([held, user, project, domain]) => ({
    user,
    project: project ?? undefined,
    domain: domain ?? undefined,
    role: held,
  }));
}
