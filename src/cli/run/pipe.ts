import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** What carries one stream of a command's output to us. */
export interface OutputPipe {
  /** Our end. */
  readonly source: Readable;
  /** The command's end: ours too until the command is started, then to be closed. */
  readonly commandEnd: number;
  /**
   * Leaves what is still to come to a process of its own that writes it to the same file: for a command that has ended
   * but left processes behind, which would write to nobody if we just went. To be called while no output is on its way.
   */
  handOver(fd: number): void;
}

/**
 * Opens pipes such as a shell makes them, for a command's stdout and stderr. What Node calls a pipe is a socket, and a
 * command whose stderr is a socket cannot do `echo … >/dev/stderr`. Node itself can open only pipes that have a name,
 * so these have one for a moment. Undefined where that cannot be had, for want of a directory or of mkfifo.
 */
export function openOutputPipes(): { readonly stdout: OutputPipe; readonly stderr: OutputPipe } | undefined {
  try {
    const directory = mkdtempSync(join(tmpdir(), "taskcenter-run-"));
    try {
      const [stdout, stderr] = [join(directory, "stdout"), join(directory, "stderr")];
      execFileSync("mkfifo", ["-m", "600", stdout, stderr], { stdio: "ignore" });
      return { stdout: openPipe(stdout), stderr: openPipe(stderr) };
    } finally {
      rmSync(directory, { recursive: true });
    }
  } catch {
    return undefined;
  }
}

function openPipe(path: string): OutputPipe {
  // Without O_NONBLOCK this would wait for a writer.
  const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const source = new Socket({ fd: openReader(), readable: true, writable: false });
  // A stream of Node's does not give its file away again, so there is a second one for that.
  const spare = openReader();
  source.once("close", () => closeSync(spare));
  return {
    source,
    commandEnd: openSync(path, constants.O_WRONLY),
    handOver(fd) {
      const heir = spawn("cat", [], { stdio: [spare, fd, "ignore"], detached: true });
      heir.on("error", () => {});
      heir.unref();
      source.destroy();
    },
  };
}
