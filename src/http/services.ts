import type { FastifyInstance } from "fastify";
import { dialects } from "../dialects/index.ts";
import type { Identity } from "../identity/identity.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { requireAccess } from "./access.ts";
import { lastValues, type Query } from "./query.ts";

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
        onRequest: requireAccess(identity, "read"),
        handler: async (request) => {
          const query = route.parse({
            projectId: request.params.project_id,
            params: request.params,
            query: lastValues(request.query),
            nowMs: clock(),
          });
          const page = await tasks.listTasks(query);
          return route.render(page, { query, utcOffsetMinutes });
        },
      });
    }
  }
}
