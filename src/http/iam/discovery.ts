import type { FastifyInstance } from "fastify";
import { versionDocument } from "./documents.ts";
import type { IamDeps } from "./routes.ts";

/** What a client asks before it knows anything: which versions there are, and where. */
export function registerDiscoveryRoutes(app: FastifyInstance, { publicUrl }: IamDeps): void {
  app.get("/", async (_request, reply) => {
    reply.code(300);
    return { versions: { values: [versionDocument(publicUrl())] } };
  });

  for (const path of ["/v3", "/v3/"]) {
    app.get(path, async () => ({ version: versionDocument(publicUrl()) }));
  }
}
