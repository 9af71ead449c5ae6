import { randomUUIDv7 } from "node:crypto";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Identity } from "../identity/identity.ts";
import type { CreationReceipt, TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { invalidParameter, TaskCenterError, taskNotFound } from "../task/error.ts";
import { applyReport, checkPlain, createTask } from "../task/report.ts";
import type { JsonValue } from "../task/task.ts";
import { callerName, requireAccess } from "./access.ts";
import { checkIfMatch, entityTag, isUnchanged } from "./entity-tags.ts";
import { digestOf } from "./idempotency.ts";
import { pageLinks } from "./links.ts";
import type { Query } from "./query.ts";
import {
  historyDocument,
  readCreation,
  readFilter,
  readReport,
  taskDocument,
  taskList,
} from "./task-documents.ts";
import {
  ConditionalHeaders,
  CreateTaskBody,
  CreateTaskHeaders,
  FreshnessHeaders,
  HistoryDocument,
  ListHistoryQuery,
  ListTasksQuery,
  Problem,
  ProjectParams,
  ReportTaskBody,
  TaskDocument,
  TaskList,
  TaskParams,
} from "./task-schemas.ts";

/** How many tasks, or history lines, a page has unless the caller says otherwise. */
const defaultLimit = 50;

/** Our own API: create, report, read and delete tasks of all services. */
export function registerTaskRoutes(
  root: FastifyInstance,
  deps: { readonly tasks: TaskStore; readonly identity: Identity; readonly clock: Clock },
): void {
  const { tasks, identity, clock } = deps;
  const app = root.withTypeProvider<TypeBoxTypeProvider>();
  const about = { tags: ["tasks"] };
  const refused = {
    description: "The refusal, with the reason.",
    content: { "application/problem+json": { schema: Problem } },
  };
  const problem = { "4xx": refused, "5xx": refused };
  /** An answer that is a task, and the entity tag of its revision. */
  const task = (description: string, headers: Record<string, object> = {}) => ({
    description,
    headers: { etag: text('the revision, in quotes: "3"'), ...headers },
    content: { "application/json": { schema: TaskDocument } },
  });

  app.post(
    "/v1/:project_id/tasks",
    {
      ...requireAccess(identity, "report"),
      schema: {
        ...about,
        operationId: "createTask",
        summary: "Record a new task",
        description:
          "The same id or Idempotency-Key again with an equal body gets the first answer; with another body 409 (id) or 422 (key). Role: reporter.",
        params: ProjectParams,
        headers: CreateTaskHeaders,
        body: CreateTaskBody,
        response: { 201: task("The task.", { location: text("where the task is") }), ...problem },
      },
    },
    async (request, reply) => {
      const projectId = request.params.project_id;
      const idempotencyKey = request.headers["idempotency-key"];
      const creation = readCreation(request.body);
      const answerTo = (accepted: Omit<CreationReceipt, "digest">) =>
        createTask(creation, {
          projectId,
          id: accepted.taskId,
          createdBy: accepted.createdBy,
          nowMs: accepted.acceptedAtMs,
        });
      const accepted = {
        taskId: creation.id ?? randomUUIDv7(),
        acceptedAtMs: clock(),
        createdBy: callerName(request),
      };
      // What is acceptable is known to nest no deeper than it may, which the digest relies on.
      checkPlain(creation.details ?? {});
      const digest = digestOf(request.body as JsonValue);
      const standing = await tasks.createTask({
        projectId,
        make: () => answerTo(accepted),
        receipt: { ...accepted, digest },
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      if (standing.receipt.digest !== digest) {
        throw standing.foundBy === "key"
          ? new TaskCenterError("idempotency-key-reused", "The Idempotency-Key was used with another body.")
          : new TaskCenterError(
              "task-exists",
              "A task with this id exists, and was created with another body.",
            );
      }
      const { task } = answerTo(standing.receipt);
      reply.code(201);
      reply.header("location", `/v1/${encodeURIComponent(projectId)}/tasks/${task.id}`);
      reply.header("etag", entityTag(task, task.heardAtMs));
      return taskDocument(task, task.heardAtMs);
    },
  );

  app.get(
    "/v1/:project_id/tasks",
    {
      ...requireAccess(identity, "read"),
      preValidation: async (request) => {
        request.query = readListQuery(request.query as Query);
      },
      schema: {
        ...about,
        operationId: "listTasks",
        summary: "List tasks, newest first, with the exact total",
        description: "A repeated key means any of its values. Role: reader.",
        params: ProjectParams,
        querystring: ListTasksQuery,
        response: {
          200: {
            description: "A page of tasks, and how many there are in all.",
            headers: { link: text("first, prev, next and last page, as RFC 8288 writes links") },
            content: { "application/json": { schema: TaskList } },
          },
          ...problem,
        },
      },
    },
    async (request, reply) => {
      const { project_id: projectId } = request.params;
      const { offset = 0, limit = defaultLimit, sort = "-created_at" } = request.query;
      const page = await tasks.listTasks({
        filter: readFilter(projectId, request.query),
        order: sort === "created_at" ? "oldest-first" : "newest-first",
        offset,
        limit,
        withNames: false,
      });
      reply.header("link", pageLinks(request.raw.url ?? "", { offset, limit, total: page.total }));
      return taskList(page, clock());
    },
  );

  app.get(
    "/v1/:project_id/tasks/:id",
    {
      ...requireAccess(identity, "read"),
      schema: {
        ...about,
        operationId: "getTask",
        summary: "Read one task",
        description: "With If-None-Match: 304 while nothing has changed. Role: reader.",
        params: TaskParams,
        headers: FreshnessHeaders,
        response: {
          200: task("The task."),
          304: { type: "null", description: "It is as the caller has it." },
          ...problem,
        },
      },
    },
    async (request, reply) => {
      const task = await tasks.getTask(taskKey(request));
      if (task === undefined) throw taskNotFound();
      const nowMs = clock();
      const tag = entityTag(task, nowMs);
      reply.header("etag", tag);
      if (isUnchanged(request.headers["if-none-match"], tag)) return withoutBody(reply, 304);
      return taskDocument(task, nowMs);
    },
  );

  app.patch(
    "/v1/:project_id/tasks/:id",
    {
      ...requireAccess(identity, "report"),
      preValidation: async (request) => {
        // A heartbeat needs no body at all.
        if (request.body === undefined) request.body = {};
      },
      schema: {
        ...about,
        operationId: "reportTask",
        summary: "Report on a task",
        description:
          "A JSON merge patch; an empty one is a heartbeat. With If-Match: 412 when the revision has moved. 409 where the lifecycle does not allow the change. Role: reporter.",
        params: TaskParams,
        headers: ConditionalHeaders,
        consumes: ["application/json", "application/merge-patch+json"],
        body: ReportTaskBody,
        response: { 200: task("The task as it stands now."), ...problem },
      },
    },
    async (request, reply) => {
      const report = readReport(request.body);
      const by = callerName(request);
      const task = await tasks.changeTask(taskKey(request), (current) => {
        checkIfMatch(request.headers["if-match"], current);
        return applyReport(current, report, { by, nowMs: clock() });
      });
      const nowMs = clock();
      reply.header("etag", entityTag(task, nowMs));
      return taskDocument(task, nowMs);
    },
  );

  app.get(
    "/v1/:project_id/tasks/:id/history",
    {
      ...requireAccess(identity, "read"),
      preValidation: async (request) => {
        request.query = readHistoryQuery(request.query as Query);
      },
      schema: {
        ...about,
        operationId: "listHistory",
        summary: "Read what happened to a task, oldest first",
        description: "Heartbeats are not kept, nor is progress within the same whole percent. Role: reader.",
        params: TaskParams,
        querystring: ListHistoryQuery,
        response: {
          200: {
            description: "A page of the history.",
            content: { "application/json": { schema: HistoryDocument } },
          },
          ...problem,
        },
      },
    },
    async (request) => {
      const { limit = defaultLimit, cursor = "0" } = request.query;
      const page = await tasks.listHistory({ ...taskKey(request), afterRevision: Number(cursor), limit });
      if (page === undefined) throw taskNotFound();
      return historyDocument(page);
    },
  );

  app.delete(
    "/v1/:project_id/tasks/:id",
    {
      ...requireAccess(identity, "operate"),
      schema: {
        ...about,
        operationId: "deleteTask",
        summary: "Delete the record of a task",
        description:
          "Only the record: it stops nothing. With If-Match: 412 when the revision has moved. Role: operator.",
        params: TaskParams,
        headers: ConditionalHeaders,
        response: { 204: { type: "null", description: "deleted" }, ...problem },
      },
    },
    async (request, reply) => {
      const deleted = await tasks.deleteTask(taskKey(request), (current) =>
        checkIfMatch(request.headers["if-match"], current),
      );
      if (!deleted) throw taskNotFound();
      return withoutBody(reply, 204);
    },
  );
}

/** A header of an answer. */
function text(description: string): object {
  return { type: "string", description };
}

/** An answer without a body, which no schema describes. */
function withoutBody(reply: Pick<FastifyReply, "code">, status: 204 | 304): FastifyReply {
  return reply.code(status).send();
}

function taskKey(request: FastifyRequest): { readonly projectId: string; readonly id: string } {
  const { project_id: projectId, id } = request.params as {
    readonly project_id: string;
    readonly id: string;
  };
  return { projectId, id };
}

const singleKeys: ReadonlySet<string> = new Set([
  "created_from",
  "created_to",
  "sort",
  "limit",
  "offset",
  "cursor",
]);
const integerKeys: ReadonlySet<string> = new Set(["limit", "offset"]);
const timeKeys: ReadonlySet<string> = new Set(["created_from", "created_to"]);

/** A query is text; this gives its members the types that the schema then holds them to. */
function readListQuery(query: Query): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([key, values]) => [
      key,
      singleKeys.has(key) ? readSingle(key, values) : [values].flat(),
    ]),
  );
}

function readHistoryQuery(query: Query): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).map(([key, values]) => [key, readSingle(key, values)]));
}

function readSingle(key: string, values: string | readonly string[]): unknown {
  if (typeof values !== "string") throw invalidParameter(key, "must be given once");
  if (integerKeys.has(key) && /^[0-9]{1,15}$/.test(values)) return Number(values);
  // The plus of a zone becomes a space when a client forgets to encode it.
  if (timeKeys.has(key)) return values.replace(/ (?=[0-9]{2}:[0-9]{2}$)/, "+");
  return values;
}
