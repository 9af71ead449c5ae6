import { constants } from "node:os";

/** How a command ended. */
export type Ending =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: NodeJS.Signals }
  /** It never ran. `errno` is the system's word for the reason, such as `ENOENT`. */
  | { readonly kind: "not-started"; readonly program: string; readonly errno: string }
  /** It ended well, but not all of its output got where it was to go: the disk is full. */
  | { readonly kind: "output-lost" };

/** The exit code that a shell would show: of a command that ran its own, 126 and 127 for one that did not. */
export function exitCodeOf(ending: Ending): number {
  switch (ending.kind) {
    case "exited":
      return ending.code;
    case "killed":
      return 128 + constants.signals[ending.signal];
    case "not-started":
      return ending.errno === "ENOENT" ? 127 : 126;
    case "output-lost":
      return 74; // EX_IOERR of sysexits.h. Zero would pass off a backup that was cut short as whole.
  }
}

/** The ending in a few words: what a fail reason begins with. */
export function describeEnding(ending: Ending): string {
  switch (ending.kind) {
    case "exited":
      return `exit status ${ending.code}`;
    case "killed":
      return `killed by ${ending.signal}`;
    case "not-started":
      return ending.errno === "ENOENT"
        ? `command not found: ${ending.program}`
        : `command not executable: ${ending.program} (${ending.errno})`;
    case "output-lost":
      return "output lost";
  }
}

/** Whether the command did what it was started for. */
export function succeeded(ending: Ending): boolean {
  return ending.kind === "exited" && ending.code === 0;
}
