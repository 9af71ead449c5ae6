import type { Clock } from "../../task/clock.ts";
import type { MoveTarget, Part, Position } from "../move/move.ts";
import {
  type ColumnType,
  historyTable,
  identityTables,
  type MovedTable,
  movedTables,
  type Row,
  rememberedTable,
  taskTable,
} from "../move/tables.ts";
import { encryptionKeyAgreement } from "../store.ts";
import { storeUnavailable } from "./error.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { openSession, type Query, type Session, type Statement, statement, type Value } from "./session.ts";
import { moveSetting, proposeSetting, readSetting } from "./settings.ts";

/** How long one statement may take: the last ones go through all tasks. */
const statementMs = 24 * 60 * 60 * 1000;

/** How the settings begin that say where the parts stand. */
const positionPrefix = "move position ";

/**
 * Opens a database as the target of a move. Positions are kept in the database itself, with the rows that they speak of.
 *
 * @throws TaskCenterError `store-unavailable` where it cannot be reached, or belongs to another program.
 */
export async function openMoveTarget(options: {
  readonly url: string;
  readonly clock: Clock;
}): Promise<MoveTarget & { close(): Promise<void> }> {
  const session = openSession({ url: options.url, connections: 2, statementMs, onTrouble: () => {} });
  try {
    await migrate(session, readMigrations(), options.clock);
  } catch (error) {
    await session.close();
    throw error;
  }
  return { ...targetOn(session), close: () => session.close() };
}

const insertSetting = statement("INSERT INTO setting (name, value) VALUES ($1, $2)");
const insertPosition = statement<[name: string]>(
  "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING name",
);
const changePosition = statement<[name: string]>(
  "UPDATE setting SET value = $2 WHERE name = $1 AND value = $3 RETURNING name",
);
const deleteSettings = statement("DELETE FROM setting WHERE name = $1 OR starts_with(name, $2)");
const lockMove = statement("SELECT pg_advisory_xact_lock(hashtextextended('taskcenter move', 0))");
const hasRows = statement<[hasRows: boolean]>(
  `SELECT ${movedTables.map(({ name }) => `EXISTS (SELECT 1 FROM ${name})`).join(" OR ")}`,
);
const cleanUp = statement("VACUUM (ANALYZE) task, task_history, remembered_creation");

function targetOn(session: Session): MoveTarget {
  return {
    begin: (fingerprint) =>
      session.transaction(async (query) => {
        await query(lockMove);
        const [[standing] = [undefined]] = await query(readSetting, [moveSetting]);
        if (standing === fingerprint) return;
        if (standing !== undefined) throw storeUnavailable("another store is being moved into its database");
        const [[isUsed] = [true]] = await query(hasRows);
        if (isUsed)
          throw storeUnavailable("its database is not empty, and a store moves only into an empty one");
        await query(insertSetting, [moveSetting, fingerprint]);
      }),

    async positionOf(part) {
      const [[position] = [undefined]] = await session.query(readSetting, [positionName(part)]);
      return position === undefined ? undefined : JSON.parse(position);
    },

    write: (part, { after, batch }) =>
      session.transaction(async (query) => {
        const steps = [recordPosition(query, { part, after, end: batch.end })];
        for (const [table, rows] of batch.rows) {
          if (rows.length > 0) steps.push(insertRows(query, { table, rows }));
        }
        await Promise.all(steps);
      }),

    read: (part, { after, end }) =>
      session.snapshot(async (query) => {
        const rows = readsOf(part, { after, end }).map(
          async ([table, sql, values]) => [table, await query(sql, values)] as const,
        );
        return new Map(await Promise.all(rows));
      }),

    async countRows() {
      const counts = new Map<string, number>();
      for (const { name } of movedTables) {
        const [[rows] = [0]] = await session.query(countOf(name));
        counts.set(name, rows);
      }
      for (const [projectId, status, tasks] of await session.query(countByStatus)) {
        counts.set(`tasks ${status} of project ${projectId}`, tasks);
      }
      return counts;
    },

    async finish({ sealPrefix }) {
      await session.query(cleanUp);
      await rebuildCounts(session);
      await session.transaction(async (query) => {
        if (sealPrefix !== undefined) await query(proposeSetting, [encryptionKeyAgreement, sealPrefix]);
        await query(deleteSettings, [moveSetting, positionPrefix]);
      });
    },
  };
}

function positionName(part: Part): string {
  return positionPrefix + JSON.stringify(Object.values(part));
}

/** Says where a part stands now. Whoever moves the same beside us is found here, and one of both gives up. */
async function recordPosition(
  query: Query,
  { part, after, end }: { readonly part: Part; readonly after: Position | undefined; readonly end: Position },
): Promise<void> {
  const [name, next] = [positionName(part), JSON.stringify(end)];
  const recorded =
    after === undefined
      ? await query(insertPosition, [name, next])
      : await query(changePosition, [name, next, JSON.stringify(after)]);
  if (recorded.length === 0)
    throw storeUnavailable("the same store is moved into its database twice at once");
}

const arrayTypes = {
  text: "text[]",
  whole: "bigint[]",
  real: "double precision[]",
  truth: "boolean[]",
} as const satisfies Record<ColumnType, string>;

const insertInto: ReadonlyMap<MovedTable, Statement> = new Map(
  movedTables.map((table) => {
    const arrays = table.columns.map(({ type }, index) => `$${index + 1}::${arrayTypes[type]}`);
    return [
      table,
      statement(`INSERT INTO ${table.name} (${namesOf(table)}) SELECT * FROM unnest(${arrays.join(", ")})`),
    ];
  }),
);

async function insertRows(
  query: Query,
  { table, rows }: { readonly table: MovedTable; readonly rows: readonly Row[] },
): Promise<void> {
  const insert = insertInto.get(table);
  if (insert === undefined) throw new TypeError(`${table.name} does not move`);
  const columns: Value[] = table.columns.map((_column, index) => rows.map((row) => row[index] ?? null));
  await query(insert, columns);
}

type Read = readonly [table: MovedTable, statement: Statement<Row>, values: readonly Value[]];

/** The statements that read a range of a part, each in the order in which the source gives the rows. */
function readsOf(
  part: Part,
  { after, end }: { readonly after: Position | undefined; readonly end: Position },
): readonly Read[] {
  switch (part.kind) {
    case "identity":
      return identityTables.map((table) => [table, wholeTable(table), []]);
    case "tasks": {
      const { projectId, service, taskKind } = part;
      const values = [projectId, service, taskKind, ...(after ?? [Number.MIN_SAFE_INTEGER, ""]), ...end];
      return [
        [taskTable, readTasks, values],
        [historyTable, readHistory, values],
      ];
    }
    case "creations":
      return [[rememberedTable, readCreations, [part.projectId, ...(after ?? [""]), ...end]]];
  }
}

const taskRange = `task.project_id = $1 AND task.service = $2 AND task.kind = $3
  AND (task.created_at_ms, task.id) > ($4, $5) AND (task.created_at_ms, task.id) <= ($6, $7)`;

const readTasks = statement<Row>(
  `SELECT ${namesOf(taskTable)} FROM task WHERE ${taskRange} ORDER BY created_at_ms, id`,
);

const readHistory = statement<Row>(
  `SELECT ${historyTable.columns.map(({ name }) => `line.${name}`).join(", ")}
   FROM task JOIN task_history AS line ON line.project_id = task.project_id AND line.task_id = task.id
   WHERE ${taskRange} ORDER BY task.created_at_ms, task.id, line.revision`,
);

const readCreations = statement<Row>(
  `SELECT ${namesOf(rememberedTable)} FROM remembered_creation
   WHERE project_id = $1 AND idempotency_key > $2 AND idempotency_key <= $3 ORDER BY idempotency_key`,
);

function wholeTable(table: MovedTable): Statement<Row> {
  return statement(`SELECT ${namesOf(table)} FROM ${table.name} ORDER BY ${table.key.join(", ")}`);
}

function countOf(name: string): Statement<[rows: number]> {
  return statement(`SELECT count(*) FROM ${name}`);
}

const countByStatus = statement<[projectId: string, status: string, tasks: number]>(
  "SELECT project_id, status, count(*) FROM task GROUP BY project_id, status",
);

function namesOf({ columns }: MovedTable): string {
  return columns.map(({ name }) => name).join(", ");
}
