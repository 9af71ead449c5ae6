import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Identity } from "../identity/identity.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { taskNotFound } from "../task/error.ts";
import { callerName, requireAccess } from "./access.ts";
import { checkIfMatch, entityTag, isUnchanged } from "./entity-tags.ts";
import { isThroughConsole } from "./faces.ts";
import { PageBody, sendJsonIfChanged } from "./page-bodies.ts";
import type { Query } from "./query.ts";
import { historyDocument, taskDocument } from "./task-documents.ts";
import { defaultLimit, readQuery } from "./task-queries.ts";
import {
  answerHeader,
  ConditionalHeaders,
  CreateTaskBody,
  CreateTaskHeaders,
  FreshnessHeaders,
  HistoryDocument,
  ListHistoryQuery,
  ProjectParams,
  ReportTaskBody,
  refusals,
  TaskDocument,
  TaskParams,
  unchanged,
} from "./task-schemas.ts";
import { taskWriting } from "./task-writing.ts";

/** Our own API about one task: create, report, read and delete. */
export function registerTaskRoutes(
  root: FastifyInstance,
  deps: {
    readonly tasks: TaskStore;
    readonly identity: Identity;
    readonly clock: Clock;
    readonly retentionMs: number;
  },
): void {
  const { tasks, identity, clock } = deps;
  const writing = taskWriting(deps);
  const app = root.withTypeProvider<TypeBoxTypeProvider>();
  const about = { tags: ["tasks"] };
  /** An answer that is a task, and the entity tag of its revision. */
  const task = (description: string, headers: Record<string, object> = {}) => ({
    description,
    headers: { etag: answerHeader('the revision, in quotes: "3"'), ...headers },
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
        response: { 201: task("The task.", { location: answerHeader("where the task is") }), ...refusals },
      },
    },
    async (request, reply) => {
      const projectId = request.params.project_id;
      const task = await writing.create(request.body, {
        projectId,
        by: callerName(request),
        idempotencyKey: request.headers["idempotency-key"],
      });
      reply.code(201);
      // The console's page asks by another address, which only it knows: there the task is beside what was asked.
      const collection = isThroughConsole(request) ? "tasks" : `/v1/${encodeURIComponent(projectId)}/tasks`;
      reply.header("location", `${collection}/${task.id}`);
      reply.header("etag", entityTag(task, task.heardAtMs));
      return taskDocument(task, task.heardAtMs);
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
          304: unchanged,
          ...refusals,
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
        response: { 200: task("The task as it stands now."), ...refusals },
      },
    },
    async (request, reply) => {
      const task = await writing.report(request.body, {
        ...taskKey(request),
        by: callerName(request),
        ifMatch: request.headers["if-match"],
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
        request.query = readQuery(request.query as Query);
      },
      schema: {
        ...about,
        operationId: "listHistory",
        summary: "Read what happened to a task, oldest first",
        description:
          "Heartbeats are not kept, nor is progress within the same whole percent. With If-None-Match: 304 while the answer would be the same. Role: reader.",
        params: TaskParams,
        headers: FreshnessHeaders,
        querystring: ListHistoryQuery,
        response: {
          200: {
            description: "A page of the history.",
            headers: { etag: answerHeader("the answer's tag") },
            content: { "application/json": { schema: HistoryDocument } },
          },
          304: unchanged,
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const { limit = defaultLimit, cursor = "0" } = request.query;
      const page = await tasks.listHistory({ ...taskKey(request), afterRevision: Number(cursor), limit });
      if (page === undefined) throw taskNotFound();
      return sendJsonIfChanged(request, reply, new PageBody(JSON.stringify(historyDocument(page))));
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
        response: { 204: { type: "null", description: "deleted" }, ...refusals },
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
