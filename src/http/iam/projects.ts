import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { Project } from "../../store/store.ts";
import { callerOf } from "../access.ts";
import { checkDomain, checkPlace, textOf } from "./bodies.ts";
import { projectDocument } from "./documents.ts";
import { listDocument, queryValue } from "./lists.ts";
import type { IamDeps } from "./routes.ts";
import { CreateProjectBody, UpdateProjectBody } from "./schemas.ts";

const params = Type.Object({ project_id: Type.String() });

/** Projects: everybody sees those in which they have a role; an administrator looks after all of the domain. */
export function registerProjectRoutes(app: FastifyInstance, { administration, publicUrl }: IamDeps): void {
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();
  const shown = (project: Project) => projectDocument(project, publicUrl());

  iam.get("/v3/projects", async (request) => {
    const name = queryValue(request, "name");
    const projects = await administration.listProjects(callerOf(request).principal, { name });
    return listDocument("projects", projects.map(shown), { request, publicUrl: publicUrl() });
  });

  iam.get("/v3/projects/:project_id", { schema: { params } }, async (request) => {
    const { principal } = callerOf(request);
    return { project: shown(await administration.getProject(principal, request.params.project_id)) };
  });

  iam.post("/v3/projects", { schema: { body: CreateProjectBody } }, async (request, reply) => {
    const { principal } = callerOf(request);
    const { name, domain_id, description, enabled, ...place } = request.body.project;
    const domainId = domain_id ?? principal.user.domain.id;
    checkPlace(domainId, place);
    const project = await administration.createProject(principal, {
      name,
      domainId,
      description: textOf(description),
      enabled,
    });
    reply.code(201);
    return { project: shown(project) };
  });

  iam.patch("/v3/projects/:project_id", { schema: { params, body: UpdateProjectBody } }, async (request) => {
    const { principal } = callerOf(request);
    const { name, domain_id, description, enabled, ...place } = request.body.project;
    checkDomain(principal, domain_id);
    checkPlace(principal.user.domain.id, place);
    const change = { name, description: textOf(description), enabled };
    return {
      project: shown(await administration.updateProject(principal, request.params.project_id, change)),
    };
  });

  iam.delete("/v3/projects/:project_id", { schema: { params } }, async (request, reply) => {
    await administration.deleteProject(callerOf(request).principal, request.params.project_id);
    reply.code(204);
  });
}
