import { statusOfPlainLine } from "../../src/store/first-line.ts";
import { type Cell, taskTable } from "../../src/store/move/tables.ts";
import { rebuildCounts } from "../../src/store/postgres/rebuild-counts.ts";
import { type Session, type Statement, statement } from "../../src/store/postgres/session.ts";
import { rowOfTask, taskColumns } from "../../src/store/task-rows.ts";
import { failsForSilenceAtMs } from "../../src/task/report.ts";
import { shown } from "../finding.ts";
import { newTask } from "../scale/fill.ts";
import { generateTasks } from "../scale/generator.ts";
import type { Population } from "../scale/population.ts";
import { seededRandom } from "../scale/random.ts";
import type { Database } from "./database-server.ts";

const rowsAtOnce = 2000;
/** How many batches are under way: while the database writes some, the next are made. */
const batchesAtOnce = 2;
const arrayTypes = { text: "text", whole: "bigint", real: "double precision", truth: "boolean" } as const;

const columns = taskTable.columns.map(({ name }) => name);
const insertRows: Statement = statement(
  `INSERT INTO task (${columns.join(", ")})
   SELECT * FROM unnest(${taskTable.columns.map(({ type }, index) => `$${index + 1}::${arrayTypes[type]}[]`).join(", ")})`,
);

/**
 * Fills a store that has no tasks yet, as a file is filled: first the bare rows, in the order in which they came; then
 * the indexes, but for the primary key; then the counts. The session's statements must be allowed to take long.
 */
export async function fillDatabase(
  parties: { readonly session: Session; readonly database: Database },
  contents: { readonly population: Population; readonly seed: number },
  during: { readonly signal: AbortSignal; readonly tell: (text: string) => void },
): Promise<void> {
  const { session, database } = parties;
  const { signal, tell } = during;
  const timed = async (step: string, work: () => Promise<unknown>): Promise<void> => {
    const startedMs = performance.now();
    await work();
    signal.throwIfAborted();
    tell(`${step}: ${shown((performance.now() - startedMs) / 1000, 0)} s`);
  };
  const indexes = await database.query(
    `SELECT indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'public' AND tablename = 'task' AND indexname <> 'task_pkey'`,
  );
  for (const [name] of indexes) await database.query(`DROP INDEX ${name}`);
  await timed("rows", () => insertAll(session, contents, signal));
  await timed("indexes", async () => {
    for (const [, definition] of indexes) await database.query(String(definition));
  });
  await timed("counts", () => rebuildCounts(session));
  await timed("vacuum, checkpoint", async () => {
    await database.query("VACUUM (ANALYZE)");
    await database.query("CHECKPOINT");
  });
}

async function insertAll(
  session: Session,
  { population, seed }: { readonly population: Population; readonly seed: number },
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(seed + 1);
  const waiting = generateTasks(population, seed);
  /** The next rows, column by column; undefined after the last one. */
  const nextRows = (): Cell[][] | undefined => {
    const cells: Cell[][] = columns.map(() => []);
    for (let row = 0; row < rowsAtOnce; row += 1) {
      const { value: generated, done } = waiting.next();
      if (done) break;
      for (const [index, cell] of rowOf(newTask(generated, random)).entries()) cells[index]?.push(cell);
    }
    return cells[0]?.length === 0 ? undefined : cells;
  };
  const insertSome = async (): Promise<void> => {
    for (let rows = nextRows(); rows !== undefined; rows = nextRows()) {
      signal.throwIfAborted();
      await session.query(insertRows, rows);
    }
  };
  await Promise.all(Array.from({ length: batchesAtOnce }, insertSome));
}

/** In the order of the table's columns as a move copies them. */
function rowOf({ task, history, receipt }: ReturnType<typeof newTask>): readonly Cell[] {
  const own = rowOfTask(task);
  const [first] = history;
  const firstStatus = first && statusOfPlainLine(first, task, receipt);
  if (firstStatus === undefined) throw new Error("a generated task has a history that its row does not tell");
  const cells: Readonly<Record<string, Cell>> = {
    ...Object.fromEntries(taskColumns.map((column, index) => [column, own[index] ?? null])),
    fails_at_ms: failsForSilenceAtMs(task) ?? null,
    creation_digest: receipt.digest,
    accepted_at_ms: receipt.acceptedAtMs,
    first_status: firstStatus,
  };
  return columns.map((column) => cells[column] ?? null);
}
