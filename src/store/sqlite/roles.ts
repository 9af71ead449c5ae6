import type { DatabaseSync } from "node:sqlite";
import { noAdministratorLeft } from "../identity-refusals.ts";
import { type RoleGrant, type RoleName, roleNames, type Scope } from "../store.ts";
import type { Revocations } from "./expiring.ts";
import { prepare } from "./statements.ts";

export type Roles = ReturnType<typeof prepareRoles>;

/** Prepares the statements on the roles of users in projects and domains. */
export function prepareRoles(database: DatabaseSync, revocations: Revocations) {
  const inScope = {
    project: prepareRolesIn(database, "project"),
    domain: prepareRolesIn(database, "domain"),
  } as const satisfies Record<Scope["kind"], unknown>;
  const anyAdministrator = prepare(
    database,
    `SELECT 1 FROM domain_role JOIN user_account ON user_account.id = domain_role.user_id
     WHERE domain_role.domain_id = ? AND domain_role.role = 'admin' AND user_account.enabled = 1 LIMIT 1`,
  );

  /** Refuses the change that was just made if it took the last enabled administrator away: what is thrown undoes it. */
  function requireAdministrator(domainId: string): void {
    if (anyAdministrator.get(domainId) === undefined) throw noAdministratorLeft();
  }

  return {
    requireAdministrator,

    /** A user's roles in a scope, in the order of `roleNames`. */
    read(userId: string, scope: Scope): readonly RoleName[] {
      const held = inScope[scope.kind].read.all(userId, idOf(scope)).map(([role]) => role);
      return roleNames.filter((role) => held.includes(role));
    },

    grant({ userId, scope, role }: RoleGrant): void {
      inScope[scope.kind].insert.run(userId, idOf(scope), role);
    },

    revoke({ userId, scope, role }: RoleGrant): boolean {
      if (inScope[scope.kind].remove.run(userId, idOf(scope), role).changes === 0) return false;
      revocations.ofUserInScope(userId, scope);
      if (scope.kind === "domain") requireAdministrator(scope.domainId);
      return true;
    },
  };
}

function prepareRolesIn(database: DatabaseSync, kind: Scope["kind"]) {
  const table = `${kind}_role`;
  const scopeId = `${kind}_id`;
  return {
    read: prepare<[role: RoleName]>(
      database,
      `SELECT role FROM ${table} WHERE user_id = ? AND ${scopeId} = ?`,
    ),
    insert: prepare(database, `INSERT OR IGNORE INTO ${table} (user_id, ${scopeId}, role) VALUES (?, ?, ?)`),
    remove: prepare(database, `DELETE FROM ${table} WHERE user_id = ? AND ${scopeId} = ? AND role = ?`),
  };
}

function idOf(scope: Scope): string {
  return scope.kind === "project" ? scope.projectId : scope.domainId;
}
