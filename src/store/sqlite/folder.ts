import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder, with the folders above it that are missing, for its owner alone; one that is there is left as it is.
 *
 * Level by level, and not by Node's own `recursive`: where a folder that is there refuses a new one with ENOENT, as
 * `/proc` does, that one takes the folder for missing, makes it, tries again, and never ends.
 *
 * @throws the system's error.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (isFolder(path)) return;
    const parent = dirname(path);
    const isParentMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isParentMissing || existsSync(parent)) throw error;
    makeFolder(parent);
    makeFolder(path);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
