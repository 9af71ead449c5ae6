import { relative } from "node:path";

/** A path as people write it where they are: relative to the working directory, unless it leads out of it. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}
