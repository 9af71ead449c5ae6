import type { DatabaseSync } from "node:sqlite";
import type { IdentityStore, RoleAssignment, RoleName } from "../store.ts";
import { prepareOnce } from "./statements.ts";

type Filter = Parameters<IdentityStore["listRoleAssignments"]>[0];

type AssignmentRow = readonly [
  role: RoleName,
  userId: string,
  userName: string,
  userDomainId: string,
  userDomainName: string,
  ...ScopeColumns,
];

/** A role is held in a project of a domain, or in a domain. */
type ScopeColumns =
  | readonly [id: string, name: string, domainId: string, domainName: string, null, null]
  | readonly [null, null, null, null, domainId: string, domainName: string];

/** How many statements there are: of one user or any, of one role or any, in one project, one domain or any scope. */
const differentFilters = 2 * 2 * 3;

const selectAssignments = `SELECT held.role,
    user_account.id, user_account.name, user_domain.id, user_domain.name,
    project.id, project.name, project_domain.id, project_domain.name,
    domain.id, domain.name
  FROM (
    SELECT user_id, project_id, NULL AS domain_id, role FROM project_role
    UNION ALL
    SELECT user_id, NULL, domain_id, role FROM domain_role
  ) AS held
  JOIN user_account ON user_account.id = held.user_id
  JOIN domain AS user_domain ON user_domain.id = user_account.domain_id
  LEFT JOIN project ON project.id = held.project_id
  LEFT JOIN domain AS project_domain ON project_domain.id = project.domain_id
  LEFT JOIN domain ON domain.id = held.domain_id`;

/** Prepares the list of who holds which roles. Its statement has the conditions that are given, and no other. */
export function prepareRoleAssignments(database: DatabaseSync) {
  const prepared = prepareOnce(database, differentFilters);
  return ({ domainId, userId, scope, role }: Filter): readonly RoleAssignment[] => {
    const conditions = Object.entries({
      "user_account.domain_id": domainId,
      "held.user_id": userId,
      "held.project_id": scope?.kind === "project" ? scope.projectId : undefined,
      "held.domain_id": scope?.kind === "domain" ? scope.domainId : undefined,
      "held.role": role,
    }).flatMap(([column, value]) => (value === undefined ? [] : [{ column, value }]));
    const sql = `${selectAssignments}
      WHERE ${conditions.map(({ column }) => `${column} = ?`).join(" AND ")}
      ORDER BY user_account.name, project.name, domain.name, held.role`;
    return prepared<AssignmentRow>(sql)
      .all(...conditions.map(({ value }) => value))
      .map(assignmentOfRow);
  };
}

function assignmentOfRow(row: AssignmentRow): RoleAssignment {
  const [role, userId, userName, userDomainId, userDomainName, ...scope] = row;
  const user = { id: userId, name: userName, domain: { id: userDomainId, name: userDomainName } };
  if (scope[0] === null) {
    return { user, project: undefined, domain: { id: scope[4], name: scope[5] }, role };
  }
  const [id, name, domainId, domainName] = scope;
  return { user, project: { id, name, domain: { id: domainId, name: domainName } }, domain: undefined, role };
}
