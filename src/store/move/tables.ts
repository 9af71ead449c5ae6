import { historyColumns, taskColumns } from "../task-rows.ts";

/** What a column holds; a truth value is 0 or 1 in a store that knows none. */
export type ColumnType = "text" | "whole" | "real" | "truth";

/** One value of a row, the same whichever store it is read from. */
export type Cell = string | number | boolean | null;
export type Row = readonly Cell[];

/** A table that a move copies: with the same name and columns in both stores. */
export interface MovedTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  /** The columns that name a row, and give the rows their order. */
  readonly key: readonly string[];
}

function table(
  name: string,
  key: readonly string[],
  columns: Readonly<Partial<Record<ColumnType, readonly string[]>>>,
): MovedTable {
  const types = Object.entries(columns) as [ColumnType, readonly string[]][];
  return {
    name,
    key,
    columns: types.flatMap(([type, names]) => names.map((each) => ({ name: each, type }))),
  };
}

const wholeColumns: ReadonlySet<string> = new Set([
  "created_at_ms",
  "started_at_ms",
  "updated_at_ms",
  "ended_at_ms",
  "planned_start_at_ms",
  "planned_end_at_ms",
  "priority",
  "attempt",
  "lease_seconds",
  "heard_at_ms",
  "revision",
  "at_ms",
  "reported_at_ms",
]);

function typed(columns: readonly string[]): Readonly<Partial<Record<ColumnType, readonly string[]>>> {
  const isReal = (name: string): boolean => name === "progress_percent";
  return {
    text: columns.filter((name) => !wholeColumns.has(name) && !isReal(name)),
    whole: columns.filter((name) => wholeColumns.has(name)),
    real: columns.filter(isReal),
  };
}

const taskTypes = typed(taskColumns);
export const taskTable = table("task", ["project_id", "id"], {
  text: [...(taskTypes.text ?? []), "creation_digest", "first_status"],
  whole: [...(taskTypes.whole ?? []), "fails_at_ms", "accepted_at_ms"],
  real: taskTypes.real ?? [],
});

const historyTypes = typed(historyColumns);
export const historyTable = table("task_history", ["project_id", "task_id", "revision"], {
  text: ["project_id", "task_id", ...(historyTypes.text ?? [])],
  whole: historyTypes.whole ?? [],
});

export const rememberedTable = table("remembered_creation", ["project_id", "idempotency_key"], {
  text: ["project_id", "idempotency_key", "task_id", "digest", "created_by"],
  whole: ["used_at_ms", "accepted_at_ms"],
});

/** Users and what hangs on them, in an order in which each finds what it refers to. They are few, and move at once. */
export const identityTables: readonly MovedTable[] = [
  table("domain", ["id"], { text: ["id", "name"] }),
  table("project", ["id"], { text: ["id", "domain_id", "name", "description"], truth: ["enabled"] }),
  table("deleted_project", ["id"], { text: ["id"] }),
  table("user_account", ["id"], {
    text: ["id", "domain_id", "name", "description", "email", "password_hash"],
    truth: ["enabled"],
  }),
  table("project_role", ["user_id", "project_id", "role"], { text: ["user_id", "project_id", "role"] }),
  table("domain_role", ["user_id", "domain_id", "role"], { text: ["user_id", "domain_id", "role"] }),
  table("token", ["hash"], {
    text: ["hash", "user_id", "project_id", "domain_id", "methods"],
    truth: ["unscoped"],
    whole: ["issued_at_ms", "expires_at_ms"],
  }),
  table("access_key", ["access"], {
    text: [
      "access",
      "user_id",
      "sealed_secret",
      "description",
      "security_token_hash",
      "project_id",
      "domain_id",
      "made_with",
    ],
    whole: ["created_at_ms", "expires_at_ms"],
  }),
];

export const movedTables: readonly MovedTable[] = [
  ...identityTables,
  taskTable,
  historyTable,
  rememberedTable,
];
