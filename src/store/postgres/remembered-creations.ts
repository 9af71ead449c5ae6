import type { CreationReceipt } from "../store.ts";
import { type Query, statement } from "./session.ts";

/** How many keys past their time are forgotten with each new one: more than one, so that they become fewer. */
const forgottenPerKey = 4;

const read = statement<
  [key: string, taskId: string, digest: string, acceptedAtMs: number, createdBy: string]
>(
  `SELECT idempotency_key, task_id, digest, accepted_at_ms, created_by FROM remembered_creation
   WHERE project_id = $1 AND idempotency_key = ANY ($2::text[])`,
);
const replace = statement(
  `UPDATE remembered_creation SET task_id = $3, digest = $4, accepted_at_ms = $5, created_by = $6
   WHERE project_id = $1 AND idempotency_key = $2`,
);
const forget = statement(
  "DELETE FROM remembered_creation WHERE project_id = $1 AND idempotency_key = ANY ($2::text[])",
);
// Whoever has one of them now, to use or to forget it, is not waited for.
const forgetOldest = statement(
  `DELETE FROM remembered_creation WHERE project_id = $1 AND idempotency_key = ANY (ARRAY(
     SELECT idempotency_key FROM remembered_creation
     WHERE project_id = $1 AND used_at_ms <= $2 ORDER BY used_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
   ))`,
);

/** Answers what keys stand for; those that stand for nothing are not there. */
export async function readRemembered(
  query: Query,
  projectId: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, CreationReceipt>> {
  const rows = await query(read, [projectId, keys]);
  return new Map(
    rows.map(([key, taskId, digest, acceptedAtMs, createdBy]) => [
      key,
      { taskId, digest, acceptedAtMs, createdBy },
    ]),
  );
}

/** Lets a key that was just claimed stand for another receipt. */
export async function rememberFor(
  query: Query,
  { projectId, key }: { readonly projectId: string; readonly key: string },
  { taskId, digest, acceptedAtMs, createdBy }: CreationReceipt,
): Promise<void> {
  await query(replace, [projectId, key, taskId, digest, acceptedAtMs, createdBy]);
}

/** Gives up keys that were just claimed. */
export async function unclaim(query: Query, projectId: string, keys: readonly string[]): Promise<void> {
  await query(forget, [projectId, keys]);
}

/** Forgets a few of the keys that were first used before a time, for each of some new ones. */
export async function forgetSome(
  query: Query,
  projectId: string,
  { newKeys, usedBeforeMs }: { readonly newKeys: number; readonly usedBeforeMs: number },
): Promise<void> {
  await query(forgetOldest, [projectId, usedBeforeMs, newKeys * forgottenPerKey]);
}
