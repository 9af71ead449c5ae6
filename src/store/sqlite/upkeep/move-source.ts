import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Batch, MoveSource, Part, Position, RowCounts } from "../../move/move.ts";
import {
  historyTable,
  identityTables,
  type MovedTable,
  movedTables,
  type Row,
  rememberedTable,
  taskTable,
} from "../../move/tables.ts";
import { canonicalPath } from "../database.ts";
import { lockStore } from "../lock.ts";
import { readMigrations, readOrigin } from "../migrations.ts";
import { prepare } from "../statements.ts";
import { openStoreSnapshot } from "./snapshot.ts";
import { whileStopped } from "./stopped.ts";
import { refusal } from "./trouble.ts";

/** How many rows, and characters of them, go together at most; one task goes with all of its history. */
const rowsPerBatch = 1000;
const charactersPerBatch = 4 * 1024 * 1024;

type SqliteRow = readonly (string | number | null)[];

/**
 * Opens a store to be moved: read-only, at one moment, and so that no server can open it meanwhile.
 *
 * @throws TaskCenterError while a server has it open, and where it is no store of just this version.
 */
export function openMoveSource(storePath: string): MoveSource & { close(): void } {
  const lock = whileStopped(() => lockStore(canonicalPath(storePath)));
  try {
    const store = openStoreSnapshot(storePath, "The store");
    const migrations = readMigrations();
    const origin = readOrigin(store, migrations);
    if (!origin.isOurs || origin.made < migrations.length) {
      store.close();
      throw refusal("The store is of an older version: start this version's server on it once, and stop it");
    }
    return {
      ...sourceOf(store),
      close() {
        store.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function sourceOf(store: DatabaseSync): MoveSource {
  const made = prepare(store, "SELECT number, sha256, applied_at_ms FROM migration ORDER BY number").all();
  const domains = prepare(store, "SELECT id, name FROM domain ORDER BY id").all();
  const seals = prepare<[prefix: string]>(
    store,
    "SELECT DISTINCT substr(sealed_secret, 1, instr(sealed_secret, '.')) FROM access_key",
  ).all();
  return {
    fingerprint: createHash("sha256")
      .update(JSON.stringify([made, domains]))
      .digest("hex"),
    sealPrefix: seals.length === 1 ? seals[0]?.[0] : undefined,
    parts: partsOf(store),
    batches(part, after) {
      if (part.kind === "identity") return after === undefined ? [identityBatch(store)] : [];
      return part.kind === "tasks"
        ? taskBatches(store, { part, after })
        : creationBatches(store, { part, after });
    },
    countRows: () => countRows(store),
  };
}

function partsOf(store: DatabaseSync): readonly Part[] {
  const series = prepare<[projectId: string, service: string, taskKind: string]>(
    store,
    "SELECT project_id, service, kind FROM series WHERE dimension = 'service' ORDER BY project_id, service, kind",
  );
  const creators = prepare<[projectId: string]>(
    store,
    "SELECT DISTINCT project_id FROM remembered_creation ORDER BY project_id",
  );
  return [
    { kind: "identity" },
    ...series
      .all()
      .map(([projectId, service, taskKind]): Part => ({ kind: "tasks", projectId, service, taskKind })),
    ...creators.all().map(([projectId]): Part => ({ kind: "creations", projectId })),
  ];
}

function identityBatch(store: DatabaseSync): Batch {
  const rows = identityTables.map((table) => {
    const all = prepare<SqliteRow>(
      store,
      `SELECT ${namesOf(table)} FROM ${table.name} ORDER BY ${table.key.join(", ")}`,
    ).all();
    return [table, all.map((row) => withTruths(table, row))] as const;
  });
  return { rows: new Map(rows), end: [] };
}

function* taskBatches(
  store: DatabaseSync,
  { part, after }: { readonly part: Part & { readonly kind: "tasks" }; readonly after: Position | undefined },
): Generator<Batch> {
  const [fromMs = Number.MIN_SAFE_INTEGER, fromId = ""] = after ?? [];
  const readTasks = store.prepare(
    `SELECT ${namesOf(taskTable)} FROM task INDEXED BY task_by_service
     WHERE service_series = (SELECT id FROM series WHERE project_id = ? AND service = ? AND kind = ?
       AND dimension = 'service' AND value = '') AND (created_at_ms, id) > (?, ?)
     ORDER BY created_at_ms, id`,
    { returnArrays: true },
  );
  const readHistory = prepare<SqliteRow>(
    store,
    `SELECT ${namesOf(historyTable)} FROM task_history WHERE project_id = ? AND task_id = ? ORDER BY revision`,
  );
  const idAt = indexOf(taskTable, "id");
  const createdAt = indexOf(taskTable, "created_at_ms");
  const found = readTasks.iterate(part.projectId, part.service, part.taskKind, fromMs, fromId);
  let batch = new DraftBatch([taskTable, historyTable]);
  for (const row of found as unknown as Iterable<SqliteRow>) {
    const id = String(row[idAt]);
    batch.add(taskTable, row);
    for (const line of readHistory.all(part.projectId, id)) batch.add(historyTable, line);
    batch.end = [Number(row[createdAt]), id];
    if (!batch.isFull) continue;
    yield batch;
    batch = new DraftBatch([taskTable, historyTable]);
  }
  if (batch.end.length > 0) yield batch;
}

function* creationBatches(
  store: DatabaseSync,
  { part, after }: { readonly part: { readonly projectId: string }; readonly after: Position | undefined },
): Generator<Batch> {
  const [fromKey = ""] = after ?? [];
  const read = store.prepare(
    `SELECT ${namesOf(rememberedTable)} FROM remembered_creation WHERE project_id = ? AND idempotency_key > ?
     ORDER BY idempotency_key`,
    { returnArrays: true },
  );
  const keyAt = indexOf(rememberedTable, "idempotency_key");
  let batch = new DraftBatch([rememberedTable]);
  for (const row of read.iterate(part.projectId, fromKey) as unknown as Iterable<SqliteRow>) {
    batch.add(rememberedTable, row);
    batch.end = [String(row[keyAt])];
    if (!batch.isFull) continue;
    yield batch;
    batch = new DraftBatch([rememberedTable]);
  }
  if (batch.end.length > 0) yield batch;
}

/** A batch that grows row by row. */
class DraftBatch implements Batch {
  readonly rows: ReadonlyMap<MovedTable, Row[]>;
  end: Position = [];
  #rows = 0;
  #characters = 0;

  constructor(tables: readonly MovedTable[]) {
    this.rows = new Map(tables.map((table) => [table, []]));
  }

  add(table: MovedTable, row: SqliteRow): void {
    this.rows.get(table)?.push(row);
    this.#rows += 1;
    for (const cell of row) if (typeof cell === "string") this.#characters += cell.length;
  }

  get isFull(): boolean {
    return this.#rows >= rowsPerBatch || this.#characters >= charactersPerBatch;
  }
}

function countRows(store: DatabaseSync): RowCounts {
  const counts = new Map<string, number>();
  for (const { name } of movedTables) {
    counts.set(name, prepare<[rows: number]>(store, `SELECT count(*) FROM ${name}`).get()?.[0] ?? 0);
  }
  const byStatus = prepare<[projectId: string, status: string, tasks: number]>(
    store,
    "SELECT project_id, status, count(*) FROM task GROUP BY project_id, status",
  );
  for (const [projectId, status, tasks] of byStatus.all()) {
    counts.set(`tasks ${status} of project ${projectId}`, tasks);
  }
  return counts;
}

/** Truth values as such. Tables of tasks have none. */
function withTruths({ columns }: MovedTable, row: SqliteRow): Row {
  return row.map((cell, index) => (columns[index]?.type === "truth" ? cell === 1 : cell));
}

function namesOf({ columns }: MovedTable): string {
  return columns.map(({ name }) => name).join(", ");
}

function indexOf({ columns }: MovedTable, column: string): number {
  return columns.findIndex(({ name }) => name === column);
}
