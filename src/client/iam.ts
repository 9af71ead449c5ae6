import { type Call, type CallOptions, type ConnectLimits, defaultTimeoutMs } from "./connection.ts";
import type { IamCredentials } from "./credentials.ts";
import { ApiError, ConnectionError, notFound, WrongPasswordError } from "./errors.ts";
import type { HttpAnswer } from "./http.ts";
import {
  accessKeyDocument,
  accessKeysPath,
  listOf,
  named,
  newAccessKeyDocument,
  projectDocument,
  type Reader,
  readMember,
  roleAssignmentDocument,
  userDocument,
} from "./iam-documents.ts";
import type {
  AccessKeyDocument,
  CreateProjectBody,
  CreateUserBody,
  NewAccessKeyDocument,
  ProjectDocument,
  RoleAssignmentDocument,
  RoleGrant,
  UpdateProjectBody,
  UpdateUserBody,
  UserDocument,
} from "./iam-types.ts";
import { connectToIam, type IamConnection } from "./login.ts";
import { queryText } from "./query-text.ts";

export interface ConnectIamOptions extends ConnectLimits {
  readonly credentials: IamCredentials;
}

/**
 * Logs in, and answers a client of the server's IAM.
 *
 * @throws ApiError status 401 where the credentials are not accepted.
 * @throws ConnectionError where the server cannot be reached.
 */
export async function connectIam({
  credentials,
  timeoutMs = defaultTimeoutMs,
  signal,
}: ConnectIamOptions): Promise<IamClient> {
  return new IamClient(await connectToIam(credentials, { timeoutMs, signal }));
}

/**
 * Looks after users, projects, roles and access keys. Made by `connectIam`.
 *
 * An administrator, who has the role admin in the domain, may do everything in it; everybody else may see themselves
 * and their projects, change their own password, and look after their own access keys. Every call throws ApiError
 * where the server refuses it: 403 whoever may not, 404 for what does not exist, 409 for a name that is taken, and for
 * what would leave the domain without an administrator. Else as the calls of TaskCenterClient do.
 */
export class IamClient {
  readonly #iam: IamConnection;

  constructor(iam: IamConnection) {
    this.#iam = iam;
  }

  /** The server's address. */
  get server(): string {
    return this.#iam.server;
  }

  /** Answers the users by name; only the one of that name where one is given. */
  async listUsers(
    query: { readonly name?: string | undefined } = {},
    options: CallOptions = {},
  ): Promise<readonly UserDocument[]> {
    return this.#read(`/v3/users${queryText(query)}`, "users", listOf(userDocument), options);
  }

  async getUser(id: string, options: CallOptions = {}): Promise<UserDocument> {
    return this.#read(`/v3/users/${segment(id)}`, "user", userDocument, options);
  }

  /** Answers whoever has connected. @throws AccessError for a temporary access key, which does not tell its user. */
  async getOwnUser(options: CallOptions = {}): Promise<UserDocument> {
    return this.getUser(await this.#iam.ownUserId(options.signal), options);
  }

  async createUser(user: CreateUserBody, options: CallOptions = {}): Promise<UserDocument> {
    const answer = await this.#change({ method: "POST", path: "/v3/users", body: { user } }, options);
    return this.#documentIn(answer, "user", userDocument);
  }

  async updateUser(id: string, user: UpdateUserBody, options: CallOptions = {}): Promise<UserDocument> {
    const path = `/v3/users/${segment(id)}`;
    const answer = await this.#change({ method: "PATCH", path, body: { user } }, options);
    return this.#documentIn(answer, "user", userDocument);
  }

  /** Deletes a user with their roles and access keys. What they did stays in the tasks' history. */
  async deleteUser(id: string, options: CallOptions = {}): Promise<void> {
    await this.#change({ method: "DELETE", path: `/v3/users/${segment(id)}` }, options);
  }

  /**
   * Changes the password of whoever has connected, and ends all their tokens; a client that logs in with a password
   * goes on with the new one.
   *
   * @throws WrongPasswordError where the original password is wrong.
   * @throws AccessError for a temporary access key, which does not tell its user.
   */
  async changeOwnPassword(
    passwords: { readonly original: string; readonly password: string },
    options: CallOptions = {},
  ): Promise<void> {
    // Whoever is refused as such is refused here, or logs in again: what follows is about the password alone.
    const { id } = await this.getOwnUser(options);
    const { original, password } = passwords;
    try {
      await this.#iam.connection.callOnce({
        method: "POST",
        path: `/v3/users/${segment(id)}/password`,
        body: { user: { original_password: original, password } },
        repeatable: false,
        signal: options.signal,
      });
    } catch (error) {
      throw error instanceof ApiError && error.status === 401 ? new WrongPasswordError(error) : error;
    }
    this.#iam.goOnWith(password);
  }

  /** Answers the projects by name, all of the domain or the caller's own; only the one of that name if one is given. */
  async listProjects(
    query: { readonly name?: string | undefined } = {},
    options: CallOptions = {},
  ): Promise<readonly ProjectDocument[]> {
    return this.#read(`/v3/projects${queryText(query)}`, "projects", listOf(projectDocument), options);
  }

  async getProject(id: string, options: CallOptions = {}): Promise<ProjectDocument> {
    return this.#read(`/v3/projects/${segment(id)}`, "project", projectDocument, options);
  }

  async createProject(project: CreateProjectBody, options: CallOptions = {}): Promise<ProjectDocument> {
    const answer = await this.#change({ method: "POST", path: "/v3/projects", body: { project } }, options);
    return this.#documentIn(answer, "project", projectDocument);
  }

  async updateProject(
    id: string,
    project: UpdateProjectBody,
    options: CallOptions = {},
  ): Promise<ProjectDocument> {
    const path = `/v3/projects/${segment(id)}`;
    const answer = await this.#change({ method: "PATCH", path, body: { project } }, options);
    return this.#documentIn(answer, "project", projectDocument);
  }

  /** Deletes a project. @throws ApiError status 409 while it has tasks: they are the record, and are kept. */
  async deleteProject(id: string, options: CallOptions = {}): Promise<void> {
    await this.#change({ method: "DELETE", path: `/v3/projects/${segment(id)}` }, options);
  }

  /** Gives a role to a user, who may have it already. */
  async grantRole(grant: RoleGrant, options: CallOptions = {}): Promise<void> {
    await this.#change({ method: "PUT", path: await this.#pathOf(grant, options) }, options);
  }

  /** Takes a role away. @throws ApiError status 404 where the user does not have it. */
  async revokeRole(grant: RoleGrant, options: CallOptions = {}): Promise<void> {
    await this.#change({ method: "DELETE", path: await this.#pathOf(grant, options) }, options);
  }

  /** Answers who holds which roles where. */
  async listRoleAssignments(
    query: { readonly userId?: string | undefined; readonly projectId?: string | undefined } = {},
    options: CallOptions = {},
  ): Promise<readonly RoleAssignmentDocument[]> {
    const { userId, projectId } = query;
    const filter = queryText({ include_names: "1", "user.id": userId, "scope.project.id": projectId });
    const path = `/v3/role_assignments${filter}`;
    return this.#read(path, "role_assignments", listOf(roleAssignmentDocument), options);
  }

  /** Answers the access keys of a user, or one's own, oldest first. */
  async listAccessKeys(
    query: { readonly userId?: string | undefined } = {},
    options: CallOptions = {},
  ): Promise<readonly AccessKeyDocument[]> {
    const path = `${accessKeysPath}${queryText({ user_id: query.userId })}`;
    return this.#read(path, "credentials", listOf(accessKeyDocument), options);
  }

  /** Makes an access key for a user, or for oneself. Its secret key is answered this once. */
  async createAccessKey(
    key: { readonly userId?: string | undefined; readonly description?: string | undefined } = {},
    options: CallOptions = {},
  ): Promise<NewAccessKeyDocument> {
    const body = { credential: { user_id: key.userId, description: key.description } };
    const answer = await this.#change({ method: "POST", path: accessKeysPath, body }, options);
    return this.#documentIn(answer, "credential", newAccessKeyDocument);
  }

  /** Deletes an access key, by its public half: what is signed with it is refused at once. */
  async deleteAccessKey(access: string, options: CallOptions = {}): Promise<void> {
    await this.#change({ method: "DELETE", path: `${accessKeysPath}/${segment(access)}` }, options);
  }

  async #read<T>(path: string, key: string, reader: Reader<T>, { signal }: CallOptions): Promise<T> {
    return this.#documentIn(await this.#iam.connection.read(path, { signal }), key, reader);
  }

  #documentIn<T>({ body }: HttpAnswer, key: string, reader: Reader<T>): T {
    return readMember(body, key, reader, this.server);
  }

  /** Nothing here is sent twice by itself: a second answer would say that there is such a user, or no such key. */
  #change(call: Pick<Call, "method" | "path" | "body">, { signal }: CallOptions): Promise<HttpAnswer> {
    return this.#iam.connection.call({ ...call, repeatable: false, signal });
  }

  /** Keystone's calls name a role by its id. */
  async #pathOf({ userId, role, scope }: RoleGrant, options: CallOptions): Promise<string> {
    const roles = await this.#read("/v3/roles", "roles", listOf(named), options);
    const roleId = roles.find(({ name }) => name === role)?.id;
    if (roleId === undefined) throw new ConnectionError(`the server knows no role ${role}`);
    const place =
      "projectId" in scope ? `projects/${segment(scope.projectId)}` : `domains/${segment(scope.domainId)}`;
    return `/v3/${place}/users/${segment(userId)}/roles/${roleId}`;
  }
}

/** An id within a path. Nothing has one that is no segment of a path of its own. */
function segment(id: string): string {
  if (["", ".", ".."].includes(id)) throw notFound("not-found", "There is nothing with this id.");
  return encodeURIComponent(id);
}
