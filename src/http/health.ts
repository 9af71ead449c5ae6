import type { FastifyInstance } from "fastify";

/** Whether the process lives, whether it can serve, and which version it is. No token is asked for. */
export function registerHealthRoutes(
  app: FastifyInstance,
  deps: { readonly ping: () => Promise<void>; readonly version: string },
): void {
  app.get("/livez", { schema: { hide: true } }, async () => ({ status: "ok" }));
  app.get("/readyz", { schema: { hide: true } }, async () => {
    await deps.ping();
    return { status: "ok" };
  });
  app.get("/version", { schema: { hide: true } }, async () => ({
    name: "taskcenter",
    version: deps.version,
  }));
}
