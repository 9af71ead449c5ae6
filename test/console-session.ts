import assert from "node:assert/strict";
import { csrfTokenOf } from "../src/http/console/csrf.ts";
import { type Answer, adminPassword, callServer } from "./start-server.ts";

/** A browser's session with the console, as a test holds it. */
export interface TestSession {
  readonly token: string;
  readonly cookie: string;
  readonly csrfToken: string;
  /** The document that the login answered. */
  readonly document: Answer["json"];
  /** Calls an address of the console with the session: `session`, `api/v1/…`. */
  call(
    path: string,
    options?: {
      readonly method?: string;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<Answer>;
}

/** What a browser of a session sends by itself, and its page with it. */
export function sessionHeaders(token: string): Readonly<Record<string, string>> {
  return { cookie: `taskcenter_session=${token}`, "x-csrf-token": csrfTokenOf(token) };
}

/** The token in an answer's cookie. */
export function tokenInCookie(answer: Pick<Answer, "headers">): string {
  const [, token = ""] = /^taskcenter_session=([^;]*)/.exec(answer.headers.get("set-cookie") ?? "") ?? [];
  return token;
}

/** Signs in to the console that lies at an address, with a slash at its end; as the server's admin if nobody is named. */
export async function signIn(
  consoleUrl: string,
  login: object = { user: "admin", password: adminPassword },
): Promise<TestSession> {
  const answer = await callServer(`${consoleUrl}session`, { body: login });
  assert.equal(answer.status, 200, answer.text);
  const token = tokenInCookie(answer);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  const { cookie = "" } = sessionHeaders(token);
  return {
    token,
    cookie,
    csrfToken: answer.json.csrf_token,
    document: answer.json,
    call: (path, options = {}) =>
      callServer(consoleUrl + path, {
        ...options,
        headers: { cookie, "x-csrf-token": answer.json.csrf_token, ...options.headers },
      }),
  };
}
