import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Authenticated, type Identity, mayAdminister } from "../identity/identity.ts";
import { TaskCenterError } from "../task/error.ts";
import { authenticate } from "./access.ts";
import { catalogOf, type Site } from "./catalog.ts";
import { projectDocument, tokenDocument, versionDocument } from "./iam-documents.ts";
import { lastValues, type Query } from "./query.ts";
import { parseTokenRequest, TokenRequest } from "./token-request.ts";

/** What IAM needs. */
export interface IamDeps {
  readonly identity: Identity;
  readonly publicUrl: () => string;
  readonly region: string;
}

/** Our own API alone is in the OpenAPI document; this one is Keystone's. */
const schema = { hide: true } as const;

/** A small, exact Keystone v3: log in, look at tokens and revoke them, find services and projects. */
export function registerIamRoutes(app: FastifyInstance, deps: IamDeps): void {
  const { identity, region } = deps;
  const site = (): Site => ({ publicUrl: deps.publicUrl(), region });

  app.register(async (plain) => {
    const iam = plain.withTypeProvider<TypeBoxTypeProvider>();
    iam.get("/", { schema }, async (_request, reply) => {
      reply.code(300);
      return { versions: { values: [versionDocument(site().publicUrl)] } };
    });

    for (const path of ["/v3", "/v3/"]) {
      iam.get(path, { schema }, async () => ({ version: versionDocument(site().publicUrl) }));
    }

    iam.post("/v3/auth/tokens", { schema: { ...schema, body: TokenRequest } }, async (request, reply) => {
      const { credentials, scope } = parseTokenRequest(request.body);
      const issued = await identity.issueToken(credentials, scope);
      reply.code(201);
      return answerToken(request, reply, issued);
    });

    iam.get("/v3/auth/tokens", { schema }, async (request, reply) =>
      answerToken(request, reply, await findSubject(request, identity)),
    );

    iam.delete("/v3/auth/tokens", { schema }, async (request, reply) => {
      const { token } = await findSubject(request, identity);
      await identity.revokeToken(token);
      reply.code(204);
    });

    iam.get("/v3/auth/catalog", { schema }, async (request) => {
      const { principal } = await authenticate(request, identity);
      const here = site();
      return { catalog: catalogOf(principal, here), links: { self: `${here.publicUrl}/v3/auth/catalog` } };
    });

    iam.get("/v3/projects", { schema }, async (request) => {
      const { principal } = await authenticate(request, identity);
      const { name } = lastValues(request.query as Query);
      const projects = await identity.listProjects(principal.user.id);
      const { publicUrl } = site();
      return {
        projects: projects
          .filter((project) => name === undefined || project.name === name)
          .map((project) => projectDocument(project, publicUrl)),
        links: { self: publicUrl + request.url, next: null, previous: null },
      };
    });
  });

  /** The token's document; the token itself goes in a header, where clients read it, on POST and GET alike. */
  function answerToken(request: FastifyRequest, reply: FastifyReply, { token, ...bearer }: SubjectToken) {
    const wantsCatalog = !("nocatalog" in (request.query as Query));
    reply.header("x-subject-token", token);
    return tokenDocument(token, bearer, wantsCatalog ? catalogOf(bearer.principal, site()) : undefined);
  }
}

interface SubjectToken extends Authenticated {
  readonly token: string;
}

/**
 * The token that a request is about: the caller's own, or any of the domain that the caller administers.
 * @throws TaskCenterError `unauthenticated` or `token-expired` for the caller's token; `not-found`, `forbidden`.
 */
async function findSubject(request: FastifyRequest, identity: Identity): Promise<SubjectToken> {
  const caller = await authenticate(request, identity);
  const token = String(request.headers["x-subject-token"] ?? "");
  const subject = await identity.authenticate(token).catch(asUnknownToken);
  const { user } = subject.principal;
  if (user.id !== caller.principal.user.id && !mayAdminister(caller.principal, user.domain.id)) {
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
