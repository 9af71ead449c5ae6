/** The JSON of a server's IAM, by the names of Keystone's documents. What they have beside these members is left out. */

export const roleNames = ["reader", "operator", "reporter", "admin"] as const;
/** What a user may do: reader, operator (reads and operates), reporter (reads and reports), admin (all of it). */
export type RoleName = (typeof roleNames)[number];

export interface UserDocument {
  readonly id: string;
  readonly name: string;
  readonly domain_id: string;
  /** Who is disabled can neither log in nor use an access key. */
  readonly enabled: boolean;
  readonly description: string;
  readonly email: string;
}

export interface CreateUserBody {
  readonly name: string;
  /** Without one nobody can log in as this user: only access keys work. */
  readonly password?: string | undefined;
  readonly description?: string | undefined;
  readonly email?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** A change of a user by an administrator. Only what it names changes. A new password ends every token of the user. */
export type UpdateUserBody = Partial<CreateUserBody>;

export interface ProjectDocument {
  readonly id: string;
  readonly name: string;
  readonly domain_id: string;
  /** Nobody gets at a disabled project; its tasks are kept. */
  readonly enabled: boolean;
  readonly description: string;
}

export interface CreateProjectBody {
  readonly name: string;
  readonly description?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** A change of a project. Only what it names changes. */
export type UpdateProjectBody = Partial<CreateProjectBody>;

/** Where a role is held. Admin in the domain looks after its users, projects, roles and access keys. */
export type RoleScope = { readonly projectId: string } | { readonly domainId: string };

/** A role of a user in a project or a domain. */
export interface RoleGrant {
  readonly userId: string;
  readonly role: RoleName;
  readonly scope: RoleScope;
}

/** What is named where it is spoken of. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface RoleAssignmentDocument {
  readonly role: Named;
  readonly user: Named & { readonly domain: Named };
  readonly scope: { readonly project: Named & { readonly domain: Named } } | { readonly domain: Named };
}

/** An access key without its secret key. */
export interface AccessKeyDocument {
  /** The public half, which names the key. */
  readonly access: string;
  readonly user_id: string;
  readonly description: string;
  readonly create_time: string;
  readonly status: string;
}

/** An access key that was just made: its secret key is shown this once. */
export interface NewAccessKeyDocument extends AccessKeyDocument {
  readonly secret: string;
}
