import type { FastifyRequest } from "fastify";
import { missingTokenDetail } from "../dialects/gateway.ts";
import { type Authenticated, type Identity, mayAccess, type Permission } from "../identity/identity.ts";
import { TaskCenterError } from "../task/error.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who is asking; set by the access check of the routes that have one. */
    caller: Authenticated | undefined;
  }
}

/** Answers who bears the request's token. @throws TaskCenterError `unauthenticated`, `token-expired`. */
export async function authenticate(request: FastifyRequest, identity: Identity): Promise<Authenticated> {
  const token = request.headers["x-auth-token"];
  if (typeof token !== "string" || token === "") {
    throw new TaskCenterError("unauthenticated", missingTokenDetail);
  }
  return identity.authenticate(token);
}

/**
 * A hook for routes of one project: who is asking, and may they? The project is the one in the path; the answer to a
 * stranger is the same whether or not it exists.
 */
export function requireAccess(
  identity: Identity,
  permission: Permission,
): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const caller = await authenticate(request, identity);
    const { project_id: projectId } = request.params as { readonly project_id: string };
    if (!mayAccess(caller.principal, projectId, permission)) {
      throw new TaskCenterError("forbidden", "The IAM user is not authorized to access the API.");
    }
    request.caller = caller;
  };
}

/** The name of the caller, for the records. */
export function callerName(request: FastifyRequest): string {
  return request.caller?.principal.user.name ?? "";
}
