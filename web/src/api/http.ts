import { serverUrl } from "../root.ts";

/** What the server refuses, in its words: a problem document, or what stands for one. */
export class ApiError extends Error {
  readonly status: number;
  /** The last part of the problem's type: `query-too-broad`. */
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(problem: {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
    readonly requestId?: string | undefined;
  }) {
    super(problem.detail);
    this.status = problem.status;
    this.code = problem.code;
    this.requestId = problem.requestId;
  }
}

/** The server was not reached: no network, no server, or a proxy without one. */
export class UnreachableError extends Error {}

/**
 * Shown with every question and every change: it belongs to the session whose page this is, and the server refuses it
 * beside the cookie of another one. Known once there is a session.
 */
let csrfToken = "";
/** Asked where the server refuses: whether the session is another one by now, but the same person's. */
let renewSession: (token: string) => Promise<boolean> = async () => false;

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export function setRenewal(renew: typeof renewSession): void {
  renewSession = renew;
}

/** The document that tells whose the browser's session is, whoever that may be. */
export const sessionPath = "session";

/** How many answers are kept to be compared by their tags: some pages, and what lies around them. */
const maxKept = 100;
/**
 * The last answer of each address, with its tag: an answer that has not changed is not sent again, also to a page that
 * was left and comes back. What is shown does not come from here, but through the questions of `polled.ts`.
 */
const kept = new Map<string, { readonly tag: string; readonly document: unknown }>();
/**
 * The address of one task. Its tag is the revision, which a heartbeat does not move, and which another task has as well
 * that is made under the id of a deleted one: it is always read whole.
 */
const taskPath = /\/tasks\/[^/?]+$/;

/** Forgets all answers: they were somebody's. */
export function forgetAnswers(): void {
  kept.clear();
}

/**
 * Reads a document below the console; undefined where the answer has none. The same object again while it has not
 * changed.
 *
 * @throws ApiError, UnreachableError.
 */
export async function readDocument<T>(path: string, signal?: AbortSignal): Promise<T> {
  const before = kept.get(path);
  const response = await call(path, {
    headers: before === undefined ? {} : { "if-none-match": before.tag },
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.status === 304 && before !== undefined) return before.document as T;
  const document = await documentOf<T>(response);
  const tag = response.headers.get("etag");
  kept.delete(path);
  if (tag !== null && !taskPath.test(path)) kept.set(path, { tag, document });
  if (kept.size > maxKept) kept.delete(kept.keys().next().value ?? "");
  return document;
}

/** Reads an answer as the text that it is, in whosever words. @throws ApiError, UnreachableError. */
export async function readText(path: string, signal?: AbortSignal): Promise<string> {
  const response = await call(path, signal === undefined ? {} : { signal });
  return await whole(response.text(), brokenOff);
}

/** Reads an answer of a media type as a file to be saved. @throws ApiError, UnreachableError. */
export async function readFile(path: string, mediaType: string, signal: AbortSignal): Promise<Blob> {
  const response = await call(path, { headers: { accept: mediaType }, signal });
  return await whole(response.blob(), "The connection broke before the file was whole. Nothing was saved.");
}

/** Asks for a change; answers the document, or undefined where the answer has none. @throws ApiError, UnreachableError. */
export async function sendDocument<T>(
  method: "POST" | "DELETE",
  path: string,
  { body, ifMatch }: { readonly body?: unknown; readonly ifMatch?: string } = {},
): Promise<T> {
  const response = await call(path, {
    method,
    headers: {
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await documentOf<T>(response);
}

const brokenOff = "The answer broke off, or is not the server's.";

/**
 * The document of an answer; undefined where it has none. What is no JSON, as the login page of a proxy between, is not
 * from the server.
 */
async function documentOf<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await whole(response.json(), brokenOff)) as T;
}

/** What an answer brings, once all of it is there. @throws UnreachableError with these words where it breaks off. */
async function whole<T>(content: Promise<T>, words: string): Promise<T> {
  try {
    return await content;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new UnreachableError(words);
  }
}

async function call(path: string, init: RequestInit): Promise<Response> {
  const token = init.method === undefined && path === sessionPath ? "" : csrfToken;
  const headers = new Headers(init.headers);
  if (token !== "") headers.set("x-csrf-token", token);
  let response: Response;
  try {
    response = await fetch(serverUrl(path), {
      ...init,
      headers,
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new UnreachableError("The server was not reached.");
  }
  if (response.ok || response.status === 304) return response;
  const error = await refusal(response);
  // Each service words this refusal as it words a missing right.
  const mayBeOthers = response.status === 403 && token !== "";
  if (mayBeOthers && (await renewSession(token))) return call(path, init);
  throw error;
}

async function refusal(response: Response): Promise<Error> {
  const requestId = response.headers.get("x-request-id") ?? undefined;
  const text = await response.text().catch(() => "");
  // A proxy without its server answers in words of its own, and no request has an id then.
  if ([502, 504].includes(response.status) && requestId === undefined) {
    return new UnreachableError("The server was not reached.");
  }
  const { status, statusText } = response;
  return new ApiError({ status, requestId, ...readProblem(text, statusText) });
}

function readProblem(text: string, statusText: string): { readonly code: string; readonly detail: string } {
  try {
    const { type, title, detail } = JSON.parse(text) as Record<string, unknown>;
    return {
      code: String(type ?? "").split("#")[1] ?? "",
      detail: String(detail ?? title ?? statusText),
    };
  } catch {
    return { code: "", detail: statusText };
  }
}
