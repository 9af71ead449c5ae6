import { type Static, Type } from "typebox";
import type { Credentials, RequestedScope } from "../../identity/identity.ts";
import type { Reference } from "../../store/store.ts";
import { invalidParameter } from "../../task/error.ts";

/** The body of Keystone's `POST /v3/auth/tokens`. Clients send more members than these; they mean nothing here. */

const text = Type.Optional(Type.String());
const DomainReference = Type.Object({ id: text, name: text });
const domain = Type.Optional(DomainReference);

const RequestedIdentity = Type.Object({
  methods: Type.Array(Type.String()),
  password: Type.Optional(
    Type.Object({ user: Type.Object({ id: text, name: text, domain, password: Type.String() }) }),
  ),
  token: Type.Optional(Type.Object({ id: Type.String() })),
});

/** `unscoped` is a word, or, from older clients, a member. */
const Scope = Type.Union([
  Type.Object({
    project: Type.Optional(Type.Object({ id: text, name: text, domain })),
    domain,
    unscoped: Type.Optional(Type.Object({})),
  }),
  Type.Literal("unscoped"),
]);

export const TokenRequest = Type.Object({
  auth: Type.Object({ identity: RequestedIdentity, scope: Type.Optional(Scope) }),
});
export type TokenRequest = Static<typeof TokenRequest>;

/** Who asks for what, once the body has the right shape. @throws TaskCenterError `invalid-parameter`. */
export function parseTokenRequest({ auth }: TokenRequest): {
  readonly credentials: Credentials;
  readonly scope: RequestedScope;
} {
  return { credentials: parseCredentials(auth.identity), scope: parseScope(auth.scope) };
}

function parseCredentials(identity: Static<typeof RequestedIdentity>): Credentials {
  const [method, ...more] = identity.methods;
  if (method === "password" && more.length === 0) {
    const user = identity.password?.user;
    if (user === undefined) throw invalidParameter("auth.identity.password", "is required by its method");
    const reference = parseReference(user, "auth.identity.password.user");
    return { method, user: reference, password: user.password };
  }
  if (method === "token" && more.length === 0) {
    const token = identity.token?.id;
    if (token === undefined) throw invalidParameter("auth.identity.token", "is required by its method");
    return { method, token };
  }
  throw invalidParameter("auth.identity.methods", 'must be ["password"] or ["token"]');
}

/** Where project and domain are both given, as some clients do, the project is meant. */
function parseScope(scope: Static<typeof Scope> | undefined): RequestedScope {
  if (scope === undefined || scope === "unscoped") return { kind: "unscoped" };
  if (scope.project !== undefined) {
    const { id, name, domain } = scope.project;
    // The clouds' own manuals name projects without their domain, which Keystone itself refuses.
    if (id === undefined && domain === undefined && name !== undefined) {
      return { kind: "project", project: { name } };
    }
    return { kind: "project", project: parseReference(scope.project, "auth.scope.project") };
  }
  if (scope.domain !== undefined) {
    return { kind: "domain", domain: parseDomain(scope.domain, "auth.scope.domain") };
  }
  if (scope.unscoped !== undefined) return { kind: "unscoped" };
  throw invalidParameter("auth.scope", 'needs a project or a domain, or is "unscoped"');
}

interface NamedThing {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: Static<typeof DomainReference>;
}

function parseReference({ id, name, domain }: NamedThing, field: string): Reference {
  if (id !== undefined) return { id };
  if (name === undefined) throw invalidParameter(field, "needs an id, or a name with its domain");
  if (domain === undefined) throw invalidParameter(`${field}.domain`, "is required with a name");
  return { name, domain: parseDomain(domain, `${field}.domain`) };
}

function parseDomain(
  { id, name }: Static<typeof DomainReference>,
  field: string,
): { readonly id: string } | { readonly name: string } {
  if (id !== undefined) return { id };
  if (name !== undefined) return { name };
  throw invalidParameter(field, "needs an id or a name");
}
