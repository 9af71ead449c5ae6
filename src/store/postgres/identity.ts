import type { Clock } from "../../task/clock.ts";
import type { FirstIdentity, IdentityStore } from "../store.ts";
import {
  countAccessKeysSealedOtherwise,
  createLastingKey,
  createTemporaryKey,
  deleteAccessKey,
  findAccessKey,
  listAccessKeys,
} from "./access-keys.ts";
import { findDomain } from "./domains.ts";
import {
  createProject,
  deleteProject,
  findProject,
  forgetCreations,
  listDeletedProjectIds,
  listProjectIds,
  listProjects,
  listProjectsOfUser,
  updateProject,
} from "./projects.ts";
import { listRoleAssignments } from "./role-assignments.ts";
import { grantRole, revokeRole } from "./roles.ts";
import { type Query, type Session, type Statement, statement } from "./session.ts";
import { findStanding } from "./standing.ts";
import { createToken, findToken, revokeToken } from "./tokens.ts";
import { createUser, deleteUser, findUser, listUsers, updateUser } from "./users.ts";

/**
 * Users, projects and roles are changed by one server at a time, which waits for the tokens and keys that are being
 * recorded, and lets none begin: these share the lock, and stand on users, projects and roles as the last change left
 * them. It is a statement of its own, since a statement sees what was there when it began. "identity" in ASCII.
 */
const alone = statement("SELECT pg_advisory_xact_lock(7594306396727374969)");
const together = statement("SELECT pg_advisory_xact_lock_shared(7594306396727374969)");

/** Records the first domain where there is no user yet. */
const insertFirstDomain = statement<[id: string]>(
  `INSERT INTO domain (id, name) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM user_account) RETURNING id`,
);

/**
 * The users, projects, roles, tokens and access keys of a database. What a request asks is one statement each time, and
 * nothing is remembered: another server may have taken it away since.
 */
export function createIdentityStore(session: Session, clock: Clock): IdentityStore {
  const query = answeringUnwritable(session.query);

  /** Makes a change behind a lock, which travels with its first statement. */
  function change<T>(lock: Statement, make: (query: Query) => Promise<T>): Promise<T> {
    return session.transaction(async (bare) => {
      const [, result] = await Promise.all([bare(lock), make(answeringUnwritable(bare))]);
      return result;
    });
  }

  return {
    createFirstIdentity: (identity) => change(alone, (query) => createFirstIdentity(query, identity)),

    findDomain: (reference) => findDomain(query, reference),

    findUser: (reference) => findUser(query, reference),
    listUsers: (filter) => listUsers(query, filter),
    createUser: (user) => change(alone, (query) => createUser(query, user)),
    updateUser: (id, facts, condition) =>
      change(alone, (query) => updateUser(query, { id, change: facts, condition })),
    deleteUser: (id) => change(alone, (query) => deleteUser(query, id)),

    findProject: (reference) => findProject(query, reference),
    listProjects: (filter) => listProjects(query, filter),
    listProjectsOfUser: (userId) => listProjectsOfUser(query, userId),
    listProjectIds: () => listProjectIds(query),
    createProject: (project) => change(alone, (query) => createProject(query, project)),
    updateProject: (id, facts) => change(alone, (query) => updateProject(query, id, facts)),
    deleteProject: (id) => change(alone, (query) => deleteProject(query, id)),
    listDeletedProjectIds: () => listDeletedProjectIds(query),
    forgetCreations: (keys) => forgetCreations(query, keys),

    findStanding: (userId, scope) => findStanding(query, userId, scope),
    listRoleAssignments: (filter) => listRoleAssignments(query, filter),
    grantRole: (grant) => change(alone, (query) => grantRole(query, grant)),
    revokeRole: (grant) => change(alone, (query) => revokeRole(query, grant)),

    createToken: (token) => change(together, (query) => createToken(query, token, clock())),
    findToken: (hash) => findToken(query, hash),
    revokeToken: (hash) => session.transaction((query) => revokeToken(answeringUnwritable(query), hash)),

    createAccessKey: (key) => {
      const { temporary } = key;
      // Those that stay are counted, and rare.
      return temporary === undefined
        ? change(alone, (query) => createLastingKey(query, key, clock()))
        : change(together, (query) => createTemporaryKey(query, key, temporary.madeWith, clock()));
    },
    findAccessKey: (access) => findAccessKey(query, access),
    listAccessKeys: (userId) => listAccessKeys(query, userId),
    deleteAccessKey: (access) =>
      session.transaction((query) => deleteAccessKey(answeringUnwritable(query), access)),
    countAccessKeysSealedOtherwise: (prefix) => countAccessKeysSealedOtherwise(query, prefix),
  };
}

async function createFirstIdentity(query: Query, { domain, project, user }: FirstIdentity): Promise<boolean> {
  const recorded = await query(insertFirstDomain, [domain.id, domain.name]);
  if (recorded.length === 0) return false;
  await createProject(query, project);
  await createUser(query, user);
  const role = "admin";
  await grantRole(query, { userId: user.id, scope: { kind: "project", projectId: project.id }, role });
  await grantRole(query, { userId: user.id, scope: { kind: "domain", domainId: domain.id }, role });
  return true;
}

/**
 * Answers no rows where a text has a U+0000, which no text of the database has: callers name users, projects and keys as
 * they like. What is to be recorded has none.
 */
function answeringUnwritable(query: Query): Query {
  return async (asked, values = []) =>
    values.some((value) => typeof value === "string" && value.includes("\u0000")) ? [] : query(asked, values);
}
