import { type AccessKeyRow, accessKeyColumns, accessKeyOfRow, rowOfAccessKey } from "../access-key-rows.ts";
import { tooManyAccessKeys } from "../identity-refusals.ts";
import { type AccessKeyRecord, expiredTokenMemoryMs, maxAccessKeysPerUser } from "../store.ts";
import { forgetting } from "./expiring.ts";
import { type Query, statement } from "./session.ts";

const byAccess = statement<AccessKeyRow>(`SELECT ${accessKeyColumns} FROM access_key WHERE access = $1`);
const ofUser = statement<AccessKeyRow>(
  `SELECT ${accessKeyColumns} FROM access_key WHERE user_id = $1 AND expires_at_ms IS NULL
   ORDER BY created_at_ms, access`,
);
const sealedOtherwise = statement<[count: number]>(
  "SELECT count(*) FROM access_key WHERE expires_at_ms IS NULL AND NOT starts_with(sealed_secret, $1)",
);

/** Answers one row where there is such a user; records the key where it is not one too many. */
const insertLasting = statement<[held: number]>(
  `WITH owner AS (
     SELECT id, (SELECT count(*) FROM access_key WHERE user_id = $2 AND expires_at_ms IS NULL) AS held
     FROM user_account WHERE id = $2
   ), recorded AS (
     INSERT INTO access_key (${accessKeyColumns})
     SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10 FROM owner WHERE held < ${maxAccessKeysPerUser}
   )
   SELECT held FROM owner`,
);
const insertTemporary = statement<[access: string]>(
  `INSERT INTO access_key (${accessKeyColumns})
   SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10 FROM user_account
   WHERE id = $2
     AND (EXISTS (SELECT 1 FROM project WHERE id = $9) OR EXISTS (SELECT 1 FROM domain WHERE id = $10))
   RETURNING access`,
);
/** Holds the token or key that a temporary key is made with until that one is recorded: whoever deletes it waits. */
const holdOrigin = statement<[isThere: boolean]>(
  `WITH token_origin AS (SELECT 1 FROM token WHERE hash = $1 FOR KEY SHARE),
     key_origin AS (SELECT 1 FROM access_key WHERE access = $1 FOR KEY SHARE)
   SELECT EXISTS (SELECT 1 FROM token_origin) OR EXISTS (SELECT 1 FROM key_origin)`,
);
const forgetSome = forgetting("access_key");
const remove = statement<[access: string]>("DELETE FROM access_key WHERE access = $1 RETURNING access");
const removeMadeWith = statement("DELETE FROM access_key WHERE made_with = $1");

export async function findAccessKey(query: Query, access: string): Promise<AccessKeyRecord | undefined> {
  const [row] = await query(byAccess, [access]);
  return row && accessKeyOfRow(row);
}

export async function listAccessKeys(query: Query, userId: string): Promise<readonly AccessKeyRecord[]> {
  return (await query(ofUser, [userId])).map(accessKeyOfRow);
}

/** Records a key that stays. No other may be recorded at the same time: they are counted. */
export async function createLastingKey(query: Query, key: AccessKeyRecord, nowMs: number): Promise<boolean> {
  const [, [owner]] = await Promise.all([
    query(forgetSome, [nowMs - expiredTokenMemoryMs]),
    query(insertLasting, rowOfAccessKey(key)),
  ]);
  if (owner !== undefined && owner[0] >= maxAccessKeysPerUser) throw tooManyAccessKeys();
  return owner !== undefined;
}

export async function createTemporaryKey(
  query: Query,
  key: AccessKeyRecord,
  madeWith: string,
  nowMs: number,
): Promise<boolean> {
  const [[isThere] = [false]] = await query(holdOrigin, [madeWith]);
  if (!isThere) return false;
  const [, recorded] = await Promise.all([
    query(forgetSome, [nowMs - expiredTokenMemoryMs]),
    query(insertTemporary, rowOfAccessKey(key)),
  ]);
  return recorded.length === 1;
}

/** Deletes a key first, then what was made with it: see `deleteMadeWith`. */
export async function deleteAccessKey(query: Query, access: string): Promise<boolean> {
  const [removed] = await Promise.all([query(remove, [access]), deleteMadeWith(query, access)]);
  return removed.length === 1;
}

/**
 * Deletes the temporary keys that were made with a token or a key. Asked after its deletion, which waits for whoever
 * makes one with it just now: then this statement sees that one.
 */
export async function deleteMadeWith(query: Query, tokenHashOrAccess: string): Promise<void> {
  await query(removeMadeWith, [tokenHashOrAccess]);
}

export async function countAccessKeysSealedOtherwise(query: Query, prefix: string): Promise<number> {
  const [[count] = [0]] = await query(sealedOtherwise, [prefix]);
  return count;
}
