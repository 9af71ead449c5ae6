/** One value that the server refused: the field as it was sent (`instance.id`), and what would be accepted. */
export interface RefusedField {
  readonly field: string;
  readonly message: string;
}

/** The server was asked and said no. Its message is the server's own; it never holds a token or a password. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  /** What went wrong, as listed in the error reference: `task-not-found`; `""` where the answer names no code. */
  readonly code: string;
  readonly detail: string;
  /** Which values were refused, where the answer says it. */
  readonly errors: readonly RefusedField[];
  /** Leads to the server's log; `""` where the answer has none. */
  readonly requestId: string;

  constructor(answer: {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
    readonly errors: readonly RefusedField[];
    readonly requestId: string;
  }) {
    super(answer.detail);
    this.status = answer.status;
    this.code = answer.code;
    this.detail = answer.detail;
    this.errors = answer.errors;
    this.requestId = answer.requestId;
  }
}

/**
 * The server could not be asked: nobody answers at its address, or not in time, or what answers there is no Task
 * Center. Its message names the address without user, path or query.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}
