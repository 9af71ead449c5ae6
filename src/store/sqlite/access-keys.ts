import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import {
  type AccessKeyRow,
  accessKeyOfRow,
  accessKeyColumns as columns,
  rowOfAccessKey,
} from "../access-key-rows.ts";
import { tooManyAccessKeys } from "../identity-refusals.ts";
import { type AccessKeyRecord, maxAccessKeysPerUser } from "../store.ts";
import { prepareForgetting } from "./expiring.ts";
import { prepare } from "./statements.ts";

/** Prepares the statements on access keys, temporary or not. */
export function prepareAccessKeys(database: DatabaseSync, clock: Clock) {
  const byAccess = prepare<AccessKeyRow>(database, `SELECT ${columns} FROM access_key WHERE access = ?`);
  const ofUser = prepare<AccessKeyRow>(
    database,
    `SELECT ${columns} FROM access_key WHERE user_id = ? AND expires_at_ms IS NULL
     ORDER BY created_at_ms, access`,
  );
  const sealedOtherwise = prepare<[count: number]>(
    database,
    `SELECT count(*) FROM access_key
     WHERE expires_at_ms IS NULL AND substr(sealed_secret, 1, length(?1)) <> ?1`,
  );
  const insert = prepare(
    database,
    `INSERT INTO access_key (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = prepare(database, "DELETE FROM access_key WHERE access = ?");
  const removeMadeWith = prepare(database, "DELETE FROM access_key WHERE made_with = ?");
  const forgetSome = prepareForgetting(database, "access_key", clock);

  function list(userId: string): readonly AccessKeyRecord[] {
    return ofUser.all(userId).map(accessKeyOfRow);
  }

  return {
    find(access: string): AccessKeyRecord | undefined {
      const row = byAccess.get(access);
      return row && accessKeyOfRow(row);
    },

    list,

    create(key: AccessKeyRecord): void {
      if (key.temporary === undefined && list(key.userId).length >= maxAccessKeysPerUser) {
        throw tooManyAccessKeys();
      }
      forgetSome();
      insert.run(...rowOfAccessKey(key));
    },

    /** Deletes the temporary keys that were made with a token or a key. */
    deleteMadeWith(tokenHashOrAccess: string): void {
      removeMadeWith.run(tokenHashOrAccess);
    },

    delete: (access: string): boolean => remove.run(access).changes === 1,

    countSealedOtherwise: (prefix: string): number => sealedOtherwise.get(prefix)?.[0] ?? 0,
  };
}
