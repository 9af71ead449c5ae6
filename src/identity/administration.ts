import type {
  AccessKeyRecord,
  Domain,
  Project,
  ProjectChange,
  RoleAssignment,
  RoleGrant,
  RoleName,
  Scope,
  User,
  UserChange,
} from "../store/store.ts";
import type { Caller, Principal } from "./identity.ts";

/** A user to create. Where no password is given, nobody can log in as this user: only access keys work. */
export interface NewUser {
  readonly name: string;
  /** The creator's own domain unless given. */
  readonly domainId?: string | undefined;
  readonly password?: string | undefined;
  readonly description?: string | undefined;
  readonly email?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** A change of a user by an administrator, who needs no old password. */
export interface UserEdit extends Omit<UserChange, "passwordHash"> {
  readonly password?: string | undefined;
}

/** A project to create. */
export interface NewProject {
  readonly name: string;
  /** The creator's own domain unless given. */
  readonly domainId?: string | undefined;
  readonly description?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** An access key without its secret. */
export type AccessKey = Pick<AccessKeyRecord, "access" | "userId" | "description" | "createdAtMs">;

/** An access key that was just made: the only moment at which its secret key is shown. */
export interface NewAccessKey extends AccessKey {
  readonly secret: string;
}

/** A temporary access key that was just made. All three parts are needed to sign; none is shown again. */
export interface NewTemporaryKey {
  readonly access: string;
  readonly secret: string;
  readonly securityToken: string;
  readonly expiresAtMs: number;
}

/**
 * Looking after users, projects, roles and access keys. Each call is made by somebody, and checks by itself whether
 * they may: an administrator everything in their own domain; everybody else may see themselves and their projects,
 * change their own password, and look after their own access keys.
 *
 * Every method throws `forbidden` to whoever may not, the same whether or not the thing exists, and `not-found` to
 * whoever may where it does not exist; `conflict` as the store does; `invalid-parameter` for a value that is not usable;
 * `too-many-requests` where a password cannot be hashed for the many that wait.
 */
export interface Administration {
  /** The caller's own. */
  listDomains(by: Principal): Promise<readonly Domain[]>;
  getDomain(by: Principal, id: string): Promise<Domain>;

  listUsers(by: Principal, query: { readonly name?: string | undefined }): Promise<readonly User[]>;
  getUser(by: Principal, id: string): Promise<User>;
  createUser(by: Principal, user: NewUser): Promise<User>;
  updateUser(by: Principal, id: string, edit: UserEdit): Promise<User>;
  /** Changes one's own password. Every token of the user dies with the old one. */
  changePassword(
    by: Principal,
    id: string,
    passwords: { readonly original: string; readonly password: string },
  ): Promise<void>;
  deleteUser(by: Principal, id: string): Promise<void>;

  /** An administrator sees every project of the domain, everybody else the enabled ones in which they have a role. */
  listProjects(by: Principal, query: { readonly name?: string | undefined }): Promise<readonly Project[]>;
  /** The enabled projects in which a user has a role. */
  listProjectsOf(by: Principal, userId: string): Promise<readonly Project[]>;
  getProject(by: Principal, id: string): Promise<Project>;
  createProject(by: Principal, project: NewProject): Promise<Project>;
  updateProject(by: Principal, id: string, change: ProjectChange): Promise<Project>;
  deleteProject(by: Principal, id: string): Promise<void>;

  listRoleAssignments(
    by: Principal,
    filter: {
      readonly userId?: string | undefined;
      readonly scope?: Scope | undefined;
      readonly role?: RoleName | undefined;
    },
  ): Promise<readonly RoleAssignment[]>;
  grantRole(by: Principal, grant: RoleGrant): Promise<void>;
  /** Throws `not-found` where the user does not have the role. */
  revokeRole(by: Principal, grant: RoleGrant): Promise<void>;

  /** Of the caller unless another user is named; temporary ones are left out. */
  listAccessKeys(by: Principal, userId: string | undefined): Promise<readonly AccessKey[]>;
  /** Temporary or not. */
  getAccessKey(by: Principal, access: string): Promise<AccessKey>;
  /** Throws `forbidden` also to whoever has shown a temporary key: it makes no other keys. */
  createAccessKey(
    by: Principal,
    key: { readonly userId?: string | undefined; readonly description?: string | undefined },
  ): Promise<NewAccessKey>;
  /** Temporary or not, with the temporary ones that were made with it. */
  deleteAccessKey(by: Principal, access: string): Promise<void>;
  /**
   * Makes a temporary key for a caller, in the scope that they have. It ends no later than their proof does, and goes
   * with it. Throws `forbidden` also to whoever has shown a temporary key; `unauthenticated` where the proof has just
   * gone.
   */
  createTemporaryKey(
    by: Caller,
    terms: { readonly durationSeconds?: number | undefined },
  ): Promise<NewTemporaryKey>;
}

/** How long a temporary key lives: 15 minutes unless asked otherwise, and at most 24 hours. */
export const temporaryKeySeconds = { minimum: 900, maximum: 86_400 } as const;
