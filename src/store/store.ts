import type {
  HistoryPage,
  HistoryQuery,
  LastSuccesses,
  LastSuccessQuery,
  Place,
  TaskCountQuery,
  TaskCounts,
  TaskPage,
  TaskQuery,
  TaskStreamQuery,
} from "../task/query.ts";
import type { TaskChange } from "../task/report.ts";
import type { HistoryEntry, Task, TaskKey } from "../task/task.ts";

/**
 * The durable record of tasks. Every change is on disk before its promise is fulfilled, and a change is made whole or
 * not at all. Every method throws `store-unavailable` when the store cannot be read or written.
 */
export interface TaskStore {
  /**
   * Records a new task with its history, unless the creation's idempotency key or else the task's id
   * is already taken in the project: then nothing changes. Answers the receipt that stands, the new one or the earlier
   * one. By the store's clock, a key is remembered for 24 hours after it was first used, also when the task is deleted
   * meanwhile; a key that is first used with the id of an existing task is remembered for that task's receipt if the
   * digests are equal, and not at all if they differ. Throws `forbidden` in a project that is disabled, or was deleted:
   * nobody would get at the task.
   */
  createTask(creation: NewTask): Promise<StandingReceipt>;

  /**
   * Replaces one task by what `decide` makes of it, and appends the history line that it gives. `decide` must be pure,
   * and leave project and id as they are: it sees the task as it stands in the same transaction, and it may be called
   * again when somebody else was faster. What it throws is thrown on, and nothing changes. Where it answers the very
   * same task, nothing is written. Throws `task-not-found`.
   */
  changeTask(key: TaskKey, decide: (current: Task) => TaskChange): Promise<Task>;

  /**
   * Deletes one task and its history. Answers whether there was such a task. `condition` sees it in the same
   * transaction; what it throws is thrown on, and the task is kept.
   */
  deleteTask(key: TaskKey, condition?: (current: Task) => void): Promise<boolean>;

  /** Answers one task, or undefined where the project has no such task. */
  getTask(key: TaskKey): Promise<Task | undefined>;

  /**
   * Answers a page of tasks with the exact total; see TaskQuery for the order. Throws `query-too-broad` where no index
   * serves the filter, and looking at every task that might match takes longer than the store's bound.
   */
  listTasks(query: TaskQuery): Promise<TaskPage>;

  /**
   * Answers all tasks of a filter, some at a time: each once that matches all the while, in the query's order; what is
   * created, changed or deleted meanwhile may be there or not. The next tasks are read when they are asked for.
   */
  streamTasks(query: TaskStreamQuery): AsyncIterable<readonly Task[]>;

  /** Answers how many tasks a filter has in each group. Throws `query-too-broad`, also for too many groups. */
  countTasks(query: TaskCountQuery): Promise<TaskCounts>;

  /**
   * Answers when tasks of each service and name last succeeded on each instance. The work grows with how many of those
   * there are, up to the limit, and not with the tasks. Throws `query-too-broad` where even that takes too long.
   */
  listLastSuccesses(query: LastSuccessQuery): Promise<LastSuccesses>;

  /** Answers a part of one task's history, or undefined where the project has no such task. */
  listHistory(query: HistoryQuery): Promise<HistoryPage | undefined>;

  /**
   * Answers the ids of the project's tasks that fail for silence (`failsForSilenceAtMs`) before `nowMs`: those whose
   * lease passed first come first, at most `limit`.
   */
  listOverdueTasks(query: {
    readonly projectId: string;
    readonly nowMs: number;
    readonly limit: number;
  }): Promise<readonly string[]>;

  /**
   * Looks for tasks of a project that ended before `endedBeforeMs`, oldest creation first, from where the search before
   * stopped. `limit` is how many it answers at most; it may answer fewer, or none, and still have to go on.
   */
  findEndedTasks(query: {
    readonly projectId: string;
    readonly endedBeforeMs: number;
    readonly from: Place | undefined;
    readonly limit: number;
  }): Promise<{ readonly ids: readonly string[]; readonly next: Place | undefined }>;

  /**
   * Deletes those of the named tasks that ended before `endedBeforeMs`, with their histories: all at once. Answers how
   * many it deleted.
   */
  deleteEndedTasks(tasks: {
    readonly projectId: string;
    readonly ids: readonly string[];
    readonly endedBeforeMs: number;
  }): Promise<number>;
}

/** A task to record, and what is needed to recognise the same creation when it comes again. */
export interface NewTask {
  readonly projectId: string;
  /**
   * Makes the task that the receipt names, and its history so far, oldest first. Pure, and may be asked before it is
   * known whether key and id are free. What it throws counts only where they are: a creation that comes again may not
   * be acceptable any more, and still gets its first answer. Else it is thrown on, and nothing changes.
   */
  make(): { readonly task: Task; readonly history: readonly HistoryEntry[] };
  readonly receipt: CreationReceipt;
  /** The producer's `Idempotency-Key`, if it gave one. */
  readonly idempotencyKey?: string;
}

/**
 * What is remembered of an accepted creation. From it and an equal body the first answer can be made again. Id and
 * creator are the task's own.
 */
export interface CreationReceipt {
  readonly taskId: string;
  /** SHA-256 of the creation's body in canonical JSON, in hex. */
  readonly digest: string;
  readonly acceptedAtMs: number;
  readonly createdBy: string;
}

/** The receipt that stands after a creation, and how it was found. */
export interface StandingReceipt {
  readonly receipt: CreationReceipt;
  /** `new`: the task was recorded now; else what was already taken. */
  readonly foundBy: "new" | "id" | "key";
}

/** How long an idempotency key is remembered: 24 hours. */
export const idempotencyKeyLifetimeMs = 24 * 60 * 60 * 1000;

export const roleNames = ["reader", "operator", "reporter", "admin"] as const;
/** What a user may do in a project or domain. */
export type RoleName = (typeof roleNames)[number];

export interface Domain {
  readonly id: string;
  readonly name: string;
}

export interface Project {
  readonly id: string;
  /** Unique in its domain. */
  readonly name: string;
  readonly domain: Domain;
  readonly description: string;
  /** Whether anybody gets at it. The tasks of a disabled project are kept. */
  readonly enabled: boolean;
}

export interface User {
  readonly id: string;
  /** Unique in its domain. */
  readonly name: string;
  readonly domain: Domain;
  readonly description: string;
  readonly email: string;
  readonly enabled: boolean;
}

/** A user with the proof of their password: read only to check a login. */
export interface UserRecord extends User {
  /** A scrypt hash in PHC string form; never shown. */
  readonly passwordHash: string;
}

/** What may be changed of a project; what is not given stays. */
export interface ProjectChange {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** What may be changed of a user; what is not given stays. */
export interface UserChange {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly email?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly passwordHash?: string | undefined;
}

/** Names one user or project: by id, or by name within a domain that is itself named by id or name. */
export type Reference =
  | { readonly id: string }
  | { readonly name: string; readonly domain: { readonly id: string } | { readonly name: string } };

/** Where a role is held, and what a token or a temporary access key gives access to. */
export type Scope =
  | { readonly kind: "project"; readonly projectId: string }
  | { readonly kind: "domain"; readonly domainId: string };

/** A token as it is stored: never the token itself. */
export interface TokenRecord {
  /** SHA-256 of the token, in hex. */
  readonly hash: string;
  readonly userId: string;
  readonly scope: Scope;
  /** Whether no scope was asked for: it means the user's own domain then, also where the user has no role in it. */
  readonly unscoped: boolean;
  /** How it was obtained: `password`, `token`. */
  readonly methods: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** What a user is in a scope, as it stands now: everything that decides what they may do. */
export interface Standing {
  readonly user: User;
  /** The project of the scope; undefined for a domain, and where there is no such project. */
  readonly project: Project | undefined;
  /** The domain of the scope; undefined for a project, and where there is no such domain. */
  readonly domain: Domain | undefined;
  /** The user's roles in that scope, in the order of `roleNames`; empty where there are none. */
  readonly roles: readonly RoleName[];
  /** Whether the user has the role admin in their own domain, whatever the scope is. */
  readonly administers: boolean;
}

/** A token with its bearer's standing in its scope. */
export interface TokenView extends Standing {
  readonly token: TokenRecord;
}

/** A role that a user holds. Exactly one of project and domain is there. */
export interface RoleAssignment {
  readonly user: Pick<User, "id" | "name" | "domain">;
  readonly project: Pick<Project, "id" | "name" | "domain"> | undefined;
  readonly domain: Domain | undefined;
  readonly role: RoleName;
}

/** A role of a user in a scope. */
export interface RoleGrant {
  readonly userId: string;
  readonly scope: Scope;
  readonly role: RoleName;
}

/** An access key as it is stored. Its secret key is sealed, and nobody but the identity can open it. */
export interface AccessKeyRecord {
  /** The public half: it names the key in every request. Unique over all projects. */
  readonly access: string;
  readonly userId: string;
  readonly sealedSecret: string;
  readonly description: string;
  readonly createdAtMs: number;
  /** What limits a temporary key; undefined for one that stays until somebody deletes it. */
  readonly temporary: TemporaryTerms | undefined;
}

/** What limits a temporary access key. */
export interface TemporaryTerms {
  /** A temporary key is good for the scope of what it was made with, and for no other. */
  readonly scope: Scope;
  /** What it was made with, and dies with: the hash of a token, or an access key. */
  readonly madeWith: string;
  /** SHA-256 of the security token that must come with every request, in hex. */
  readonly securityTokenHash: string;
  readonly expiresAtMs: number;
}

/** What the first start puts into an empty store. */
export interface FirstIdentity {
  readonly domain: Domain;
  readonly project: Project;
  readonly user: UserRecord;
}

/**
 * Users, projects, roles, tokens and access keys. Every method throws `store-unavailable` when the store fails. What a
 * change takes away is gone with the next question.
 *
 * A change after which no enabled user would have the role admin in the domain throws `conflict`, and so does a name
 * that another user or project of the domain has: nothing changes then.
 */
export interface IdentityStore {
  /** Records the first domain, project and user, who is admin in both, unless any user exists. Answers whether it did. */
  createFirstIdentity(identity: FirstIdentity): Promise<boolean>;

  findDomain(reference: { readonly id: string } | { readonly name: string }): Promise<Domain | undefined>;

  /** Answers a user with the given id or name; undefined where there is none. */
  findUser(reference: Reference): Promise<UserRecord | undefined>;
  /** Answers the users of a domain, by name, bytewise; only the one with the name where one is given. */
  listUsers(query: {
    readonly domainId: string;
    readonly name?: string | undefined;
  }): Promise<readonly User[]>;
  /** Throws `conflict`. */
  createUser(user: UserRecord): Promise<void>;
  /**
   * Changes a user, and answers how it stands then; undefined where there is none. Who is disabled, and whose password
   * changes, loses every token and temporary access key for good. `condition` sees the user in the same transaction;
   * what it throws is thrown on, and nothing changes. Throws `conflict`.
   */
  updateUser(
    id: string,
    change: UserChange,
    condition?: (current: UserRecord) => void,
  ): Promise<User | undefined>;
  /** Deletes a user with their roles, tokens and access keys. Answers whether there was one. Throws `conflict`. */
  deleteUser(id: string): Promise<boolean>;

  findProject(reference: Reference): Promise<Project | undefined>;
  /** Answers the projects of a domain, by name, bytewise; only the one with the name where one is given. */
  listProjects(query: {
    readonly domainId: string;
    readonly name?: string | undefined;
  }): Promise<readonly Project[]>;
  /** Answers the enabled projects in which the user has a role, by name, bytewise. */
  listProjectsOfUser(userId: string): Promise<readonly Project[]>;
  /** Answers every project's id, bytewise. */
  listProjectIds(): Promise<readonly string[]>;
  /** Throws `conflict`. */
  createProject(project: Project): Promise<void>;
  /**
   * Changes a project, and answers how it stands then; undefined where there is none. Whoever has a token or temporary
   * access key for a project that is disabled loses it for good. Throws `conflict`.
   */
  updateProject(id: string, change: ProjectChange): Promise<Project | undefined>;
  /**
   * Deletes a project with the roles, tokens and temporary access keys in it. Answers whether there was one. Throws
   * `conflict` while it has tasks: they are the record, and go only one by one, by those who may.
   */
  deleteProject(id: string): Promise<boolean>;
  /** Answers the ids of all projects that were deleted, bytewise. */
  listDeletedProjectIds(): Promise<readonly string[]>;
  /**
   * Forgets the next of the idempotency keys of a deleted project: there may be millions, which nobody is to wait for.
   * Answers the last one that it forgot; undefined where there are no more, and where the project was not deleted.
   */
  forgetCreations(keys: {
    readonly projectId: string;
    /** The key to begin after, bytewise; "" at first. */
    readonly after: string;
    readonly limit: number;
  }): Promise<string | undefined>;

  /** Answers what a user is in a scope; undefined where there is no such user. Asked with every signed request. */
  findStanding(userId: string, scope: Scope): Promise<Standing | undefined>;
  /**
   * Answers which roles the users of a domain hold, ordered bytewise by the names of user and project, and by role; a
   * user's roles in a domain come before those in projects. All conditions that are given hold.
   */
  listRoleAssignments(filter: {
    readonly domainId: string;
    readonly userId?: string | undefined;
    readonly scope?: Scope | undefined;
    readonly role?: RoleName | undefined;
  }): Promise<readonly RoleAssignment[]>;
  /** Gives a role to a user, who may have it already. Answers false where there is no such user, project or domain. */
  grantRole(grant: RoleGrant): Promise<boolean>;
  /**
   * Takes a role away, and with it every token and temporary access key of the user in that scope, for good. Answers
   * whether the user had it. Throws `conflict`.
   */
  revokeRole(grant: RoleGrant): Promise<boolean>;

  /**
   * Records a token, and forgets some of those that expired more than 7 days ago. Answers false, and records nothing,
   * where its user or its scope is not there (any more).
   */
  createToken(token: TokenRecord): Promise<boolean>;
  /** Answers a token by its hash, expired or not; undefined where it was never issued, was revoked, or forgotten. */
  findToken(hash: string): Promise<TokenView | undefined>;
  /** Deletes a token, and the temporary keys that were made with it. Answers whether there was one. */
  revokeToken(hash: string): Promise<boolean>;

  /**
   * Records an access key, and forgets some of the temporary ones that expired more than 7 days ago. Answers false, and
   * records nothing, where its user is not there (any more), nor the scope of a temporary key and what it was made with.
   * Throws `conflict` where the user has `maxAccessKeysPerUser` that are not temporary, and this is not either.
   */
  createAccessKey(key: AccessKeyRecord): Promise<boolean>;
  /** Answers a key, expired or not; undefined where there is none. Asked with every signed request. */
  findAccessKey(access: string): Promise<AccessKeyRecord | undefined>;
  /** Answers a user's access keys that are not temporary, oldest first. */
  listAccessKeys(userId: string): Promise<readonly AccessKeyRecord[]>;
  /** Deletes a key, temporary or not, and the temporary keys that were made with it. Answers whether there was one. */
  deleteAccessKey(access: string): Promise<boolean>;
  /** Answers how many access keys, temporary ones left out, have a sealed secret that does not begin with a text. */
  countAccessKeysSealedOtherwise(prefix: string): Promise<number>;
}

/** How many access keys a user may have, temporary ones not counted: enough to replace them one by one. */
export const maxAccessKeysPerUser = 10;

/** How long an expired token or temporary key is still told apart from an unknown one: 7 days. */
export const expiredTokenMemoryMs = 7 * 24 * 60 * 60 * 1000;

/** An open store. */
export interface Store {
  readonly tasks: TaskStore;
  readonly identity: IdentityStore;
  /** Fulfilled when the store answers a question; throws `store-unavailable` otherwise. */
  ping(): Promise<void>;
  /**
   * Does work that one server is to do for all that have the store open; answers undefined, and does nothing, while
   * another one does the work of that name. `lost` is aborted when the lead may have passed to another server, which a
   * server that hangs learns late: so the work must be right beside the same work of another, and the lead only saves
   * effort. What it throws is thrown on. Throws `store-unavailable` without having begun.
   */
  lead<T>(work: string, body: (lost: AbortSignal) => Promise<T>): Promise<T | undefined>;
  /** Finishes what was accepted and closes; closing again does nothing. Any other call throws `store-unavailable` then. */
  close(): Promise<void>;
}

/** The name under which the servers of a store agree on what tells their encryption key. */
export const encryptionKeyAgreement = "encryption key";

/** A store that several servers may have open at once. */
export interface SharedStore extends Store {
  /** Records a value that all servers must have in common, unless there is one. Answers the one that stands. */
  agree(name: string, value: string): Promise<string>;
}
