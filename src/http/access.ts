import type { FastifyReply, FastifyRequest, RequestPayload } from "fastify";
import { missingTokenDetail } from "../dialects/gateway.ts";
import {
  type Caller,
  type Identity,
  mayAccess,
  type Permission,
  type WantedScope,
} from "../identity/identity.ts";
import { isSigned } from "../identity/signature/authorization.ts";
import { TaskCenterError } from "../task/error.ts";
import { sessionTokenOf } from "./console/cookie.ts";
import { checkCsrf } from "./console/csrf.ts";
import { isThroughConsole, localTarget } from "./faces.ts";
import { hasBody, signedBody } from "./signed-body.ts";

/** The message of the `unauthenticated` error for a request of the console's page without a session. */
export const missingSessionDetail = "There is no session: sign in.";

declare module "fastify" {
  interface FastifyRequest {
    /** Who is asking; set by the access check of the routes that have one. */
    caller: Caller | undefined;
  }
}

/**
 * How a route finds out who is asking, as the hooks of its request. It is asked before the body is parsed, since a
 * stranger's body is not worth it; and once more when the body has come, however slowly it came: what was taken away
 * meanwhile is gone.
 */
export interface AccessCheck {
  readonly preParsing: (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: RequestPayload,
  ) => Promise<RequestPayload>;
  readonly preHandler: (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void;
  /**
   * Asks once more in the midst of a long answer, whatever the proof was.
   * @throws TaskCenterError where the caller may not go on.
   */
  readonly askAgain: (request: FastifyRequest) => Promise<void>;
}

/** A check for routes without a project in their path: anybody who is somebody. */
export function requireCaller(identity: Identity): AccessCheck {
  return accessCheck(identity, {
    wantedBy: (request) => ({ kind: "any", projectId: headerText(request, "x-project-id") }),
    requireRight: () => undefined,
  });
}

/**
 * A check for routes of one project: who is asking, and may they? The project is the one in the path; the answer to a
 * stranger is the same whether or not it exists.
 */
export function requireAccess(identity: Identity, permission: Permission): AccessCheck {
  return accessCheck(identity, {
    wantedBy: (request) => ({ kind: "project", projectId: projectOf(request) }),
    requireRight: ({ principal }, request) => {
      if (!mayAccess(principal, projectOf(request), permission)) {
        throw new TaskCenterError("forbidden", "The IAM user is not authorized to access the API.");
      }
    },
  });
}

/** Who is asking. @throws TaskCenterError `unauthenticated` where nobody has shown who they are. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw new TaskCenterError("unauthenticated", missingTokenDetail);
  return request.caller;
}

/** The name of the caller, for the records. */
export function callerName(request: FastifyRequest): string {
  return callerOf(request).principal.user.name;
}

/** What distinguishes the checks: the scope that a signature or a session is for, and the right that the caller must have. */
interface Requirement {
  wantedBy(request: FastifyRequest): WantedScope;
  /** @throws TaskCenterError `forbidden`. */
  requireRight(caller: Caller, request: FastifyRequest): void;
}

function accessCheck(identity: Identity, { wantedBy, requireRight }: Requirement): AccessCheck {
  async function identifyByToken(request: FastifyRequest): Promise<Caller> {
    const token = headerText(request, "x-auth-token");
    if (token === undefined) throw new TaskCenterError("unauthenticated", missingTokenDetail);
    return identity.authenticate(token);
  }

  async function identifyBySession(request: FastifyRequest): Promise<Caller> {
    const token = sessionTokenOf(request);
    if (token === undefined) throw new TaskCenterError("unauthenticated", missingSessionDetail);
    const caller = await identity.authenticateSession(token, wantedBy(request));
    checkCsrf(request, token);
    return caller;
  }

  async function askAgain(request: FastifyRequest): Promise<void> {
    const caller = await {
      session: () => identifyBySession(request),
      signature: () => identity.authenticateSigner(callerOf(request).proof, wantedBy(request)),
      token: () => identifyByToken(request),
    }[proofOf(request)]();
    requireRight(caller, request);
    request.caller = caller;
  }

  return {
    async preParsing(request, _reply, payload) {
      let caller: Caller;
      let rest = payload;
      const proof = proofOf(request);
      if (proof === "signature") {
        const body = signedBody(request, payload);
        const { method, headers, originalUrl } = request;
        const signed = { method, headers, target: localTarget(originalUrl), hashBody: body.hash };
        try {
          caller = await identity.authenticateSignature(signed, wantedBy(request));
        } finally {
          body.endWait();
        }
        rest = body.rest();
      } else {
        caller = await (proof === "session" ? identifyBySession(request) : identifyByToken(request));
      }
      requireRight(caller, request);
      request.caller = caller;
      return rest;
    },

    // A signature was verified when the body had come: nothing has been waited for since.
    preHandler(request, _reply, done) {
      if (hasBody(request) && proofOf(request) !== "signature") {
        askAgain(request).then(() => done(), done);
      } else {
        done();
      }
    },

    askAgain,
  };
}

/**
 * What a request shows. Through the console only its session counts: whatever a proxy or a page adds is passed over. And
 * everywhere else a session is none, so that no browser is ever somebody there. A signature and a token together: the
 * signature decides.
 */
function proofOf(request: FastifyRequest): "session" | "signature" | "token" {
  if (isThroughConsole(request)) return "session";
  return isSigned(request.headers.authorization) ? "signature" : "token";
}

function projectOf(request: FastifyRequest): string {
  return (request.params as { readonly project_id: string }).project_id;
}

function headerText(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
