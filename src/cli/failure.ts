import { CommanderError } from "commander";
import { ApiError, ConnectionError } from "../client/index.ts";
import { ConfigError } from "../config.ts";
import { exitCodes } from "./exit-codes.ts";
import { oneLine } from "./text.ts";

/** How a command that threw ends: with a line on stderr, or silently where everything has been said. */
export interface Failure {
  readonly message: string | undefined;
  readonly exitCode: number;
}

/** The only place that turns errors into exit codes. */
export function describeFailure(error: unknown): Failure {
  // Commander has said it already, and ends its own usage errors with 1.
  if (error instanceof CommanderError) {
    return { message: undefined, exitCode: error.exitCode === 1 ? exitCodes.usage : error.exitCode };
  }
  // Whoever read our output (`| head`) has seen enough.
  if (isBrokenPipe(error)) return { message: undefined, exitCode: exitCodes.ok };
  return { message: oneLine(messageOf(error)), exitCode: exitCodeOf(error) };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof ConnectionError) return exitCodes.unreachable;
  if (error instanceof ApiError && [401, 403].includes(error.status)) return exitCodes.notAllowed;
  return exitCodes.failed;
}

function messageOf(error: unknown): string {
  if (error instanceof ApiError) return apiMessage(error);
  return error instanceof Error ? error.message : String(error);
}

/** The server's own words, with the fields that they leave out, and the way to its log where the server is at fault. */
function apiMessage({ status, detail, errors, requestId }: ApiError): string {
  const fields = errors
    .map(({ field, message }) => (field === "" ? message : `${field}: ${message}`))
    .filter((text) => !detail.includes(text));
  const words = [detail, ...fields].join("; ");
  if (status === 401) return `not logged in: ${words}`;
  if (status === 403) return `not allowed: ${words}`;
  return status >= 500 && requestId !== "" ? `${words} (request ${requestId})` : words;
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
