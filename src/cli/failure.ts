import { CommanderError } from "commander";
import { AccessError, ApiError, ConnectionError, WrongPasswordError } from "../client/index.ts";
import { ConfigError } from "../config.ts";
import { describeLoginHere, type LoginDescription } from "./cloud.ts";
import { exitCodes } from "./exit-codes.ts";
import { Interruption } from "./iam/password.ts";
import { oneLine } from "./text.ts";

/** How a command that threw ends: with a line on stderr, or silently where everything has been said. */
export interface Failure {
  readonly message: string | undefined;
  readonly exitCode: number;
}

type FindLogin = () => LoginDescription | undefined;

/** The only place that turns errors into exit codes. `login` says whose login was used, where one was refused. */
export function describeFailure(error: unknown, login: FindLogin = describeLoginHere): Failure {
  // Commander has said it already, and ends its own usage errors with 1.
  if (error instanceof CommanderError) {
    return { message: undefined, exitCode: error.exitCode === 1 ? exitCodes.usage : error.exitCode };
  }
  // Whoever read our output (`| head`) has seen enough.
  if (isBrokenPipe(error)) return { message: undefined, exitCode: exitCodes.ok };
  // Whoever typed Ctrl-C knows it.
  if (error instanceof Interruption) return { message: undefined, exitCode: exitCodes.interrupted };
  return { message: oneLine(messageOf(error, login)), exitCode: exitCodeOf(error) };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof ConnectionError) return exitCodes.unreachable;
  if (error instanceof AccessError) return exitCodes.notAllowed;
  if (error instanceof ApiError && [401, 403].includes(error.status)) return exitCodes.notAllowed;
  return exitCodes.failed;
}

function messageOf(error: unknown, login: FindLogin): string {
  if (error instanceof WrongPasswordError) return "not allowed: the old password is not right";
  if (error instanceof AccessError) return `not allowed: ${error.message}`;
  if (error instanceof ApiError) return apiMessage(error, login);
  return error instanceof Error ? error.message : String(error);
}

/** The server's own words, with the fields that they leave out, and the way to its log where the server is at fault. */
function apiMessage({ status, code, detail, errors, requestId }: ApiError, login: FindLogin): string {
  const fields = errors
    .map(({ field, message }) => (field === "" ? message : `${field}: ${message}`))
    .filter((text) => !detail.includes(text));
  const words = [detail, ...fields].join("; ");
  if (status === 401) {
    const used = login();
    return `not logged in${by(used)}: ${refusalWords(detail, used?.kind) ?? words}`;
  }
  if (code === "route-not-found") {
    return `the server has nothing at the address that was asked${by(login())}; where TASKCENTER_URL is set, it must be the server's address, or end in /v1/PROJECT_ID`;
  }
  if (status === 403) return `not allowed: ${words}`;
  return status >= 500 && requestId !== "" ? `${words} (request ${requestId})` : words;
}

function by(login: LoginDescription | undefined): string {
  return login === undefined ? "" : ` ${login.text}`;
}

/** What of a login may be wrong, where the server does not tell: what it told would help who guesses. */
const doubts = {
  password: "the user, the password or the project is wrong, or the user is disabled",
  token: "the token is unknown or has ended",
  "access-key": "the access key is unknown, its user is disabled, or the secret key is wrong",
} as const satisfies Record<LoginDescription["kind"], string>;

/** The services' gateway has words of its own for a refused login, which clients know by heart, and people do not. */
const gatewayWords: Readonly<Record<string, string>> = {
  "decrypt token fail": doubts.token,
  "The token must be updated.": "the token, or the temporary access key, has ended",
  "verify aksk signature fail": "the secret key is wrong, or the security token of a temporary access key",
  "signature expired": "this machine's clock is too far from the server's",
};

/** What every Keystone says of every login that it refuses. */
const keystoneWords = "The request you have made requires authentication.";

/** Why a login was refused, for people; undefined where the server's own words are no riddle. */
function refusalWords(detail: string, kind: LoginDescription["kind"] | undefined): string | undefined {
  if (detail === keystoneWords) return kind && doubts[kind];
  if (/^ak \S* not exist$/.test(detail)) return "there is no such access key, or its user is disabled";
  return gatewayWords[detail];
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
