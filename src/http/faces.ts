import type { Dialect } from "../dialects/dialect.ts";
import { dialectOfHost, dialects } from "../dialects/index.ts";
import type { Service } from "../task/lifecycle.ts";

/**
 * Whose words an address is answered in: a service's, IAM's, our own API's, or, where no service is chosen, the
 * gateway's. One function decides it, so that every answer and every error of an address speak alike.
 */
export type Face =
  | { readonly kind: "service"; readonly dialect: Dialect }
  | { readonly kind: "iam" }
  | { readonly kind: "own" }
  | { readonly kind: "gateway" };

/**
 * The first segments below `/v3/` that are IAM's and never a project id: Keystone's collections, so that its clients
 * are told in its words which of them are not here.
 */
const iamSegments: ReadonlySet<string> = new Set([
  "OS-INHERIT",
  "auth",
  "credentials",
  "domains",
  "endpoints",
  "groups",
  "projects",
  "regions",
  "role_assignments",
  "roles",
  "services",
  "system",
  "users",
]);
/** Where the clouds' IAM has its calls for access keys, beside Keystone's. */
const accessKeyPrefix = "/v3.0/OS-CREDENTIAL/";
/** Under which address the console lies; what begins so speaks our own words. */
const consolePath = "/console";
/** What the console's page asks for: behind this stands the address of a task API, for whoever bears a session. */
const consoleApiPrefix = "/console/api";
const ownPaths: ReadonlySet<string> = new Set(["/livez", "/readyz", "/version", "/metrics", "/openapi.json"]);

/** The face of an address as it is routed, that is, after `routedUrl`. */
export function faceOf(url: string): Face {
  const path = pathOf(url);
  if (path === "/v1" || path.startsWith("/v1/") || ownPaths.has(path)) return { kind: "own" };
  if (isConsolePath(path) || path === "/docs" || path.startsWith("/docs/")) return { kind: "own" };
  if (path === "/" || path === "/v3" || path === "/v3/" || isIamPath(path)) return { kind: "iam" };
  const dialect = dialects.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
  return dialect === undefined ? { kind: "gateway" } : { kind: "service", dialect };
}

/**
 * The address under which a request is routed. On a service's host or listener `/v3/{project_id}/…` is that service's,
 * and another service's prefix leads nowhere; everywhere else an address is what it says.
 */
export function routedUrl(
  target: string,
  chosen: Dialect | undefined,
  options: { readonly withConsole: boolean } = { withConsole: true },
): string {
  const url = plainForm(target);
  const throughConsole = options.withConsole ? consoleTarget(url) : undefined;
  if (throughConsole !== undefined) return throughConsole;
  if (chosen === undefined) return url;
  const path = pathOf(url);
  const isOtherService = dialects.some(
    (dialect) => dialect !== chosen && (path === dialect.prefix || path.startsWith(`${dialect.prefix}/`)),
  );
  const isServicePath = path.startsWith("/v3/") && path !== "/v3/" && !isIamPath(path);
  return isOtherService || isServicePath ? chosen.prefix + url : url;
}

/**
 * The address that the console's page means by one of its own: a task API's. Undefined for every other address: nothing
 * else is reached with a session, and above all not IAM.
 */
function consoleTarget(url: string): string | undefined {
  if (!url.startsWith(`${consoleApiPrefix}/`)) return undefined;
  const target = url.slice(consoleApiPrefix.length);
  return consoleTargets.some((prefix) => target.startsWith(prefix)) ? target : undefined;
}

const consoleTargets: readonly string[] = ["/v1/", ...dialects.map(({ prefix }) => `${prefix}/`)];

/** Whether a request came by the console's own address of what it is routed to: then its proof is a session. */
export function isThroughConsole(request: {
  readonly originalUrl: string;
  readonly raw: { readonly url?: string | undefined };
}): boolean {
  const { originalUrl, raw } = request;
  return originalUrl !== raw.url && consoleTarget(plainForm(originalUrl)) === raw.url;
}

/** Whether a path, as it is routed, is the console's own: its pages, its files, its session. */
export function isConsolePath(path: string): boolean {
  return (
    path.startsWith(consolePath) && (path.length === consolePath.length || path[consolePath.length] === "/")
  );
}

/**
 * One spelling for every address: without the scheme and host that a proxy's client may put before it, and without
 * escapes of characters that need none. Otherwise `/%72ds/…` would be another address here than it is to the router.
 */
function plainForm(target: string): string {
  const local = localTarget(target);
  const url = local.startsWith("/") ? local : `/${local}`;
  const path = pathOf(url);
  if (!path.includes("%")) return url;
  const plain = path.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : encoded;
  });
  return plain + url.slice(path.length);
}

/** A request's target without the scheme and host that a proxy's client may put before it. */
export function localTarget(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*/i, "");
}

/** The dialect that a request's listener or the first label of its `Host` chooses; undefined where none does. */
export function chosenDialect(
  host: string | undefined,
  listenerService: Service | undefined,
): Dialect | undefined {
  if (listenerService !== undefined) return dialects.find(({ service }) => service === listenerService);
  return host === undefined ? undefined : dialectOfHost(host);
}

/** Whether a path below IAM's two versions is its own. */
function isIamPath(path: string): boolean {
  if (path.startsWith(accessKeyPrefix)) return true;
  return path.startsWith("/v3/") && iamSegments.has(path.split("/", 3)[2] ?? "");
}

/** An address without its query. */
export function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}
