import {
  ApiError,
  forgetAnswers,
  readDocument,
  sendDocument,
  sessionPath,
  setCsrfToken,
  setRenewal,
} from "./http.ts";

/** What somebody may do in a project. */
export type Permission = "read" | "report" | "operate" | "import";

export interface SessionProject {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly roles: readonly string[];
  readonly permissions: readonly Permission[];
}

/** Who is signed in, and what the page needs to know of the server. The proof itself lies in a cookie that no script sees. */
export interface Session {
  readonly user: { readonly id: string; readonly name: string; readonly domain: { readonly name: string } };
  readonly projects: readonly SessionProject[];
  readonly expires_at: string;
  readonly csrf_token: string;
  readonly server: {
    readonly version: string;
    readonly region: string;
    readonly utc_offset: string;
    readonly public_url: string;
  };
}

/** Answers the session that the browser has; undefined where nobody is signed in. @throws ApiError, UnreachableError. */
export async function readSession(): Promise<Session | undefined> {
  try {
    const session = await readDocument<Session | undefined>(sessionPath);
    return session === undefined ? undefined : begun(session);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return undefined;
    throw error;
  }
}

/** @throws ApiError with 401 where name and password do not belong together; UnreachableError. */
export async function signIn(login: {
  readonly user: string;
  readonly password: string;
  readonly domain: string;
}): Promise<Session> {
  return begun(await sendDocument<Session>("POST", sessionPath, { body: login }));
}

/** Ends the session at the server, so that its cookie is worth nothing. */
export async function signOut(): Promise<void> {
  await sendDocument("DELETE", sessionPath);
  forgetAnswers();
}

/** The session that was begun last. */
let current: Session | undefined;
/** What has been shown for each session of the person whose it is. */
let tokensOfPerson: ReadonlySet<string> = new Set();
/** The question for the session that is on its way: many others may be refused at once. */
let asked: Promise<void> | undefined;

/**
 * Tells of a session that has taken the place of the page's own, as another tab of the browser may begin one; undefined
 * where there is none any more. What the same person has asked meanwhile is asked again with it.
 */
export function watchSession(listener: (session: Session | undefined) => void): void {
  setRenewal(async (token) => {
    if (current?.csrf_token === token) {
      asked ??= readSession()
        .then((session) => {
          if (session?.csrf_token !== token) listener(session);
        })
        .finally(() => {
          asked = undefined;
        });
      await asked;
    }
    return current?.csrf_token !== token && tokensOfPerson.has(token);
  });
}

function begun(session: Session): Session {
  const isSame = current?.user.id === session.user.id;
  tokensOfPerson = new Set([...(isSame ? tokensOfPerson : []), session.csrf_token]);
  current = session;
  setCsrfToken(session.csrf_token);
  return session;
}
