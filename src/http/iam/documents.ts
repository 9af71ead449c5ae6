import type { AccessKey, NewAccessKey, NewTemporaryKey } from "../../identity/administration.ts";
import type { Authenticated } from "../../identity/identity.ts";
import type { Domain, Project, RoleAssignment, RoleName, User } from "../../store/store.ts";
import type { CatalogEntry } from "./catalog.ts";
import { stableId } from "./stable-id.ts";

/** What IAM answers: Keystone's documents, member by member. What a thing of ours never has is empty in them. */

/** What `/` and `/v3` say of the API. The slash at the end of its address is Keystone's. */
export function versionDocument(publicUrl: string) {
  return {
    id: "v3.14",
    status: "stable",
    updated: "2020-04-07T00:00:00Z",
    links: [{ rel: "self", href: `${publicUrl}/v3/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
  };
}

/** A token and its bearer; never the token itself, which stands in a header. */
export function tokenDocument(
  token: string,
  { principal, methods, issuedAtMs, expiresAtMs }: Authenticated,
  catalog: readonly CatalogEntry[] | undefined,
) {
  const { user, project, domain, roles } = principal;
  return {
    token: {
      methods,
      user: { domain: namedDomain(user.domain), id: user.id, name: user.name, password_expires_at: null },
      audit_ids: [auditId(token)],
      expires_at: keystoneTime(expiresAtMs),
      issued_at: keystoneTime(issuedAtMs),
      ...(project && { project: namedProject(project), is_domain: false }),
      ...(domain && { domain: namedDomain(domain) }),
      roles: roles.map(namedRole),
      ...(catalog && { catalog }),
    },
  };
}

export function domainDocument({ id, name }: Domain, publicUrl: string) {
  return {
    id,
    name,
    description: "",
    enabled: true,
    options: {},
    tags: [],
    links: { self: `${publicUrl}/v3/domains/${id}` },
  };
}

/** A project of ours hangs directly under its domain. */
export function projectDocument({ id, name, domain, description, enabled }: Project, publicUrl: string) {
  return {
    id,
    name,
    domain_id: domain.id,
    description,
    enabled,
    parent_id: domain.id,
    is_domain: false,
    options: {},
    tags: [],
    links: { self: `${publicUrl}/v3/projects/${id}` },
  };
}

export function userDocument({ id, name, domain, description, email, enabled }: User, publicUrl: string) {
  return {
    id,
    name,
    domain_id: domain.id,
    enabled,
    description,
    email,
    password_expires_at: null,
    options: {},
    links: { self: `${publicUrl}/v3/users/${id}` },
  };
}

/** A role belongs to no domain: every domain has the same ones. */
export function roleDocument(name: RoleName, publicUrl: string) {
  const { id } = namedRole(name);
  return {
    id,
    name,
    domain_id: null,
    description: "",
    options: {},
    links: { self: `${publicUrl}/v3/roles/${id}` },
  };
}

/** Who holds a role where: by ids, or by ids and names. */
export function roleAssignmentDocument(
  { user, project, domain, role }: RoleAssignment,
  { publicUrl, withNames }: { readonly publicUrl: string; readonly withNames: boolean },
) {
  const shown = <Named extends { readonly id: string }>(thing: Named) =>
    withNames ? thing : { id: thing.id };
  const place = project === undefined ? `domains/${domain?.id}` : `projects/${project.id}`;
  return {
    role: shown(namedRole(role)),
    user: shown({ id: user.id, name: user.name, domain: namedDomain(user.domain) }),
    scope: {
      ...(project && { project: shown(namedProject(project)) }),
      ...(domain && { domain: shown(namedDomain(domain)) }),
    },
    links: { assignment: `${publicUrl}/v3/${place}/users/${user.id}/roles/${roleId(role)}` },
  };
}

/** An access key, without its secret key. The clouds call it a credential; every one of ours is active. */
export function credentialDocument({ access, userId, description, createdAtMs }: AccessKey) {
  return {
    access,
    user_id: userId,
    description,
    create_time: keystoneTime(createdAtMs),
    status: "active",
  };
}

/** An access key with its secret key, which is shown only here. */
export function newCredentialDocument(key: NewAccessKey) {
  return { ...credentialDocument(key), secret: key.secret };
}

export function temporaryCredentialDocument({ access, secret, securityToken, expiresAtMs }: NewTemporaryKey) {
  return { access, secret, securitytoken: securityToken, expires_at: keystoneTime(expiresAtMs) };
}

/** The id under which Keystone's calls know a role. */
export function roleId(name: RoleName): string {
  return stableId("role", name);
}

function namedRole(name: RoleName) {
  return { id: roleId(name), name };
}

function namedProject({ id, name, domain }: Pick<Project, "id" | "name" | "domain">) {
  return { domain: namedDomain(domain), id, name };
}

function namedDomain({ id, name }: Domain) {
  return { id, name };
}

/** Names a token in logs and audits without giving it away: 22 characters, as Keystone's. */
function auditId(token: string): string {
  return Buffer.from(stableId("audit", token), "hex").toString("base64url");
}

/** RFC 3339 with microseconds, which Keystone's clients parse literally. */
function keystoneTime(atMs: number): string {
  return new Date(atMs).toISOString().replace("Z", "000Z");
}
