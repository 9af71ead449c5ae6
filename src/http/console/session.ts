import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Administration } from "../../identity/administration.ts";
import type { Authenticated, Identity } from "../../identity/identity.ts";
import type { Clock } from "../../task/clock.ts";
import { TaskCenterError } from "../../task/error.ts";
import { missingSessionDetail } from "../access.ts";
import { forgetSession, keepSession, sessionTokenOf } from "./cookie.ts";
import { checkCsrf, checkLoginOrigin } from "./csrf.ts";
import { type ConsoleSite, sessionDocument } from "./session-document.ts";

/** Names and passwords are at most 256 characters long, and every one of them may be escaped. */
const maxLoginBytes = 16 * 1024;

const LoginBody = Type.Object(
  {
    user: Type.String({ minLength: 1, maxLength: 256 }),
    password: Type.String({ maxLength: 256 }),
    domain: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  },
  { additionalProperties: false },
);

/** The domain of whoever names none: the one that every server has. */
const defaultDomain = "Default";

/** Signing in and out in a browser: a token that lies in a cookie, for the console's requests alone. */
export function registerConsoleSession(
  root: FastifyInstance,
  deps: {
    readonly identity: Identity;
    readonly administration: Administration;
    readonly clock: Clock;
  } & ConsoleSite,
): void {
  const { identity, administration, clock, publicUrl } = deps;
  const app = root.withTypeProvider<TypeBoxTypeProvider>();
  const path = "/console/session";
  const schema = { hide: true };
  /** Only the public address tells: what a proxy, or whoever pretends to be one, says of a request decides nothing. */
  const isSecure = (): boolean => publicUrl().startsWith("https:");
  const describe = (token: string, caller: Authenticated) =>
    sessionDocument({ token, caller, expiresAtMs: caller.expiresAtMs }, { administration, site: deps });

  /** Who bears the session of a request. @throws TaskCenterError `unauthenticated`, `token-expired`. */
  async function findSession(request: FastifyRequest): Promise<Authenticated & { readonly token: string }> {
    const token = sessionTokenOf(request);
    if (token === undefined) throw new TaskCenterError("unauthenticated", missingSessionDetail);
    return { token, ...(await identity.authenticate(token)) };
  }

  /** Ends a token that may have ended already. */
  async function revoke(token: string): Promise<void> {
    await identity.revokeToken(token).catch((error: unknown) => {
      if (!(error instanceof TaskCenterError && error.code === "not-found")) throw error;
    });
  }

  app.post(
    path,
    {
      schema: { ...schema, body: LoginBody },
      bodyLimit: maxLoginBytes,
      // Before the body is read. A form of another site's page can send a body like ours, but not under this type.
      preParsing: async (request) => {
        checkLoginOrigin(request, publicUrl());
        if (!jsonType.test(request.headers["content-type"] ?? "")) {
          throw new TaskCenterError("unsupported-media-type", "The body must be JSON, as application/json.");
        }
      },
    },
    async (request, reply) => {
      const { user, password, domain = defaultDomain } = request.body;
      const issued = await identity
        .issueToken(
          { method: "password", user: { name: user, domain: { name: domain } }, password },
          { kind: "unscoped" },
        )
        .catch(asRefusedLogin);
      // The browser is about to forget the session that it had.
      const before = sessionTokenOf(request);
      if (before !== undefined) await revoke(before);
      const maxAgeSeconds = Math.max(0, Math.floor((issued.expiresAtMs - clock()) / 1000));
      reply.header("set-cookie", keepSession({ token: issued.token, maxAgeSeconds, secure: isSecure() }));
      return describe(issued.token, issued);
    },
  );

  app.get(path, { schema }, async (request, reply) => {
    // Whoever has never signed in has made no mistake: a browser would call a refusal an error of the page.
    if (sessionTokenOf(request) === undefined) return reply.code(204).send();
    const { token, ...caller } = await findSession(request);
    checkCsrf(request, token);
    return describe(token, caller);
  });

  // Nobody has anything to say here: what comes before it is known who asks is not to be long.
  app.delete(path, { schema, bodyLimit: maxLoginBytes }, async (request, reply) => {
    const session = await findSession(request).catch(asNone);
    if (session !== undefined) {
      checkCsrf(request, session.token);
      await revoke(session.token);
    }
    return reply
      .code(204)
      .header("set-cookie", forgetSession({ secure: isSecure() }))
      .send();
  });
}

/** The type that makes a browser ask before it sends a body to another site; a charset says nothing new. */
const jsonType = /^application\/json *(?:; *charset=utf-8 *)?$/i;

/** In words for people: there is no scope in the form. */
function asRefusedLogin(error: unknown): never {
  throw error instanceof TaskCenterError && error.code === "unauthenticated"
    ? new TaskCenterError("unauthenticated", "The user, the domain or the password is not right.")
    : error;
}

/** A session that is over is none. */
function asNone(error: unknown): undefined {
  const isOver =
    error instanceof TaskCenterError && ["unauthenticated", "token-expired"].includes(error.code);
  if (!isOver) throw error;
}
