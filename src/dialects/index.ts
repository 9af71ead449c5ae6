import type { TaskCenterError } from "../task/error.ts";
import { ddm } from "./ddm/index.ts";
import type { Dialect, ServiceError } from "./dialect.ts";
import { describeGatewayError } from "./gateway.ts";
import { geminidb } from "./geminidb/index.ts";
import { rds } from "./rds/index.ts";

/** Every service that the server speaks for. A fourth one is a folder and a word here. */
export const dialects: readonly Dialect[] = [ddm, rds, geminidb];

const dialectsByHostLabel: ReadonlyMap<string, Dialect> = new Map(
  dialects.flatMap((dialect) => dialect.hostLabels.map((label) => [label, dialect])),
);

/** The service that the first label of a `Host` header means; undefined where it means none. */
export function dialectOfHost(host: string): Dialect | undefined {
  return dialectsByHostLabel.get(host.replace(/[.:].*$/s, "").toLowerCase());
}

/**
 * How an error is said where no service was chosen. Several services have calls of the same path and none is guessed,
 * so a caller who asked for `/v3/{project_id}/…` is told the prefixes.
 */
export function describeUnchosenError(error: TaskCenterError, path: string): ServiceError {
  const described = describeGatewayError(error);
  if (error.code !== "route-not-found" || !servicePath.test(path)) return described;
  const prefixes = dialects.map(({ prefix }) => prefix).join(", ");
  return {
    ...described,
    errorMessage: `${described.errorMessage} Begin the path with the prefix of a service: ${prefixes}.`,
  };
}

const servicePath = /^\/v3\/[^/]+\//;
