import { TaskCenterError } from "../../task/error.ts";

/**
 * The one answer to everything that is wrong with a signature, malformed or forged. What exactly it was would help
 * nobody but a forger; the words are those of the vendor's gateway.
 */
export function signatureRefused(): TaskCenterError {
  return new TaskCenterError("unauthenticated", "verify aksk signature fail");
}
