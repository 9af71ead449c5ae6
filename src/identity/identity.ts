import type { Domain, Project, Reference, RoleName, User } from "../store/store.ts";

/** Who is asking, and what for: a user within one project or one domain. */
export interface Principal {
  readonly user: Pick<User, "id" | "name" | "domain">;
  /** The project of the scope; undefined for a domain scope. */
  readonly project: Project | undefined;
  /** The domain of the scope; undefined for a project scope. */
  readonly domain: Domain | undefined;
  readonly roles: readonly RoleName[];
  /** Whether they look after the users, projects, roles and access keys of their own domain. */
  readonly administers: boolean;
  /** Whether they have shown a temporary access key: it is good for its scope, and looks after nobody and no keys. */
  readonly temporary: boolean;
}

/** What a call needs its caller to be allowed to do. */
export type Permission = "read" | "report" | "operate" | "import";

const permissionsOfRole: Readonly<Record<RoleName, readonly Permission[]>> = {
  reader: ["read"],
  operator: ["read", "operate"],
  reporter: ["read", "report"],
  admin: ["read", "report", "operate", "import"],
};

/** What roles together allow, in the order in which it is written here. */
export function permissionsOf(roles: readonly RoleName[]): readonly Permission[] {
  const allowed = new Set(roles.flatMap((role) => permissionsOfRole[role]));
  return permissionsOfRole.admin.filter((permission) => allowed.has(permission));
}

/** Whether a principal may do something in a project. A principal of another project, or of a domain, may nothing. */
export function mayAccess(principal: Principal, projectId: string, permission: Permission): boolean {
  return (
    principal.project?.id === projectId &&
    principal.roles.some((role) => permissionsOfRole[role].includes(permission))
  );
}

/**
 * Whether a principal looks after the users, projects, roles, tokens and access keys of a domain: by the role admin in
 * it, whatever the scope of the token, since a token can be exchanged for one of another scope anyway.
 */
export function mayAdminister(principal: Principal, domainId: string): boolean {
  return principal.administers && principal.user.domain.id === domainId;
}

/** Somebody whose proof was accepted. */
export interface Caller {
  readonly principal: Principal;
  /** What was shown, as the store knows it: the hash of a token, or an access key. */
  readonly proof: string;
  /** When the proof ends; undefined for an access key that stays. */
  readonly expiresAtMs: number | undefined;
}

/** A valid token and its bearer. */
export interface Authenticated extends Caller {
  readonly methods: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** A token that was just issued: the only moment at which it exists in the clear. */
export interface IssuedToken extends Authenticated {
  readonly token: string;
}

/** Where a new token is wanted. A project named without its domain, and `unscoped`, mean the user's own domain. */
export type RequestedScope =
  | { readonly kind: "project"; readonly project: Reference | { readonly name: string } }
  | { readonly kind: "domain"; readonly domain: { readonly id: string } | { readonly name: string } }
  | { readonly kind: "unscoped" };

/** Who asks for a token, and by what proof. */
export type Credentials =
  | {
      readonly method: "password";
      readonly user: Reference;
      readonly password: string;
    }
  | { readonly method: "token"; readonly token: string };

/** A request that its sender has signed, as it was sent: nothing of it is rewritten. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as the client wrote them, prefix included, without scheme and host. */
  readonly target: string;
  /** By names in lower case, as Node gives them: the bytes of a value as Latin-1. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Reads the body, and answers its SHA-256 in hex, again and again. Asked only of a sender whose key and date are good. */
  hashBody(): Promise<string>;
}

/** What a signed request, or one of a session, is for: other than a token, neither has a scope of its own. */
export type WantedScope =
  | { readonly kind: "project"; readonly projectId: string }
  /** No project is named in the path: this one if the user has a role in it, else the user's first project. */
  | { readonly kind: "any"; readonly projectId: string | undefined };

/** Who people and programs are. */
export interface Identity {
  /**
   * Answers who bears a token.
   * @throws TaskCenterError `unauthenticated` for a token that is unknown, revoked, or whose user is disabled or has
   * no role left in its scope; `token-expired`.
   */
  authenticate(token: string): Promise<Authenticated>;
  /**
   * Answers who has signed a request. Where the user has no role in the wanted project, the principal has none either.
   * @throws TaskCenterError `unauthenticated` for a signature, a key, a date or a body that is not good, and for a
   * disabled user; `token-expired` for a temporary key past its time; and what `hashBody` throws.
   */
  authenticateSignature(request: SignedRequest, wanted: WantedScope): Promise<Caller>;
  /**
   * Answers who somebody is now who has signed a request before, by the access key that was their proof. When they signed
   * does not matter any more.
   * @throws TaskCenterError `unauthenticated` for a key that is gone, and for a disabled user; `token-expired`.
   */
  authenticateSigner(access: string, wanted: WantedScope): Promise<Caller>;
  /**
   * Answers who asks with a session, which is a token of its user's own domain: as though the token had been exchanged
   * for one of the wanted project. Where the user has no role there, the principal has none either.
   * @throws TaskCenterError `unauthenticated` for a token that is unknown or revoked, and for a disabled user;
   * `token-expired`.
   */
  authenticateSession(token: string, wanted: WantedScope): Promise<Caller>;
  /**
   * Issues a token. A wrong password, an unknown user and a disabled user get one answer, in the same time.
   * @throws TaskCenterError `unauthenticated`, also when the user has no role in the scope, or the scope does not exist;
   * `too-many-requests` when too many passwords wait to be checked.
   */
  issueToken(credentials: Credentials, scope: RequestedScope): Promise<IssuedToken>;
  /** Kills a token at once, and the temporary keys made with it. @throws TaskCenterError `not-found`. */
  revokeToken(token: string): Promise<void>;
}
