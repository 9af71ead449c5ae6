import { ApiError, ConnectionError, type RefusedField } from "./errors.ts";
import { pause } from "./pause.ts";
import type { Proof } from "./proof.ts";

/** One request to a server. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
  /** Who asks. A login has none: what proves it is in its body. */
  readonly proof?: Proof;
  /** Whether receiving it twice is the same as receiving it once. */
  readonly repeatable: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** An answer that is no error: its body as JSON, undefined where it has none. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** How long to wait before a repeatable request is sent again after its connection failed. */
const pausesMs = [100, 400] as const;

/**
 * Sends a request and reads its answer. A repeatable one is sent up to two more times when the connection fails, for
 * a server that is just restarting; not when it only takes too long, for a server that has enough to do.
 *
 * @throws ApiError for every status from 400 on.
 * @throws ConnectionError where no usable answer came, or one that leads to another address.
 * @throws the signal's reason when it is aborted.
 */
export async function exchange(request: HttpRequest): Promise<HttpAnswer> {
  for (const pauseMs of request.repeatable ? pausesMs : []) {
    try {
      return await exchangeOnce(request);
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error;
      await pause(pauseMs, request.signal);
    }
  }
  return exchangeOnce(request);
}

/** The failures after which it makes sense to try again at once. */
class BrokenConnection extends ConnectionError {}

async function exchangeOnce(request: HttpRequest): Promise<HttpAnswer> {
  const { origin } = new URL(request.url);
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const { method, url, proof } = request;
  const body = request.body === undefined ? "" : JSON.stringify(request.body);
  const headers = { ...request.headers, ...(body === "" ? {} : { "content-type": "application/json" }) };
  let response: Response;
  let text: string;
  try {
    const proven = await proof?.headersFor({ method, url, headers, body });
    response = await fetch(url, {
      method,
      headers: { accept: "application/json", ...headers, ...proven },
      body: body === "" ? null : body,
      // A password or a token goes to the address it is meant for and nowhere else.
      redirect: "manual",
      signal: request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]),
    });
    text = await response.text();
  } catch (error) {
    request.signal?.throwIfAborted();
    if (timeout.aborted) {
      throw new ConnectionError(`no answer from ${origin} within ${request.timeoutMs / 1000} s`);
    }
    throw failureAt(origin, error);
  }
  const answer = parseJson(text);
  if (response.status >= 300 && response.status < 400 && response.status !== 304)
    throw redirection(response, url);
  if (!response.ok && response.status !== 304) throw apiError(response, answer);
  if (answer === undefined && text !== "") {
    throw new ConnectionError(`${origin} does not speak the Task Center API: its answer is no JSON`);
  }
  return { status: response.status, headers: response.headers, body: answer };
}

/**
 * `fetch` says only "fetch failed": its cause knows more, by code alone where several addresses were tried. An error
 * without a cause is one about the request itself, which will be no better the next time; it may repeat a header with
 * a token in it.
 */
function failureAt(origin: string, error: unknown): ConnectionError {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) {
    return new ConnectionError(`cannot ask ${origin}: the request cannot be sent`);
  }
  const isCode = "code" in cause && /^E[A-Z]+$/.test(String(cause.code));
  return new BrokenConnection(`cannot reach ${origin}: ${isCode ? String(cause.code) : cause.message}`);
}

/** What answers is not what was meant to. Where it leads is for people to judge, who gave the address. */
function redirection({ status, headers }: Response, url: string): ConnectionError {
  const location = headers.get("location");
  const target = location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined;
  const where = target === undefined ? "elsewhere" : `to ${target.origin}${target.pathname}`;
  return new ConnectionError(`${new URL(url).origin} leads ${where} (${status}), and no login is sent there`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads an error in the three forms that exist: problem+json, Keystone's, and that of a gateway before the API. */
function apiError(response: Response, body: unknown): ApiError {
  const type = textIn(body, "type");
  return new ApiError({
    status: response.status,
    code: type.includes("#") ? type.slice(type.indexOf("#") + 1) : "",
    detail:
      textIn(body, "detail") ||
      textIn(memberOf(body, "error"), "message") ||
      textIn(body, "error_msg") ||
      `the server answered ${response.status} ${response.statusText}`.trimEnd(),
    errors: listIn(body, "errors").map(refusedField),
    requestId: textIn(body, "request_id") || (response.headers.get("x-request-id") ?? ""),
    date: response.headers.get("date") ?? "",
  });
}

function refusedField(value: unknown): RefusedField {
  return { field: textIn(value, "field"), message: textIn(value, "message") };
}

/** A member of what came from outside; undefined where that is no object, or has no such member. */
export function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

/** The text under a key of what came from outside; `""` where there is none. */
export function textIn(value: unknown, key: string): string {
  const member = memberOf(value, key);
  return typeof member === "string" ? member : "";
}

/** The list under a key of what came from outside; empty where there is none. */
export function listIn(value: unknown, key: string): readonly unknown[] {
  const member = memberOf(value, key);
  return Array.isArray(member) ? member : [];
}
