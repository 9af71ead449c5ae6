import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { User } from "../../store/store.ts";
import { callerOf } from "../access.ts";
import { checkDomain, textOf } from "./bodies.ts";
import { projectDocument, userDocument } from "./documents.ts";
import { listDocument, queryValue } from "./lists.ts";
import type { IamDeps } from "./routes.ts";
import { ChangePasswordBody, CreateUserBody, UpdateUserBody } from "./schemas.ts";

const params = Type.Object({ user_id: Type.String() });

/** Users: everybody sees themselves and changes their own password; an administrator looks after all of the domain. */
export function registerUserRoutes(app: FastifyInstance, deps: IamDeps): void {
  const { administration, publicUrl } = deps;
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();
  const shown = (user: User) => userDocument(user, publicUrl());

  iam.get("/v3/users", async (request) => {
    const name = queryValue(request, "name");
    const users = await administration.listUsers(callerOf(request).principal, { name });
    return listDocument("users", users.map(shown), { request, publicUrl: publicUrl() });
  });

  iam.get("/v3/users/:user_id", { schema: { params } }, async (request) => ({
    user: shown(await administration.getUser(callerOf(request).principal, request.params.user_id)),
  }));

  iam.post("/v3/users", { schema: { body: CreateUserBody } }, async (request, reply) => {
    const { name, domain_id, password, description, email, enabled } = request.body.user;
    const user = await administration.createUser(callerOf(request).principal, {
      name,
      domainId: domain_id ?? undefined,
      password: password ?? undefined,
      description: textOf(description),
      email: textOf(email),
      enabled,
    });
    reply.code(201);
    return { user: shown(user) };
  });

  iam.patch("/v3/users/:user_id", { schema: { params, body: UpdateUserBody } }, async (request) => {
    const { principal } = callerOf(request);
    const { name, domain_id, password, description, email, enabled } = request.body.user;
    checkDomain(principal, domain_id);
    const edit = { name, password, description: textOf(description), email: textOf(email), enabled };
    return { user: shown(await administration.updateUser(principal, request.params.user_id, edit)) };
  });

  iam.delete("/v3/users/:user_id", { schema: { params } }, async (request, reply) => {
    await administration.deleteUser(callerOf(request).principal, request.params.user_id);
    reply.code(204);
  });

  iam.post(
    "/v3/users/:user_id/password",
    { schema: { params, body: ChangePasswordBody } },
    async (request, reply) => {
      const { original_password, password } = request.body.user;
      await administration.changePassword(callerOf(request).principal, request.params.user_id, {
        original: original_password,
        password,
      });
      reply.code(204);
    },
  );

  iam.get("/v3/users/:user_id/projects", { schema: { params } }, async (request) => {
    const { principal } = callerOf(request);
    const projects = await administration.listProjectsOf(principal, request.params.user_id);
    const documents = projects.map((project) => projectDocument(project, publicUrl()));
    return listDocument("projects", documents, { request, publicUrl: publicUrl() });
  });
}
