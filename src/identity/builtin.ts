import { hash, randomBytes } from "node:crypto";
import type {
  Domain,
  IdentityStore,
  Project,
  Reference,
  TokenScope,
  TokenView,
  User,
} from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import type { Authenticated, Credentials, Identity, RequestedScope } from "./identity.ts";
import { nobodysHash, verifyPassword } from "./password.ts";

/** What the built-in identity works with. */
export interface BuiltinIdentityDeps {
  readonly store: IdentityStore;
  readonly clock: Clock;
  readonly tokenLifetimeMs: number;
}

/** Users and tokens of our own, in the store. Nothing is cached: what is taken away is gone with the next request. */
export function builtinIdentity({ store, clock, tokenLifetimeMs }: BuiltinIdentityDeps): Identity {
  /** Every request passes here: one question to the store, and none where the text cannot be a token. */
  async function findStandingToken(token: string): Promise<TokenView> {
    const view = isTokenShaped(token) ? await store.findToken(digestOf(token)) : undefined;
    if (view === undefined || !view.user.enabled || view.roles.length === 0) throw unreadableToken();
    if (clock() >= view.token.expiresAtMs) {
      throw new TaskCenterError("token-expired", "The token must be updated.");
    }
    return view;
  }

  async function prove(credentials: Credentials): Promise<Proof> {
    const nowMs = clock();
    if (credentials.method === "token") {
      const { user, token } = await findStandingToken(credentials.token);
      const methods = [...new Set([...token.methods, "token"])];
      return { user, methods, issuedAtMs: nowMs, expiresAtMs: token.expiresAtMs };
    }
    const user = await store.findUser(credentials.user);
    const matches = await verifyPassword(credentials.password, user?.passwordHash ?? nobodysHash);
    if (user === undefined || !matches || !user.enabled) throw refusedCredentials();
    return { user, methods: ["password"], issuedAtMs: nowMs, expiresAtMs: nowMs + tokenLifetimeMs };
  }

  async function findScope(user: User, requested: RequestedScope): Promise<Scope> {
    switch (requested.kind) {
      case "project": {
        const project = await store.findProject(qualified(requested.project, user.domain));
        if (project === undefined) throw refusedCredentials();
        return { project, domain: undefined };
      }
      case "domain": {
        const domain = await store.findDomain(requested.domain);
        if (domain === undefined) throw refusedCredentials();
        return { project: undefined, domain };
      }
      case "unscoped":
        return { project: undefined, domain: user.domain };
    }
  }

  return {
    async authenticate(token) {
      const { user, project, domain, roles, token: record } = await findStandingToken(token);
      const { methods, issuedAtMs, expiresAtMs } = record;
      return { principal: { user: shown(user), project, domain, roles }, methods, issuedAtMs, expiresAtMs };
    },

    async issueToken(credentials, requested) {
      const { user, ...grant } = await prove(credentials);
      const scope = await findScope(user, requested);
      const tokenScope = recorded(scope);
      const roles = await store.listRoles(user.id, tokenScope);
      if (roles.length === 0) throw refusedCredentials();
      const token = newToken();
      await store.createToken({ hash: digestOf(token), userId: user.id, scope: tokenScope, ...grant });
      return { token, principal: { user: shown(user), ...scope, roles }, ...grant };
    },

    async revokeToken(token) {
      const existed = isTokenShaped(token) && (await store.revokeToken(digestOf(token)));
      if (!existed) throw new TaskCenterError("not-found", "Could not find token.");
    },

    listProjects: (userId) => store.listProjectsOfUser(userId),
  };
}

/** Who somebody has shown to be, and the token that this entitles to: a token got by a token lives no longer. */
interface Proof extends Omit<Authenticated, "principal"> {
  readonly user: User;
}

type Scope =
  | { readonly project: Project; readonly domain: undefined }
  | { readonly project: undefined; readonly domain: Domain };

function recorded(scope: Scope): TokenScope {
  return scope.project === undefined
    ? { kind: "domain", domainId: scope.domain.id }
    : { kind: "project", projectId: scope.project.id };
}

function qualified(project: Reference | { readonly name: string }, usersDomain: Domain): Reference {
  return "id" in project || "domain" in project ? project : { ...project, domain: { id: usersDomain.id } };
}

/** A user without what nobody outside may see. */
function shown({ id, name, domain }: User): Pick<User, "id" | "name" | "domain"> {
  return { id, name, domain };
}

const tokenBytes = 32;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

function newToken(): string {
  return randomBytes(tokenBytes).toString("base64url");
}

function isTokenShaped(text: string): boolean {
  return tokenPattern.test(text);
}

/** What is stored of a token. It is random over 256 bits, so a plain hash cannot be searched for it. */
function digestOf(token: string): string {
  return hash("sha256", token);
}

/** In the words of the services' gateway, which shows them to the caller. */
function unreadableToken(): TaskCenterError {
  return new TaskCenterError("unauthenticated", "decrypt token fail");
}

/** One answer for everything, so that nobody learns which users, projects and roles there are. */
function refusedCredentials(): TaskCenterError {
  return new TaskCenterError("unauthenticated", "The user, the password or the scope is not right.");
}
