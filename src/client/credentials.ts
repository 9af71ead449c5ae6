import { ConnectionError } from "./errors.ts";

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

/** Signs every request with an access key: how machines log in. There is no token that could end. */
export interface AccessKeyCredentials {
  readonly kind: "access-key";
  /** The server's address, or that of a project in it: `…/v1/{project_id}`. */
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** The third part of a temporary access key. */
  readonly securityToken?: string | undefined;
  /**
   * The project, where the address names none: by id, or by name in the domain of the key's user. Undefined means the
   * first by name in which that user has a role.
   */
  readonly project?: { readonly id: string } | { readonly name: string } | undefined;
}

export type Credentials = PasswordCredentials | TokenCredentials | AccessKeyCredentials;

/** Looking after users and projects is not done in one of the projects, so a login for it names none. */
export type IamCredentials =
  | Pick<PasswordCredentials, "kind" | "authUrl" | "user" | "password">
  | TokenCredentials
  | AccessKeyCredentials;

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
export function httpAddress(text: string): string {
  if (isHttpAddress(text)) return new URL(text).href.replace(/\/+$/, "");
  throw new ConnectionError(
    "the server's address must be an http or https URL without user, password, query and fragment",
  );
}

/** The server that an address leads to, and the address itself where it is that of a project. */
export function serverAddress(url: string): {
  readonly server: string;
  readonly project: string | undefined;
} {
  const address = httpAddress(url);
  const server = address.replace(/\/v1\/[^/]+$/, "");
  return { server, project: server === address ? undefined : address };
}

/** The address of a project of a server. */
export function projectAddress(server: string, projectId: string): string {
  return `${server}/v1/${encodeURIComponent(projectId)}`;
}

/** The server of a Keystone's address. */
export function keystoneServer(authUrl: string): string {
  return httpAddress(authUrl).replace(/\/v3$/, "");
}
