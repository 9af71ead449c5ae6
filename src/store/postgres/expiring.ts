import type { Scope } from "../store.ts";
import { type Query, type Statement, statement, type Value } from "./session.ts";

/** Where tokens and temporary access keys are: what a user has for one scope and a limited time. Each with its key. */
const expiringTables = { token: "hash", access_key: "access" } as const;

/** How many past their time are forgotten with each new one: more than one, so that they become fewer. */
const forgottenPerNew = 4;

/** Forgets some of a table's rows that expired before a time; those that somebody else is forgetting are left to them. */
export function forgetting(table: keyof typeof expiringTables): Statement {
  const key = expiringTables[table];
  return statement(
    `DELETE FROM ${table} WHERE ${key} = ANY (ARRAY(
       SELECT ${key} FROM ${table} WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT ${forgottenPerNew}
       FOR UPDATE SKIP LOCKED
     ))`,
  );
}

/** Takes tokens and temporary access keys away. They are deleted, so that nothing brings them back. */
function createRevocation(condition: string): (query: Query, values: readonly Value[]) => Promise<void> {
  const deleteTokens = statement(`DELETE FROM token WHERE ${condition}`);
  // An access key without an end is not temporary: it stays.
  const deleteKeys = statement(`DELETE FROM access_key WHERE ${condition} AND expires_at_ms IS NOT NULL`);
  return async (query, values) => {
    await Promise.all([query(deleteTokens, values), query(deleteKeys, values)]);
  };
}

const ofUser = createRevocation("user_id = $1");
const ofUserInProject = createRevocation("user_id = $1 AND project_id = $2");
const ofUserInDomain = createRevocation("user_id = $1 AND domain_id = $2");
const ofProject = createRevocation("project_id = $1");

export function revokeOfUser(query: Query, userId: string): Promise<void> {
  return ofUser(query, [userId]);
}

export function revokeOfUserInScope(query: Query, userId: string, scope: Scope): Promise<void> {
  return scope.kind === "project"
    ? ofUserInProject(query, [userId, scope.projectId])
    : ofUserInDomain(query, [userId, scope.domainId]);
}

export function revokeOfProject(query: Query, projectId: string): Promise<void> {
  return ofProject(query, [projectId]);
}
