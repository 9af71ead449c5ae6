import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { TaskCenterError } from "../../task/error.ts";
import { type AccessKeyRecord, maxAccessKeysPerUser, type TemporaryTerms } from "../store.ts";
import { columnsOfScope, prepareForgetting, type ScopeColumns, scopeOfColumns } from "./expiring.ts";
import { prepare } from "./statements.ts";

type TermsColumns =
  | readonly [securityTokenHash: null, expiresAtMs: null, madeWith: null, projectId: null, domainId: null]
  | readonly [securityTokenHash: string, expiresAtMs: number, madeWith: string, ...ScopeColumns];

type AccessKeyRow = readonly [
  access: string,
  userId: string,
  sealedSecret: string,
  description: string,
  createdAtMs: number,
  ...TermsColumns,
];

/** Prepares the statements on access keys, temporary or not. */
export function prepareAccessKeys(database: DatabaseSync, clock: Clock) {
  const columns = `access, user_id, sealed_secret, description, created_at_ms,
    security_token_hash, expires_at_ms, made_with, project_id, domain_id`;
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
      const { access, userId, sealedSecret, description, createdAtMs, temporary } = key;
      if (temporary === undefined && list(userId).length >= maxAccessKeysPerUser) {
        throw new TaskCenterError(
          "conflict",
          `The user has ${maxAccessKeysPerUser} access keys already; delete one first.`,
        );
      }
      forgetSome();
      insert.run(access, userId, sealedSecret, description, createdAtMs, ...columnsOfTerms(temporary));
    },

    /** Deletes the temporary keys that were made with a token or a key. */
    deleteMadeWith(tokenHashOrAccess: string): void {
      removeMadeWith.run(tokenHashOrAccess);
    },

    delete: (access: string): boolean => remove.run(access).changes === 1,

    countSealedOtherwise: (prefix: string): number => sealedOtherwise.get(prefix)?.[0] ?? 0,
  };
}

function accessKeyOfRow(row: AccessKeyRow): AccessKeyRecord {
  const [access, userId, sealedSecret, description, createdAtMs, ...terms] = row;
  return { access, userId, sealedSecret, description, createdAtMs, temporary: termsOfColumns(terms) };
}

function columnsOfTerms(terms: TemporaryTerms | undefined): TermsColumns {
  if (terms === undefined) return [null, null, null, null, null];
  return [terms.securityTokenHash, terms.expiresAtMs, terms.madeWith, ...columnsOfScope(terms.scope)];
}

function termsOfColumns(columns: TermsColumns): TemporaryTerms | undefined {
  if (columns[0] === null) return undefined;
  const [securityTokenHash, expiresAtMs, madeWith, ...scope] = columns;
  return { scope: scopeOfColumns(scope), madeWith, securityTokenHash, expiresAtMs };
}
