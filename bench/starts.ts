import { join } from "node:path";
import { type Finding, shown, under } from "./finding.ts";
import { startTaskCenter } from "./processes.ts";
import type { Size } from "./sizes.ts";
import { median } from "./statistics.ts";

/** How soon a started server should accept requests, in milliseconds. */
const startAimMs = 1000;

/** Measures the first start: each on a folder of its own, with a store, a project and a user to be made. */
export function measureFirstStarts(directory: string, size: Size, signal: AbortSignal): Promise<Finding> {
  return measureStarts(
    "start, first one",
    Array.from({ length: size.starts }, (_, n) => join(directory, `first-start-${n}`)),
    signal,
  );
}

/** Measures the start on a store that has tasks. */
export function measureLaterStarts(
  directory: string,
  options: { readonly tasks: number; readonly size: Size; readonly signal: AbortSignal },
): Promise<Finding> {
  const { tasks, size, signal } = options;
  const folders = Array.from({ length: size.starts }, () => directory);
  return measureStarts(`start, ${shown(tasks)} tasks stored`, folders, signal);
}

async function measureStarts(
  what: string,
  directories: readonly string[],
  signal: AbortSignal,
): Promise<Finding> {
  const tookMs: number[] = [];
  for (const directory of directories) {
    await using server = await startTaskCenter(directory, signal);
    tookMs.push(server.startedInMs);
    await server.stop();
  }
  const middleMs = median(tookMs);
  return { what, figure: `${shown(middleMs, 0)} ms`, aim: under(startAimMs, middleMs) };
}
