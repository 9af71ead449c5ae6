import { beginning, startOf, theEnd } from "../../counts/place.ts";
import { type Span, spanBeyond } from "../../counts/span.ts";
import { TaskCenterError } from "../../task/error.ts";
import type {
  Place,
  TaskCountQuery,
  TaskCounts,
  TaskFilter,
  TaskOrder,
  TaskPage,
  TaskQuery,
} from "../../task/query.ts";
import type { TaskStore } from "../store.ts";
import { placeOf, type StreamedTasks, stepOf, streamedTasks } from "../stream-step.ts";
import { type TaskRow, taskOfRow } from "../task-rows.ts";
import type { ReadBriefly } from "./brief-reads.ts";
import { numberedValues, whereOf } from "./conditions.ts";
import { isTimeout } from "./error.ts";
import {
  isIndexed,
  isNarrow,
  orderSql,
  type PlaceRow,
  pageStatement,
  type Search,
  searchPlacesStatements,
  searchStatements,
  statementOf,
  taskColumnsSql,
} from "./filters.ts";
import { countAll } from "./groups.ts";
import { readLastSuccesses } from "./last-successes.ts";
import { type Query, type Session, statement } from "./session.ts";
import { type Asker, openTurns } from "./turns.ts";

/** How long a question may take: whoever waits for a page still waits after three seconds. */
const usualPatienceMs = 3000;

/** How many questions of a project may wait. */
const maxWaiting = 32;

/** How many tasks are looked at in one go at most: some milliseconds. */
const largestLook = 2000;

/** Tasks by their ids, in the ids' order. */
const readNamed = statement<TaskRow>(
  `SELECT ${taskColumnsSql} FROM unnest($2::text[]) WITH ORDINALITY AS named (id, number) CROSS JOIN LATERAL (
     SELECT ${taskColumnsSql} FROM task WHERE task.project_id = $1 AND task.id = named.id LIMIT 1
   ) AS task ORDER BY named.number`,
);

/** What a look at all tasks of a filter found. */
type FoundRow = readonly [total: number, ids: readonly string[], names: readonly string[] | null];

/** A part of a filter's list. */
interface Stretch {
  readonly filter: TaskFilter;
  readonly order: TaskOrder;
  readonly span: Span;
}

/** Answers by looking at tasks one by one, in the database, what no count tells. */
export function createLooking(parts: {
  /** For streams that an index answers: each step is as short as anybody's question. */
  readonly session: Session;
  /** For lists that an index leaves few tasks to. */
  readonly readBriefly: ReadBriefly;
  /** For everything else: few questions at once. */
  readonly long: Session;
  readonly patienceMs?: number;
}) {
  const { session, readBriefly, long, patienceMs = usualPatienceMs } = parts;
  const turns = openTurns({ atOnce: long.connections, ofProject: 1, maxWaiting });

  /** Reads aside from everybody's short questions, on one state of the store. */
  function look<T>(asker: Asker, read: (query: Query) => Promise<T>): Promise<T> {
    return turns.take(asker, async () => {
      try {
        return await long.snapshot(read, patienceMs);
      } catch (error) {
        if (!isTimeout(error)) throw error;
        throw new TaskCenterError(
          "query-too-broad",
          "No index serves this question, and too many tasks would have to be looked at. Narrow it by service, instance, name, status or creation time.",
          { cause: error },
        );
      }
    });
  }

  async function find(query: Query, asked: TaskQuery): Promise<TaskPage> {
    const { text, values } = findSql(asked);
    const [[total, ids, names] = [0, [], null]] = await query(statementOf<FoundRow>(text), values);
    const rows = ids.length === 0 ? [] : await query(readNamed, [asked.filter.projectId, ids]);
    return { tasks: rows.map(taskOfRow), total, names: names ?? [] };
  }

  /** Looks at some tasks of a span; answers what matches, and where to go on. */
  async function search<Row extends readonly unknown[]>(
    asker: Asker,
    { find, last }: Search<Row>,
    span: Span,
    most: number,
  ): Promise<{ readonly found: readonly Row[]; readonly seenTo: Place | undefined }> {
    return look(asker, async (query) => {
      const [found, [end]] = await Promise.all([
        query(find.statement, find.values({ ...span, offset: 0, limit: most })),
        query(last.statement, last.values({ ...span, offset: most - 1, limit: 1 })),
      ]);
      return { found, seenTo: end && placeOfRow(end) };
    });
  }

  /** The next tasks of a stream that no index alone answers; `most` are looked at. */
  async function searchStep(
    { filter, order, span }: Stretch,
    { limit, most }: { readonly limit: number; readonly most: number },
  ): Promise<StreamedTasks> {
    const asker = { projectId: filter.projectId, line: "stream" } as const;
    const { found, seenTo } = await search(asker, searchStatements(filter, order, limit), span, most);
    const tasks = found.map(taskOfRow);
    return stepOf(tasks, tasks.length === limit ? placeOf(tasks.at(-1)) : seenTo);
  }

  /** The next tasks of a stream that an index answers. */
  async function indexedStep({ filter, order, span }: Stretch, limit: number): Promise<StreamedTasks> {
    const page = pageStatement(filter, order);
    const rows = await session.query(page.statement, page.values({ ...span, offset: 0, limit }));
    const tasks = rows.map(taskOfRow);
    return stepOf(tasks, tasks.length === limit ? placeOf(tasks.at(-1)) : undefined);
  }

  /** Reads aside what a project asks once. */
  function readAside<T>(projectId: string, read: (query: Query) => Promise<T>): Promise<T> {
    return look({ projectId, line: "once" }, read);
  }

  return {
    readAside,

    /** Answers any page, with its total. */
    async listTasks(asked: TaskQuery): Promise<TaskPage> {
      const { projectId } = asked.filter;
      const read = (query: Query) => find(query, asked);
      const brief = isNarrow(asked.filter) ? await readBriefly(projectId, read) : undefined;
      return brief ?? (await readAside(projectId, read));
    },

    /** Answers any groups. */
    async countTasks(asked: TaskCountQuery): Promise<TaskCounts> {
      const { projectId } = asked.filter;
      return readAside(projectId, (query) => countAll(query, asked));
    },

    async *streamTasks({ filter, order, limit = Number.POSITIVE_INFINITY }) {
      const isQuick = isIndexed(filter);
      const whole = windowOf(filter);
      let after: Place | undefined;
      let most = 2 * streamedTasks;
      for (let left = limit; left > 0; ) {
        const stretch = {
          filter,
          order,
          span: after === undefined ? whole : spanBeyond(whole, after, order),
        };
        const wanted = Math.min(left, streamedTasks);
        const step = isQuick
          ? await indexedStep(stretch, wanted)
          : await searchStep(stretch, { limit: wanted, most });
        const { tasks, next } = step;
        if (tasks.length > 0) yield tasks;
        if (next === undefined) return;
        after = next;
        left -= tasks.length;
        // Where few match, more are looked at.
        if (tasks.length < wanted) most = Math.min(2 * most, largestLook);
      }
    },

    async listLastSuccesses({ projectId, limit }) {
      const asker = { projectId, line: "successes" } as const;
      // One more than are wanted says that there are others.
      const rows = await look(asker, (query) => query(readLastSuccesses, [projectId, limit + 1]));
      const successes = rows.map(([service, name, instanceId, endedAtMs, taskId]) => ({
        service,
        name,
        instanceId,
        endedAtMs,
        taskId,
      }));
      return { successes: successes.slice(0, limit), more: successes.length > limit };
    },

    async findEndedTasks({ projectId, endedBeforeMs, from, limit }) {
      // Whatever ended by then was created by then.
      const wanted = { projectId, createdToMs: endedBeforeMs, endedBeforeMs };
      const whole = windowOf(wanted);
      const span = from === undefined ? whole : spanBeyond(whole, from, "oldest-first");
      const asker = { projectId, line: "ended" } as const;
      const statements = searchPlacesStatements(wanted, "oldest-first", limit);
      const { found, seenTo } = await search(asker, statements, span, largestLook);
      const last = found.at(-1);
      return {
        ids: found.map(([, id]) => id),
        next: last !== undefined && found.length === limit ? placeOfRow(last) : seenTo,
      };
    },
  } satisfies Pick<
    TaskStore,
    "listTasks" | "countTasks" | "streamTasks" | "findEndedTasks" | "listLastSuccesses"
  > & { readAside: typeof readAside };
}

function placeOfRow([createdAtMs, id]: PlaceRow): Place {
  return { createdAtMs, id };
}

/** The window of creation times of a filter. */
function windowOf({ createdFromMs, createdToMs }: TaskFilter): Span {
  return {
    from: createdFromMs === undefined ? beginning : startOf(createdFromMs),
    to: createdToMs === undefined ? theEnd : startOf(createdToMs + 1),
  };
}

/** Looks at each task of a filter once: for the total, the ids of a page, and the names. */
function findSql({ filter, order, after, offset, limit, withNames }: TaskQuery) {
  const { put, values } = numberedValues([filter.projectId]);
  const where = whereOf(filter, put);
  const isBehind =
    after === undefined
      ? "TRUE"
      : `(found.created_at_ms, found.id) ${order === "newest-first" ? "<" : ">"} (${put(after.createdAtMs)}, ${put(after.id)})`;
  const names = withNames ? "ARRAY(SELECT DISTINCT found.name FROM found ORDER BY found.name)" : "NULL";
  const text = `WITH found AS MATERIALIZED (
      SELECT task.created_at_ms, task.id${withNames ? ", task.name" : ""} FROM task WHERE ${where}
    )
    SELECT (SELECT count(*) FROM found),
      ARRAY(
        SELECT found.id FROM found WHERE ${isBehind} ${orderSql("found", order)}
        LIMIT ${put(limit)} OFFSET ${put(offset)}
      ),
      ${names}`;
  return { text, values };
}
