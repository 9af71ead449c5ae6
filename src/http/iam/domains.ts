import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { callerOf } from "../access.ts";
import { domainDocument } from "./documents.ts";
import { listDocument } from "./lists.ts";
import type { IamDeps } from "./routes.ts";

const params = Type.Object({ domain_id: Type.String() });

/** Domains, to read: clients look up by its name the one that they were given. */
export function registerDomainRoutes(app: FastifyInstance, { administration, publicUrl }: IamDeps): void {
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();

  iam.get("/v3/domains", async (request) => {
    const domains = await administration.listDomains(callerOf(request).principal);
    const documents = domains.map((domain) => domainDocument(domain, publicUrl()));
    return listDocument("domains", documents, { request, publicUrl: publicUrl() });
  });

  iam.get("/v3/domains/:domain_id", { schema: { params } }, async (request) => {
    const domain = await administration.getDomain(callerOf(request).principal, request.params.domain_id);
    return { domain: domainDocument(domain, publicUrl()) };
  });
}
