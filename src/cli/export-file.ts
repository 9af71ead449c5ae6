import { type FileHandle, open } from "node:fs/promises";
import type { ExportPlace } from "../client/index.ts";
import { ConfigError } from "../config.ts";
import { fileTrouble } from "./file-trouble.ts";
import { print } from "./terminal.ts";

/** Where an export is written. */
export interface ExportTarget {
  /** The last task that is in it already. */
  readonly after: ExportPlace | undefined;
  /** Takes a line, which is there at the latest when the target has been closed. */
  write(line: string): Promise<void>;
  close(): Promise<void>;
}

/** How many characters are written together. */
const writtenTogether = 64 * 1024;

/** An export to stdout. */
export function printedExport(): ExportTarget {
  return target({ after: undefined, write: print, close: async () => {} });
}

/**
 * An export to a file: to a new one in the place of any other, or behind the whole lines of one that was left unfinished.
 *
 * @throws ConfigError where there is something else in it; Error where it cannot be opened; the system's error.
 */
export async function exportToFile(
  path: string,
  options: { readonly resume: boolean },
): Promise<ExportTarget> {
  const file = await open(path, options.resume ? "a+" : "w").catch(fileTrouble(path, "written"));
  try {
    const after = options.resume ? await lastTask(file, path) : undefined;
    return target({ after, write: (text) => file.appendFile(text), close: () => file.close() });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Gathers lines, so that they are written some at a time. */
function target(output: {
  readonly after: ExportPlace | undefined;
  readonly write: (text: string) => Promise<void>;
  readonly close: () => Promise<void>;
}): ExportTarget {
  let gathered = "";
  async function flush(): Promise<void> {
    const text = gathered;
    gathered = "";
    if (text !== "") await output.write(text);
  }
  return {
    after: output.after,
    async write(line) {
      gathered += `${line}\n`;
      if (gathered.length >= writtenTogether) await flush();
    },
    async close() {
      try {
        await flush();
      } finally {
        await output.close();
      }
    },
  };
}

/**
 * The task of the last whole line of an export. What follows it, a line that was broken off, is cut away.
 *
 * @throws ConfigError for a file that is none, and leaves it as it is.
 */
async function lastTask(file: FileHandle, path: string): Promise<ExportPlace | undefined> {
  if (!beginning.startsWith(await firstText(file))) {
    throw new ConfigError(
      `--resume: ${JSON.stringify(path)} is no export: it does not begin with ${beginning}`,
    );
  }
  const { text, end } = await lastLine(file);
  if (text === undefined) {
    await file.truncate(0);
    return undefined;
  }
  const place = readPlace(text);
  if (place === undefined) {
    throw new ConfigError(`--resume: ${JSON.stringify(path)} is no export: its last line holds no task`);
  }
  await file.truncate(end);
  return place;
}

/** How every export begins. */
const beginning = '{"task":';

/** The beginning of a file, as much of it as an export has in common with all others. */
async function firstText(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(beginning.length), 0, beginning.length, 0);
  return buffer.toString("utf8", 0, bytesRead);
}

function readPlace(line: string): ExportPlace | undefined {
  try {
    const { task } = JSON.parse(line);
    return typeof task.id === "string" && typeof task.created_at === "string" ? task : undefined;
  } catch {
    return undefined;
  }
}

const newline = 0x0a;
const blockBytes = 64 * 1024;

/** The last line that has an end, and where that is. The file is read from its end, as far as it takes. */
async function lastLine(
  file: FileHandle,
): Promise<{ readonly text: string | undefined; readonly end: number }> {
  let start = (await file.stat()).size;
  let tail = Buffer.alloc(0);
  for (;;) {
    const end = tail.lastIndexOf(newline);
    const before = end > 0 ? tail.lastIndexOf(newline, end - 1) : -1;
    if (before !== -1 || start === 0) {
      const text = end === -1 ? undefined : tail.subarray(before + 1, end).toString();
      return { text, end: start + end + 1 };
    }
    const block = Buffer.alloc(Math.min(start, Math.max(blockBytes, tail.length)));
    start -= block.length;
    const { bytesRead } = await file.read(block, 0, block.length, start);
    tail = Buffer.concat([block.subarray(0, bytesRead), tail]);
  }
}
