import type { ErrorCode, TaskCenterError } from "../../task/error.ts";

/** An error as Keystone says it: `{"error":{"code","message","title"}}`. */
export interface KeystoneError {
  readonly status: number;
  readonly title: string;
  readonly message: string;
}

/** A row without a message shows the error's own. Where Keystone is silent on purpose, so are we. */
interface Wording {
  readonly status: number;
  readonly title: string;
  readonly message?: string;
}

const badRequest = { status: 400, title: "Bad Request" } as const;
const notFound = { status: 404, title: "Not Found" } as const;
const conflict = { status: 409, title: "Conflict" } as const;
const unauthorized = {
  status: 401,
  title: "Unauthorized",
  message: "The request you have made requires authentication.",
} as const;

const wordings: Readonly<Record<ErrorCode, Wording>> = {
  "malformed-request": badRequest,
  "request-too-large": { status: 413, title: "Request Entity Too Large" },
  "uri-too-long": { status: 414, title: "Request-URI Too Long" },
  "headers-too-large": { status: 431, title: "Request Header Fields Too Large" },
  "request-timeout": { status: 408, title: "Request Timeout" },
  // Keystone takes a body of another type for a malformed one.
  "unsupported-media-type": badRequest,
  "route-not-found": notFound,
  "method-not-allowed": { status: 405, title: "Method Not Allowed" },
  unauthenticated: unauthorized,
  "token-expired": unauthorized,
  forbidden: {
    status: 403,
    title: "Forbidden",
    message: "You are not authorized to perform the requested action.",
  },
  csrf: {
    status: 403,
    title: "Forbidden",
    message: "You are not authorized to perform the requested action.",
  },
  "invalid-parameter": badRequest,
  "not-found": notFound,
  conflict,
  "task-not-found": notFound,
  "task-exists": conflict,
  "idempotency-key-reused": conflict,
  "transition-refused": conflict,
  "revision-mismatch": conflict,
  "query-too-broad": badRequest,
  "too-many-requests": { status: 429, title: "Too Many Requests" },
  "store-unavailable": {
    status: 503,
    title: "Service Unavailable",
    message: "The server is currently unavailable.",
  },
  internal: {
    status: 500,
    title: "Internal Server Error",
    message: "An unexpected error prevented the server from fulfilling your request.",
  },
};

/** How IAM says an error. */
export function keystoneError(error: TaskCenterError): KeystoneError {
  return { message: error.message, ...wordings[error.code] };
}
