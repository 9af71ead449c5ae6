import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { RoleGrant } from "../src/store/store.ts";
import { listenLocally, openApp } from "./open-app.ts";
import { admin, cheapHash, domain, type OpenIdentity, openIdentity, project } from "./open-identity.ts";

/** Where the server of a test says it is. */
export const publicUrl = "https://tasks.example.com";
/** Everybody's in these tests. */
export const password = admin.password;
export const domainScope = { domain: { id: domain.id } } as const;
export const inProject = { kind: "project", projectId: project.id } as const;
export const projectScope = { project: { id: project.id } } as const;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the wire gave, and fails where it is not there
  readonly json: any;
}

export interface Call {
  /** Sent as JSON; a text and bytes are sent as they are. */
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly subject?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

const ofPlace = (place: string): readonly string[] => [
  `GET /v3/${place}/:place_id/users/:user_id/roles`,
  ...["GET", "PUT", "DELETE"].map(
    (method) => `${method} /v3/${place}/:place_id/users/:user_id/roles/:role_id`,
  ),
];

/** Every call of IAM that needs a caller, as the server declares it. */
export const callerCalls: readonly string[] = [
  "GET /v3/auth/tokens",
  "DELETE /v3/auth/tokens",
  "GET /v3/auth/catalog",
  "GET /v3/auth/projects",
  "GET /v3/auth/domains",
  "GET /v3/domains",
  "GET /v3/domains/:domain_id",
  "GET /v3/projects",
  "POST /v3/projects",
  "GET /v3/projects/:project_id",
  "PATCH /v3/projects/:project_id",
  "DELETE /v3/projects/:project_id",
  "GET /v3/users",
  "POST /v3/users",
  "GET /v3/users/:user_id",
  "PATCH /v3/users/:user_id",
  "DELETE /v3/users/:user_id",
  "POST /v3/users/:user_id/password",
  "GET /v3/users/:user_id/projects",
  "GET /v3/roles",
  "GET /v3/roles/:role_id",
  "GET /v3/role_assignments",
  ...ofPlace("projects"),
  ...ofPlace("domains"),
  "GET /v3.0/OS-CREDENTIAL/credentials",
  "POST /v3.0/OS-CREDENTIAL/credentials",
  "GET /v3.0/OS-CREDENTIAL/credentials/:access",
  "DELETE /v3.0/OS-CREDENTIAL/credentials/:access",
];

/** The calls of IAM that anybody may make; the last one looks for its caller in the body as well. */
export const openCalls: readonly string[] = [
  "GET /",
  "GET /v3",
  "GET /v3/",
  "POST /v3/auth/tokens",
  "POST /v3.0/OS-CREDENTIAL/securitytokens",
];

/** The same as addresses, about the first user and project. */
export const callerRoutes: readonly (readonly [Method, string])[] = callerCalls.map((call) => {
  const [method, path = ""] = call.split(" ");
  const address = path
    .replace(":place_id", path.startsWith("/v3/domains") ? domain.id : project.id)
    .replace(":project_id", project.id)
    .replace(":domain_id", domain.id)
    .replace(":user_id", "u1")
    .replace(":role_id", "a-role")
    .replace(":access", "AK");
  return [method as Method, address];
});

/** IAM over a new store with its first project and user, without a socket, and with a clock that a test sets. */
export interface OpenIam extends OpenIdentity {
  /** Every call that the server answers, as `callerCalls` has them. */
  readonly declaredCalls: ReadonlySet<string>;
  /** Listens on a free port as well, and answers it. */
  listen(): Promise<number>;
  call(method: Method, path: string, call?: Call): Promise<Answer>;
  /** Logs somebody in, for the first project unless another scope is given, and answers the token. */
  logIn(scope?: unknown, user?: object): Promise<string>;
  /** Adds a user with the password of all, as somebody with these roles, and answers their id. */
  addUser(name: string, grants?: readonly Omit<RoleGrant, "userId">[]): Promise<string>;
}

export async function openIam(context: TestContext): Promise<OpenIam> {
  const open = await openIdentity(context);
  const app = await openApp(context, { ...open, publicUrl: () => publicUrl });

  const call: OpenIam["call"] = async (method, path, { body, token, subject, headers } = {}) => {
    const response = await app.inject({
      method,
      url: path,
      headers: {
        ...(token === undefined ? {} : { "x-auth-token": token }),
        ...(subject === undefined ? {} : { "x-subject-token": subject }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: isPlain(body) ? body : JSON.stringify(body) }),
    });
    const text = response.body;
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      json: text === "" ? undefined : JSON.parse(text),
    };
  };

  return {
    ...open,
    declaredCalls: app.declaredCalls,
    listen: () => listenLocally(app),
    call,
    async logIn(scope = projectScope, user = {}) {
      const answer = await call("POST", "/v3/auth/tokens", { body: passwordRequest(scope, user) });
      assert.equal(answer.status, 201, answer.text);
      return String(answer.headers["x-subject-token"]);
    },
    async addUser(name, grants = []) {
      const id = `id-of-${name}`;
      const facts = { description: "", email: "", enabled: true, passwordHash: cheapHash };
      await open.store.createUser({ id, name, domain, ...facts });
      for (const grant of grants) assert.ok(await open.store.grantRole({ userId: id, ...grant }));
      return id;
    },
  };
}

function isPlain(body: unknown): body is string | Buffer {
  return typeof body === "string" || Buffer.isBuffer(body);
}

export function passwordRequest(scope?: unknown, user: object = {}): unknown {
  const named = { name: "admin", domain: { id: domain.id }, password, ...user };
  return { auth: { identity: { methods: ["password"], password: { user: named } }, scope } };
}

export function tokenRequest(id: unknown, scope?: unknown): unknown {
  return { auth: { identity: { methods: ["token"], token: { id } }, scope } };
}

export function assertKeystoneError(answer: Answer, status: number, title: string, message?: string): void {
  assert.equal(answer.status, status, answer.text);
  const { error } = answer.json;
  assert.deepEqual(answer.json, { error: { code: status, message: error.message, title } });
  if (message !== undefined) assert.equal(error.message, message);
  assertKeystoneHeaders(answer);
}

export const assertUnauthorized = (answer: Answer): void =>
  assertKeystoneError(answer, 401, "Unauthorized", "The request you have made requires authentication.");

export const assertForbidden = (answer: Answer): void =>
  assertKeystoneError(answer, 403, "Forbidden", "You are not authorized to perform the requested action.");

export const assertNotFound = (answer: Answer): void => assertKeystoneError(answer, 404, "Not Found");

export function assertKeystoneHeaders({ headers }: Answer, vary = "X-Auth-Token"): void {
  const requestId = String(headers["x-request-id"]);
  const uuid = String(headers["x-openstack-request-id"]).replace(/^req-/, "");
  assert.match(uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(uuid.replaceAll("-", ""), requestId);
  assert.equal(headers.vary, vary);
}
