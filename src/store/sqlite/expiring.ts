import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { columnsOfScope } from "../scope-columns.ts";
import { expiredTokenMemoryMs, type Scope } from "../store.ts";
import { prepare } from "./statements.ts";

/** Where tokens and temporary access keys are: what a user has for one scope and a limited time. Each with its key. */
const expiringTables = { token: "hash", access_key: "access" } as const;
type ExpiringTable = keyof typeof expiringTables;

/** How many past their time are forgotten with each new one: more than one, so that they become fewer. */
const forgottenPerNew = 4;

/** Prepares to forget some of a table's rows that expired more than 7 days ago. */
export function prepareForgetting(database: DatabaseSync, table: ExpiringTable, clock: Clock): () => void {
  const key = expiringTables[table];
  const forget = prepare(
    database,
    `DELETE FROM ${table} WHERE ${key} IN (
       SELECT ${key} FROM ${table} WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ${forgottenPerNew}
     )`,
  );
  return () => {
    forget.run(clock() - expiredTokenMemoryMs);
  };
}

/** Takes tokens and temporary access keys away. They are deleted, so that nothing brings them back. */
export type Revocations = ReturnType<typeof prepareRevocations>;

export function prepareRevocations(database: DatabaseSync) {
  const ofUser = prepareRevocation(database, "user_id = ?");
  const ofUserInScope = prepareRevocation(database, "user_id = ? AND project_id IS ? AND domain_id IS ?");
  const ofProject = prepareRevocation(database, "project_id = ?");
  return {
    ofUser: (userId: string): void => ofUser(userId),
    ofUserInScope: (userId: string, scope: Scope): void => ofUserInScope(userId, ...columnsOfScope(scope)),
    ofProject: (projectId: string): void => ofProject(projectId),
  };
}

function prepareRevocation(
  database: DatabaseSync,
  condition: string,
): (...values: readonly (string | null)[]) => void {
  const deleteTokens = prepare(database, `DELETE FROM token WHERE ${condition}`);
  // An access key without an end is not temporary: it stays.
  const deleteKeys = prepare(
    database,
    `DELETE FROM access_key WHERE ${condition} AND expires_at_ms IS NOT NULL`,
  );
  return (...values) => {
    deleteTokens.run(...values);
    deleteKeys.run(...values);
  };
}
