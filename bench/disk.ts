import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Finding, perSecond } from "./finding.ts";

/** A page of the store. */
const pageBytes = 4096;

/** Measures how often a second this disk makes a page durable: what every durable write is paid with. */
export function measureFsync(directory: string, seconds: number): Finding {
  const file = openSync(join(directory, "fsync"), "w");
  try {
    const page = Buffer.alloc(pageBytes, "x");
    const startedMs = performance.now();
    let count = 0;
    let elapsedMs = 0;
    while (elapsedMs < seconds * 1000) {
      writeSync(file, page);
      fsyncSync(file);
      count += 1;
      elapsedMs = performance.now() - startedMs;
    }
    return { what: "fsync of 4 KiB, one after the other", figure: perSecond(count / (elapsedMs / 1000)) };
  } finally {
    closeSync(file);
  }
}
