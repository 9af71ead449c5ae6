import type { HistoryPage, HistoryQuery, TaskPage, TaskQuery } from "../task/query.ts";
import type { TaskChange } from "../task/report.ts";
import type { HistoryEntry, Task, TaskKey } from "../task/task.ts";

/**
 * The durable record of tasks. Every change is on disk before its promise is fulfilled, and a change is made whole or
 * not at all. Every method throws `store-unavailable` when the store cannot be read or written.
 */
export interface TaskStore {
  /**
   * Records a new task with the first line of its history, unless the creation's idempotency key or else the task's id
   * is already taken in the project: then nothing changes. Answers the receipt that stands, the new one or the earlier
   * one. By the store's clock, a key is remembered for 24 hours after it was first used, also when the task is deleted
   * meanwhile; a key that is first used with the id of an existing task is remembered for that task's receipt if the
   * digests are equal, and not at all if they differ.
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

  /** Answers a page of tasks with the exact total; see TaskQuery for the order. */
  listTasks(query: TaskQuery): Promise<TaskPage>;

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
}

/** A task to record, and what is needed to recognise the same creation when it comes again. */
export interface NewTask {
  readonly projectId: string;
  /**
   * Makes the task that the receipt names, and the first line of its history. Pure, and asked only where key and id are
   * free: a creation that comes again may not be acceptable any more, and still gets its first answer. What it throws
   * is thrown on, and nothing changes.
   */
  make(): { readonly task: Task; readonly entry: HistoryEntry };
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
  readonly name: string;
  readonly domain: Domain;
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly domain: Domain;
  readonly enabled: boolean;
}

/** A user with the proof of their password: read only to check a login. */
export interface UserRecord extends User {
  /** A scrypt hash in PHC string form; never shown. */
  readonly passwordHash: string;
}

/** Names one user or project: by id, or by name within a domain that is itself named by id or name. */
export type Reference =
  | { readonly id: string }
  | { readonly name: string; readonly domain: { readonly id: string } | { readonly name: string } };

/** What a token gives access to. */
export type TokenScope =
  | { readonly kind: "project"; readonly projectId: string }
  | { readonly kind: "domain"; readonly domainId: string };

/** A token as it is stored: never the token itself. */
export interface TokenRecord {
  /** SHA-256 of the token, in hex. */
  readonly hash: string;
  readonly userId: string;
  readonly scope: TokenScope;
  /** How it was obtained: `password`, `token`. */
  readonly methods: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** A token with everything that decides what its bearer may do, as it stands now. */
export interface TokenView {
  readonly token: TokenRecord;
  readonly user: User;
  /** The project or domain of its scope. */
  readonly project: Project | undefined;
  readonly domain: Domain | undefined;
  /** The user's roles in that scope at this moment; empty when they were taken away. */
  readonly roles: readonly RoleName[];
}

/** What the first start puts into an empty store. */
export interface FirstIdentity {
  readonly domain: Domain;
  readonly project: Project;
  readonly user: UserRecord;
}

/** Users, projects, roles and tokens. Every method throws `store-unavailable` when the store fails. */
export interface IdentityStore {
  /** Records the first domain, project and user, who is admin in both, unless any user exists. Answers whether it did. */
  createFirstIdentity(identity: FirstIdentity): Promise<boolean>;
  /** Answers a user with the given id or name; undefined where there is none. */
  findUser(reference: Reference): Promise<UserRecord | undefined>;
  findProject(reference: Reference): Promise<Project | undefined>;
  findDomain(reference: { readonly id: string } | { readonly name: string }): Promise<Domain | undefined>;
  /** Answers the projects in which the user has a role, by name, bytewise. */
  listProjectsOfUser(userId: string): Promise<readonly Project[]>;
  /** Answers every project's id, bytewise. */
  listProjectIds(): Promise<readonly string[]>;
  /** Answers the user's roles in a project or domain, in the order of `roleNames`; empty where there are none. */
  listRoles(userId: string, scope: TokenScope): Promise<readonly RoleName[]>;
  /** Records a token, and forgets some of those that expired more than 7 days ago. */
  createToken(token: TokenRecord): Promise<void>;
  /** Answers a token by its hash, expired or not; undefined where it was never issued, was revoked, or forgotten. */
  findToken(hash: string): Promise<TokenView | undefined>;
  /** Deletes a token. Answers whether there was one. */
  revokeToken(hash: string): Promise<boolean>;
}

/** How long an expired token is still told apart from an unknown one: 7 days. */
export const expiredTokenMemoryMs = 7 * 24 * 60 * 60 * 1000;

/** An open store. */
export interface Store {
  readonly tasks: TaskStore;
  readonly identity: IdentityStore;
  /** Fulfilled when the store answers a question; throws `store-unavailable` otherwise. */
  ping(): Promise<void>;
  /** Finishes what was accepted and closes; closing again does nothing. Any other call throws `store-unavailable` then. */
  close(): Promise<void>;
}
