import { noAdministratorLeft } from "../identity-refusals.ts";
import type { RoleGrant, Scope } from "../store.ts";
import { revokeOfUserInScope } from "./expiring.ts";
import { type Query, statement } from "./session.ts";

/** The changes of roles, by the kind of scope in which they are held. */
const inScope = {
  project: changesIn("project"),
  domain: changesIn("domain"),
} as const satisfies Record<Scope["kind"], unknown>;

function changesIn(kind: Scope["kind"]) {
  const table = `${kind}_role`;
  const scopeId = `${kind}_id`;
  return {
    /** Answers one row where there are such a user and scope, whether the user had the role or not. */
    grant: statement<[userId: string]>(
      `WITH bearer AS (
         SELECT user_account.id AS user_id, ${kind}.id AS scope_id FROM user_account CROSS JOIN ${kind}
         WHERE user_account.id = $1 AND ${kind}.id = $2
       ), granted AS (
         INSERT INTO ${table} (user_id, ${scopeId}, role) SELECT user_id, scope_id, $3 FROM bearer
         ON CONFLICT DO NOTHING
       )
       SELECT user_id FROM bearer`,
    ),
    revoke: statement<[userId: string]>(
      `DELETE FROM ${table} WHERE user_id = $1 AND ${scopeId} = $2 AND role = $3 RETURNING user_id`,
    ),
  };
}

const anyAdministrator = statement<[isThere: boolean]>(
  `SELECT EXISTS (
     SELECT 1 FROM domain_role JOIN user_account ON user_account.id = domain_role.user_id
     WHERE domain_role.domain_id = $1 AND domain_role.role = 'admin' AND user_account.enabled
   )`,
);

/** Refuses the change that was just made if it took the last enabled administrator away: what is thrown undoes it. */
export async function requireAdministrator(query: Query, domainId: string): Promise<void> {
  const [[isThere] = [false]] = await query(anyAdministrator, [domainId]);
  if (!isThere) throw noAdministratorLeft();
}

export async function grantRole(query: Query, { userId, scope, role }: RoleGrant): Promise<boolean> {
  const bearers = await query(inScope[scope.kind].grant, [userId, idOf(scope), role]);
  return bearers.length === 1;
}

export async function revokeRole(query: Query, { userId, scope, role }: RoleGrant): Promise<boolean> {
  const revoked = await query(inScope[scope.kind].revoke, [userId, idOf(scope), role]);
  if (revoked.length === 0) return false;
  await revokeOfUserInScope(query, userId, scope);
  if (scope.kind === "domain") await requireAdministrator(query, scope.domainId);
  return true;
}

function idOf(scope: Scope): string {
  return scope.kind === "project" ? scope.projectId : scope.domainId;
}
