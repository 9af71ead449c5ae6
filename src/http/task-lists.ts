import { Readable } from "node:stream";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Identity } from "../identity/identity.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { invalidParameter } from "../task/error.ts";
import type { TaskFilter, TaskPage } from "../task/query.ts";
import { requireAccess } from "./access.ts";
import { isThroughConsole, pathOf } from "./faces.ts";
import { cursorLinks, pageLinks } from "./links.ts";
import { preferredType } from "./media-types.ts";
import { PageBody, sendJsonIfChanged } from "./page-bodies.ts";
import type { Query } from "./query.ts";
import { cursorText } from "./task-cursor.ts";
import { type ListPage, taskCounts } from "./task-documents.ts";
import { taskListBodies } from "./task-list-text.ts";
import {
  bucketLengthsMs,
  type PageRequest,
  readFilter,
  readGroupings,
  readOrder,
  readPageRequest,
  readQuery,
} from "./task-queries.ts";
import {
  answerHeader,
  CountTasksQuery,
  FreshnessHeaders,
  ListTasksQuery,
  ProjectParams,
  searchRefusals,
  TaskCountsDocument,
  TaskList,
  unchanged,
} from "./task-schemas.ts";
import { csvText, inChunks, ndjsonText, ndjsonTextWithHistories, type TaskText } from "./task-streams.ts";

/** The forms of the list, by what `Accept` calls them; the first one for callers who do not care. */
const listForms = ["application/json", "text/csv", "application/x-ndjson"] as const;
/** A form that answers all tasks at once. */
type StreamForm = Exclude<(typeof listForms)[number], "application/json">;

const streamTypes = {
  "text/csv": "text/csv; charset=utf-8; header=present",
  "application/x-ndjson": "application/x-ndjson",
} as const satisfies Record<StreamForm, string>;

/** Our own API about many tasks: list and count those of a filter. */
export function registerTaskListRoutes(
  root: FastifyInstance,
  deps: { readonly tasks: TaskStore; readonly identity: Identity; readonly clock: Clock },
): void {
  const { tasks, identity, clock } = deps;
  const bodyOf = taskListBodies();
  const app = root.withTypeProvider<TypeBoxTypeProvider>();
  const { askAgain, ...access } = requireAccess(identity, "read");
  const route = {
    ...access,
    preValidation: async (request: FastifyRequest) => {
      request.query = readQuery(request.query as Query);
    },
  };

  app.get(
    "/v1/:project_id/tasks",
    {
      ...route,
      schema: {
        tags: ["tasks"],
        operationId: "listTasks",
        summary: "List tasks, newest first, with the exact total; or all of them, as CSV or NDJSON",
        description:
          "A repeated key means any of its values. With If-None-Match, of JSON: 304 while the answer would be the same. Role: reader.",
        params: ProjectParams,
        headers: FreshnessHeaders,
        querystring: ListTasksQuery,
        response: {
          200: {
            description:
              "A page of tasks, and how many there are in all; as CSV and NDJSON all tasks, whose end is missing where the connection breaks.",
            headers: {
              link: answerHeader(
                "of JSON: first, prev, next and last page by offset, or first and next by cursor, as RFC 8288 writes links",
              ),
              vary: answerHeader("Accept"),
              etag: answerHeader("of JSON: the answer's tag"),
            },
            content: {
              "application/json": { schema: TaskList },
              "text/csv": {
                schema: { type: "string", description: "a header row, and a row for each task" },
              },
              "application/x-ndjson": {
                schema: {
                  type: "string",
                  description: "a task on each line; with history=true {task, history}",
                },
              },
            },
          },
          304: unchanged,
          ...searchRefusals,
        },
      },
    },
    async (request, reply) => {
      const nowMs = clock();
      const { query } = request;
      const filter = readFilter(request.params.project_id, query, nowMs);
      const form = preferredType(request.headers.accept, listForms);
      reply.header("vary", "Accept");
      if (form === "application/json") {
        const wanted = readPageRequest(query);
        const { found, page } = await readPage(filter, query, wanted);
        const url = linkBase(request);
        reply.header(
          "link",
          wanted.after === undefined
            ? pageLinks(url, { ...wanted, total: page.total })
            : cursorLinks(url, { ...wanted, nextCursor: page.nextCursor }),
        );
        return sendJsonIfChanged(request, reply, bodyOf(found, page, nowMs));
      }
      checkStreamQuery(form, query);
      return streamed(request, reply, {
        type: streamTypes[form],
        text: inChunks(readText(form, filter, query, nowMs), () => askAgain(request)),
      });
    },
  );

  app.get(
    "/v1/:project_id/tasks::stats",
    {
      ...route,
      schema: {
        tags: ["tasks"],
        operationId: "countTasks",
        summary: "Count tasks, in groups and by when they were created",
        description:
          "The filters of the list. Every number is exact. With If-None-Match: 304 while the answer would be the same. Role: reader.",
        params: ProjectParams,
        headers: FreshnessHeaders,
        querystring: CountTasksQuery,
        response: {
          200: {
            description:
              "The groups that have tasks: by bucket, then by the properties in the order asked for, each bytewise.",
            headers: { etag: answerHeader("the answer's tag") },
            content: { "application/json": { schema: TaskCountsDocument } },
          },
          304: unchanged,
          ...searchRefusals,
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const { bucket } = query;
      const counts = await tasks.countTasks({
        filter: readFilter(params.project_id, query, clock()),
        groupBy: readGroupings(query),
        bucketMs: bucket === undefined ? undefined : bucketLengthsMs[bucket],
      });
      return sendJsonIfChanged(request, reply, new PageBody(JSON.stringify(taskCounts(counts))));
    },
  );

  /**
   * What the store found, the page that is listed of it, and whether another one follows: by offset the total tells it,
   * behind a cursor one task more is read.
   */
  async function readPage(
    filter: TaskFilter,
    query: ListTasksQuery,
    { after, offset, limit }: PageRequest,
  ): Promise<{ readonly found: TaskPage; readonly page: ListPage }> {
    const order = readOrder(query);
    const found = await tasks.listTasks({
      filter,
      order,
      after,
      offset,
      limit: after === undefined ? limit : limit + 1,
      withNames: false,
    });
    const page = found.tasks.slice(0, limit);
    const last = page.at(-1);
    const isFollowed =
      after === undefined ? offset + page.length < found.total : found.tasks.length > page.length;
    const nextCursor = last !== undefined && isFollowed ? cursorText(last, order) : null;
    return { found, page: { tasks: page, total: found.total, nextCursor } };
  }

  function readText(form: StreamForm, filter: TaskFilter, query: ListTasksQuery, nowMs: number): TaskText {
    const batches = tasks.streamTasks({ filter, order: readOrder(query), limit: query.limit });
    if (form === "text/csv") return csvText(batches, nowMs);
    return query.history === true
      ? ndjsonTextWithHistories(batches, nowMs, tasks)
      : ndjsonText(batches, nowMs);
  }
}

/**
 * What a page's links begin with. The console's page does not know them by the address that they have here, so they are
 * only a query for it, which is added to whatever address it asked for.
 */
function linkBase(request: FastifyRequest): string {
  const { url = "" } = request.raw;
  return isThroughConsole(request) ? url.slice(pathOf(url).length) : url;
}

/** @throws TaskCenterError `invalid-parameter` for a key that makes no sense where all tasks are answered at once. */
function checkStreamQuery(form: StreamForm, query: ListTasksQuery): void {
  for (const key of ["offset", "cursor"] as const) {
    if (query[key] !== undefined) {
      throw invalidParameter(key, "must not be given: CSV and NDJSON answer all tasks at once");
    }
  }
  if (query.history === true && form === "text/csv") {
    throw invalidParameter("history", "must be false: only NDJSON holds histories");
  }
}

/**
 * An answer that is made while it is sent, which no schema describes. What fails before its first piece is answered as
 * an error; after that the connection is cut, so that nobody takes a part for the whole. Whoever goes away ends it, and
 * so does whoever may no longer read.
 */
function streamed(
  { method }: Pick<FastifyRequest, "method">,
  reply: Pick<FastifyReply, "type" | "raw">,
  { type, text }: { readonly type: string; readonly text: TaskText },
): FastifyReply {
  // Whoever wants the head alone must not have all tasks read for it; a stream it is, so that no length is told.
  return reply.type(type).send(Readable.from(method === "HEAD" ? [] : text));
}
