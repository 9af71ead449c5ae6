import { columnsOfScope, type ScopeColumns, scopeOfColumns } from "./scope-columns.ts";
import type { AccessKeyRecord, TemporaryTerms } from "./store.ts";

/** The columns that make an access key, in the order of `AccessKeyRow`. */
export const accessKeyColumns = `access, user_id, sealed_secret, description, created_at_ms,
    security_token_hash, expires_at_ms, made_with, project_id, domain_id`;

type TermsColumns =
  | readonly [securityTokenHash: null, expiresAtMs: null, madeWith: null, projectId: null, domainId: null]
  | readonly [securityTokenHash: string, expiresAtMs: number, madeWith: string, ...ScopeColumns];

/** One access key as its row holds it. */
export type AccessKeyRow = readonly [
  access: string,
  userId: string,
  sealedSecret: string,
  description: string,
  createdAtMs: number,
  ...TermsColumns,
];

export function accessKeyOfRow(row: AccessKeyRow): AccessKeyRecord {
  const [access, userId, sealedSecret, description, createdAtMs, ...terms] = row;
  return { access, userId, sealedSecret, description, createdAtMs, temporary: termsOfColumns(terms) };
}

export function rowOfAccessKey(key: AccessKeyRecord): AccessKeyRow {
  const { access, userId, sealedSecret, description, createdAtMs, temporary } = key;
  return [access, userId, sealedSecret, description, createdAtMs, ...columnsOfTerms(temporary)];
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
