import { TaskCenterError } from "../../task/error.ts";

/** What the engine's primary result codes mean to whoever runs the server: https://www.sqlite.org/rescode.html */
const reasons: Readonly<Record<number, string>> = {
  5: "its file is in use by another process",
  8: "its file is read-only",
  10: "its file can not be read or written",
  11: "its file is damaged",
  13: "its disk is full",
  14: "its file can not be opened",
  26: "its file is no SQLite database",
};

/**
 * The one place where an engine's error becomes one of ours; any other error stays as it is. The engine's own words,
 * which may hold SQL, go no further than the cause.
 */
export function storeError(error: unknown): unknown {
  const resultCode = resultCodeOf(error);
  return resultCode === undefined
    ? error
    : storeUnavailable(reasons[resultCode] ?? "its engine failed", error);
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
