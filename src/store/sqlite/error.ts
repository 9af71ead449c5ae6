import { TaskCenterError } from "../../task/error.ts";

/**
 * What the engine's primary result codes say of a file, to whoever runs the server: https://www.sqlite.org/rescode.html
 */
export const engineReasons: Readonly<Record<string, string>> = {
  5: "is in use by another process",
  8: "is read-only",
  10: "cannot be read or written",
  11: "is damaged",
  13: "has no room: its disk is full",
  14: "cannot be opened",
  26: "is no SQLite database",
};

/**
 * The one place where an engine's error becomes one of ours; any other error stays as it is. The engine's own words,
 * which may hold SQL, go no further than the cause.
 */
export function storeError(error: unknown): unknown {
  const resultCode = resultCodeOf(error);
  return resultCode === undefined
    ? error
    : storeUnavailable(`its file ${engineReasons[resultCode] ?? "made the engine fail"}`, error);
}

/** The refusal of everything that needs the store, with the reason in a few words. */
export function storeUnavailable(reason: string, cause?: unknown): TaskCenterError {
  return new TaskCenterError("store-unavailable", `The store is unavailable: ${reason}.`, { cause });
}

/** The engine's primary result code; undefined where the error is not the engine's. */
function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR")) return undefined;
  return "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 1;
}
