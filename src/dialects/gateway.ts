import type { ErrorCode, TaskCenterError } from "../task/error.ts";
import type { ServiceError } from "./dialect.ts";

/**
 * What is said before a service is reached, in the words of the gateway that stands before all of them: the table
 * "Error Codes" of the manual "API Request Signing Guide".
 */

/** The message of the `unauthenticated` error for a request that came without a token. */
export const missingTokenDetail = "x-auth-token not found";

const malformed = gatewayError(400, "APIGW.0201", "API request error.");
const unknownApi = "The API does not exist or has not been published in the environment.";
const failed = gatewayError(500, "APIGW.0601", "Internal server error.");

/** The errors that a gateway says for every service. A dialect completes them with its own. */
export const gatewayErrors = {
  "malformed-request": malformed,
  "request-too-large": gatewayError(413, "APIGW.0201", "Request entity too large."),
  "uri-too-long": gatewayError(414, "APIGW.0201", "Request URI too large."),
  "headers-too-large": gatewayError(431, "APIGW.0201", "Request headers too large."),
  // The table has no such error; the status says the same to everybody.
  "request-timeout": gatewayError(408, "APIGW.0201", "Request timeout."),
  "unsupported-media-type": malformed,
  "route-not-found": gatewayError(404, "APIGW.0101", unknownApi),
  "method-not-allowed": gatewayError(405, "APIGW.0101", unknownApi),
  unauthenticated: unauthenticated("decrypt token fail"),
  "token-expired": gatewayError(401, "APIGW.0307", "The token must be updated."),
  forbidden: gatewayError(403, "APIGW.0302", "The IAM user is not authorized to access the API."),
  // The services know no sessions: what the console's page may not ask, nobody may.
  csrf: gatewayError(403, "APIGW.0302", "The IAM user is not authorized to access the API."),
  "too-many-requests": gatewayError(429, "APIGW.0308", "The throttling threshold has been reached."),
} as const satisfies Partial<Record<ErrorCode, ServiceError>>;

/** How the gateway itself says an error, where no service was chosen. What only a service can mean gets the nearest. */
export const describeGatewayError = errorDescriber({
  ...gatewayErrors,
  "invalid-parameter": malformed,
  "not-found": gatewayErrors["route-not-found"],
  conflict: malformed,
  "task-not-found": gatewayErrors["route-not-found"],
  "task-exists": malformed,
  "idempotency-key-reused": malformed,
  "transition-refused": malformed,
  "revision-mismatch": malformed,
  "query-too-broad": malformed,
  "store-unavailable": failed,
  internal: failed,
});

/** Makes a dialect's `describeError` of its table. One code says why: a missing token, a bad one, a bad signature. */
export function errorDescriber(
  errors: Readonly<Record<ErrorCode, ServiceError>>,
): (error: TaskCenterError) => ServiceError {
  return (error) =>
    error.code === "unauthenticated" && shownDetails.test(error.message)
      ? unauthenticated(error.message)
      : errors[error.code];
}

/** The reasons that the gateway tells. Of an access key that does not exist no more than its beginning is repeated. */
const shownDetails = new RegExp(
  `^(?:${missingTokenDetail}|verify aksk signature fail|signature expired|ak [A-Za-z0-9]{0,4}\\*{4} not exist)$`,
);

function unauthenticated(detail: string): ServiceError {
  return gatewayError(401, "APIGW.0301", `Incorrect IAM authentication information: ${detail}`);
}

function gatewayError(status: number, errorCode: string, errorMessage: string): ServiceError {
  return { origin: "gateway", status, errorCode, errorMessage };
}
