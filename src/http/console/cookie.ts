import { parseCookie, stringifySetCookie } from "cookie";
import type { FastifyRequest } from "fastify";

/** The cookie that holds the token of a browser's session. */
const sessionCookie = "taskcenter_session";

/** The token that a browser shows of its session; undefined where it shows none. */
export function sessionTokenOf({ headers }: Pick<FastifyRequest, "headers">): string | undefined {
  const token = headers.cookie === undefined ? undefined : parseCookie(headers.cookie)[sessionCookie];
  return token === "" ? undefined : token;
}

/**
 * What makes a browser keep a session's token. There is no path: the browser then takes that of the login's address as it
 * sees it, without the last part, which is the console's own under whatever prefix a proxy shows it. So the cookie comes
 * with the console's requests and with no others. No script sees it, and no other site's page makes the browser send it.
 */
export function keepSession(session: {
  readonly token: string;
  readonly maxAgeSeconds: number;
  readonly secure: boolean;
}): string {
  const { token, maxAgeSeconds: maxAge, secure } = session;
  return stringifySetCookie({ ...attributes, name: sessionCookie, value: token, maxAge, secure });
}

/** What makes a browser forget the session that it has. */
export function forgetSession({ secure }: { readonly secure: boolean }): string {
  return stringifySetCookie({ ...attributes, name: sessionCookie, value: "", maxAge: 0, secure });
}

const attributes = { httpOnly: true, sameSite: "strict" } as const;
