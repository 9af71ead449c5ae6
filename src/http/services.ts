import type { FastifyInstance } from "fastify";
import type {
  DialectDeletion,
  DialectRead,
  DialectRoute,
  RenderContext,
  ServiceRequest,
} from "../dialects/dialect.ts";
import { dialects } from "../dialects/index.ts";
import { timeFormat } from "../dialects/time.ts";
import type { Identity, Permission } from "../identity/identity.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { taskNotFound } from "../task/error.ts";
import { matchesFilter, type TaskPage } from "../task/query.ts";
import { requireAccess } from "./access.ts";
import { type PageBody, rememberBodies, sendJson } from "./page-bodies.ts";
import { lastValues, type Query } from "./query.ts";

/** What a caller must be allowed to do, by the call's method. */
const permissions = {
  GET: "read",
  DELETE: "operate",
} as const satisfies Record<DialectRoute["method"], Permission>;

/** The documented calls of every service: parse, ask the store, render. */
export function registerServiceRoutes(
  app: FastifyInstance,
  deps: {
    readonly tasks: TaskStore;
    readonly identity: Identity;
    readonly clock: Clock;
    readonly utcOffsetMinutes: number;
  },
): void {
  for (const dialect of dialects) {
    for (const route of dialect.routes) {
      const answer = route.method === "GET" ? answerRead(route, deps) : answerDeletion(route, deps);
      app.route<{ Params: { project_id: string } & Record<string, string>; Querystring: Query }>({
        method: route.method,
        url: dialect.prefix + route.path,
        schema: { hide: true },
        ...requireAccess(deps.identity, permissions[route.method]),
        handler: async (request, reply) => {
          const body = await answer({
            projectId: request.params.project_id,
            params: request.params,
            query: lastValues(request.query),
            nowMs: deps.clock(),
          });
          return body === undefined ? reply.send() : sendJson(reply, body);
        },
      });
    }
  }
}

/** How a call is answered; without a body where it is undefined. */
type Answer = (request: ServiceRequest) => Promise<PageBody | undefined>;

function answerRead(
  route: DialectRead,
  { tasks, utcOffsetMinutes }: { readonly tasks: TaskStore; readonly utcOffsetMinutes: number },
): Answer {
  const bodyOf = serviceBodies(route, timeFormat(utcOffsetMinutes));
  return async (request) => {
    const query = route.parse(request);
    return bodyOf(await tasks.listTasks(query), query);
  };
}

/** Makes the function that answers a call's body, and remembers it: beside the page only what rendering sees decides. */
export function serviceBodies(
  route: Pick<DialectRead, "render">,
  showTime: RenderContext["showTime"],
): (page: TaskPage, query: RenderContext["query"]) => PageBody {
  return rememberBodies((page, query) => {
    const { offset, limit } = query;
    return {
      text: JSON.stringify(route.render(page, { query, showTime })),
      answers: (asked) => asked.offset === offset && asked.limit === limit,
    };
  });
}

function answerDeletion(route: DialectDeletion, { tasks }: { readonly tasks: TaskStore }): Answer {
  return async (request) => {
    const { key, filter } = route.parse(request);
    const deleted = await tasks.deleteTask(key, (task) => {
      if (!matchesFilter(task, filter)) throw taskNotFound();
    });
    if (!deleted) throw taskNotFound();
    return undefined;
  };
}
