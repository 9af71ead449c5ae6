import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Principal } from "../../identity/identity.ts";
import { type RoleName, roleNames, type Scope } from "../../store/store.ts";
import { invalidParameter, notFound } from "../../task/error.ts";
import { callerOf } from "../access.ts";
import { lastValues, type Query } from "../query.ts";
import { roleAssignmentDocument, roleDocument, roleId } from "./documents.ts";
import { listDocument, queryValue } from "./lists.ts";
import type { IamDeps } from "./routes.ts";

/** The roles that there are, who holds them where, and giving and taking them. */
export function registerRoleRoutes(app: FastifyInstance, deps: IamDeps): void {
  const { administration, publicUrl } = deps;
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();

  iam.get("/v3/roles", async (request) => {
    const documents = roleNames.map((name) => roleDocument(name, publicUrl()));
    return listDocument("roles", documents, { request, publicUrl: publicUrl() });
  });

  const params = Type.Object({ role_id: Type.String() });
  iam.get("/v3/roles/:role_id", { schema: { params } }, async (request) => ({
    role: roleDocument(findRole(request.params.role_id), publicUrl()),
  }));

  iam.get("/v3/role_assignments", async (request) => {
    const assignments = await administration.listRoleAssignments(callerOf(request).principal, {
      userId: queryValue(request, "user.id"),
      scope: wantedScope(request),
      role: roleNames.find((name) => roleId(name) === queryValue(request, "role.id")),
    });
    const withNames = wantsNames(request);
    const documents = wantsWhatIsNot(request)
      ? []
      : assignments.map((held) => roleAssignmentDocument(held, { publicUrl: publicUrl(), withNames }));
    return listDocument("role_assignments", documents, { request, publicUrl: publicUrl() });
  });

  registerGrantRoutes(app, deps, {
    path: "/v3/projects/:place_id/users/:user_id/roles",
    scopeOf: (projectId) => ({ kind: "project", projectId }),
    find: (by, projectId) => administration.getProject(by, projectId),
  });
  registerGrantRoutes(app, deps, {
    path: "/v3/domains/:place_id/users/:user_id/roles",
    scopeOf: (domainId) => ({ kind: "domain", domainId }),
    find: (by, domainId) => administration.getDomain(by, domainId),
  });
}

/** Where roles are given: in projects and in domains, by the same calls. */
interface GrantPlace {
  readonly path: string;
  readonly scopeOf: (placeId: string) => Scope;
  /** Throws `forbidden` or `not-found`. */
  readonly find: (by: Principal, placeId: string) => Promise<unknown>;
}

const PlaceAndUser = Type.Object({ place_id: Type.String(), user_id: Type.String() });
const Grant = Type.Object({ place_id: Type.String(), user_id: Type.String(), role_id: Type.String() });

function registerGrantRoutes(
  app: FastifyInstance,
  { administration, publicUrl }: IamDeps,
  { path, scopeOf, find }: GrantPlace,
): void {
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();

  /** The roles of a user in a place, both of which exist. */
  async function listRoles(
    request: FastifyRequest,
    { place_id, user_id }: { readonly place_id: string; readonly user_id: string },
  ): Promise<readonly RoleName[]> {
    const { principal } = callerOf(request);
    await administration.getUser(principal, user_id);
    await find(principal, place_id);
    const held = await administration.listRoleAssignments(principal, {
      userId: user_id,
      scope: scopeOf(place_id),
    });
    return held.map(({ role }) => role);
  }

  iam.get(path, { schema: { params: PlaceAndUser } }, async (request) => {
    const roles = await listRoles(request, request.params);
    const documents = roles.map((name) => roleDocument(name, publicUrl()));
    return listDocument("roles", documents, { request, publicUrl: publicUrl() });
  });

  iam.get(`${path}/:role_id`, { schema: { params: Grant } }, async (request, reply) => {
    const wanted = findRole(request.params.role_id);
    const roles = await listRoles(request, request.params);
    if (!roles.includes(wanted)) throw notFound("role assignment");
    reply.code(204);
  });

  iam.put(`${path}/:role_id`, { schema: { params: Grant } }, async (request, reply) => {
    const { place_id, user_id: userId, role_id } = request.params;
    const grant = { userId, scope: scopeOf(place_id), role: findRole(role_id) };
    await administration.grantRole(callerOf(request).principal, grant);
    reply.code(204);
  });

  iam.delete(`${path}/:role_id`, { schema: { params: Grant } }, async (request, reply) => {
    const { place_id, user_id: userId, role_id } = request.params;
    const grant = { userId, scope: scopeOf(place_id), role: findRole(role_id) };
    await administration.revokeRole(callerOf(request).principal, grant);
    reply.code(204);
  });
}

/** Roles are no secret: everybody may know them. @throws TaskCenterError `not-found`. */
function findRole(id: string): RoleName {
  const role = roleNames.find((name) => roleId(name) === id);
  if (role === undefined) throw notFound("role");
  return role;
}

/** @throws TaskCenterError `invalid-parameter` where both a project and a domain are asked for. */
function wantedScope(request: FastifyRequest): Scope | undefined {
  const projectId = queryValue(request, "scope.project.id");
  const domainId = queryValue(request, "scope.domain.id");
  if (projectId !== undefined && domainId !== undefined) {
    throw invalidParameter("scope.domain.id", "cannot be given together with scope.project.id");
  }
  if (projectId !== undefined) return { kind: "project", projectId };
  return domainId === undefined ? undefined : { kind: "domain", domainId };
}

/** There are no groups, no system scope, no inherited roles, and no other roles than ours: nobody holds any of them. */
function wantsWhatIsNot(request: FastifyRequest): boolean {
  const role = queryValue(request, "role.id");
  return (
    ["group.id", "scope.system", "scope.OS-INHERIT:inherited_to"].some(
      (key) => queryValue(request, key) !== undefined,
    ) ||
    (role !== undefined && roleNames.every((name) => roleId(name) !== role))
  );
}

/** As Keystone reads it: the key by itself is enough, and only a zero says no. */
function wantsNames(request: FastifyRequest): boolean {
  const query = request.query as Query;
  return "include_names" in query && lastValues(query).include_names !== "0";
}
