import { closeSync, openSync } from "node:fs";

/** Creates a file that only its owner can read, where there is none: a store holds password hashes. */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
