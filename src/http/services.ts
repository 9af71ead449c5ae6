import type { FastifyInstance } from "fastify";
import type { DialectRoute } from "../dialects/dialect.ts";
import { dialects } from "../dialects/index.ts";
import type { Identity, Permission } from "../identity/identity.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { taskNotFound } from "../task/error.ts";
import { matchesFilter } from "../task/query.ts";
import { requireAccess } from "./access.ts";
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
  const { tasks, identity, clock, utcOffsetMinutes } = deps;
  for (const dialect of dialects) {
    for (const route of dialect.routes) {
      app.route<{ Params: { project_id: string } & Record<string, string>; Querystring: Query }>({
        method: route.method,
        url: dialect.prefix + route.path,
        schema: { hide: true },
        ...requireAccess(identity, permissions[route.method]),
        handler: async (request, reply) => {
          const asked = {
            projectId: request.params.project_id,
            params: request.params,
            query: lastValues(request.query),
            nowMs: clock(),
          };
          if (route.method === "GET") {
            const query = route.parse(asked);
            return route.render(await tasks.listTasks(query), { query, utcOffsetMinutes });
          }
          const { key, filter } = route.parse(asked);
          const deleted = await tasks.deleteTask(key, (task) => {
            if (!matchesFilter(task, filter)) throw taskNotFound();
          });
          if (!deleted) throw taskNotFound();
          return reply.send();
        },
      });
    }
  }
}
