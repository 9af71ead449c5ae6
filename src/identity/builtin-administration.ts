import type { AccessKeyRecord, IdentityStore, Project, RoleGrant, Scope, User } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { invalidParameter, notFound, TaskCenterError } from "../task/error.ts";
import { type AccessKey, type Administration, temporaryKeySeconds } from "./administration.ts";
import { mayAdminister, type Principal } from "./identity.ts";
import { nobodysHash } from "./password.ts";
import type { PasswordGate } from "./password-gate.ts";
import { digestOf, newAccess, newId, newSecret, newToken } from "./random.ts";
import type { SecretBox } from "./secret-box.ts";

/** Looks after the users, projects, roles and access keys of our own store. */
export function builtinAdministration(deps: {
  readonly store: IdentityStore;
  readonly clock: Clock;
  readonly passwords: PasswordGate;
  readonly secrets: SecretBox;
}): Administration {
  const { store, clock, passwords, secrets } = deps;

  /** A user whom the caller may look after, or look at themselves. */
  async function findUser(by: Principal, id: string): Promise<User> {
    const user = await store.findUser({ id });
    if (user !== undefined && (user.id === by.user.id || mayAdminister(by, user.domain.id))) return user;
    throw mayAdminister(by, by.user.domain.id) ? notFound("user") : forbidden();
  }

  /** The projects in which a user has a role; by a temporary key no other than its own. */
  async function listProjectsOf(by: Principal, userId: string): Promise<readonly Project[]> {
    const { id } = await findUser(by, userId);
    const projects = await store.listProjectsOfUser(id);
    return by.temporary ? projects.filter((project) => project.id === by.project?.id) : projects;
  }

  /** A project that the caller looks after, or has a role in. */
  async function findProject(by: Principal, id: string): Promise<Project> {
    const project = mayAdminister(by, by.user.domain.id)
      ? await store.findProject({ id })
      : (await listProjectsOf(by, by.user.id)).find((own) => own.id === id);
    if (project?.domain.id === by.user.domain.id) return project;
    throw mayAdminister(by, by.user.domain.id) ? notFound("project") : forbidden();
  }

  async function findAccessKey(by: Principal, access: string): Promise<AccessKeyRecord> {
    const key = await store.findAccessKey(access);
    if (key !== undefined) {
      if (key.userId === by.user.id) return key;
      const owner = await store.findUser({ id: key.userId });
      if (owner !== undefined && mayAdminister(by, owner.domain.id)) return key;
    }
    throw mayAdminister(by, by.user.domain.id) ? notFound("access key") : forbidden();
  }

  /** An administrator's, of a user and in a scope of their own domain. */
  async function checkGrant(by: Principal, { userId, scope }: RoleGrant): Promise<void> {
    requireAdministrator(by, by.user.domain.id);
    await findUser(by, userId);
    if (scope.kind === "project") await findProject(by, scope.projectId);
    else if (scope.domainId !== by.user.domain.id) throw notFound("domain");
  }

  /**
   * Hashes a password that an administrator sets. That takes its time, in which they may have lost the right to: it is
   * asked for again, just before the password is written.
   */
  async function hashFor(by: Principal, password: string | undefined): Promise<string | undefined> {
    if (password === undefined) return undefined;
    const passwordHash = await passwords.hash(password);
    const { id, domain } = by.user;
    const now = await store.findStanding(id, { kind: "domain", domainId: domain.id });
    if (now?.user.enabled !== true || !now.administers) throw forbidden();
    return passwordHash;
  }

  return {
    async listDomains(by) {
      const own = await store.findDomain({ id: by.user.domain.id });
      return own === undefined ? [] : [own];
    },

    async getDomain(by, id) {
      const domain = await store.findDomain({ id });
      if (domain?.id === by.user.domain.id) return domain;
      throw mayAdminister(by, by.user.domain.id) ? notFound("domain") : forbidden();
    },

    async listUsers(by, { name }) {
      requireAdministrator(by, by.user.domain.id);
      return store.listUsers({ domainId: by.user.domain.id, name });
    },

    getUser: findUser,

    async createUser(by, { name, domainId, password, description, email, enabled }) {
      requireAdministrator(by, domainId ?? by.user.domain.id);
      const user = {
        id: newId(),
        name,
        domain: by.user.domain,
        description: description ?? "",
        email: email ?? "",
        enabled: enabled ?? true,
      };
      await store.createUser({ ...user, passwordHash: (await hashFor(by, password)) ?? nobodysHash });
      return user;
    },

    async updateUser(by, id, { password, ...change }) {
      const { domain } = await findUser(by, id);
      requireAdministrator(by, domain.id);
      const updated = await store.updateUser(id, { ...change, passwordHash: await hashFor(by, password) });
      if (updated === undefined) throw notFound("user");
      return updated;
    },

    async changePassword(by, id, { original, password }) {
      const user = await store.findUser({ id });
      // Only one's own: an administrator sets another's password without the old one.
      if (user === undefined || user.id !== by.user.id || by.temporary) throw forbidden();
      if (!(await passwords.verify(original, user.passwordHash))) {
        throw new TaskCenterError("unauthenticated", "The original password is not right.");
      }
      // An administrator who sets another password meanwhile, or disables the user, has the last word.
      await store.updateUser(id, { passwordHash: await passwords.hash(password) }, (current) => {
        if (!current.enabled || current.passwordHash !== user.passwordHash) throw forbidden();
      });
    },

    async deleteUser(by, id) {
      const { domain } = await findUser(by, id);
      requireAdministrator(by, domain.id);
      if (!(await store.deleteUser(id))) throw notFound("user");
    },

    async listProjects(by, { name }) {
      const domainId = by.user.domain.id;
      if (mayAdminister(by, domainId)) return store.listProjects({ domainId, name });
      const projects = await listProjectsOf(by, by.user.id);
      return projects.filter((project) => name === undefined || project.name === name);
    },

    listProjectsOf,

    getProject: findProject,

    async createProject(by, { name, domainId, description, enabled }) {
      requireAdministrator(by, domainId ?? by.user.domain.id);
      const project = {
        id: newId(),
        name,
        domain: by.user.domain,
        description: description ?? "",
        enabled: enabled ?? true,
      };
      await store.createProject(project);
      return project;
    },

    async updateProject(by, id, change) {
      const { domain } = await findProject(by, id);
      requireAdministrator(by, domain.id);
      const updated = await store.updateProject(id, change);
      if (updated === undefined) throw notFound("project");
      return updated;
    },

    async deleteProject(by, id) {
      const { domain } = await findProject(by, id);
      requireAdministrator(by, domain.id);
      if (!(await store.deleteProject(id))) throw notFound("project");
    },

    async listRoleAssignments(by, filter) {
      if (filter.userId !== by.user.id) requireAdministrator(by, by.user.domain.id);
      const assignments = await store.listRoleAssignments({ domainId: by.user.domain.id, ...filter });
      // By a temporary key no others than those of its scope.
      return by.temporary
        ? assignments.filter(
            ({ project, domain }) => project?.id === by.project?.id && domain?.id === by.domain?.id,
          )
        : assignments;
    },

    async grantRole(by, grant) {
      await checkGrant(by, grant);
      if (!(await store.grantRole(grant))) throw notFound("user, project or domain");
    },

    async revokeRole(by, grant) {
      await checkGrant(by, grant);
      if (!(await store.revokeRole(grant))) throw notFound("role assignment");
    },

    async listAccessKeys(by, userId = by.user.id) {
      await findUser(by, userId);
      return (await store.listAccessKeys(userId)).map(shown);
    },

    getAccessKey: async (by, access) => shown(await findAccessKey(by, access)),

    async createAccessKey(by, { userId = by.user.id, description = "" }) {
      if (by.temporary) throw forbidden();
      await findUser(by, userId);
      const access = newAccess();
      const secret = newSecret();
      const key = { access, userId, description, createdAtMs: clock() };
      const sealedSecret = secrets.seal(secret, access);
      const isRecorded = await store.createAccessKey({ ...key, sealedSecret, temporary: undefined });
      if (!isRecorded) throw notFound("user");
      return { ...key, secret };
    },

    async deleteAccessKey(by, access) {
      if (by.temporary) throw forbidden();
      await findAccessKey(by, access);
      if (!(await store.deleteAccessKey(access))) throw notFound("access key");
    },

    async createTemporaryKey(caller, { durationSeconds = temporaryKeySeconds.minimum }) {
      const { principal: by, proof, expiresAtMs: expiresByMs } = caller;
      if (by.temporary) throw forbidden();
      const { minimum, maximum } = temporaryKeySeconds;
      if (durationSeconds < minimum || durationSeconds > maximum) {
        throw invalidParameter(
          "auth.identity.token.duration_seconds",
          `must be ${minimum} to ${maximum} seconds`,
        );
      }
      const nowMs = clock();
      const access = newAccess();
      const secret = newSecret();
      const securityToken = newToken();
      const expiresAtMs = Math.min(nowMs + durationSeconds * 1000, expiresByMs ?? Number.POSITIVE_INFINITY);
      const isRecorded = await store.createAccessKey({
        access,
        userId: by.user.id,
        sealedSecret: secrets.seal(secret, access),
        description: "",
        createdAtMs: nowMs,
        temporary: {
          scope: scopeOf(by),
          madeWith: proof,
          securityTokenHash: digestOf(securityToken),
          expiresAtMs,
        },
      });
      if (!isRecorded) throw new TaskCenterError("unauthenticated", "decrypt token fail");
      return { access, secret, securityToken, expiresAtMs };
    },
  };
}

function requireAdministrator(by: Principal, domainId: string): void {
  if (!mayAdminister(by, domainId)) throw forbidden();
}

function scopeOf({ project, domain, user }: Principal): Scope {
  return project === undefined
    ? { kind: "domain", domainId: (domain ?? user.domain).id }
    : { kind: "project", projectId: project.id };
}

function shown({ access, userId, description, createdAtMs }: AccessKeyRecord): AccessKey {
  return { access, userId, description, createdAtMs };
}

function forbidden(): TaskCenterError {
  return new TaskCenterError("forbidden", "You are not authorized to perform the requested action.");
}
