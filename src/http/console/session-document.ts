import { zoneText } from "../../dialects/time.ts";
import type { Administration } from "../../identity/administration.ts";
import { type Caller, permissionsOf } from "../../identity/identity.ts";
import type { RoleName } from "../../store/store.ts";
import { csrfTokenOf } from "./csrf.ts";

/** What the console says of the server that it belongs to. */
export interface ConsoleSite {
  readonly version: string;
  readonly region: string;
  readonly utcOffsetMinutes: number;
  readonly publicUrl: () => string;
}

/**
 * What the console's page is told of its session: who is signed in, what they may do in which project, and where the
 * server is found by other means. Never the token itself: that is in the cookie alone, where no script gets at it.
 */
export async function sessionDocument(
  session: { readonly token: string; readonly caller: Caller; readonly expiresAtMs: number },
  { administration, site }: { readonly administration: Administration; readonly site: ConsoleSite },
) {
  const { principal } = session.caller;
  const { id, name, domain } = principal.user;
  const [projects, held] = await Promise.all([
    administration.listProjectsOf(principal, id),
    administration.listRoleAssignments(principal, { userId: id }),
  ]);
  const rolesIn = (projectId: string): readonly RoleName[] =>
    held.filter(({ project }) => project?.id === projectId).map(({ role }) => role);
  return {
    user: { id, name, domain: { id: domain.id, name: domain.name } },
    projects: projects.map(({ id, name, description }) => {
      const roles = rolesIn(id);
      return { id, name, description, roles, permissions: permissionsOf(roles) };
    }),
    expires_at: new Date(session.expiresAtMs).toISOString(),
    csrf_token: csrfTokenOf(session.token),
    server: {
      version: site.version,
      region: site.region,
      utc_offset: zoneText(site.utcOffsetMinutes),
      public_url: site.publicUrl(),
    },
  };
}
