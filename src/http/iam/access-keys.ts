import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { isSigned } from "../../identity/signature/authorization.ts";
import { invalidParameter } from "../../task/error.ts";
import { callerOf, requireCaller } from "../access.ts";
import { textOf } from "./bodies.ts";
import { credentialDocument, newCredentialDocument, temporaryCredentialDocument } from "./documents.ts";
import { queryValue } from "./lists.ts";
import type { IamDeps } from "./routes.ts";
import { CreateAccessKeyBody, CreateTemporaryKeyBody } from "./schemas.ts";

const params = Type.Object({ access: Type.String() });
const prefix = "/v3.0/OS-CREDENTIAL";

/** Access keys, by the calls of the clouds' IAM: everybody looks after their own, an administrator after all. */
export function registerAccessKeyRoutes(app: FastifyInstance, { administration }: IamDeps): void {
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();

  iam.get(`${prefix}/credentials`, async (request) => {
    const { principal } = callerOf(request);
    const keys = await administration.listAccessKeys(principal, queryValue(request, "user_id"));
    return { credentials: keys.map(credentialDocument) };
  });

  iam.get(`${prefix}/credentials/:access`, { schema: { params } }, async (request) => {
    const { principal } = callerOf(request);
    return {
      credential: credentialDocument(await administration.getAccessKey(principal, request.params.access)),
    };
  });

  iam.post(`${prefix}/credentials`, { schema: { body: CreateAccessKeyBody } }, async (request, reply) => {
    const { user_id, description } = request.body.credential;
    const key = await administration.createAccessKey(callerOf(request).principal, {
      userId: user_id ?? undefined,
      description: textOf(description),
    });
    reply.code(201);
    return { credential: newCredentialDocument(key) };
  });

  iam.delete(`${prefix}/credentials/:access`, { schema: { params } }, async (request, reply) => {
    await administration.deleteAccessKey(callerOf(request).principal, request.params.access);
    reply.code(204);
  });
}

/**
 * Temporary access keys. The token that they are made with may stand in the body instead of the header, so that the
 * body has to be read before the caller is known.
 */
export function registerTemporaryKeyRoute(app: FastifyInstance, { identity, administration }: IamDeps): void {
  const iam = app.withTypeProvider<TypeBoxTypeProvider>();
  const { preParsing, preHandler } = requireCaller(identity);

  iam.post(
    `${prefix}/securitytokens`,
    {
      schema: { body: CreateTemporaryKeyBody },
      preParsing: async (request, reply, payload) =>
        showsProof(request) ? preParsing(request, reply, payload) : payload,
      preHandler: (request, reply, done) => {
        if (showsProof(request)) preHandler(request, reply, done);
        else done();
      },
    },
    async (request, reply) => {
      const { token, policy } = request.body.auth.identity;
      if (policy !== undefined) {
        throw invalidParameter("auth.identity.policy", "is not known here: a key can do what its token can");
      }
      const bearer = token?.id === undefined ? undefined : await identity.authenticate(token.id);
      const key = await administration.createTemporaryKey(bearer ?? callerOf(request), {
        durationSeconds: token?.duration_seconds,
      });
      reply.code(201);
      return { credential: temporaryCredentialDocument(key) };
    },
  );
}

function showsProof({ headers }: FastifyRequest): boolean {
  return headers["x-auth-token"] !== undefined || isSigned(headers.authorization);
}
