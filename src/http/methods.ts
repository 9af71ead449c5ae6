import { METHODS } from "node:http";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import { TaskCenterError } from "../task/error.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Every call that is answered by more than a refusal, method by method: `GET /v1/:project_id/tasks`. */
    declaredCalls: ReadonlySet<string>;
  }
}

/**
 * Watches which methods each address gets, and answers a plugin that, registered last, refuses all the others with 405
 * and `Allow`: the framework by itself takes a wrong method for an unknown address.
 */
export function refuseOtherMethods(app: FastifyInstance): FastifyPluginAsync {
  for (const method of METHODS) {
    if (method !== "CONNECT" && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }
  const methodsByUrl = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const methods = methodsByUrl.get(url) ?? new Set();
    methodsByUrl.set(url, methods);
    for (const name of [method].flat()) methods.add(name);
  });
  const declaredCalls = new Set<string>();
  app.decorate("declaredCalls", declaredCalls);
  return async (scope) => {
    for (const [url, methods] of [...methodsByUrl]) {
      for (const method of methods) declaredCalls.add(`${method} ${url}`);
      const allow = [...methods].sort().join(", ");
      scope.route({
        url,
        method: scope.supportedMethods.filter((method) => !methods.has(method)),
        schema: { hide: true },
        // Before the body is read: the method is checked first.
        onRequest: async (_request, reply) => {
          reply.header("allow", allow);
          throw new TaskCenterError(
            "method-not-allowed",
            `The method is not allowed here; allowed: ${allow}.`,
          );
        },
        handler: async () => undefined,
      });
    }
  };
}
