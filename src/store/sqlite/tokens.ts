import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import { columnsOfScope, type ScopeColumns, scopeOfColumns } from "../scope-columns.ts";
import type { TokenRecord } from "../store.ts";
import { prepareForgetting } from "./expiring.ts";
import { prepare } from "./statements.ts";

type TokenRow = readonly [
  userId: string,
  unscoped: number,
  methods: string,
  issuedAtMs: number,
  expiresAtMs: number,
  ...ScopeColumns,
];

/** Prepares the statements on tokens. */
export function prepareTokens(database: DatabaseSync, clock: Clock) {
  const columns = "user_id, unscoped, methods, issued_at_ms, expires_at_ms, project_id, domain_id";
  const byHash = prepare<TokenRow>(database, `SELECT ${columns} FROM token WHERE hash = ?`);
  const insert = prepare(database, `INSERT INTO token (hash, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const remove = prepare(database, "DELETE FROM token WHERE hash = ?");
  const forgetSome = prepareForgetting(database, "token", clock);

  return {
    find(hash: string): TokenRecord | undefined {
      const row = byHash.get(hash);
      return row && tokenOfRow(hash, row);
    },

    create({ hash, userId, scope, unscoped, methods, issuedAtMs, expiresAtMs }: TokenRecord): void {
      forgetSome();
      const values = [userId, Number(unscoped), JSON.stringify(methods), issuedAtMs, expiresAtMs];
      insert.run(hash, ...values, ...columnsOfScope(scope));
    },

    delete: (hash: string): boolean => remove.run(hash).changes === 1,
  };
}

function tokenOfRow(hash: string, row: TokenRow): TokenRecord {
  const [userId, unscoped, methods, issuedAtMs, expiresAtMs, ...scope] = row;
  return {
    hash,
    userId,
    scope: scopeOfColumns(scope),
    unscoped: unscoped === 1,
    methods: JSON.parse(methods),
    issuedAtMs,
    expiresAtMs,
  };
}
