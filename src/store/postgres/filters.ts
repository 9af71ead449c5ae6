import { services, taskKinds } from "../../task/lifecycle.ts";
import type { Place, TaskFilter, TaskOrder } from "../../task/query.ts";
import { distinct, type ListName, listedColumns } from "../task-filters.ts";
import { type TaskRow, taskColumns } from "../task-rows.ts";
import { conditionsOf, numberedValues, type Put, type Wanted, whereOf } from "./conditions.ts";
import { placeValue } from "./node-source.ts";
import { type Statement, statement, type Value } from "./session.ts";

/** How many ranges of an index are merged at most. A filter with more of them looks at every task of its services. */
const maxRanges = 100;

/**
 * How many statements of questions the database keeps prepared, on each connection: some 130 KiB each. What programs ask
 * for again and again has fewer shapes; whoever makes up others has each of them planned anew, and not kept.
 */
const keptStatements = 200;

/** An index of the lists: one value for each of some lists makes a range of it, in the lists' order. */
interface RangeIndex {
  readonly lists: readonly ListName[];
  /** Of an index that leaves tasks out: what holds for those in it. */
  readonly partial?: string;
  /** Whether the filter's tasks are in the index at all. */
  readonly suits: (filter: TaskFilter) => boolean;
}

const ofService = ["services", "kinds"] as const satisfies readonly ListName[];

/** The indexes that may serve a filter, the best first. Named tasks are a range of one task each. */
const rangeIndexes: readonly RangeIndex[] = [
  { lists: ["ids"], suits: ({ ids }) => ids !== undefined },
  // Across all services: a child may be of another one than its parent.
  {
    lists: ["parentIds"],
    partial: "task.parent_id IS NOT NULL",
    suits: ({ parentIds }) => parentIds !== undefined,
  },
  {
    lists: [...ofService, "orderIds"],
    partial: "task.order_id <> ''",
    suits: ({ orderIds }) => orderIds !== undefined && !orderIds.includes(""),
  },
  { lists: [...ofService, "instanceIds"], suits: ({ instanceIds }) => instanceIds !== undefined },
  { lists: [...ofService, "names"], suits: ({ names }) => names !== undefined },
  {
    lists: [...ofService, "instanceNames"],
    partial: "task.kind = 'scheduled'",
    suits: ({ kinds, instanceNames }) =>
      instanceNames !== undefined && kinds?.every((kind) => kind === "scheduled") === true,
  },
  { lists: [...ofService, "statuses"], suits: ({ statuses }) => statuses !== undefined },
];
const byService: RangeIndex = { lists: ofService, suits: () => true };

/** The ranges of one index that hold a filter's tasks; no two have a task in common. */
interface Ranges {
  readonly index: RangeIndex;
  /** Of each range, its value of each of the index's lists. None where no task can match. */
  readonly values: readonly (readonly string[])[];
}

/** Where a part of a list begins and ends, and what is read of it. The end is outside. */
export interface PageValues {
  readonly from: Place;
  readonly to: Place;
  /** How many tasks are passed over, in the list's order. */
  readonly offset: number;
  readonly limit: number;
}

/** A statement that reads some tasks of a list, and its values for a part of the list. */
export interface ListStatement<Row extends readonly unknown[]> {
  readonly statement: Statement<Row>;
  readonly values: (page: PageValues) => readonly Value[];
}

export type PlaceRow = readonly [createdAtMs: number, id: string];

/** The columns of a `TaskRow`, of a table that is called task. */
export const taskColumnsSql = taskColumns.map((column) => `task.${column}`).join(", ");
const placeColumnsSql = "task.created_at_ms, task.id";

/** The numbers of the values that every statement here begins with. */
const limit = "$6";
const offset = "$7";
const isInSpan = "(task.created_at_ms, task.id) >= ($2, $3) AND (task.created_at_ms, task.id) < ($4, $5)";
const firstNumbers: readonly Value[] = Array(7).fill(null);

function firstValues({ projectId }: TaskFilter, page: PageValues): readonly Value[] {
  return [projectId, ...placeValue(page.from), ...placeValue(page.to), page.limit, page.offset];
}

/**
 * The tasks of a page. The filter's window is not looked at: the span stands for it. The database reads the ranges of one
 * index in the list's order, each no further than the page may reach, and merges what it found. What is not in the index
 * is looked at on the way, so a filter that no index answers may have to pass over very many tasks.
 */
export function pageStatement(filter: TaskFilter, order: TaskOrder): ListStatement<TaskRow> {
  const ranges = rangesOf(filter);
  const { put, values } = numberedValues(firstNumbers);
  const { lists } = ranges.index;
  const rest = conditionsOf(filter, put, lists);
  // Beside the index's entries stand the statuses: where nothing else is asked, only the page's own rows are read.
  const isOfStatus = filter.statuses !== undefined && !lists.includes("statuses") && rest.length === 1;
  const text =
    ranges.values.length === 1 && !isOfStatus
      ? oneRangeSql(ranges, { order, put, rest, columns: taskColumnsSql })
      : atPlacesSql(placesSql(ranges, { order, put, rest }), { order, rest: [], columns: taskColumnsSql });
  return listStatement(filter, text, values);
}

/** Whether an index alone tells which tasks a filter means, apart from its window. */
export function isIndexed(filter: TaskFilter): boolean {
  return conditionsOf(filter, numberedValues([]).put, rangesOf(filter).index.lists).length === 0;
}

/** The lists that leave few tasks to be looked at: those with some ids, parents or orders, or of scheduled instances. */
const narrowLists: readonly ListName[] = ["ids", "parentIds", "orderIds", "instanceNames"];

/** Whether an index leaves few tasks to be looked at. */
export function isNarrow(filter: TaskFilter): boolean {
  const { lists } = rangesOf(filter).index;
  return narrowLists.some((list) => lists.includes(list));
}

/** A search in a part of a list for what no index tells: of so many tasks that are looked at, those that match. */
export interface Search<Row extends readonly unknown[]> {
  /** Its limit is how many are looked at. */
  readonly find: ListStatement<Row>;
  /** The last of those that are looked at, where its limit is 1, and its offset one less than they are. */
  readonly last: ListStatement<PlaceRow>;
}

export function searchStatements(wanted: Wanted, order: TaskOrder, most: number): Search<TaskRow> {
  return {
    find: searchStatement(wanted, order, { most, columns: taskColumnsSql }),
    last: lastStatement(wanted, order),
  };
}

export function searchPlacesStatements(wanted: Wanted, order: TaskOrder, most: number): Search<PlaceRow> {
  return {
    find: searchStatement(wanted, order, { most, columns: placeColumnsSql }),
    last: lastStatement(wanted, order),
  };
}

function searchStatement<Row extends readonly unknown[]>(
  wanted: Wanted,
  order: TaskOrder,
  { most, columns }: { readonly most: number; readonly columns: string },
): ListStatement<Row> {
  const ranges = rangesOf(wanted);
  const { put, values } = numberedValues(firstNumbers);
  const rest = conditionsOf(wanted, put, ranges.index.lists);
  const found = atPlacesSql(placesSql(ranges, { order, put, rest: [] }), { order, rest, columns });
  return listStatement(wanted, `${found} LIMIT ${put(most)}`, values);
}

function lastStatement(wanted: Wanted, order: TaskOrder): ListStatement<PlaceRow> {
  const { put, values } = numberedValues(firstNumbers);
  return listStatement(wanted, placesSql(rangesOf(wanted), { order, put, rest: [] }), values);
}

function rangesOf(filter: TaskFilter): Ranges {
  for (const index of rangeIndexes) {
    if (!index.suits(filter)) continue;
    const values = combinationsIn(filter, index.lists);
    if (values.length <= maxRanges || index.lists.includes("ids")) return { index, values };
  }
  return { index: byService, values: combinationsIn(filter, byService.lists) };
}

/** Every value of the first list with every one of the others. */
function combinationsIn(filter: TaskFilter, lists: readonly ListName[]): readonly (readonly string[])[] {
  const listed = { ...filter, services: filter.services ?? services, kinds: filter.kinds ?? taskKinds };
  return lists.reduce<readonly (readonly string[])[]>(
    (combinations, list) =>
      combinations.flatMap((values) =>
        distinct<string>(listed[list] ?? []).map((value) => [...values, value]),
      ),
    [[]],
  );
}

interface RangeReading {
  readonly order: TaskOrder;
  readonly put: Put;
  readonly rest: readonly string[];
}

/** A SELECT of the page's tasks in the only range. */
function oneRangeSql(
  { index, values }: Ranges,
  reading: RangeReading & { readonly columns: string },
): string {
  const { order, put, rest, columns } = reading;
  const inRange = index.lists.map(
    (list, at) => `task.${listedColumns[list]} = ${put(values[0]?.[at] ?? "")}`,
  );
  return `SELECT ${columns} FROM task WHERE ${allOf(index, inRange, rest)}
    ${orderSql("task", order)} LIMIT ${limit} OFFSET ${offset}`;
}

/** A SELECT of the page's places in all ranges, merged. */
function placesSql(ranges: Ranges, reading: RangeReading): string {
  const { index, values } = ranges;
  if (values.length === 1) return oneRangeSql(ranges, { ...reading, columns: placeColumnsSql });
  const { order, put, rest } = reading;
  const names = index.lists.map((list) => listedColumns[list]);
  const arrays = names.map((_, at) => `${put(values.map((range) => range[at] ?? ""))}::text[]`);
  const inRange = names.map((name) => `task.${name} = range.${name}`);
  return `SELECT place.created_at_ms, place.id
    FROM unnest(${arrays.join(", ")}) AS range (${names.join(", ")}) CROSS JOIN LATERAL (
      SELECT ${placeColumnsSql} FROM task WHERE ${allOf(index, inRange, rest)}
      ${orderSql("task", order)} LIMIT ${limit}::bigint + ${offset}::bigint
    ) AS place
    ${orderSql("place", order)} LIMIT ${limit} OFFSET ${offset}`;
}

/** What every task meets, and only its row tells. */
const ofEveryRow = "task.revision > 0";

/**
 * All tasks of a filter, as a table, for a statement whose first value is the project. They are found in the ranges of the
 * filter's index, one after the other: without the offset the database may think that reading all tasks is less work, and
 * without a need for their rows that to read all of another index is, which has all columns that are asked for.
 */
export function tasksInRangesSql(filter: TaskFilter, put: Put, columns: string): string {
  const { index, values } = rangesOf(filter);
  const names = index.lists.map((list) => listedColumns[list]);
  const arrays = names.map((_, at) => `${put(values.map((range) => range[at] ?? ""))}::text[]`);
  const inRange = names.map((name) => `task.${name} = range.${name}`);
  const partial = index.partial === undefined ? [] : [index.partial];
  return `unnest(${arrays.join(", ")}) AS range (${names.join(", ")}) CROSS JOIN LATERAL (
      SELECT ${columns} FROM task
      WHERE ${[...inRange, ...partial, whereOf(filter, put, index.lists), ofEveryRow].join(" AND ")} OFFSET 0
    ) AS task`;
}

/**
 * A SELECT of the tasks at some places, which come in order. The limit of 1 keeps the database to looking each of them up:
 * where it does not know how many there are, it may think that reading all tasks is less work.
 */
function atPlacesSql(
  places: string,
  {
    order,
    rest,
    columns,
  }: { readonly order: TaskOrder; readonly rest: readonly string[]; readonly columns: string },
): string {
  const conditions = ["task.project_id = $1", "task.id = place.id", ...rest];
  return `SELECT ${columns} FROM (${places}) AS place CROSS JOIN LATERAL (
      SELECT ${columns} FROM task WHERE ${conditions.join(" AND ")} LIMIT 1
    ) AS task ${orderSql("place", order)}`;
}

function allOf({ partial }: RangeIndex, inRange: readonly string[], rest: readonly string[]): string {
  const conditions = [
    "task.project_id = $1",
    ...inRange,
    ...(partial === undefined ? [] : [partial]),
    isInSpan,
  ];
  return [...conditions, ...rest].join(" AND ");
}

export function orderSql(table: string, order: TaskOrder): string {
  const direction = order === "newest-first" ? "DESC" : "ASC";
  return `ORDER BY ${table}.created_at_ms ${direction}, ${table}.id ${direction}`;
}

/** Texts have few shapes, and each comes again and again. */
const statements = new Map<string, Statement<never>>();

export function statementOf<Row extends readonly unknown[]>(text: string): Statement<Row> {
  return statementFor(text, () => text);
}

/** The statement of a key, which is shorter than its text, and takes less time to look up. */
export function statementFor<Row extends readonly unknown[]>(
  key: string,
  textOf: () => string,
): Statement<Row> {
  const kept = statements.get(key);
  if (kept !== undefined) return kept;
  const text = textOf();
  if (statements.size >= keptStatements) return { text, name: "" };
  const made = statement<never>(text);
  statements.set(key, made);
  return made;
}

function listStatement<Row extends readonly unknown[]>(
  filter: TaskFilter,
  text: string,
  values: readonly Value[],
): ListStatement<Row> {
  const others = values.slice(firstNumbers.length);
  return { statement: statementOf(text), values: (page) => [...firstValues(filter, page), ...others] };
}
