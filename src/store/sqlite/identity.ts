import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import type {
  AccessKeyRecord,
  FirstIdentity,
  IdentityStore,
  RoleGrant,
  Scope,
  Standing,
  TokenRecord,
  TokenView,
} from "../store.ts";
import { prepareAccessKeys } from "./access-keys.ts";
import { prepareDomains } from "./domains.ts";
import { prepareRevocations } from "./expiring.ts";
import { prepareProjects } from "./projects.ts";
import { rememberAnswers } from "./remembered-answers.ts";
import { prepareRoleAssignments } from "./role-assignments.ts";
import { prepareRoles } from "./roles.ts";
import type { Session } from "./session.ts";
import { prepareTokens } from "./tokens.ts";
import { prepareUsers } from "./users.ts";

/** The users, projects, roles, tokens and access keys of an open store. */
export function createIdentityStore(database: DatabaseSync, session: Session, clock: Clock): IdentityStore {
  const revocations = prepareRevocations(database);
  const domains = prepareDomains(database);
  const roles = prepareRoles(database, revocations);
  const users = prepareUsers(database, revocations, roles);
  const projects = prepareProjects(database, revocations);
  const listRoleAssignments = prepareRoleAssignments(database);
  const tokens = prepareTokens(database, clock);
  const accessKeys = prepareAccessKeys(database, clock);

  // What every request asks. A change of a user, a role or a key is a change of the store like any other.
  const rememberStanding = rememberAnswers<Standing | undefined>(session);
  const rememberToken = rememberAnswers<TokenView | undefined>(session);
  const rememberAccessKey = rememberAnswers<AccessKeyRecord | undefined>(session);

  function recordFirst({ domain, project, user }: FirstIdentity): boolean {
    if (users.any()) return false;
    domains.insert(domain);
    projects.create(project);
    users.create(user);
    roles.grant({ userId: user.id, scope: { kind: "project", projectId: project.id }, role: "admin" });
    roles.grant({ userId: user.id, scope: { kind: "domain", domainId: domain.id }, role: "admin" });
    return true;
  }

  /** A few look-ups by primary keys. */
  function readStanding(userId: string, scope: Scope): Standing | undefined {
    const user = users.read(userId);
    if (user === undefined) return undefined;
    const ownDomain = { kind: "domain", domainId: user.domain.id } as const;
    return {
      user,
      project: scope.kind === "project" ? projects.find({ id: scope.projectId }) : undefined,
      domain: scope.kind === "domain" ? domains.find({ id: scope.domainId }) : undefined,
      roles: roles.read(userId, scope),
      administers: roles.read(userId, ownDomain).includes("admin"),
    };
  }

  function readToken(hash: string): TokenView | undefined {
    const token = tokens.find(hash);
    const standing = token && readStanding(token.userId, token.scope);
    return standing && { ...standing, token };
  }

  /** Whether there is such a user, and such a project or domain. */
  function exist({ userId, scope }: Pick<RoleGrant, "userId" | "scope">): boolean {
    const standing = readStanding(userId, scope);
    return standing?.project !== undefined || standing?.domain !== undefined;
  }

  function grantRole(grant: RoleGrant): boolean {
    if (!exist(grant)) return false;
    roles.grant(grant);
    return true;
  }

  function createToken(token: TokenRecord): boolean {
    if (!exist(token)) return false;
    tokens.create(token);
    return true;
  }

  function createAccessKey(key: AccessKeyRecord): boolean {
    const { userId, temporary } = key;
    const isFounded =
      temporary === undefined
        ? users.read(userId) !== undefined
        : exist({ userId, scope: temporary.scope }) &&
          (tokens.find(temporary.madeWith) ?? accessKeys.find(temporary.madeWith)) !== undefined;
    if (isFounded) accessKeys.create(key);
    return isFounded;
  }

  function revokeToken(hash: string): boolean {
    accessKeys.deleteMadeWith(hash);
    return tokens.delete(hash);
  }

  function deleteAccessKey(access: string): boolean {
    accessKeys.deleteMadeWith(access);
    return accessKeys.delete(access);
  }

  return {
    createFirstIdentity: (identity) => session.write(() => recordFirst(identity)),

    findDomain: async (reference) => session.read(() => domains.find(reference)),

    findUser: async (reference) => session.read(() => users.find(reference)),
    listUsers: async (query) => session.read(() => users.list(query)),
    createUser: (user) => session.write(() => users.create(user)),
    updateUser: (id, change, condition) => session.write(() => users.update(id, change, condition)),
    deleteUser: (id) => session.write(() => users.delete(id)),

    findProject: async (reference) => session.read(() => projects.find(reference)),
    listProjects: async (query) => session.read(() => projects.list(query)),
    listProjectsOfUser: async (userId) => session.read(() => projects.listOfUser(userId)),
    listProjectIds: async () => session.read(() => projects.listIds()),
    createProject: (project) => session.write(() => projects.create(project)),
    updateProject: (id, change) => session.write(() => projects.update(id, change)),
    deleteProject: (id) => session.write(() => projects.delete(id)),
    listDeletedProjectIds: async () => session.read(() => projects.listDeletedIds()),
    forgetCreations: (keys) => session.write(() => projects.forgetCreations(keys)),

    findStanding: async (userId, scope) =>
      session.read(() =>
        rememberStanding(JSON.stringify([userId, scope]), () => readStanding(userId, scope)),
      ),
    listRoleAssignments: async (filter) => session.read(() => listRoleAssignments(filter)),
    grantRole: (grant) => session.write(() => grantRole(grant)),
    revokeRole: (grant) => session.write(() => roles.revoke(grant)),

    createToken: (token) => session.write(() => createToken(token)),
    findToken: async (hash) => session.read(() => rememberToken(hash, () => readToken(hash))),
    revokeToken: (hash) => session.write(() => revokeToken(hash)),

    createAccessKey: (key) => session.write(() => createAccessKey(key)),
    findAccessKey: async (access) =>
      session.read(() => rememberAccessKey(access, () => accessKeys.find(access))),
    listAccessKeys: async (userId) => session.read(() => accessKeys.list(userId)),
    deleteAccessKey: (access) => session.write(() => deleteAccessKey(access)),
    countAccessKeysSealedOtherwise: async (prefix) =>
      session.read(() => accessKeys.countSealedOtherwise(prefix)),
  };
}
