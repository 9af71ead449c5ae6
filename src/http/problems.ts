import type { ErrorCode } from "../task/error.ts";

/** How our own API says an error: the status of `application/problem+json` and its short title. */
export const problems = {
  "malformed-request": { status: 400, title: "The request is malformed" },
  "request-too-large": { status: 413, title: "The request body is too large" },
  "uri-too-long": { status: 414, title: "The request URI is too long" },
  "headers-too-large": { status: 431, title: "The request headers are too large" },
  "request-timeout": { status: 408, title: "The request took too long to arrive" },
  "unsupported-media-type": { status: 415, title: "The media type is not supported" },
  "route-not-found": { status: 404, title: "There is nothing at this address" },
  "method-not-allowed": { status: 405, title: "The method is not allowed here" },
  unauthenticated: { status: 401, title: "Authentication is required" },
  "token-expired": { status: 401, title: "The token has expired" },
  forbidden: { status: 403, title: "The access is not allowed" },
  csrf: { status: 403, title: "The request is not one of the console's own pages" },
  "invalid-parameter": { status: 400, title: "A value is not acceptable" },
  "not-found": { status: 404, title: "The thing asked for does not exist" },
  conflict: { status: 409, title: "Something else stands against it" },
  "task-not-found": { status: 404, title: "The task does not exist" },
  "task-exists": { status: 409, title: "Another task has this id" },
  "idempotency-key-reused": { status: 422, title: "The idempotency key was used with another body" },
  "transition-refused": { status: 409, title: "The lifecycle does not allow the change" },
  "revision-mismatch": { status: 412, title: "The task has changed meanwhile" },
  "query-too-broad": { status: 422, title: "The question is too broad" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  "store-unavailable": { status: 503, title: "The store does not answer" },
  internal: { status: 500, title: "The server failed" },
} as const satisfies Record<ErrorCode, { readonly status: number; readonly title: string }>;
