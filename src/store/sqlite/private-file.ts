import { chmodSync, closeSync, openSync, statSync } from "node:fs";

/**
 * Makes a file that only its owner can read, where there is none; where there is one that others can read, as a backup
 * that was copied back, takes that from them. A store holds password hashes.
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    const standing = statSync(path);
    // A folder, or a device, is no store: it is refused later, and must stay as it is.
    if (standing.isFile() && (standing.mode & 0o077) !== 0) chmodSync(path, 0o600);
  }
}
