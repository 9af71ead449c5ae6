import { chunksOf, maxAnswerLength, textOf } from "./answer-text.ts";
import { ApiError, ConnectionError, type RefusedField, UnusableAnswer } from "./errors.ts";
import { LongLine, linesOf } from "./lines.ts";
import { pause } from "./pause.ts";
import type { Proof } from "./proof.ts";

/** One request to a server. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; text is sent as it is, as NDJSON. */
  readonly body?: object | string;
  /** Who asks. A login has none: what proves it is in its body. */
  readonly proof?: Proof;
  /** Whether receiving it twice is the same as receiving it once. */
  readonly repeatable: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** An answer that is no error: its body as JSON, undefined where it has none; of NDJSON the values of all lines. */
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
export function exchange(request: HttpRequest): Promise<HttpAnswer> {
  return repeated(request, () => exchangeOnce(request));
}

/**
 * Sends a request as `exchange` does, and answers the values of the lines of its answer as they come, which is NDJSON.
 * Here the timeout is how long nothing may come. Whoever has enough stops the iteration, and the answer with it.
 *
 * @throws as `exchange` does; the iteration throws alike when the answer breaks off.
 */
export function exchangeLines(request: HttpRequest): Promise<AsyncIterable<unknown>> {
  return repeated(request, () => openLines(request));
}

async function repeated<T>(request: HttpRequest, attempt: () => Promise<T>): Promise<T> {
  for (const pauseMs of request.repeatable ? pausesMs : []) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error;
      await pause(pauseMs, request.signal);
    }
  }
  return attempt();
}

/** The failures after which it makes sense to try again at once. */
class BrokenConnection extends ConnectionError {}

async function exchangeOnce(request: HttpRequest): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const { response, text } = await toldInOurWords(request, timeout, async () => {
    const answered = await send(request, timeout);
    return { response: answered, text: await textOf(answered) };
  });
  if (text === undefined) throw tooLong(request);
  checkAnswer(response, text, request);
  const isLines = /^application\/x-ndjson/.test(response.headers.get("content-type") ?? "");
  const texts = isLines ? text.split("\n").filter((line) => line !== "") : [text];
  const values = texts.map(parseJson);
  if (text !== "" && values.includes(undefined)) throw noJson(request);
  return { status: response.status, headers: response.headers, body: isLines ? values : values[0] };
}

async function openLines(request: HttpRequest): Promise<AsyncIterable<unknown>> {
  const silence = new AbortController();
  /** Waits no longer than the request may take. */
  const inTime = <T>(step: () => Promise<T>): Promise<T> =>
    toldInOurWords(request, silence.signal, async () => {
      const timer = setTimeout(() => silence.abort(), request.timeoutMs);
      try {
        return await step();
      } finally {
        clearTimeout(timer);
      }
    });
  const response = await inTime(() => send(request, silence.signal));
  if (response.status !== 200) {
    const text = await inTime(() => textOf(response));
    if (text === undefined) throw tooLong(request);
    checkAnswer(response, text, request);
  }
  return valuesOf(linesOf(chunksOf(response, inTime), { maxCharacters: maxAnswerLength }), request);
}

async function* valuesOf(lines: AsyncIterable<string>, request: HttpRequest): AsyncGenerator<unknown> {
  try {
    for await (const line of lines) {
      const value = parseJson(line);
      if (value === undefined) throw noJson(request);
      yield value;
    }
  } catch (error) {
    throw error instanceof LongLine ? tooLong(request) : error;
  }
}

/** Sends a request once. */
async function send(request: HttpRequest, timeout: AbortSignal): Promise<Response> {
  const { method, url, proof } = request;
  const isText = typeof request.body === "string";
  const body = isText || request.body === undefined ? (request.body ?? "") : JSON.stringify(request.body);
  const type = isText ? "application/x-ndjson" : "application/json";
  const headers = { ...request.headers, ...(body === "" ? {} : { "content-type": type }) };
  const proven = await proof?.headersFor({ method, url, headers, body });
  return fetch(url, {
    method,
    headers: { accept: "application/json", ...headers, ...proven },
    body: body === "" ? null : body,
    // A password or a token goes to the address it is meant for and nowhere else.
    redirect: "manual",
    signal: request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]),
  });
}

/** What a step comes to; its failure as one of a connection that was too slow, or not there. */
async function toldInOurWords<T>(
  request: HttpRequest,
  timeout: AbortSignal,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    request.signal?.throwIfAborted();
    const { origin } = new URL(request.url);
    if (timeout.aborted) {
      throw new ConnectionError(`no answer from ${origin} within ${request.timeoutMs / 1000} s`);
    }
    throw failureAt(origin, error);
  }
}

/** @throws ApiError or ConnectionError where an answer is none of what was asked for. */
function checkAnswer(response: Response, text: string, { url }: HttpRequest): void {
  if (response.ok || response.status === 304) return;
  if (response.status >= 300 && response.status < 400) throw redirection(response, url);
  throw problemError(response, parseJson(text));
}

function noJson({ url }: HttpRequest): ConnectionError {
  return new ConnectionError(
    `${new URL(url).origin} does not speak the Task Center API: its answer is no JSON`,
  );
}

function tooLong({ url }: HttpRequest): ConnectionError {
  return new UnusableAnswer(
    `${new URL(url).origin} does not speak the Task Center API: its answer does not end within ${maxAnswerLength / 1024 ** 2} MiB`,
  );
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
  return new BrokenConnection(`cannot reach ${origin}: ${reasonOf(cause)}`);
}

/** What the commonest failures come to. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  EAI_AGAIN: "its host cannot be looked up now",
  ENOTFOUND: "there is no such host",
};

function reasonOf(cause: Error): string {
  // What fetch says of a port that belongs to another protocol, which it never asks.
  if (cause.message === "bad port") return "HTTP clients refuse to ask this port";
  const code = "code" in cause ? String(cause.code) : "";
  if (!/^E[A-Z_]+$/.test(code) || code.startsWith("ERR_")) return cause.message;
  return reasons[code] === undefined ? code : `${reasons[code]} (${code})`;
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
export function problemError(
  response: Pick<Response, "status" | "statusText" | "headers">,
  body: unknown,
): ApiError {
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
