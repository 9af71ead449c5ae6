import { createHmac, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { TaskCenterError } from "../../task/error.ts";

/**
 * Whether a request that the browser adds a session to was made by the console's own page. The session's cookie is not
 * sent for other sites' pages; this holds also against pages of the same site that are not ours, and where a browser errs.
 */

/** What of a request this depends on. */
type Asked = Pick<FastifyRequest, "method" | "headers">;

/**
 * What the console's page shows beside the session to change something. It is made of the session's token, so the server
 * keeps nothing for it, and it tells nothing of that token. Only the session's own document has it, which no page of
 * another origin can read.
 */
export function csrfTokenOf(sessionToken: string): string {
  return createHmac("sha256", sessionToken).update("taskcenter console csrf").digest("base64url");
}

/**
 * A question needs no such token, but one that shows it is asked for the session that it belongs to: where another tab has
 * signed somebody else in, a page must not take their answer for its own.
 *
 * @throws TaskCenterError `csrf` for a change without the token of the session, for anything with that of another one, and
 * for what another's page asks.
 */
export function checkCsrf(request: Asked, sessionToken: string): void {
  if (judgementOfBrowser(request) === "foreign") throw foreignPage();
  const shown = String(request.headers["x-csrf-token"] ?? "");
  if (shown === "" && (request.method === "GET" || request.method === "HEAD")) return;
  const given = Buffer.from(shown);
  const expected = Buffer.from(csrfTokenOf(sessionToken));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new TaskCenterError("csrf", "X-CSRF-Token is not the one that belongs to the session.");
  }
}

/**
 * Holds a login, which no session's token protects, to come from a page of ours: nobody is to be logged in unknowingly as
 * somebody else. Where the browser does not judge, `Origin` must name the host that was asked, or the public one. Whoever
 * sends neither is no browser, which would say it.
 *
 * @throws TaskCenterError `csrf`.
 */
export function checkLoginOrigin(request: Asked, publicUrl: string): void {
  const judgement = judgementOfBrowser(request);
  if (judgement === "own") return;
  const { origin, host } = request.headers;
  if (judgement === undefined && (origin === undefined || isOwnOrigin(origin, host, publicUrl))) return;
  throw foreignPage();
}

/**
 * `Sec-Fetch-Site` is the browser's own judgement, which no script can set, and is right behind every proxy; `none` is
 * what the person at the browser asked for. Browsers leave it out where the server is reached by plain HTTP.
 */
function judgementOfBrowser({ headers }: Asked): "own" | "foreign" | undefined {
  const site = headers["sec-fetch-site"];
  if (site === undefined) return undefined;
  return site === "same-origin" || site === "none" ? "own" : "foreign";
}

function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  const named = new URL(origin);
  return named.host === host?.toLowerCase() || named.origin === new URL(publicUrl).origin;
}

function foreignPage(): TaskCenterError {
  return new TaskCenterError("csrf", "The request comes from a page of another site.");
}
