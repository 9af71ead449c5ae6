/**
 * Everything that can go wrong in words of ours. The list is closed: every dialect, the problem+json renderer and
 * `docs/reference/errors.md` give each code its words, and the compiler or a test names the one that is missing.
 */
export const errorCodes = [
  "malformed-request",
  "request-too-large",
  "uri-too-long",
  "headers-too-large",
  "request-timeout",
  "unsupported-media-type",
  "route-not-found",
  "method-not-allowed",
  "unauthenticated",
  "token-expired",
  "forbidden",
  "csrf",
  "invalid-parameter",
  "not-found",
  "conflict",
  "task-not-found",
  "task-exists",
  "idempotency-key-reused",
  "transition-refused",
  "revision-mismatch",
  "query-too-broad",
  "too-many-requests",
  "store-unavailable",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** One value that was refused: the field as the caller wrote it (`instance.id`), and what would be accepted. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/**
 * The only error class of the server, once its settings are read. It is thrown anywhere and becomes an answer in one
 * place, `http/errors.ts`. Its message is shown to the caller, so it never holds a token, a password, SQL or a path.
 */
export class TaskCenterError extends Error {
  override readonly name = "TaskCenterError";
  readonly code: ErrorCode;
  readonly fields: readonly FieldProblem[];
  /** When to come back; only of `too-many-requests`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly fields?: readonly FieldProblem[];
      readonly retryAfterSeconds?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The refusal of one value: which field, and the form that is accepted. */
export function invalidParameter(field: string, message: string): TaskCenterError {
  return new TaskCenterError("invalid-parameter", `${field}: ${message}`, { fields: [{ field, message }] });
}

/** The refusal of something other than a task that does not exist, to somebody who may know. */
export function notFound(what: string): TaskCenterError {
  return new TaskCenterError("not-found", `Could not find the ${what}.`);
}

/** The refusal of a task that does not exist, belongs to another project, or to another service: one answer for all. */
export function taskNotFound(): TaskCenterError {
  return new TaskCenterError("task-not-found", "The task does not exist.");
}
