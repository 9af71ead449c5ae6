import { invalidParameter } from "../task/error.ts";
import { statusesMeaning, type TaskStatus } from "../task/lifecycle.ts";
import type { Place, TaskFilter, TaskGrouping, TaskOrder } from "../task/query.ts";
import type { Query } from "./query.ts";
import { readCursor } from "./task-cursor.ts";
import { readTime } from "./task-documents.ts";
import type { CountTasksQuery, FilterQuery, ListTasksQuery } from "./task-schemas.ts";

/** The queries of our own API: from the text of an address to the question that the store is asked. */

/** How many tasks, or history lines, a page has unless the caller says otherwise. */
export const defaultLimit = 50;
/** How many tasks a page of the list has at most. */
const maxPageLimit = 500;

/** A label's key follows this in the key that filters by it. */
const labelPrefix = "label.";

/** The keys that are given once, each with how its text is read. */
const singleKeys: ReadonlyMap<string, (text: string) => unknown> = new Map([
  ["created_from", withZone],
  ["created_to", withZone],
  ["stale", asBoolean],
  ["sort", asItIs],
  ["limit", asInteger],
  ["offset", asInteger],
  ["cursor", asItIs],
  ["history", asBoolean],
  ["bucket", asItIs],
]);

/**
 * A query is text; this gives its members the types that the schema then holds them to. Text that cannot be read stays
 * text, which the schema refuses.
 *
 * @throws TaskCenterError `invalid-parameter` where a key that is given once is repeated.
 */
export function readQuery(query: Query): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([key, values]) => {
      const read = singleKeys.get(key);
      if (key === "group_by") return [key, [values].flat().flatMap((list) => list.split(","))];
      if (read === undefined) return [key, [values].flat()];
      if (typeof values !== "string") throw invalidParameter(key, "must be given once");
      return [key, read(values)];
    }),
  );
}

function asItIs(text: string): string {
  return text;
}

function asInteger(text: string): unknown {
  return /^[0-9]{1,16}$/.test(text) ? Number(text) : text;
}

function asBoolean(text: string): unknown {
  return text === "true" || text === "false" ? text === "true" : text;
}

/** The plus of a zone becomes a space when a client forgets to encode it. */
function withZone(text: string): string {
  return text.replace(/ (?=[0-9]{2}:[0-9]{2}$)/, "+");
}

/**
 * Reads which tasks are meant; the moment decides which of them are stale.
 *
 * @throws TaskCenterError `invalid-parameter` for an impossible time.
 */
export function readFilter(projectId: string, query: FilterQuery, nowMs: number): TaskFilter {
  return {
    projectId,
    services: query.service,
    kinds: query.kind,
    statuses: wantedStatuses(query),
    names: query.name,
    instanceIds: query.instance_id,
    instanceNames: query.instance_name,
    databaseNames: query.database_name,
    orderIds: query.order_id,
    parentIds: query.parent_id,
    labels: wantedLabels(query),
    texts: query.q,
    stale: query.stale === undefined ? undefined : { wanted: query.stale, atMs: nowMs },
    createdFromMs: readTime("created_from", query.created_from),
    createdToMs: readTime("created_to", query.created_to),
  };
}

function wantedStatuses({ status, state }: FilterQuery): readonly TaskStatus[] | undefined {
  if (state === undefined) return status;
  const meant = statusesMeaning(state);
  return status === undefined ? meant : meant.filter((word) => status.includes(word));
}

/** The keys that follow a pattern are not in the type that comes from the schema. */
function wantedLabels(query: object): TaskFilter["labels"] {
  const labels = Object.entries(query)
    .filter(([key]) => key.startsWith(labelPrefix))
    .map(([key, values]) => [key.slice(labelPrefix.length), values]);
  return labels.length === 0 ? undefined : Object.fromEntries(labels);
}

export function readOrder({ sort }: ListTasksQuery): TaskOrder {
  return sort === "created_at" ? "oldest-first" : "newest-first";
}

/** Which part of a list is asked for: what follows a place, or what follows so many tasks. */
export interface PageRequest {
  readonly after: Place | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** @throws TaskCenterError `invalid-parameter` for a part that no page is. */
export function readPageRequest(query: ListTasksQuery): PageRequest {
  const { cursor, offset, limit = defaultLimit, history } = query;
  if (history === true) throw invalidParameter("history", "must be false: only NDJSON holds histories");
  if (limit > maxPageLimit) throw invalidParameter("limit", `must be at most ${maxPageLimit}`);
  if (cursor !== undefined && offset !== undefined) {
    throw invalidParameter("cursor", "must be given without an offset");
  }
  const after = cursor === undefined ? undefined : readCursor(cursor, readOrder(query));
  return { after, offset: offset ?? 0, limit };
}

/** What the properties are that tasks are counted by, by the names that our API gives them. */
const groupings = {
  state: "state",
  status: "status",
  service: "service",
  name: "name",
  instance_id: "instanceId",
} as const satisfies Record<NonNullable<CountTasksQuery["group_by"]>[number], TaskGrouping>;

/** Reads what tells groups apart: what is named twice does so once. */
export function readGroupings({ group_by: words = [] }: CountTasksQuery): readonly TaskGrouping[] {
  return [...new Set(words.map((word) => groupings[word]))];
}

/** How long the buckets are that tasks are counted by. Each fits into a day, so that days begin with a bucket. */
export const bucketLengthsMs = {
  "1m": 60_000,
  "5m": 5 * 60_000,
  "15m": 15 * 60_000,
  "1h": 60 * 60_000,
  "6h": 6 * 60 * 60_000,
  "1d": 24 * 60 * 60_000,
} as const satisfies Record<NonNullable<CountTasksQuery["bucket"]>, number>;
