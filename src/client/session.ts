import { ConnectionError } from "./errors.ts";
import { exchange, type HttpRequest, listIn, memberOf, textIn } from "./http.ts";

/** Names a user or a project: by id, or by name within a domain that is itself named by id or name. */
export type Reference =
  | { readonly id: string }
  | { readonly name: string; readonly domain: { readonly id: string } | { readonly name: string } };

/** Logs in at a Keystone, ours or another one, and finds the API in its catalog. */
export interface PasswordCredentials {
  readonly kind: "password";
  /** The Keystone's address, with or without `/v3`. */
  readonly authUrl: string;
  readonly user: Reference;
  readonly password: string;
  readonly project: Reference;
  /** Which region's API is meant; undefined means the first that the catalog lists. */
  readonly region?: string | undefined;
  /** Which of the API's addresses is meant: `public` unless given. */
  readonly interface?: string | undefined;
}

/** Uses a token that somebody else obtained. When it ends, the client's calls fail with status 401. */
export interface TokenCredentials {
  readonly kind: "token";
  /** The server's address, or that of a project in it: `…/v1/{project_id}`. Without a project: that of the token. */
  readonly url: string;
  readonly token: string;
}

export type Credentials = PasswordCredentials | TokenCredentials;

/** How a client gets at its project: the address of its API, and the token that opens it. */
export interface Session {
  /** `…/v1/{project_id}` */
  readonly endpoint: string;
  readonly token: string;
}

/** Opens a session. @throws ApiError, ConnectionError, or the signal's reason. */
export function openSession(
  credentials: Credentials,
  call: Pick<HttpRequest, "timeoutMs" | "signal">,
): Promise<Session> {
  return credentials.kind === "password" ? logIn(credentials, call) : useToken(credentials, call);
}

async function logIn(
  credentials: PasswordCredentials,
  call: Pick<HttpRequest, "timeoutMs" | "signal">,
): Promise<Session> {
  const authUrl = httpAddress(credentials.authUrl);
  const answer = await exchange({
    ...call,
    method: "POST",
    url: `${authUrl.endsWith("/v3") ? authUrl : `${authUrl}/v3`}/auth/tokens`,
    headers: {},
    body: {
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { ...credentials.user, password: credentials.password } },
        },
        scope: { project: credentials.project },
      },
    },
    repeatable: true,
  });
  const token = answer.headers.get("x-subject-token");
  if (token === null)
    throw new ConnectionError(`what answers at ${authUrl} is no Keystone: it gave no token`);
  return { endpoint: endpointInCatalog(answer.body, credentials), token };
}

function endpointInCatalog(body: unknown, wanted: PasswordCredentials): string {
  const wantedInterface = wanted.interface ?? "public";
  const endpoint = listIn(memberOf(body, "token"), "catalog")
    .filter((service) => textIn(service, "type") === "taskcenter")
    .flatMap((service) => listIn(service, "endpoints"))
    .find(
      (candidate) =>
        textIn(candidate, "interface") === wantedInterface &&
        (wanted.region === undefined || textIn(candidate, "region") === wanted.region),
    );
  if (endpoint === undefined) {
    const where = wanted.region === undefined ? "" : ` in region ${wanted.region}`;
    throw new ConnectionError(
      `the catalog has no ${wantedInterface} endpoint of type taskcenter${where} for this project`,
    );
  }
  return httpAddress(textIn(endpoint, "url"));
}

async function useToken(
  credentials: TokenCredentials,
  call: Pick<HttpRequest, "timeoutMs" | "signal">,
): Promise<Session> {
  const { token } = credentials;
  const address = httpAddress(credentials.url);
  if (/\/v1\/[^/]+$/.test(address)) return { endpoint: address, token };
  const answer = await exchange({
    ...call,
    method: "GET",
    url: `${address}/v3/auth/tokens`,
    headers: { "x-auth-token": token, "x-subject-token": token },
    repeatable: true,
  });
  const projectId = textIn(memberOf(memberOf(answer.body, "token"), "project"), "id");
  if (projectId === "") throw new ConnectionError(`the token is for no project of ${address}`);
  return { endpoint: `${address}/v1/${encodeURIComponent(projectId)}`, token };
}

/**
 * Whether a text can be a server's address. Users and passwords in it are refused, since `fetch` takes none, and
 * errors show addresses.
 */
export function isHttpAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const unwanted = [url.username, url.password, url.search, url.hash];
  return /^https?:$/.test(url.protocol) && unwanted.every((part) => part === "");
}

/** An address in the form to which paths can be appended. @throws ConnectionError, without repeating the text. */
function httpAddress(text: string): string {
  if (isHttpAddress(text)) return new URL(text).href.replace(/\/+$/, "");
  throw new ConnectionError(
    "the server's address must be an http or https URL without user, password, query and fragment",
  );
}
