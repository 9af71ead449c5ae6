import { inLowerCase, type TaskFilter } from "../../task/query.ts";
import { silenceBeforeStaleMs } from "../../task/task.ts";
import {
  distinct,
  type ListName,
  listedColumns,
  listNames,
  liveStatuses,
  searchedColumns,
} from "../task-filters.ts";
import type { Value } from "./session.ts";

/** Which tasks are looked for: those of a filter, and what the sweep asks for beside it. */
export interface Wanted extends TaskFilter {
  readonly endedBeforeMs?: number | undefined;
}

/** Takes a value into a statement, and answers what stands for it in the text. */
export type Put = (value: Value) => string;

/** The values of a statement while it is written: each gets the next number. */
export function numberedValues(first: readonly Value[]) {
  const values = [...first];
  const put: Put = (value) => `$${values.push(value)}`;
  return { values: values as readonly Value[], put };
}

/** That a task may be stale. */
export const isLive = `task.status IN (${liveStatuses.map((status) => `'${status}'`).join(", ")})`;
const silentUntilMs = `task.heard_at_ms + coalesce(task.lease_seconds::bigint * 1000, ${silenceBeforeStaleMs})`;

/**
 * What a filter says beside its project, its window and the lists that are taken care of already. How many values a list
 * has makes no difference to the text, so that few texts are prepared.
 */
export function conditionsOf(wanted: Wanted, put: Put, except: readonly ListName[] = []): readonly string[] {
  const lists = listNames.flatMap((name) => {
    const values = wanted[name];
    return values === undefined || except.includes(name) ? [] : listConditions(name, values, put);
  });
  return [
    ...lists,
    ...labelsIn(wanted, put),
    ...textsIn(wanted, put),
    ...staleIn(wanted, put),
    ...endIn(wanted, put),
  ];
}

/** The WHERE of a look at all tasks of a filter, whose project is the first value; some lists are taken care of already. */
export function whereOf(wanted: Wanted, put: Put, except: readonly ListName[] = []): string {
  const { createdFromMs, createdToMs } = wanted;
  const window = [
    ...(createdFromMs === undefined ? [] : [`task.created_at_ms >= ${put(createdFromMs)}`]),
    ...(createdToMs === undefined ? [] : [`task.created_at_ms <= ${put(createdToMs)}`]),
  ];
  return ["task.project_id = $1", ...window, ...conditionsOf(wanted, put, except)].join(" AND ");
}

/** What must hold where a list is empty: the database need not look at any task then. */
const noTask = "FALSE";

/** That an index leaves tasks out must be said in so many words, or the database does not use it. */
function listConditions(name: ListName, values: readonly string[], put: Put): readonly string[] {
  if (values.length === 0) return [noTask];
  if (name === "kinds" && distinct(values).join() === "scheduled") return ["task.kind = 'scheduled'"];
  const isListed = `task.${listedColumns[name]} = ANY (${put(values)})`;
  if (name === "parentIds") return [isListed, "task.parent_id IS NOT NULL"];
  return name === "orderIds" && !values.includes("") ? [isListed, "task.order_id <> ''"] : [isListed];
}

function labelsIn({ labels = {} }: Wanted, put: Put): readonly string[] {
  return Object.entries(labels).map(([key, values]) =>
    values.length === 0 ? noTask : `(task.labels::json ->> ${put(key)}::text) = ANY (${put(values)})`,
  );
}

/** Of the collation "C", `lower` changes A to Z alone, and parts of texts are compared bytewise. */
function textsIn({ texts }: Wanted, put: Put): readonly string[] {
  if (texts === undefined) return [];
  if (texts.length === 0) return [noTask];
  const patterns = put(texts.map((text) => `%${inLowerCase(text).replace(/[\\%_]/g, "\\$&")}%`));
  const holdsAny = searchedColumns.map((column) => `lower(task.${column}) LIKE ANY (${patterns})`);
  return [`(${holdsAny.join(" OR ")})`];
}

function staleIn({ stale }: Wanted, put: Put): readonly string[] {
  return stale === undefined
    ? []
    : [`(${isLive} AND ${put(stale.atMs)} > ${silentUntilMs}) = ${put(stale.wanted)}`];
}

function endIn({ endedBeforeMs }: Wanted, put: Put): readonly string[] {
  return endedBeforeMs === undefined ? [] : [`task.ended_at_ms < ${put(endedBeforeMs)}`];
}
