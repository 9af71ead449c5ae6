import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Authenticated, type Identity, mayAdminister } from "../../identity/identity.ts";
import { TaskCenterError } from "../../task/error.ts";
import { callerOf } from "../access.ts";
import type { Query } from "../query.ts";
import { catalogOf } from "./catalog.ts";
import { domainDocument, projectDocument, tokenDocument } from "./documents.ts";
import { listDocument } from "./lists.ts";
import type { IamDeps } from "./routes.ts";
import { parseTokenRequest, TokenRequest } from "./token-request.ts";

/** Logging in: the only call that asks for a password instead of a token or a signature. */
export function registerLoginRoute(app: FastifyInstance, deps: IamDeps): void {
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();
  iam.post("/v3/auth/tokens", { schema: { body: TokenRequest } }, async (request, reply) => {
    const { credentials, scope } = parseTokenRequest(request.body);
    const issued = await deps.identity.issueToken(credentials, scope);
    reply.code(201);
    return answerToken(request, reply, issued, deps);
  });
}

/** What a caller can learn of themselves, and of tokens; and how tokens end. */
export function registerTokenRoutes(app: FastifyInstance, deps: IamDeps): void {
  const { identity, administration } = deps;

  app.get("/v3/auth/tokens", async (request, reply) =>
    answerToken(request, reply, await findSubject(request, identity), deps),
  );

  app.delete("/v3/auth/tokens", async (request, reply) => {
    const { token } = await findSubject(request, identity);
    await identity.revokeToken(token);
    reply.code(204);
  });

  app.get("/v3/auth/catalog", async (request) => {
    const publicUrl = deps.publicUrl();
    return {
      catalog: catalogOf(callerOf(request).principal, { publicUrl, region: deps.region }),
      links: { self: `${publicUrl}/v3/auth/catalog` },
    };
  });

  app.get("/v3/auth/projects", async (request) => {
    const publicUrl = deps.publicUrl();
    const { principal } = callerOf(request);
    const projects = await administration.listProjectsOf(principal, principal.user.id);
    const documents = projects.map((project) => projectDocument(project, publicUrl));
    return listDocument("projects", documents, { request, publicUrl });
  });

  app.get("/v3/auth/domains", async (request) => {
    const publicUrl = deps.publicUrl();
    const { principal } = callerOf(request);
    const held = await administration.listRoleAssignments(principal, { userId: principal.user.id });
    const domains = new Map(
      held.flatMap(({ domain }) => (domain === undefined ? [] : [[domain.id, domain]])),
    );
    const documents = [...domains.values()].map((domain) => domainDocument(domain, publicUrl));
    return listDocument("domains", documents, { request, publicUrl });
  });
}

interface SubjectToken extends Authenticated {
  readonly token: string;
}

/** The token's document; the token itself goes in a header, where clients read it, on POST and GET alike. */
function answerToken(
  request: FastifyRequest,
  reply: FastifyReply,
  { token, ...bearer }: SubjectToken,
  { publicUrl, region }: IamDeps,
) {
  const wantsCatalog = !("nocatalog" in (request.query as Query));
  reply.header("x-subject-token", token);
  const catalog = wantsCatalog ? catalogOf(bearer.principal, { publicUrl: publicUrl(), region }) : undefined;
  return tokenDocument(token, bearer, catalog);
}

/**
 * The token that a request is about: the caller's own, or any of the domain that the caller administers.
 * @throws TaskCenterError `not-found`, `forbidden`.
 */
async function findSubject(request: FastifyRequest, identity: Identity): Promise<SubjectToken> {
  const { principal } = callerOf(request);
  const token = String(request.headers["x-subject-token"] ?? "");
  const subject = await identity.authenticate(token).catch(asUnknownToken);
  const { user } = subject.principal;
  if (user.id !== principal.user.id && !mayAdminister(principal, user.domain.id)) {
    throw new TaskCenterError("forbidden", "The token is somebody else's.");
  }
  return { token, ...subject };
}

/** Only the caller's own token is a matter of authentication: another that is no good is one that does not exist. */
function asUnknownToken(error: unknown): never {
  const isRefusal =
    error instanceof TaskCenterError && ["unauthenticated", "token-expired"].includes(error.code);
  throw isRefusal ? new TaskCenterError("not-found", "Could not find token.") : error;
}
