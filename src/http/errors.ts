import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { ServiceError } from "../dialects/dialect.ts";
import { describeUnchosenError } from "../dialects/index.ts";
import { type ErrorCode, type FieldProblem, invalidParameter, TaskCenterError } from "../task/error.ts";
import { type Face, faceOf, pathOf } from "./faces.ts";
import { keystoneError } from "./iam/keystone-errors.ts";
import { patternMeanings } from "./patterns.ts";
import { problems } from "./problems.ts";

/** An error as it goes out: in the words of whoever was asked. */
export interface RenderedError {
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

/** What rendering an error needs to know of the request. */
export interface ErrorContext {
  readonly url: string;
  readonly requestId: string;
  readonly publicUrl: string;
}

/** The only place where errors become answers. */
export function renderError(error: TaskCenterError, context: ErrorContext): RenderedError {
  const face: Face = faceOf(context.url);
  switch (face.kind) {
    case "own":
      return renderProblem(error, context);
    case "iam": {
      const { status, title, message } = keystoneError(error);
      return { status, contentType: json, body: { error: { code: status, message, title } } };
    }
    case "service":
      return renderServiceError(face.dialect.describeError(error), context);
    case "gateway":
      return renderServiceError(describeUnchosenError(error, pathOf(context.url)), context);
  }
}

const json = "application/json; charset=utf-8";

function renderProblem(error: TaskCenterError, context: ErrorContext): RenderedError {
  const { errors, ...problem } = problemDocument(error, context.publicUrl);
  return {
    status: problem.status,
    contentType: "application/problem+json; charset=utf-8",
    body: { ...problem, request_id: context.requestId, ...(errors === undefined ? {} : { errors }) },
  };
}

/** What our own API says of an error, whatever request it belongs to. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
}

export function problemDocument(error: TaskCenterError, publicUrl: string): ProblemDocument {
  const { status, title } = problems[error.code];
  return {
    type: `${publicUrl}/docs/errors#${error.code}`,
    title,
    status,
    detail: error.message,
    ...(error.fields.length > 0 ? { errors: error.fields } : {}),
  };
}

function renderServiceError(error: ServiceError, context: ErrorContext): RenderedError {
  const said = { error_msg: error.errorMessage, error_code: error.errorCode };
  const body = error.origin === "gateway" ? { ...said, request_id: context.requestId } : said;
  return { status: error.status, contentType: json, body };
}

/** When to come back where the error does not say so: a store is away for a moment, or for longer than anybody knows. */
const retryAfterOf: Readonly<Partial<Record<ErrorCode, number>>> = { "store-unavailable": 1 };

/** Answers an error that a route or the framework threw, and logs those that are nobody's fault but ours. */
export function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string,
): FastifyReply {
  const error = asTaskCenterError(thrown);
  const rendered = renderError(error, {
    url: request.raw.url ?? "/",
    requestId: request.id,
    publicUrl,
  });
  logFailure(error, rendered.status, request);
  const retryAfterSeconds = error.retryAfterSeconds ?? retryAfterOf[error.code];
  if (retryAfterSeconds !== undefined) reply.header("retry-after", retryAfterSeconds);
  return reply
    .code(rendered.status)
    .header("content-type", rendered.contentType)
    .send(JSON.stringify(rendered.body));
}

/** Logs an error that is nobody's fault but ours. */
export function logFailure(error: TaskCenterError, status: number, request: FastifyRequest): void {
  if (status >= 500) request.log.error({ err: error.cause ?? error, code: error.code }, error.message);
}

/** Whatever was thrown, in our words. What nobody foresaw becomes `internal`, shown without detail. */
export function asTaskCenterError(thrown: unknown): TaskCenterError {
  if (thrown instanceof TaskCenterError) return thrown;
  const error = thrown as Partial<FastifyError>;
  if (error.validation !== undefined) return refusedShape(error.validation, error.validationContext);
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new TaskCenterError("request-too-large", "The request body is too large.");
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return new TaskCenterError(
        "malformed-request",
        "The body must be JSON, and no member of it may be named __proto__, or prototype in a constructor.",
      );
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new TaskCenterError("unsupported-media-type", "The body must be JSON, as application/json.");
    default:
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new TaskCenterError("malformed-request", "The request is malformed.", { cause: thrown });
  }
  return new TaskCenterError("internal", "The server failed. The request id leads to its log.", {
    cause: thrown,
  });
}

/** What the validator says; the framework's type leaves out the key that `propertyNames` refuses. */
type SchemaProblem = NonNullable<FastifyError["validation"]>[number] & { readonly propertyName?: string };

/** The validator stops at the first problem; of a value that fits none of several forms, the first form's is told. */
export function refusedShape(
  [problem]: readonly SchemaProblem[],
  context: FastifyError["validationContext"],
): TaskCenterError {
  if (problem === undefined) return new TaskCenterError("malformed-request", "The request is malformed.");
  const path = problem.instancePath.split("/").slice(1).map(unescaped);
  // A repeated key of a query is a list to the schema only.
  const { field, message } = fieldProblem(problem, context === "querystring" ? path.slice(0, 1) : path);
  return field === ""
    ? new TaskCenterError("invalid-parameter", `The ${context ?? "body"} ${message}.`)
    : invalidParameter(field, message);
}

function fieldProblem(
  { keyword, params, message, propertyName }: SchemaProblem,
  path: readonly string[],
): FieldProblem {
  const field = path.join(".");
  const below = (member: unknown) => [...path, String(member)].join(".");
  switch (keyword) {
    case "required":
      return { field: below(params.missingProperty), message: "is required" };
    case "additionalProperties":
      return { field: below(params.additionalProperty), message: "is not known here" };
    case "enum":
      return { field, message: `must be one of ${(params.allowedValues as readonly string[]).join(", ")}` };
    case "type":
      return { field, message: `must be ${withArticle(String(params.type))}` };
    case "minLength":
      return { field, message: `must have at least ${counted(params.limit, "character")}` };
    case "maxLength":
      return { field, message: `must have at most ${counted(params.limit, "character")}` };
    case "minimum":
      return { field, message: `must be at least ${params.limit}` };
    case "maximum":
      return { field, message: `must be at most ${params.limit}` };
    case "maxProperties":
    case "maxItems":
      return { field, message: `must be at most ${params.limit}` };
    case "pattern": {
      const meaning = patternMeanings[String(params.pattern)] ?? `must match ${params.pattern}`;
      return {
        field,
        message: propertyName === undefined ? meaning : `the key ${JSON.stringify(propertyName)} ${meaning}`,
      };
    }
    case "format":
      return { field, message: "must be an RFC 3339 time, such as 2026-01-31T08:30:00Z" };
    default:
      return { field, message: message ?? "is not acceptable" };
  }
}

function counted(count: unknown, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

function unescaped(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
