/** One value that the server refused: the field as it was sent (`instance.id`), and what would be accepted. */
export interface RefusedField {
  readonly field: string;
  readonly message: string;
}

/** The server was asked and said no. Its message is the server's own; it never holds a secret of the caller. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  /** What went wrong, as listed in the error reference: `task-not-found`; `""` where the answer names no code. */
  readonly code: string;
  readonly detail: string;
  /** Which values were refused, where the answer says it. */
  readonly errors: readonly RefusedField[];
  /** Leads to the server's log; `""` where the answer has none. */
  readonly requestId: string;
  /** When the server answered, by its own clock and in HTTP's form; `""` where the answer does not say it. */
  readonly date: string;

  constructor(answer: {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
    readonly errors: readonly RefusedField[];
    readonly requestId: string;
    readonly date: string;
  }) {
    super(answer.detail);
    this.status = answer.status;
    this.code = answer.code;
    this.detail = answer.detail;
    this.errors = answer.errors;
    this.requestId = answer.requestId;
    this.date = answer.date;
  }
}

/** The server refused a change of password, since the old one that came with it is not right. */
export class WrongPasswordError extends ApiError {
  override readonly name = "WrongPasswordError";
}

/** The answer about what cannot exist, given without asking the server: its id would be another address. */
export function notFound(code: string, detail: string): ApiError {
  return new ApiError({ status: 404, code, detail, errors: [], requestId: "", date: "" });
}

/**
 * The server could not be asked: nobody answers at its address, or not in time, or what answers there is no Task
 * Center. Its message names the address without user, path or query.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** What answered is no Task Center, or none that keeps to its API: it will not answer better the next time. */
export class UnusableAnswer extends ConnectionError {}

/** The login is good, and what is wanted is still not to be had with it: it leads to no project, for one. */
export class AccessError extends Error {
  override readonly name = "AccessError";
}

/** Whether another try may succeed: the server was not reached or not in time, it failed, or it asked for patience. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return !(error instanceof UnusableAnswer);
  return error instanceof ApiError && (error.status >= 500 || [408, 429].includes(error.status));
}
