import type { DatabaseSync } from "node:sqlite";
import { type CreationReceipt, idempotencyKeyLifetimeMs } from "../store.ts";
import { prepare } from "./statements.ts";

/** How many keys past their time are forgotten with each new one: more than one, so that they become fewer. */
const forgottenPerKey = 4;

/** A creation's idempotency key, unique in its project. */
interface CreationKey {
  readonly projectId: string;
  readonly idempotencyKey: string;
}

/** Prepares the statements on creations that are remembered by the keys that their producers gave them. */
export function prepareRememberedCreations(database: DatabaseSync) {
  const read = prepare<[taskId: string, digest: string, acceptedAtMs: number, createdBy: string]>(
    database,
    `SELECT task_id, digest, accepted_at_ms, created_by FROM remembered_creation
     WHERE project_id = ? AND idempotency_key = ? AND used_at_ms > ?`,
  );
  const replace = prepare(
    database,
    `INSERT OR REPLACE INTO remembered_creation
       (project_id, idempotency_key, used_at_ms, task_id, digest, accepted_at_ms, created_by)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const forgetOldest = prepare(
    database,
    `DELETE FROM remembered_creation WHERE project_id = ?1 AND idempotency_key IN (
       SELECT idempotency_key FROM remembered_creation
       WHERE project_id = ?1 AND used_at_ms <= ?2 ORDER BY used_at_ms LIMIT ${forgottenPerKey}
     )`,
  );

  return {
    /** The receipt that a key stands for; undefined where it was not used in the last 24 hours. */
    find({ projectId, idempotencyKey }: CreationKey, nowMs: number): CreationReceipt | undefined {
      const row = read.get(projectId, idempotencyKey, nowMs - idempotencyKeyLifetimeMs);
      return row && { taskId: row[0], digest: row[1], acceptedAtMs: row[2], createdBy: row[3] };
    },

    /** Lets a key stand for a receipt from now on. */
    remember({ projectId, idempotencyKey }: CreationKey, receipt: CreationReceipt, nowMs: number): void {
      forgetOldest.run(projectId, nowMs - idempotencyKeyLifetimeMs);
      const { taskId, digest, acceptedAtMs, createdBy } = receipt;
      replace.run(projectId, idempotencyKey, nowMs, taskId, digest, acceptedAtMs, createdBy);
    },
  };
}
