import type { Domain, Project, Reference, RoleName, User } from "../store/store.ts";

/** Who is asking, and what for: a user within one project or one domain. */
export interface Principal {
  readonly user: Pick<User, "id" | "name" | "domain">;
  /** The project of the scope; undefined for a domain scope. */
  readonly project: Project | undefined;
  /** The domain of the scope; undefined for a project scope. */
  readonly domain: Domain | undefined;
  readonly roles: readonly RoleName[];
}

/** What a call needs its caller to be allowed to do. */
export type Permission = "read" | "report" | "operate";

const permissionsOfRole: Readonly<Record<RoleName, readonly Permission[]>> = {
  reader: ["read"],
  operator: ["read", "operate"],
  reporter: ["read", "report"],
  admin: ["read", "report", "operate"],
};

/** Whether a principal may do something in a project. A principal of another project, or of a domain, may nothing. */
export function mayAccess(principal: Principal, projectId: string, permission: Permission): boolean {
  return (
    principal.project?.id === projectId &&
    principal.roles.some((role) => permissionsOfRole[role].includes(permission))
  );
}

/** Whether a principal looks after the users and tokens of a domain: admin, with a token of that domain itself. */
export function mayAdminister(principal: Principal, domainId: string): boolean {
  return principal.domain?.id === domainId && principal.roles.includes("admin");
}

/** A valid token and its bearer. */
export interface Authenticated {
  readonly principal: Principal;
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

/** Who people and programs are. */
export interface Identity {
  /**
   * Answers who bears a token.
   * @throws TaskCenterError `unauthenticated` for a token that is unknown, revoked, or whose user is disabled or has
   * no role left in its scope; `token-expired`.
   */
  authenticate(token: string): Promise<Authenticated>;
  /**
   * Issues a token. A wrong password, an unknown user and a disabled user get one answer, in the same time.
   * @throws TaskCenterError `unauthenticated`, also when the user has no role in the scope, or the scope does not exist.
   */
  issueToken(credentials: Credentials, scope: RequestedScope): Promise<IssuedToken>;
  /** Kills a token at once. @throws TaskCenterError `not-found` where there is no such token. */
  revokeToken(token: string): Promise<void>;
  /** Answers the projects in which the user has a role, by name. */
  listProjects(userId: string): Promise<readonly Project[]>;
}
