import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { Clock } from "../../task/clock.ts";
import {
  expiredTokenMemoryMs,
  type FirstIdentity,
  type IdentityStore,
  type Project,
  type Reference,
  type RoleName,
  roleNames,
  type TokenScope,
  type TokenView,
  type User,
  type UserRecord,
} from "../store.ts";
import { rememberAnswers } from "./remembered-answers.ts";
import type { Session } from "./session.ts";
import { prepare } from "./statements.ts";

/** How many tokens past their time are forgotten with each new one: more than one, so that they become fewer. */
const forgottenPerToken = 4;

type DomainRow = readonly [id: string, name: string];
type ProjectRow = readonly [...DomainRow, domainId: string, domainName: string];
type UserRow = readonly [...ProjectRow, enabled: number];
type UserRecordRow = readonly [...UserRow, passwordHash: string];
type RoleRow = readonly [role: RoleName];
type TokenRow = readonly [
  scopeKind: TokenScope["kind"],
  scopeId: string,
  scopeName: string,
  projectDomainId: string,
  projectDomainName: string,
  roles: string,
  methods: string,
  issuedAtMs: number,
  expiresAtMs: number,
  ...UserRow,
];

const selectDomain = "SELECT domain.id, domain.name FROM domain";
const selectProject = `SELECT project.id, project.name, domain.id, domain.name
  FROM project JOIN domain ON domain.id = project.domain_id`;
const selectUser = `SELECT user_account.id, user_account.name, domain.id, domain.name,
    user_account.enabled, user_account.password_hash
  FROM user_account JOIN domain ON domain.id = user_account.domain_id`;

/** A token, its user, its scope and the user's roles there, in one look-up by primary keys: every request asks this. */
const selectToken = `SELECT
    CASE WHEN token.project_id IS NULL THEN 'domain' ELSE 'project' END,
    coalesce(token.project_id, token.domain_id),
    coalesce(project.name, scope_domain.name),
    project_domain.id, project_domain.name,
    coalesce(
      (SELECT group_concat(role) FROM project_role
       WHERE project_role.user_id = token.user_id AND project_role.project_id = token.project_id),
      (SELECT group_concat(role) FROM domain_role
       WHERE domain_role.user_id = token.user_id AND domain_role.domain_id = token.domain_id),
      ''
    ),
    token.methods, token.issued_at_ms, token.expires_at_ms,
    user_account.id, user_account.name, user_domain.id, user_domain.name, user_account.enabled
  FROM token
  JOIN user_account ON user_account.id = token.user_id
  JOIN domain AS user_domain ON user_domain.id = user_account.domain_id
  LEFT JOIN project ON project.id = token.project_id
  LEFT JOIN domain AS project_domain ON project_domain.id = project.domain_id
  LEFT JOIN domain AS scope_domain ON scope_domain.id = token.domain_id
  WHERE token.hash = ?`;

/** The users, projects, roles and tokens of an open store. */
export function createIdentityStore(database: DatabaseSync, session: Session, clock: Clock): IdentityStore {
  const hasUser = prepare(database, "SELECT 1 FROM user_account LIMIT 1");
  const insertDomain = prepare(database, "INSERT INTO domain (id, name) VALUES (?, ?)");
  const insertProject = prepare(database, "INSERT INTO project (id, name, domain_id) VALUES (?, ?, ?)");
  const insertUser = prepare(
    database,
    "INSERT INTO user_account (id, name, domain_id, enabled, password_hash) VALUES (?, ?, ?, ?, ?)",
  );
  const insertProjectRole = prepare(
    database,
    "INSERT INTO project_role (user_id, project_id, role) VALUES (?, ?, ?)",
  );
  const insertDomainRole = prepare(
    database,
    "INSERT INTO domain_role (user_id, domain_id, role) VALUES (?, ?, ?)",
  );

  const findUser = prepareFind<UserRecordRow>(database, selectUser, "user_account");
  const findProject = prepareFind<ProjectRow>(database, selectProject, "project");
  const findDomainById = prepare<DomainRow>(database, `${selectDomain} WHERE domain.id = ?`);
  const findDomainByName = prepare<DomainRow>(database, `${selectDomain} WHERE domain.name = ?`);
  const listProjectsOfUser = prepare<ProjectRow>(
    database,
    `${selectProject}
     WHERE project.id IN (SELECT project_id FROM project_role WHERE user_id = ?)
     ORDER BY project.name, project.id`,
  );
  const listProjectIds = prepare<[id: string]>(database, "SELECT id FROM project ORDER BY id");
  const listProjectRoles = prepare<RoleRow>(
    database,
    "SELECT role FROM project_role WHERE user_id = ? AND project_id = ?",
  );
  const listDomainRoles = prepare<RoleRow>(
    database,
    "SELECT role FROM domain_role WHERE user_id = ? AND domain_id = ?",
  );

  const insertToken = prepare(
    database,
    `INSERT INTO token (hash, user_id, project_id, domain_id, methods, issued_at_ms, expires_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const forgetTokens = prepare(
    database,
    `DELETE FROM token WHERE hash IN (
       SELECT hash FROM token WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ${forgottenPerToken}
     )`,
  );
  const findToken = prepare<TokenRow>(database, selectToken);
  const rememberToken = rememberAnswers<TokenView | undefined>(session);
  const deleteToken = prepare(database, "DELETE FROM token WHERE hash = ?");

  function recordFirst({ domain, project, user }: FirstIdentity): boolean {
    if (hasUser.get() !== undefined) return false;
    insertDomain.run(domain.id, domain.name);
    insertProject.run(project.id, project.name, project.domain.id);
    insertUser.run(user.id, user.name, user.domain.id, Number(user.enabled), user.passwordHash);
    insertProjectRole.run(user.id, project.id, "admin");
    insertDomainRole.run(user.id, domain.id, "admin");
    return true;
  }

  return {
    createFirstIdentity: (identity) => session.write(() => recordFirst(identity)),

    findUser: async (reference) => session.read(() => mapRow(findUser(reference), userRecordOfRow)),

    findProject: async (reference) => session.read(() => mapRow(findProject(reference), projectOfRow)),

    findDomain: async (reference) =>
      session.read(() => {
        const row =
          "id" in reference ? findDomainById.get(reference.id) : findDomainByName.get(reference.name);
        return mapRow(row, ([id, name]) => ({ id, name }));
      }),

    listProjectsOfUser: async (userId) =>
      session.read(() => listProjectsOfUser.all(userId).map(projectOfRow)),

    listProjectIds: async () => session.read(() => listProjectIds.all().map(([id]) => id)),

    listRoles: async (userId, scope) =>
      session.read(() => {
        const rows =
          scope.kind === "project"
            ? listProjectRoles.all(userId, scope.projectId)
            : listDomainRoles.all(userId, scope.domainId);
        return inOrder(rows.map(([role]) => role));
      }),

    createToken: ({ hash, userId, scope, methods, issuedAtMs, expiresAtMs }) =>
      session.write(() => {
        forgetTokens.run(clock() - expiredTokenMemoryMs);
        const projectId = scope.kind === "project" ? scope.projectId : null;
        const domainId = scope.kind === "domain" ? scope.domainId : null;
        insertToken.run(hash, userId, projectId, domainId, JSON.stringify(methods), issuedAtMs, expiresAtMs);
      }),

    // Asked with every request. A change of a role, a user or a token is a change of the store like any other.
    findToken: async (hash) =>
      session.read(() =>
        rememberToken(hash, () => mapRow(findToken.get(hash), (row) => tokenOfRow(hash, row))),
      ),

    revokeToken: (hash) => session.write(() => deleteToken.run(hash).changes === 1),
  };
}

/** Prepares the look-up of a user or project by what names it. */
function prepareFind<Row extends readonly SQLOutputValue[]>(
  database: DatabaseSync,
  select: string,
  table: string,
): (reference: Reference) => Row | undefined {
  const byId = prepare<Row>(database, `${select} WHERE ${table}.id = ?`);
  const byName = prepare<Row>(database, `${select} WHERE domain.id = ? AND ${table}.name = ?`);
  const byNames = prepare<Row>(database, `${select} WHERE domain.name = ? AND ${table}.name = ?`);
  return (reference) => {
    if ("id" in reference) return byId.get(reference.id);
    const { name, domain } = reference;
    return "id" in domain ? byName.get(domain.id, name) : byNames.get(domain.name, name);
  };
}

function mapRow<Row, T>(row: Row | undefined, read: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : read(row);
}

function projectOfRow([id, name, domainId, domainName]: ProjectRow): Project {
  return { id, name, domain: { id: domainId, name: domainName } };
}

function userRecordOfRow([id, name, domainId, domainName, enabled, passwordHash]: UserRecordRow): UserRecord {
  return { ...userOfRow([id, name, domainId, domainName, enabled]), passwordHash };
}

function userOfRow([id, name, domainId, domainName, enabled]: UserRow): User {
  return { id, name, domain: { id: domainId, name: domainName }, enabled: enabled === 1 };
}

function tokenOfRow(hash: string, row: TokenRow): TokenView {
  const [scopeKind, scopeId, scopeName, projectDomainId, projectDomainName, ...others] = row;
  const [roles, methods, issuedAtMs, expiresAtMs, ...userRow] = others;
  const user = userOfRow(userRow);
  const token = { hash, userId: user.id, methods: JSON.parse(methods), issuedAtMs, expiresAtMs };
  const bearer = { user, roles: inOrder(roles.split(",")) };
  if (scopeKind === "domain") {
    return {
      ...bearer,
      token: { ...token, scope: { kind: "domain", domainId: scopeId } },
      project: undefined,
      domain: { id: scopeId, name: scopeName },
    };
  }
  return {
    ...bearer,
    token: { ...token, scope: { kind: "project", projectId: scopeId } },
    project: projectOfRow([scopeId, scopeName, projectDomainId, projectDomainName]),
    domain: undefined,
  };
}

function inOrder(roles: readonly string[]): readonly RoleName[] {
  return roleNames.filter((role) => roles.includes(role));
}
