import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";

/** `/openapi.json`: our own API, generated from the schemas that validate it. */
export async function registerOpenApi(
  app: FastifyInstance,
  deps: { readonly version: string; readonly publicUrl: () => string },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Task Center",
        version: deps.version,
        description:
          "Report long-running operations on database instances, and read them back over all services.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      tags: [{ name: "tasks", description: "Long-running operations on database instances" }],
      components: {
        securitySchemes: {
          token: {
            type: "apiKey",
            in: "header",
            name: "X-Auth-Token",
            description: "A token of POST /v3/auth/tokens, scoped to the project in the path",
          },
          signature: {
            type: "apiKey",
            in: "header",
            name: "Authorization",
            description: "SDK-HMAC-SHA256, with X-Sdk-Date: the request signed with an access key",
          },
        },
      },
      security: [{ token: [] }, { signature: [] }],
    },
  });
  app.get("/openapi.json", { schema: { hide: true } }, async () => ({
    ...app.swagger(),
    servers: [{ url: deps.publicUrl() }],
  }));
}
