import { serviceError } from "../dialect.ts";
import { errorDescriber, gatewayErrors } from "../gateway.ts";

const refused = serviceError(400, "DBS.280001", "Parameter error.");
const taskNotFound = serviceError(400, "DBS.300400", "The task is not found.");
// The page's example of a 500 repeats the code and text of its 400: a slip, not followed.
const failed = serviceError(500, "DBS.300002", "Server failure.");

/** How DDM says an error. What none of its calls can mean gets the nearest that is documented. */
export const describeError = errorDescriber({
  ...gatewayErrors,
  "invalid-parameter": refused,
  "not-found": taskNotFound,
  conflict: refused,
  "task-not-found": taskNotFound,
  "task-exists": refused,
  "idempotency-key-reused": refused,
  "transition-refused": refused,
  "revision-mismatch": refused,
  "query-too-broad": refused,
  "store-unavailable": failed,
  internal: failed,
});
