import type { TaskCenterError } from "../../task/error.ts";
import { type ServiceError, serviceError } from "../dialect.ts";
import { errorDescriber, gatewayErrors } from "../gateway.ts";

const refused = serviceError(400, "DBS.280001", "Parameter error.");
const failed = serviceError(500, "DBS.280005", "Server error. Try again later.");

/** The parameters that have an error of their own. A wrong order or span of the window is its end's. */
const refusedParameters: ReadonlyMap<string | undefined, ServiceError> = new Map([
  ["limit", serviceError(400, "DBS.280439", "Invalid limit.")],
  ["offset", serviceError(400, "DBS.280440", "Invalid offset.")],
  ["start_time", serviceError(400, "DBS.280067", "Invalid start time.")],
  ["end_time", serviceError(400, "DBS.280068", "Invalid end time.")],
]);

const describeByCode = errorDescriber({
  ...gatewayErrors,
  "invalid-parameter": refused,
  "not-found": refused,
  conflict: refused,
  "task-not-found": refused,
  "task-exists": refused,
  "idempotency-key-reused": refused,
  "transition-refused": refused,
  "revision-mismatch": refused,
  "query-too-broad": refused,
  "store-unavailable": failed,
  internal: failed,
});

/** How GeminiDB says an error. What none of its calls can mean gets the nearest that is documented. */
export function describeError(error: TaskCenterError): ServiceError {
  const ofParameter =
    error.code === "invalid-parameter" ? refusedParameters.get(error.fields[0]?.field) : undefined;
  return ofParameter ?? describeByCode(error);
}
