import { columnsOfScope, type ScopeColumns, scopeOfColumns } from "../scope-columns.ts";
import { expiredTokenMemoryMs, type TokenRecord, type TokenView } from "../store.ts";
import { deleteMadeWith } from "./access-keys.ts";
import { forgetting } from "./expiring.ts";
import { type Query, statement } from "./session.ts";
import { type StandingRow, standingOfRow, standingSql } from "./standing.ts";

const bearer = standingSql({ projectId: "token.project_id", domainId: "token.domain_id" });

const byHash = statement<
  [
    ...StandingRow,
    unscoped: boolean,
    methods: string,
    issuedAtMs: number,
    expiresAtMs: number,
    ...scope: ScopeColumns,
  ]
>(
  `SELECT ${bearer.columns},
     token.unscoped, token.methods, token.issued_at_ms, token.expires_at_ms, token.project_id, token.domain_id
   FROM token JOIN user_account ON user_account.id = token.user_id ${bearer.joins}
   WHERE token.hash = $1`,
);
const insert = statement<[hash: string]>(
  `INSERT INTO token (hash, user_id, unscoped, methods, issued_at_ms, expires_at_ms, project_id, domain_id)
   SELECT $1, id, $3, $4, $5, $6, $7, $8 FROM user_account
   WHERE id = $2
     AND (EXISTS (SELECT 1 FROM project WHERE id = $7) OR EXISTS (SELECT 1 FROM domain WHERE id = $8))
   RETURNING hash`,
);
const forgetSome = forgetting("token");
const remove = statement<[hash: string]>("DELETE FROM token WHERE hash = $1 RETURNING hash");

export async function findToken(query: Query, hash: string): Promise<TokenView | undefined> {
  const [row] = await query(byHash, [hash]);
  if (row === undefined) return undefined;
  const [user, project, domain, roles, administers, unscoped, methods, issuedAtMs, expiresAtMs, ...scope] =
    row;
  return {
    ...standingOfRow([user, project, domain, roles, administers]),
    token: {
      hash,
      userId: user.id,
      scope: scopeOfColumns(scope),
      unscoped,
      methods: JSON.parse(methods),
      issuedAtMs,
      expiresAtMs,
    },
  };
}

export async function createToken(query: Query, token: TokenRecord, nowMs: number): Promise<boolean> {
  const { hash, userId, scope, unscoped, methods, issuedAtMs, expiresAtMs } = token;
  const values = [hash, userId, unscoped, JSON.stringify(methods), issuedAtMs, expiresAtMs];
  const [, recorded] = await Promise.all([
    query(forgetSome, [nowMs - expiredTokenMemoryMs]),
    query(insert, [...values, ...columnsOfScope(scope)]),
  ]);
  return recorded.length === 1;
}

/** Deletes a token first, then what was made with it: see `deleteMadeWith`. */
export async function revokeToken(query: Query, hash: string): Promise<boolean> {
  const [removed] = await Promise.all([query(remove, [hash]), deleteMadeWith(query, hash)]);
  return removed.length === 1;
}
