import type {
  Domain,
  IdentityStore,
  Project,
  Reference,
  Scope,
  Standing,
  TokenView,
  User,
} from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import type {
  Authenticated,
  Caller,
  Credentials,
  Identity,
  Principal,
  RequestedScope,
  SignedRequest,
  WantedScope,
} from "./identity.ts";
import { nobodysHash } from "./password.ts";
import type { PasswordGate } from "./password-gate.ts";
import { digestOf, isTokenShaped, newToken } from "./random.ts";
import type { SecretBox } from "./secret-box.ts";
import { parseAuthorization } from "./signature/authorization.ts";
import { signatureRefused } from "./signature/refusal.ts";
import { deriveSigningKeys } from "./signature/signing-key.ts";
import { verifyRequest } from "./signature/verify.ts";

/** What the built-in identity works with. */
export interface BuiltinIdentityDeps {
  readonly store: IdentityStore;
  readonly clock: Clock;
  readonly tokenLifetimeMs: number;
  readonly passwords: PasswordGate;
  readonly secrets: SecretBox;
}

/** Users, tokens and access keys of our own, in the store: what is taken away is gone with the next request. */
export function builtinIdentity(deps: BuiltinIdentityDeps): Identity {
  const { store, clock, tokenLifetimeMs, passwords, secrets } = deps;
  const signingKeys = deriveSigningKeys();

  /** Every request passes here: one question to the store, and none where the text cannot be a token. */
  async function findStandingToken(token: string): Promise<TokenView> {
    const view = isTokenShaped(token) ? await store.findToken(digestOf(token)) : undefined;
    if (view === undefined || !isAlive(view)) throw unreadableToken();
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
      return {
        user,
        grant: { methods, issuedAtMs: nowMs, expiresAtMs: token.expiresAtMs },
        stillStands: async () => (await store.findToken(token.hash)) !== undefined,
      };
    }
    const user = await store.findUser(credentials.user);
    // Nobody is let in as a disabled user, and no password is theirs: not even the time tells that it was right.
    const passwordHash = user?.enabled === true ? user.passwordHash : nobodysHash;
    const matches = await passwords.verify(credentials.password, passwordHash);
    if (user === undefined || !matches) throw refusedCredentials();
    return {
      user,
      grant: { methods: ["password"], issuedAtMs: nowMs, expiresAtMs: nowMs + tokenLifetimeMs },
      stillStands: async () => {
        const now = await store.findUser({ id: user.id });
        return now?.enabled === true && now.passwordHash === user.passwordHash;
      },
    };
  }

  async function findScope(user: User, requested: RequestedScope): Promise<Scope> {
    switch (requested.kind) {
      case "project": {
        const project = await store.findProject(qualified(requested.project, user.domain));
        if (project === undefined) throw refusedCredentials();
        return inProject(project);
      }
      case "domain": {
        const domain = await store.findDomain(requested.domain);
        if (domain === undefined) throw refusedCredentials();
        return inDomain(domain);
      }
      case "unscoped":
        return inDomain(user.domain);
    }
  }

  /** The access key that has signed a request, once it is shown that its owner has. */
  async function verifySigner(request: SignedRequest): Promise<string> {
    const claim = parseAuthorization(textOf(request.headers.authorization));
    const key = await store.findAccessKey(claim.access);
    if (key === undefined) throw unknownKey(claim.access);
    const secret = secrets.open(key.sealedSecret, key.access);
    if (secret === undefined) throw signatureRefused();
    await verifyRequest(request, { claim, secret, nowMs: clock(), signingKeys });
    if (key.temporary !== undefined) {
      const securityToken = textOf(request.headers["x-security-token"]);
      if (digestOf(securityToken) !== key.temporary.securityTokenHash) throw signatureRefused();
    }
    return key.access;
  }

  /** Whom a key stands for now. */
  async function findSigner(access: string, wanted: WantedScope): Promise<Caller> {
    const key = await store.findAccessKey(access);
    if (key === undefined) throw unknownKey(access);
    const { userId, temporary } = key;
    if (temporary !== undefined && clock() >= temporary.expiresAtMs) {
      throw new TaskCenterError("token-expired", "The temporary access key has expired.");
    }
    const standing =
      temporary === undefined
        ? await findWanted(userId, wanted)
        : await store.findStanding(userId, temporary.scope);
    if (standing === undefined || !standing.user.enabled) throw unknownKey(access);
    return {
      principal: temporary === undefined ? principalOf(standing) : temporaryPrincipalOf(standing),
      proof: access,
      expiresAtMs: temporary?.expiresAtMs,
    };
  }

  /** A key, or a session, has no scope of its own: it is good for every project in which its user has a role. */
  async function findWanted(userId: string, wanted: WantedScope): Promise<Standing | undefined> {
    const inNamed =
      wanted.projectId === undefined
        ? undefined
        : await store.findStanding(userId, { kind: "project", projectId: wanted.projectId });
    if (wanted.kind === "project" || (inNamed !== undefined && isAlive(inNamed))) return inNamed;
    const [first] = await store.listProjectsOfUser(userId);
    if (first !== undefined) return store.findStanding(userId, inProject(first));
    const user = await store.findUser({ id: userId });
    return user && store.findStanding(userId, inDomain(user.domain));
  }

  return {
    async authenticate(token) {
      const view = await findStandingToken(token);
      const { hash, methods, issuedAtMs, expiresAtMs } = view.token;
      return { principal: principalOf(view), proof: hash, methods, issuedAtMs, expiresAtMs };
    },

    async authenticateSignature(request, wanted) {
      const access = await verifySigner(request);
      // Also of a body that is not signed: it may come slowly, and the key be gone or past its time when it has come.
      await request.hashBody();
      return findSigner(access, wanted);
    },

    authenticateSigner: findSigner,

    async authenticateSession(token, wanted) {
      const { user, token: record } = await findStandingToken(token);
      const standing = await findWanted(user.id, wanted);
      if (standing === undefined || !standing.user.enabled) throw unreadableToken();
      return {
        principal: principalOf(standing),
        proof: record.hash,
        expiresAtMs: record.expiresAtMs,
      };
    },

    async issueToken(credentials, requested) {
      const { user, grant, stillStands } = await prove(credentials);
      const scope = await findScope(user, requested);
      const unscoped = requested.kind === "unscoped";
      const standing = await store.findStanding(user.id, scope);
      const token = newToken();
      const record = { hash: digestOf(token), userId: user.id, scope, unscoped, ...grant };
      if (standing === undefined || !isAlive({ ...standing, token: record })) throw refusedCredentials();
      const isRecorded = await store.createToken(record);
      // A password may have been changed while it was checked. From here on a change finds the token, and takes it.
      if (!isRecorded || !(await stillStands())) {
        await store.revokeToken(record.hash);
        throw refusedCredentials();
      }
      return { token, principal: principalOf(standing), proof: record.hash, ...grant };
    },

    async revokeToken(token) {
      const existed = isTokenShaped(token) && (await store.revokeToken(digestOf(token)));
      if (!existed) throw new TaskCenterError("not-found", "Could not find token.");
    },
  };
}

/** Who somebody has shown to be, and the token that this entitles to: a token got by a token lives no longer. */
interface Proof {
  readonly user: User;
  readonly grant: Omit<Authenticated, keyof Caller> & Pick<Authenticated, "expiresAtMs">;
  /** Whether what was shown is still good. */
  readonly stillStands: () => Promise<boolean>;
}

function inProject({ id }: Project): Scope {
  return { kind: "project", projectId: id };
}

function inDomain({ id }: Domain): Scope {
  return { kind: "domain", domainId: id };
}

/**
 * Whether somebody is anything in a scope: an enabled user with a role in it, or one who asked for none and so got a
 * token of their own domain, to find their projects with.
 */
function isAlive(standing: Standing & Partial<Pick<TokenView, "token">>): boolean {
  const { user, project, roles, token } = standing;
  return user.enabled && project?.enabled !== false && (roles.length > 0 || token?.unscoped === true);
}

/** What a standing means for whoever asks. Nobody may anything in a project that is disabled. */
function principalOf({ user, project, domain, roles, administers }: Standing): Principal {
  return {
    user: shown(user),
    project,
    domain,
    roles: project?.enabled === false ? [] : roles,
    administers,
    temporary: false,
  };
}

/** A temporary key is good for its scope alone, and what it administers would outlast it: it administers nothing. */
function temporaryPrincipalOf(standing: Standing): Principal {
  return { ...principalOf(standing), administers: false, temporary: true };
}

function qualified(project: Reference | { readonly name: string }, usersDomain: Domain): Reference {
  return "id" in project || "domain" in project ? project : { ...project, domain: { id: usersDomain.id } };
}

/** A user without what nobody outside may see. */
function shown({ id, name, domain }: User): Pick<User, "id" | "name" | "domain"> {
  return { id, name, domain };
}

/** In the words of the services' gateway, which shows them to the caller. */
function unreadableToken(): TaskCenterError {
  return new TaskCenterError("unauthenticated", "decrypt token fail");
}

/** Only the beginning is repeated: somebody may have mistaken the secret key for the access key. */
function unknownKey(access: string): TaskCenterError {
  const beginning = access.replace(/[^A-Za-z0-9].*$/s, "").slice(0, 4);
  return new TaskCenterError("unauthenticated", `ak ${beginning}**** not exist`);
}

/** A header's text; a header that is not there, or is there twice, is as good as an empty one. */
function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : "";
}

/** One answer for everything, so that nobody learns which users, projects and roles there are. */
function refusedCredentials(): TaskCenterError {
  return new TaskCenterError("unauthenticated", "The user, the password or the scope is not right.");
}
