import { type RoleName, roleNames } from "../src/store/store.ts";
import { adminPassword, projectId } from "./start-server.ts";

/** Who may make which call of the server, and what it answers to them. */

/** Who somebody is: by a role in the test's project, by the role admin in the domain, or in another project. */
export type Actor = RoleName | "administrator" | "stranger";
export const actors: readonly Actor[] = [...roleNames, "administrator", "stranger"];

/** Who is allowed. Of the others, whoever shows something good gets 403, and everybody else 401. */
export const allowed = {
  /** No proof is needed. */
  anybody: actors,
  somebody: actors,
  /** Whoever shows something that is not temporary: it would make what outlasts it. */
  lasting: actors,
  /** Whoever has any role in the project. */
  readers: roleNames,
  reporters: ["reporter", "admin"],
  operators: ["operator", "admin"],
  /** Whoever has the role admin in the domain; a role in a project does not help, nor does theirs help there. */
  administrators: ["administrator"],
  readersAndAdministrators: [...roleNames, "administrator"],
  /** Whoever shows a session of the console; for everybody else there is none. */
  sessions: actors,
  /** Only who it is about, whom none of the actors is. */
  nobodyElse: [],
} as const satisfies Record<string, readonly Actor[]>;

/** What a call is about, where it takes that away: made anew for every call. */
export type Fresh = "task" | "user" | "project" | "grantee" | "key" | "token" | "session";

export interface Row {
  readonly for: keyof typeof allowed;
  /** What it answers to whoever is allowed. */
  readonly status: number;
  readonly query?: string;
  /** An address that is the call's, where it is for more than one. */
  readonly path?: string;
  readonly fresh?: Fresh;
  /** A body that is good, so that only the right to send it is in question. */
  readonly body?: (given: { readonly token: string; readonly number: number }) => object;
}

/** The time at which the calls are made. */
export const nowMs = Date.UTC(2026, 0, 31, 8, 30);
const lastHour = `start_time=${nowMs - 60 * 60 * 1000}&end_time=${nowMs}`;

const byToken = (id?: string) => ({
  auth: { identity: { methods: ["token"], ...(id !== undefined && { token: { id } }) } },
});

const rolesIn = (place: "projects" | "domains"): Readonly<Record<string, Row>> => {
  const path = `/v3/${place}/:place_id/users/:user_id/roles`;
  return {
    [`GET ${path}`]: { for: "administrators", status: 200 },
    [`GET ${path}/:role_id`]: { for: "administrators", status: 204 },
    [`PUT ${path}/:role_id`]: { for: "administrators", status: 204 },
    [`DELETE ${path}/:role_id`]: { for: "administrators", status: 204, fresh: "grantee" },
  };
};

/** Every call of the server but for HEAD, which is as its GET. */
export const calls: Readonly<Record<string, Row>> = {
  "GET /": { for: "anybody", status: 300 },
  "GET /livez": { for: "anybody", status: 200 },
  "GET /readyz": { for: "anybody", status: 200 },
  "GET /version": { for: "anybody", status: 200 },
  "GET /metrics": { for: "anybody", status: 200 },
  "GET /openapi.json": { for: "anybody", status: 200 },
  "GET /docs": { for: "anybody", status: 302 },
  "GET /docs/*": { for: "anybody", status: 302, path: "/docs/errors" },

  "GET /ddm/v3/:project_id/jobs": { for: "readers", status: 200, query: lastHour },
  "GET /ddm/v3/:project_id/jobs/:job_id": { for: "readers", status: 200 },
  "GET /rds/v3/:project_id/tasklist": { for: "readers", status: 200 },
  "GET /rds/v3/:project_id/jobs": { for: "readers", status: 200, query: "id=:id" },
  "DELETE /rds/v3/:project_id/jobs": { for: "operators", status: 200, query: "id=:id", fresh: "task" },
  "GET /rds/v3/:project_id/instances/:instance_id/tasklist/detail": {
    for: "readers",
    status: 200,
    query: lastHour,
  },
  "GET /rds/v3/:project_id/schedule-tasks": { for: "readers", status: 200 },
  "GET /geminidb/v3/:project_id/jobs": { for: "readers", status: 200 },

  "POST /v1/:project_id/tasks": {
    for: "reporters",
    status: 201,
    body: () => ({ service: "rds", name: "BackupInstance", instance: { id: "in-1" } }),
  },
  "GET /v1/:project_id/tasks": { for: "readers", status: 200 },
  "POST /v1/:project_id/tasks::batch": { for: "reporters", status: 200 },
  "GET /v1/:project_id/tasks::stats": { for: "readers", status: 200 },
  "GET /v1/:project_id/tasks/:id": { for: "readers", status: 200 },
  "PATCH /v1/:project_id/tasks/:id": { for: "reporters", status: 200, body: () => ({}) },
  "DELETE /v1/:project_id/tasks/:id": { for: "operators", status: 204, fresh: "task" },
  "GET /v1/:project_id/tasks/:id/history": { for: "readers", status: 200 },

  "GET /console": { for: "anybody", status: 302 },
  "GET /console/*": { for: "anybody", status: 200, path: "/console/some/page" },
  "GET /console/assets/*": { for: "anybody", status: 200, path: "/console/assets/app-1a2b3c.js" },
  "POST /console/session": {
    for: "anybody",
    status: 200,
    // A login ends the session that the browser had.
    fresh: "session",
    body: () => ({ user: "admin", password: adminPassword }),
  },
  "GET /console/session": { for: "sessions", status: 200 },
  "DELETE /console/session": { for: "anybody", status: 204, fresh: "session" },

  "GET /v3": { for: "anybody", status: 200 },
  "GET /v3/": { for: "anybody", status: 200 },
  "POST /v3/auth/tokens": { for: "anybody", status: 201, body: ({ token }) => byToken(token) },
  "GET /v3/auth/tokens": { for: "somebody", status: 200, fresh: "token" },
  "DELETE /v3/auth/tokens": { for: "somebody", status: 204, fresh: "token" },
  "GET /v3/auth/catalog": { for: "somebody", status: 200 },
  "GET /v3/auth/projects": { for: "somebody", status: 200 },
  "GET /v3/auth/domains": { for: "somebody", status: 200 },
  "GET /v3/domains": { for: "somebody", status: 200 },
  "GET /v3/domains/:domain_id": { for: "somebody", status: 200 },
  "GET /v3/projects": { for: "somebody", status: 200 },
  "POST /v3/projects": {
    for: "administrators",
    status: 201,
    body: ({ number }) => ({ project: { name: `project ${number}` } }),
  },
  "GET /v3/projects/:project_id": { for: "readersAndAdministrators", status: 200 },
  "PATCH /v3/projects/:project_id": { for: "administrators", status: 200, body: () => ({ project: {} }) },
  "DELETE /v3/projects/:project_id": { for: "administrators", status: 204, fresh: "project" },
  "GET /v3/users": { for: "administrators", status: 200 },
  "POST /v3/users": {
    for: "administrators",
    status: 201,
    body: ({ number }) => ({ user: { name: `user ${number}` } }),
  },
  "GET /v3/users/:user_id": { for: "administrators", status: 200 },
  "PATCH /v3/users/:user_id": { for: "administrators", status: 200, body: () => ({ user: {} }) },
  "DELETE /v3/users/:user_id": { for: "administrators", status: 204, fresh: "user" },
  "POST /v3/users/:user_id/password": {
    for: "nobodyElse",
    status: 204,
    body: () => ({ user: { original_password: "bystander's password", password: "another password" } }),
  },
  "GET /v3/users/:user_id/projects": { for: "administrators", status: 200 },
  "GET /v3/roles": { for: "somebody", status: 200 },
  "GET /v3/roles/:role_id": { for: "somebody", status: 200 },
  "GET /v3/role_assignments": { for: "administrators", status: 200 },
  ...rolesIn("projects"),
  ...rolesIn("domains"),
  "GET /v3.0/OS-CREDENTIAL/credentials": { for: "somebody", status: 200 },
  "POST /v3.0/OS-CREDENTIAL/credentials": { for: "lasting", status: 201, body: () => ({ credential: {} }) },
  "GET /v3.0/OS-CREDENTIAL/credentials/:access": { for: "administrators", status: 200 },
  "DELETE /v3.0/OS-CREDENTIAL/credentials/:access": { for: "administrators", status: 204, fresh: "key" },
  "POST /v3.0/OS-CREDENTIAL/securitytokens": { for: "lasting", status: 201, body: () => byToken() },
};

/** The calls of one project's tasks. */
export const callsOfTasks = Object.keys(calls).filter((call) =>
  /^\w+ \/(?:v1|ddm|rds|geminidb)\//.test(call),
);

/** The address of a call, with what its parameters stand for. Two colons are how the router writes one. */
export function addressOf(call: string, given: Readonly<Record<string, string>>): string {
  const { query, path = call.split(" ")[1] ?? "" } = calls[call] ?? {};
  const values = {
    project_id: projectId,
    place_id: path.startsWith("/v3/domains") ? "default" : projectId,
    domain_id: "default",
    instance_id: "in-1",
    ...given,
  };
  return Object.entries(values)
    .reduce(
      (address, [name, value]) => address.replaceAll(new RegExp(`:${name}\\b`, "g"), value),
      query === undefined ? path : `${path}?${query}`,
    )
    .replace("::", ":");
}
