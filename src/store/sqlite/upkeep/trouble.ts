import { TaskCenterError } from "../../../task/error.ts";
import { engineReasons } from "../error.ts";

/** What keeps a file from being worked on, by the engine's primary result code or the system's name for it. */
const reasons: Readonly<Record<string, string>> = {
  ...engineReasons,
  // What is asked here is right for our tables.
  1: "has other tables or indexes than this program makes",
  EACCES: "may not be read or written by this user",
  EFBIG: "would be larger than a file may be here",
  EISDIR: "is a folder",
  ENOENT: "is in a folder that does not exist",
  ENOSPC: "has no room: its disk is full",
  ENOTDIR: "is in something that is no folder",
  EPERM: "may not be read or written by this user",
  EROFS: "is on a disk that is read-only",
};

/**
 * The one place where the engine's or the system's error about a file becomes one of ours: `file` is what the file is
 * to whoever runs the command. Any other error stays as it is.
 */
export function troubleWith(file: string, error: unknown): unknown {
  const code = codeOf(error);
  return code === undefined ? error : refusal(`${file} ${reasons[code] ?? `failed with ${code}`}`, error);
}

/** The refusal to go on, with the reason in a sentence. */
export function refusal(reason: string, cause?: unknown): TaskCenterError {
  return new TaskCenterError("store-unavailable", `${reason}.`, { cause });
}

/** Whether somebody else has a file just now. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === "5";
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error && "code" in error)) return undefined;
  if (error.code === "ERR_SQLITE_ERROR") {
    return "errcode" in error ? String(Number(error.errcode) & 0xff) : "SQLite";
  }
  return "syscall" in error ? String(error.code) : undefined;
}
