import type { Authenticated } from "../identity/identity.ts";
import type { Domain, Project } from "../store/store.ts";
import type { CatalogEntry } from "./catalog.ts";
import { stableId } from "./stable-id.ts";

/** What IAM answers: Keystone's documents, member by member. */

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
      roles: roles.map((name) => ({ id: stableId("role", name), name })),
      ...(catalog && { catalog }),
    },
  };
}

/** One project in a list. A project of ours hangs directly under its domain. */
export function projectDocument({ id, name, domain }: Project, publicUrl: string) {
  return {
    id,
    name,
    domain_id: domain.id,
    description: "",
    enabled: true,
    parent_id: domain.id,
    is_domain: false,
    tags: [],
    links: { self: `${publicUrl}/v3/projects/${id}` },
  };
}

function namedProject({ id, name, domain }: Project) {
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
