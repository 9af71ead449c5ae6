import type { SQLInputValue } from "node:sqlite";
import type { TaskFilter } from "../../task/query.ts";
import { silenceBeforeStaleMs } from "../../task/task.ts";
import { type ListName, listedColumns, listNames, liveStatuses, searchedColumns } from "../task-filters.ts";

/** A part of a statement's WHERE, and the values of its places. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
  /** How many times as long it takes as to read a row, at most; nothing where it takes less. */
  readonly cost?: number;
}

/** Of a label: its task's labels are parsed for it. */
const labelCost = 2;
/** Of a text: it is looked for in some thousand characters. */
const textCost = 5;

/** They are searched as one: no text holds U+0000, so nothing is found across two of them. */
const searchedText = `lower(${searchedColumns.map((column) => `task.${column}`).join(" || char(0) || ")})`;

/** What a filter says beside its project and its window, apart from the lists that are taken care of already. */
export function conditionsOf(
  filter: TaskFilter,
  options: { readonly except: readonly ListName[] },
): readonly Condition[] {
  const lists = listNames.flatMap((name) => {
    const values = filter[name];
    return values === undefined || options.except.includes(name)
      ? []
      : [oneOf(`task.${listedColumns[name]}`, values)];
  });
  return [...lists, ...labelsIn(filter), ...textsIn(filter), ...staleIn(filter)];
}

/** A list of values is one place, so that lists of every length share a prepared statement. */
export function oneOf(expression: string, values: readonly string[]): Condition {
  return {
    sql: `${expression} IN (SELECT value FROM json_each(?))`,
    values: [JSON.stringify(values)],
  };
}

/** The same for lists of few different lengths: each is a statement of its own, and faster. */
export function anyOf(expression: string, values: readonly string[]): Condition {
  return { sql: `${expression} IN (${values.map(() => "?").join(", ")})`, values };
}

function labelsIn({ labels = {} }: TaskFilter): readonly Condition[] {
  return Object.entries(labels).map(([key, values]) => {
    const isWanted = oneOf("label.value", values);
    return {
      sql: `EXISTS (SELECT 1 FROM json_each(task.labels) AS label WHERE label.key = ? AND ${isWanted.sql})`,
      values: [key, ...isWanted.values],
      cost: labelCost,
    };
  });
}

function textsIn(filter: TaskFilter): readonly Condition[] {
  if (filter.texts === undefined) return [];
  // Nothing is found across two of the texts.
  const texts = filter.texts.filter((text) => !text.includes("\u0000"));
  if (texts.length === 0) return [{ sql: "FALSE", values: [] }];
  const holdsAny = texts.map(() => "instr(searched.text, lower(?)) > 0").join(" OR ");
  // The limit keeps the engine from putting the text's making into each comparison.
  const sql = `EXISTS (SELECT 1 FROM (SELECT ${searchedText} AS text LIMIT 1) AS searched WHERE ${holdsAny})`;
  return [{ sql, values: texts, cost: textCost * texts.length }];
}

function staleIn({ stale }: TaskFilter): readonly Condition[] {
  if (stale === undefined) return [];
  const isLive = oneOf("task.status", liveStatuses);
  const silentUntilMs = `task.heard_at_ms + coalesce(task.lease_seconds * 1000, ${silenceBeforeStaleMs})`;
  return [
    {
      sql: `(${isLive.sql} AND ? > ${silentUntilMs}) = ?`,
      values: [...isLive.values, stale.atMs, stale.wanted ? 1 : 0],
    },
  ];
}
